#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

#include "muster/base/encoding.hpp"
#include "muster/pki/pki.hpp"
#include "openssl.hpp"

namespace muster::pki {
namespace {

using Seconds = std::chrono::sys_seconds;
using std::chrono::floor;

// RFC 5280 allows 20 octets; 16 random ones never meet again. The first bit stays clear (the number
// is positive) and the second is set (its length is always the same).
bool set_random_serial(X509& certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3FU) | 0x40U);
    const std::unique_ptr<BIGNUM, Freer<BN_free>> number{
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate));
}

bool set_times(X509& certificate, Seconds from, Seconds until) {
    return ASN1_TIME_set(X509_getm_notBefore(&certificate), from.time_since_epoch().count()) &&
           ASN1_TIME_set(X509_getm_notAfter(&certificate), until.time_since_epoch().count());
}

Result<Timestamp> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return openssl_failed(Errc::invalid_argument, "the certificate has an unreadable time",
                              "certificate");
    }
    return Timestamp{std::chrono::seconds{timegm(&parts)}};
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte != 0x7F;
    });
}

Result<void> set_common_name(X509& certificate, std::string_view name) {
    if (name.empty() || name.size() > common_name_max || !is_plain(name) || !is_utf8(name)) {
        return fail(Errc::invalid_argument,
                    "a common name has 1 to 64 characters and no control characters",
                    "common_name");
    }
    if (X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName,
                                   MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<int>(name.size()), -1, 0) != 1) {
        return openssl_failed(Errc::invalid_argument, "the common name cannot be written",
                              "common_name");
    }
    return {};
}

bool add_extension(X509& certificate, X509& issuer, int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value)};
    return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool is_dns_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == '*';
    });
}

Result<void> push_dns_name(GENERAL_NAMES& names, const std::string& text) {
    if (!is_dns_name(text)) {
        return fail(Errc::invalid_argument, "\"" + to_utf8(text) + "\" is not a host name",
                    "dns_names");
    }
    Name name{GENERAL_NAME_new()};
    std::unique_ptr<ASN1_IA5STRING, Freer<ASN1_IA5STRING_free>> value{ASN1_IA5STRING_new()};
    if (!name || !value ||
        ASN1_STRING_set(value.get(), text.data(), static_cast<int>(text.size())) != 1) {
        return openssl_failed(Errc::internal, "a host name cannot be written", "dns_names");
    }
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, value.release());
    if (sk_GENERAL_NAME_push(&names, name.get()) <= 0) {
        return openssl_failed(Errc::internal, "a host name cannot be written", "dns_names");
    }
    name.release();  // the stack owns it now
    return {};
}

Result<void> push_address(GENERAL_NAMES& names, const std::string& text) {
    Name name{GENERAL_NAME_new()};
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(text.c_str());
    if (!name || value == nullptr) {
        return openssl_failed(Errc::invalid_argument,
                              "\"" + to_utf8(text) + "\" is not a numeric address", "addresses");
    }
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
    if (sk_GENERAL_NAME_push(&names, name.get()) <= 0) {
        return openssl_failed(Errc::internal, "an address cannot be written", "addresses");
    }
    name.release();
    return {};
}

Result<void> set_alternative_names(X509& certificate, const Subject& subject) {
    if (subject.dns_names.empty() && subject.addresses.empty()) return {};
    const Names names{GENERAL_NAMES_new()};
    if (!names) return openssl_failed(Errc::internal, "out of memory");
    for (const std::string& text : subject.dns_names) {
        if (auto pushed = push_dns_name(*names, text); !pushed) return pushed;
    }
    for (const std::string& text : subject.addresses) {
        if (auto pushed = push_address(*names, text); !pushed) return pushed;
    }
    if (X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
        return openssl_failed(Errc::internal, "the certificate's names cannot be written");
    }
    return {};
}

Result<std::string> pem_of(X509& certificate) {
    const Bio out{BIO_new(BIO_s_mem())};
    if (!out || PEM_write_bio_X509(out.get(), &certificate) != 1) {
        return openssl_failed(Errc::internal, "the certificate could not be written");
    }
    return text_of(*out);
}

// OpenSSL 3 wants a digest for elliptic curve and RSA keys and none for Ed25519.
const EVP_MD* digest_for(const EVP_PKEY& key) {
    const int kind = EVP_PKEY_get_base_id(&key);
    return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
}

Result<std::string> issue_for_key(const Identity& authority, EVP_PKEY& key, const Subject& subject,
                                  Usage usage, Timestamp now, std::chrono::minutes valid) {
    if (valid <= std::chrono::minutes{0}) {
        return fail(Errc::invalid_argument, "a certificate is valid for a while", "valid");
    }
    const auto issuer = read_certificate(authority.certificate_pem, "authority");
    if (!issuer) return std::unexpected(issuer.error());
    const auto signer = read_private_key(authority.private_key_pem);
    if (!signer) return std::unexpected(signer.error());
    const auto issuer_until = time_of(X509_get0_notAfter(issuer->get()));
    if (!issuer_until) return std::unexpected(issuer_until.error());
    if (*issuer_until <= now) {
        return fail(Errc::invalid_argument,
                    "the authority's certificate ended on " + to_rfc3339(*issuer_until),
                    "authority");
    }

    const Certificate certificate{X509_new()};
    X509* const made = certificate.get();
    const auto until = floor<std::chrono::seconds>(std::min(now + valid, *issuer_until));
    if (made == nullptr || X509_set_version(made, X509_VERSION_3) != 1 ||
        !set_random_serial(*made) ||
        !set_times(*made, floor<std::chrono::seconds>(now - backdated), until) ||
        X509_set_issuer_name(made, X509_get_subject_name(issuer->get())) != 1 ||
        X509_set_pubkey(made, &key) != 1) {
        return openssl_failed(Errc::internal, "the certificate could not be made");
    }
    if (auto named = set_common_name(*made, subject.common_name); !named) {
        return std::unexpected(named.error());
    }
    if (auto named = set_alternative_names(*made, subject); !named) {
        return std::unexpected(named.error());
    }
    const char* purpose = usage == Usage::server ? "serverAuth" : "clientAuth";
    if (!add_extension(*made, **issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(*made, **issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(*made, **issuer, NID_ext_key_usage, purpose) ||
        !add_extension(*made, **issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(*made, **issuer, NID_authority_key_identifier, "keyid") ||
        X509_sign(made, signer->get(), digest_for(**signer)) <= 0) {
        return openssl_failed(Errc::internal, "the certificate could not be signed");
    }
    return pem_of(*made);
}

Result<std::string> text_of_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return std::string{};  // other people's certificates may have none
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) {
        return openssl_failed(Errc::invalid_argument, "the certificate's name cannot be read",
                              "certificate");
    }
    std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    // A name cut by a zero has fooled others into taking its first part for the whole.
    if (!is_plain(out)) {
        return fail(Errc::invalid_argument, "the certificate's name has control characters",
                    "certificate");
    }
    return out;
}

std::string address_text(const ASN1_OCTET_STRING& address) {
    const unsigned char* bytes = ASN1_STRING_get0_data(&address);
    const int size = ASN1_STRING_length(&address);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (size != 4 && size != 16) return {};
    const char* written =
        inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
    return written == nullptr ? std::string{} : std::string{written};
}

void read_alternative_names(const X509& certificate, CertificateFacts& into) {
    const Names names{static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
    if (!names) return;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int kind = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        const auto* text = static_cast<const ASN1_STRING*>(value);
        if (kind == GEN_DNS) {
            std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                             static_cast<std::size_t>(ASN1_STRING_length(text)));
            if (is_dns_name(name)) into.dns_names.push_back(std::move(name));
        } else if (kind == GEN_IPADD) {
            if (std::string address = address_text(*text); !address.empty()) {
                into.addresses.push_back(std::move(address));
            }
        }
    }
}

}  // namespace

Result<Identity> new_authority(std::string_view name, Timestamp now, std::chrono::days valid) {
    auto key_pem = new_private_key();
    if (!key_pem) return std::unexpected(key_pem.error());
    const auto key = read_private_key(*key_pem);
    if (!key) return std::unexpected(key.error());
    const Certificate certificate{X509_new()};
    X509* const made = certificate.get();
    if (made == nullptr || X509_set_version(made, X509_VERSION_3) != 1 ||
        !set_random_serial(*made) ||
        !set_times(*made, floor<std::chrono::seconds>(now - backdated),
                   floor<std::chrono::seconds>(now + valid)) ||
        X509_set_pubkey(made, key->get()) != 1) {
        return openssl_failed(Errc::internal, "the authority could not be made");
    }
    if (auto named = set_common_name(*made, name); !named) return std::unexpected(named.error());
    if (X509_set_issuer_name(made, X509_get_subject_name(made)) != 1 ||
        !add_extension(*made, *made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(*made, *made, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(*made, *made, NID_subject_key_identifier, "hash") ||
        X509_sign(made, key->get(), EVP_sha256()) <= 0) {
        return openssl_failed(Errc::internal, "the authority could not be made");
    }
    auto certificate_pem = pem_of(*made);
    if (!certificate_pem) return std::unexpected(certificate_pem.error());
    return Identity{std::move(*certificate_pem), std::move(*key_pem)};
}

Result<std::string> issue(const Identity& authority, std::string_view private_key_pem,
                          const Subject& subject, Usage usage, Timestamp now,
                          std::chrono::minutes valid) {
    const auto key = read_private_key(private_key_pem);
    if (!key) return std::unexpected(key.error());
    return issue_for_key(authority, **key, subject, usage, now, valid);
}

namespace {

Result<Request> read_request(std::string_view request_der) {
    constexpr const char* field = "signing_request_der";
    if (request_der.size() > request_bytes_max) {
        return fail(Errc::too_large, "a signing request has at most 16 KiB", field);
    }
    const auto* at = reinterpret_cast<const unsigned char*>(request_der.data());
    const unsigned char* const end = at + request_der.size();
    Request request{d2i_X509_REQ(nullptr, &at, static_cast<long>(request_der.size()))};
    if (!request || at != end) {
        return openssl_failed(Errc::invalid_argument, "the signing request cannot be read", field);
    }
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr || EVP_PKEY_get_security_bits(key) < 112 || EVP_PKEY_get_bits(key) > 8192) {
        return openssl_failed(Errc::invalid_argument,
                              "the signing request needs a key that is worth at least 112 bits",
                              field);
    }
    // Who asks must hold the private key.
    if (X509_REQ_verify(request.get(), key) != 1) {
        return openssl_failed(Errc::invalid_argument,
                              "the signing request is not signed by its own key", field);
    }
    return request;
}

}  // namespace

Result<std::string> issue_for_request(const Identity& authority, std::string_view request_der,
                                      const Subject& subject, Usage usage, Timestamp now,
                                      std::chrono::minutes valid) {
    const auto request = read_request(request_der);
    if (!request) return std::unexpected(request.error());
    return issue_for_key(authority, *X509_REQ_get0_pubkey(request->get()), subject, usage, now,
                         valid);
}

Result<std::string> key_digest(std::string_view request_der) {
    const auto request = read_request(request_der);
    if (!request) return std::unexpected(request.error());
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(X509_REQ_get0_pubkey(request->get()), &der);
    if (size <= 0) return openssl_failed(Errc::internal, "the request's key cannot be written");
    std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return sha256_hex(bytes);
}

Result<CertificateFacts> facts(std::string_view certificate_pem) {
    const auto certificate = read_certificate(certificate_pem, "certificate");
    if (!certificate) return std::unexpected(certificate.error());
    const X509* const read = certificate->get();
    CertificateFacts out;
    auto name = text_of_name(X509_get_subject_name(read));
    if (!name) return std::unexpected(name.error());
    out.common_name = std::move(*name);
    const auto from = time_of(X509_get0_notBefore(read));
    if (!from) return std::unexpected(from.error());
    const auto until = time_of(X509_get0_notAfter(read));
    if (!until) return std::unexpected(until.error());
    out.not_before = *from;
    out.not_after = *until;

    const ASN1_INTEGER* serial = X509_get0_serialNumber(read);
    out.serial_hex = to_hex(std::as_bytes(std::span(
        ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)))));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_digest(read, EVP_sha256(), digest.data(), &size) != 1) {
        return openssl_failed(Errc::internal, "the certificate's digest cannot be made");
    }
    out.digest_hex = to_hex(std::as_bytes(std::span(digest.data(), size)));
    read_alternative_names(*read, out);
    return out;
}

Result<void> verify(std::string_view certificate_pem, std::string_view authority_pem, Usage usage,
                    Timestamp now) {
    const auto certificate = read_certificate(certificate_pem, "certificate");
    if (!certificate) return std::unexpected(certificate.error());
    const auto authority = read_certificate(authority_pem, "authority");
    if (!authority) return std::unexpected(authority.error());
    const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> trusted{X509_STORE_new()};
    const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context{X509_STORE_CTX_new()};
    if (!trusted || !context || X509_STORE_add_cert(trusted.get(), authority->get()) != 1 ||
        X509_STORE_CTX_init(context.get(), trusted.get(), certificate->get(), nullptr) != 1 ||
        X509_STORE_CTX_set_purpose(context.get(), usage == Usage::server
                                                      ? X509_PURPOSE_SSL_SERVER
                                                      : X509_PURPOSE_SSL_CLIENT) != 1) {
        return openssl_failed(Errc::internal, "the certificate cannot be checked");
    }
    X509_STORE_CTX_set_time(context.get(), 0,
                            floor<std::chrono::seconds>(now).time_since_epoch().count());
    if (X509_verify_cert(context.get()) != 1) {
        const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
        (void)openssl_failed(Errc::internal, {});
        return fail(Errc::invalid_argument, std::string("the certificate is not good: ") + why,
                    "certificate");
    }
    return {};
}

}  // namespace muster::pki
