#include "muster/rtc/identity.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>

#include "identity_impl.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"

namespace muster::rtc {
namespace {

constexpr long day_s = 24 * 60 * 60;

// AES-128-GCM first: every WebRTC implementation has it (RFC 8827, 6.5), and our own records are
// of it. The others are for peers that will have nothing else.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305";

std::unexpected<Error> failed(const char* what) {
    ERR_clear_error();
    return fail(Errc::internal, what);
}

bool sign(X509& certificate, EVP_PKEY& key) {
    X509_NAME* const name = X509_get_subject_name(&certificate);
    const std::string serial = random_bytes(8);
    std::uint64_t number = 1;
    for (const char byte : serial) number = number << 8U | static_cast<unsigned char>(byte);
    // A day back, for peers whose clocks are behind; nobody checks it but the fingerprint.
    return X509_set_version(&certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(&certificate), number >> 1U) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(&certificate), -day_s) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(&certificate), 3'650 * day_s) != nullptr &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>("WebRTC"), -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(&certificate, name) == 1 &&
           X509_set_pubkey(&certificate, &key) == 1 &&
           X509_sign(&certificate, &key, EVP_sha256()) > 0;
}

bool prepare(SSL_CTX& context, Identity::Impl& own) {
    SSL_CTX_set_options(&context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                      SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(&context, verify_fingerprint, nullptr);
    return SSL_CTX_set_min_proto_version(&context, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(&context, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(&context, ciphers) == 1 &&
           SSL_CTX_set1_groups_list(&context, "X25519:P-256") == 1 &&
           SSL_CTX_use_certificate(&context, own.certificate.get()) == 1 &&
           SSL_CTX_use_PrivateKey(&context, own.key.get()) == 1;
}

}  // namespace

bool digest(X509& certificate, Fingerprint& out) {
    unsigned length = 0;
    return X509_digest(&certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(out.data()),
                       &length) == 1 &&
           length == out.size();
}

Identity::Identity(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Identity::~Identity() = default;

Result<std::shared_ptr<const Identity>> Identity::make() {
    auto own = std::make_unique<Impl>();
    own->key.reset(EVP_EC_gen("P-256"));
    own->certificate.reset(X509_new());
    if (!own->key || !own->certificate || !sign(*own->certificate, *own->key) ||
        !digest(*own->certificate, own->fingerprint)) {
        return failed("no certificate for DTLS could be made");
    }
    own->datagrams.reset(make_datagram_method());
    own->aes_128_gcm.reset(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr));
    own->tls1_prf.reset(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
    own->context.reset(SSL_CTX_new(DTLS_method()));
    if (!own->datagrams || !own->aes_128_gcm || !own->tls1_prf || !own->context ||
        !prepare(*own->context, *own)) {
        return failed("OpenSSL has not what DTLS 1.2 needs");
    }
    return std::shared_ptr<const Identity>(new Identity(std::move(own)));
}

const Fingerprint& Identity::fingerprint() const {
    return impl_->fingerprint;
}

}  // namespace muster::rtc
