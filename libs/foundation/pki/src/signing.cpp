#include "muster/pki/signing.hpp"

#include <openssl/err.h>

#include "muster/base/random.hpp"
#include "openssl.hpp"

namespace muster::pki {
namespace {

using Signing = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

Key private_key(std::string_view seed) {
    return Key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size())};
}

}  // namespace

Result<SigningKey> new_signing_key() {
    return signing_key(random_bytes(signing_key_bytes));
}

Result<SigningKey> signing_key(std::string_view seed) {
    if (seed.size() != signing_key_bytes) {
        return fail(Errc::invalid_argument, "the seed of a signing key is 32 bytes", "seed");
    }
    const Key key = private_key(seed);
    SigningKey out{std::string(seed), std::string(signing_key_bytes, '\0')};
    std::size_t size = out.public_key.size();
    if (!key ||
        EVP_PKEY_get_raw_public_key(
            key.get(), reinterpret_cast<unsigned char*>(out.public_key.data()), &size) != 1 ||
        size != signing_key_bytes) {
        return openssl_failed(Errc::internal, "no signing key could be made");
    }
    return out;
}

Result<std::string> sign(const SigningKey& key, std::string_view message) {
    const Key secret = private_key(key.seed);
    const Signing signing{EVP_MD_CTX_new()};
    std::string out(signature_bytes, '\0');
    std::size_t size = out.size();
    if (!secret || !signing ||
        EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, secret.get()) != 1 ||
        EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       raw(message), message.size()) != 1 ||
        size != signature_bytes) {
        return openssl_failed(Errc::internal, "it could not be signed");
    }
    return out;
}

bool is_signed(std::string_view public_key, std::string_view message, std::string_view signature) {
    if (public_key.size() != signing_key_bytes || signature.size() != signature_bytes) return false;
    const Key key{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(public_key), public_key.size())};
    const Signing signing{EVP_MD_CTX_new()};
    const bool is_good =
        key && signing &&
        EVP_DigestVerifyInit(signing.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(signing.get(), raw(signature), signature.size(), raw(message),
                         message.size()) == 1;
    ERR_clear_error();  // a wrong signature leaves a reason behind
    return is_good;
}

}  // namespace muster::pki
