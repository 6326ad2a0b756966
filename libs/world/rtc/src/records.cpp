#include "records.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <algorithm>

#include "muster/base/assert.hpp"
#include "wire.hpp"

namespace muster::rtc {
namespace {

constexpr std::uint16_t dtls_1_2 = 0xFEFD;
constexpr std::uint64_t epoch_1 = std::uint64_t{1} << 48U;
constexpr std::uint64_t sequence_max = epoch_1 - 1;

CipherContext make_context(const Identity::Impl& identity, const RecordKey& key, bool encrypts,
                           std::span<const std::byte> nonce) {
    CipherContext context(EVP_CIPHER_CTX_new());
    // The whole nonce is said by length -1, the salt alone by its length.
    const int length = nonce.size() == 12 ? -1 : static_cast<int>(nonce.size());
    ERR_clear_error();
    if (!context ||
        EVP_CipherInit_ex2(context.get(), identity.aes_128_gcm.get(),
                           reinterpret_cast<const unsigned char*>(key.key.data()), nullptr,
                           encrypts ? 1 : 0, nullptr) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_IV_FIXED, length,
                            const_cast<std::byte*>(nonce.data())) != 1) {
        ERR_clear_error();
        return nullptr;
    }
    return context;
}

/// What a record's tag covers besides its payload (RFC 5246, 6.2.3.3). OpenSSL wants the length of
/// all that it is given but the room for the tag, and takes off what is not payload itself.
std::array<std::byte, 13> associated_data(std::uint64_t epoch_and_sequence, Content content,
                                          std::size_t length) {
    std::array<std::byte, 13> data;
    store(data.data(), epoch_and_sequence);
    data[8] = static_cast<std::byte>(content);
    store(data.data() + 9, dtls_1_2);
    store(data.data() + 11, static_cast<std::uint16_t>(length));
    return data;
}

/// Nonce, payload and tag in one go, as libssl itself does it; the payload's length, or nothing.
bool run(EVP_CIPHER_CTX& context, std::array<std::byte, 13> associated,
         std::span<std::byte> nonce_to_tag) {
    auto* const bytes = reinterpret_cast<unsigned char*>(nonce_to_tag.data());
    const bool fine =
        EVP_CIPHER_CTX_ctrl(&context, EVP_CTRL_AEAD_TLS1_AAD, static_cast<int>(associated.size()),
                            associated.data()) > 0 &&
        EVP_Cipher(&context, bytes, bytes, static_cast<unsigned>(nonce_to_tag.size())) >= 0;
    if (!fine) ERR_clear_error();
    return fine;
}

}  // namespace

std::optional<Record> front_record(std::span<std::byte> datagram) {
    if (datagram.size() < record_header_bytes) return std::nullopt;
    const auto content = std::to_integer<std::uint8_t>(datagram[0]);
    const std::size_t length = load<std::uint16_t>(datagram.data() + 11);
    // A ClientHello's record may say DTLS 1.0 (0xFEFF).
    if (content < 20 || content > 23 || datagram[1] != std::byte{0xFE} ||
        datagram.size() - record_header_bytes < length) {
        return std::nullopt;
    }
    const auto sequence = load<std::uint64_t>(datagram.data() + 3);
    return Record{.content = static_cast<Content>(content),
                  .epoch = static_cast<std::uint16_t>(sequence >> 48U),
                  .sequence = sequence & sequence_max,
                  .bytes = datagram.first(record_header_bytes + length)};
}

bool ReplayWindow::is_new(std::uint64_t sequence) const {
    if (sequence >= next_) return true;
    const std::uint64_t age = next_ - 1 - sequence;
    return age < 64 && (seen_ >> age & 1U) == 0;
}

void ReplayWindow::mark(std::uint64_t sequence) {
    if (sequence >= next_) {
        const std::uint64_t shift = sequence + 1 - next_;
        seen_ = shift >= 64 ? 0 : seen_ << shift;
        next_ = sequence + 1;
    }
    const std::uint64_t age = next_ - 1 - sequence;
    if (age < 64) seen_ |= std::uint64_t{1} << age;
}

std::optional<RecordKeys> derive_keys(const Identity::Impl& identity, SSL& session) {
    std::array<unsigned char, SSL_MAX_MASTER_KEY_LENGTH> master;
    std::array<unsigned char, SSL3_RANDOM_SIZE> client_random;
    std::array<unsigned char, SSL3_RANDOM_SIZE> server_random;
    const std::size_t master_bytes =
        SSL_SESSION_get_master_key(SSL_get_session(&session), master.data(), master.size());
    if (master_bytes == 0 ||
        SSL_get_client_random(&session, client_random.data(), client_random.size()) !=
            client_random.size() ||
        SSL_get_server_random(&session, server_random.data(), server_random.size()) !=
            server_random.size()) {
        return std::nullopt;
    }
    const std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>> context(
        EVP_KDF_CTX_new(identity.tls1_prf.get()));
    char digest_name[] = "SHA2-256";
    char label[] = "key expansion";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master.data(), master_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server_random.data(),
                                          server_random.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client_random.data(),
                                          client_random.size()),
        OSSL_PARAM_construct_end(),
    };
    std::array<unsigned char, 40> block;
    const bool derived =
        context && EVP_KDF_derive(context.get(), block.data(), block.size(), parameters) == 1;
    OPENSSL_cleanse(master.data(), master.size());
    if (!derived) return std::nullopt;
    RecordKeys keys;
    std::memcpy(keys.client.key.data(), block.data(), 16);
    std::memcpy(keys.server.key.data(), block.data() + 16, 16);
    std::memcpy(keys.client.salt.data(), block.data() + 32, 4);
    std::memcpy(keys.server.salt.data(), block.data() + 36, 4);
    OPENSSL_cleanse(block.data(), block.size());
    return keys;
}

Sealer::Sealer(const Identity::Impl& identity, const RecordKey& key, std::uint64_t sequence,
               std::uint64_t nonce)
    : sequence_(sequence) {
    std::array<std::byte, 12> whole;
    std::ranges::copy(key.salt, whole.begin());
    store(whole.data() + key.salt.size(), nonce);
    context_ = make_context(identity, key, true, whole);
}

std::span<std::byte> Sealer::seal(Content content, std::span<std::byte> payload) {
    MUSTER_ASSERT(payload.size() <= record_payload_max && sequence_ <= sequence_max);
    const std::uint64_t epoch_and_sequence = epoch_1 | sequence_++;
    std::byte* const header = payload.data() - record_headroom;
    header[0] = static_cast<std::byte>(content);
    store(header + 1, dtls_1_2);
    store(header + 3, epoch_and_sequence);
    const std::size_t body = record_nonce_bytes + payload.size() + record_tailroom;
    store(header + 11, static_cast<std::uint16_t>(body));
    // OpenSSL counts the nonce itself and writes it before the payload.
    if (!run(*context_,
             associated_data(epoch_and_sequence, content, record_nonce_bytes + payload.size()),
             {header + record_header_bytes, body})) {
        return {};
    }
    return {header, record_header_bytes + body};
}

Opener::Opener(const Identity::Impl& identity, const RecordKey& key)
    : context_(make_context(identity, key, false, key.salt)) {}

std::optional<std::span<std::byte>> Opener::open(const Record& record) {
    const auto body = record.bytes.subspan(record_header_bytes);
    if (record.epoch != 1 || record.bytes[2] != std::byte{0xFD} ||
        body.size() < record_nonce_bytes + record_tailroom ||
        body.size() > record_nonce_bytes + record_payload_max + record_tailroom) {
        return std::nullopt;
    }
    if (!window_.is_new(record.sequence) && record.content != Content::handshake) {
        return std::nullopt;
    }
    if (!run(*context_, associated_data(epoch_1 | record.sequence, record.content, body.size()),
             body)) {
        return std::nullopt;
    }
    window_.mark(record.sequence);
    return body.subspan(record_nonce_bytes, body.size() - record_nonce_bytes - record_tailroom);
}

}  // namespace muster::rtc
