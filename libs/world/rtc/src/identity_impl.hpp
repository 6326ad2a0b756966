#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "muster/rtc/identity.hpp"

namespace muster::rtc {

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

/// What all DTLS sessions of a process share. OpenSSL's counts of references make it safe for all
/// threads; nothing in it changes after make().
struct Identity::Impl {
    std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key;
    std::unique_ptr<X509, Freer<X509_free>> certificate;
    std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context;
    std::unique_ptr<BIO_METHOD, Freer<BIO_meth_free>> datagrams;  ///< see dtls.cpp
    /// Fetched once: to look algorithms up by name at each use costs more than to use them.
    std::unique_ptr<EVP_CIPHER, Freer<EVP_CIPHER_free>> aes_128_gcm;
    std::unique_ptr<EVP_KDF, Freer<EVP_KDF_free>> tls1_prf;
    Fingerprint fingerprint{};
};

[[nodiscard]] bool digest(X509& certificate, Fingerprint& out);
/// The BIO whose write is one datagram and whose read is the present one (dtls.cpp).
[[nodiscard]] BIO_METHOD* make_datagram_method();
/// SSL_CTX_set_cert_verify_callback's: the certificate must be the one of the description.
int verify_fingerprint(X509_STORE_CTX* store, void*);

}  // namespace muster::rtc
