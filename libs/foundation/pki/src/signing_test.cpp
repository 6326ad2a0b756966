#include "muster/pki/signing.hpp"

#include <gtest/gtest.h>

#include "muster/base/encoding.hpp"

namespace muster::pki {
namespace {

// RFC 8037, appendix A: its key, its text and its signature.
constexpr std::string_view known_seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
constexpr std::string_view known_public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
constexpr std::string_view known_text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
constexpr std::string_view known_signature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

TEST(Signing, GivesTheSignatureOfTheStandard) {
    const auto key = signing_key(from_base64url(known_seed).value());
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(to_base64url(key->public_key), known_public);
    const auto signature = sign(*key, known_text);
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_EQ(to_base64url(*signature), known_signature);
    EXPECT_TRUE(is_signed(key->public_key, known_text, *signature));
}

TEST(Signing, IsOfThatKeyAndThatTextAlone) {
    const auto key = new_signing_key().value();
    const auto other = new_signing_key().value();
    const auto signature = sign(key, "text").value();
    EXPECT_TRUE(is_signed(key.public_key, "text", signature));
    EXPECT_FALSE(is_signed(other.public_key, "text", signature));
    EXPECT_FALSE(is_signed(key.public_key, "texts", signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto changed = signature;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(is_signed(key.public_key, "text", changed)) << i;
    }
}

TEST(Signing, RefusesWhatIsNoKeyAndNoSignature) {
    const auto key = new_signing_key().value();
    const auto signature = sign(key, "").value();
    EXPECT_EQ(signing_key("short").error().field, "seed");
    EXPECT_FALSE(is_signed("", "", signature));
    EXPECT_FALSE(is_signed(key.public_key, "", ""));
    EXPECT_FALSE(is_signed(key.public_key, "", signature + "x"));
    EXPECT_TRUE(is_signed(key.public_key, "", signature));
}

}  // namespace
}  // namespace muster::pki
