#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

/// OpenSSL's objects with owners, and its error queue as our errors.
namespace muster::pki {

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;

/// An error with OpenSSL's newest reason behind `what`; empties its queue.
[[nodiscard]] std::unexpected<Error> openssl_failed(Errc code, std::string what,
                                                    std::string field = {});

[[nodiscard]] Result<Key> read_private_key(std::string_view pem);
/// The first certificate in the text.
[[nodiscard]] Result<Certificate> read_certificate(std::string_view pem, std::string field);
/// What a memory BIO holds.
[[nodiscard]] std::string text_of(BIO& memory);
[[nodiscard]] Bio memory_of(std::string_view bytes);

}  // namespace muster::pki
