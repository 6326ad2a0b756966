#include <openssl/ec.h>
#include <openssl/pem.h>

#include "muster/pki/pki.hpp"
#include "openssl.hpp"

namespace muster::pki {

Result<std::string> new_private_key() {
    const Key key{EVP_EC_gen("P-256")};
    const Bio out{BIO_new(BIO_s_mem())};
    if (!key || !out ||
        PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1) {
        return openssl_failed(Errc::internal, "no private key could be made");
    }
    return text_of(*out);
}

Result<std::string> signing_request(std::string_view private_key_pem) {
    const auto key = read_private_key(private_key_pem);
    if (!key) return std::unexpected(key.error());
    const Request request{X509_REQ_new()};
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request.get(), key->get()) != 1 ||
        X509_REQ_sign(request.get(), key->get(), EVP_sha256()) <= 0) {
        return openssl_failed(Errc::internal, "the signing request could not be made");
    }
    const Bio out{BIO_new(BIO_s_mem())};
    if (!out || i2d_X509_REQ_bio(out.get(), request.get()) != 1) {
        return openssl_failed(Errc::internal, "the signing request could not be written");
    }
    return text_of(*out);
}

Result<void> matches(std::string_view certificate_pem, std::string_view private_key_pem) {
    const auto certificate = read_certificate(certificate_pem, "certificate");
    if (!certificate) return std::unexpected(certificate.error());
    const auto key = read_private_key(private_key_pem);
    if (!key) return std::unexpected(key.error());
    if (X509_check_private_key(certificate->get(), key->get()) != 1) {
        return openssl_failed(Errc::invalid_argument,
                              "the private key is not the one of the certificate", "private_key");
    }
    return {};
}

}  // namespace muster::pki
