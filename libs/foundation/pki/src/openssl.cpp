#include "openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <climits>

namespace muster::pki {
namespace {

// A key of ours is never encrypted; without this OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

std::unexpected<Error> openssl_failed(Errc code, std::string what, std::string field) {
    const unsigned long newest = ERR_peek_last_error();
    ERR_clear_error();
    if (newest != 0) {
        const char* reason = ERR_reason_error_string(newest);
        if (reason != nullptr) what.append(": ").append(reason);
    }
    return fail(code, std::move(what), std::move(field));
}

Bio memory_of(std::string_view bytes) {
    if (bytes.size() > INT_MAX) return nullptr;
    return Bio{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
}

std::string text_of(BIO& memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(&memory, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

Result<Key> read_private_key(std::string_view pem) {
    const Bio in = memory_of(pem);
    Key key{in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr};
    if (!key)
        return openssl_failed(Errc::invalid_argument, "no private key can be read", "private_key");
    return key;
}

Result<Certificate> read_certificate(std::string_view pem, std::string field) {
    const Bio in = memory_of(pem);
    Certificate certificate{in ? PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)
                               : nullptr};
    if (!certificate) {
        return openssl_failed(Errc::invalid_argument, "no certificate can be read",
                              std::move(field));
    }
    return certificate;
}

}  // namespace muster::pki
