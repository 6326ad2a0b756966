#include "muster/client/tickets.hpp"

#include <gtest/gtest.h>

#include "muster/base/encoding.hpp"
#include "muster/pki/signing.hpp"
#include "muster/rtc/sdp.hpp"

namespace muster::client {
namespace {

constexpr std::int64_t now = 1'000;

std::string answer_of(std::byte first) {
    rtc::Offer offer;
    offer.ufrag = "ufrag";
    offer.password = "passwordOfTwentyTwoOrMore";
    rtc::Answer answer;
    answer.ufrag = "other";
    answer.password = "anotherPasswordOfThatSize";
    answer.fingerprint[0] = first;
    answer.candidates = {{"192.0.2.1", 7'777}};
    return rtc::write_answer(offer, answer);
}

std::string fingerprint_of(const std::string& first) {
    std::string out = first;
    for (int i = 1; i < 32; ++i) out += ":00";
    return out;
}

class Tickets : public ::testing::Test {
  protected:
    [[nodiscard]] std::string ticket(
        const std::string& claims,
        const std::string& header = R"({"alg":"EdDSA","kid":"k"})") const {
        const auto text = to_base64url(header) + "." + to_base64url(claims);
        return text + "." + to_base64url(pki::sign(key, text).value());
    }
    [[nodiscard]] static std::string claims(const std::string& world, int ends,
                                            const std::string& fingerprint) {
        return R"({"world":")" + world + R"(","exp":)" + std::to_string(ends) + R"(,"fp":")" +
               fingerprint + R"("})";
    }
    [[nodiscard]] std::string why(const std::string& given, const std::string& answer) const {
        const auto checked = check_ticket(given, answer, "arena", keys, now);
        return checked ? std::string{} : checked.error().message;
    }

    pki::SigningKey key = pki::new_signing_key().value();
    TicketKeys keys{{"k", key.public_key}};
    std::string sdp = answer_of(std::byte{0xab});
    std::string good = ticket(claims("arena", 1'001, fingerprint_of("AB")));
};

TEST_F(Tickets, WhatTheCoordinatorSignedForThisServerIsTrusted) {
    EXPECT_EQ(why(good, sdp), "");
    EXPECT_EQ(why(good + "~token", sdp), "") << "what came with a later Welcome is not signed";
    EXPECT_EQ(key_of_ticket(good), "k");
}

TEST_F(Tickets, WhatWasChangedEndedOrIsForSomethingElseIsNot) {
    EXPECT_NE(why(good, answer_of(std::byte{0xac})), "") << "another server";
    EXPECT_NE(why(ticket(claims("arena", 1'000, fingerprint_of("AB"))), sdp), "") << "it ended";
    EXPECT_NE(why(ticket(claims("other", 1'001, fingerprint_of("AB"))), sdp), "");
    EXPECT_NE(why(ticket(claims("arena", 1'001, "")), sdp), "");
    EXPECT_NE(why(ticket(R"({"world":"arena","fp":")" + fingerprint_of("AB") + R"("})"), sdp), "")
        << "no end";
    EXPECT_NE(
        why(ticket(claims("arena", 1'001, fingerprint_of("AB")), R"({"alg":"none","kid":"k"})"),
            sdp),
        "");
    EXPECT_NE(why("server.token", sdp), "");
    keys = {{"k", pki::new_signing_key()->public_key}};
    EXPECT_NE(why(good, sdp), "");
    keys = {{"another", key.public_key}};
    EXPECT_NE(why(good, sdp), "");
    keys = {{"k", key.public_key}};
    for (std::size_t at = 0; at < good.size(); ++at) {
        auto changed = good;
        changed[at] = changed[at] == 'A' ? 'Q' : 'A';
        EXPECT_NE(why(changed, sdp), "") << at;
    }
}

TEST_F(Tickets, AKeySetGivesItsEd25519Keys) {
    const auto x = to_base64url(key.public_key);
    const auto read =
        read_ticket_keys(R"({"keys":[{"kty":"RSA","kid":"r","x":")" + x +
                         R"("},{"kty":"OKP","crv":"Ed25519","kid":"short","x":"AA"},)" +
                         R"({"kty":"OKP","crv":"Ed25519","kid":"k","x":")" + x + R"("},7]})");
    EXPECT_EQ(read, keys);
    for (const auto* none : {"", "[]", "{}", R"({"keys":{}})"})
        EXPECT_TRUE(read_ticket_keys(none).empty()) << none;
}

TEST_F(Tickets, ANewerTokenGoesBehindASignedTicketAndTakesThePlaceOfAnother) {
    EXPECT_EQ(renewed_ticket("a.b.c", "t"), "a.b.c~t");
    EXPECT_EQ(renewed_ticket("a.b.c~s", "t"), "a.b.c~t");
    EXPECT_EQ(renewed_ticket("s", "t"), "t");
    EXPECT_EQ(renewed_ticket("server.t", "t"), "server.t");
    EXPECT_EQ(renewed_ticket("", "t"), "t");
    EXPECT_EQ(renewed_ticket("a.b.c~s", ""), "a.b.c~s") << "none came: it stays good";
}

}  // namespace
}  // namespace muster::client
