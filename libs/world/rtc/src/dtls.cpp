#include "dtls.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <utility>

#include "muster/base/assert.hpp"
#include "wire.hpp"

namespace muster::rtc {
namespace {

constexpr std::size_t handshake_datagram_bytes = 1'200;
constexpr std::size_t early_bytes_max = 4'096;
constexpr std::chrono::seconds flight_kept{60};
constexpr std::chrono::milliseconds flight_interval{100};
constexpr unsigned timer_first_us = 200'000;
constexpr unsigned timer_max_us = 3'000'000;

Dtls& dtls_of(BIO* bio) {
    return *static_cast<Dtls*>(BIO_get_data(bio));
}

int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const int count = dtls_of(bio).read_datagram(
        {reinterpret_cast<std::byte*>(into), static_cast<std::size_t>(std::max(size, 0))});
    if (count < 0) BIO_set_retry_read(bio);
    return count;
}

int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    dtls_of(bio).write_datagram(
        {reinterpret_cast<const std::byte*>(from), static_cast<std::size_t>(size)});
    return size;
}

long control(BIO*, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;
        case BIO_CTRL_DGRAM_QUERY_MTU:
            return handshake_datagram_bytes;
        case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
            return 28;  // IPv4 and UDP
        default:
            return 0;
    }
}

// RFC 6347 proposes one second, made for long ways; WebRTC's begin sooner. OpenSSL gives up after
// twelve of them, the owner before that.
unsigned timer_after(SSL*, unsigned before_us) {
    return before_us == 0 ? timer_first_us : std::min(before_us * 2, timer_max_us);
}

}  // namespace

BIO_METHOD* make_datagram_method() {
    BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "datagram");
    if (method == nullptr) return nullptr;
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
}

int verify_fingerprint(X509_STORE_CTX* store, void*) {
    auto* const session =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    X509* const certificate = X509_STORE_CTX_get0_cert(store);
    auto* const dtls = static_cast<Dtls*>(SSL_get_app_data(session));
    if (certificate != nullptr && dtls->verify(*certificate)) return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
}

Dtls::Dtls(const Identity& identity, Role role, const Fingerprint& expected, bool own_records,
           DtlsSink& sink)
    : identity_(identity.impl()),
      sink_(sink),
      expected_(expected),
      role_(role),
      own_records_(own_records) {}
Dtls::~Dtls() = default;

bool Dtls::is_client_hello(std::span<const std::byte> datagram) {
    return datagram.size() > record_header_bytes && datagram[0] == std::byte{22} &&
           datagram[1] == std::byte{0xFE} && load<std::uint16_t>(datagram.data() + 3) == 0 &&
           datagram[record_header_bytes] == std::byte{1};
}

void Dtls::start(Instant now) {
    MUSTER_ASSERT(state_ == State::idle);
    ERR_clear_error();
    session_.reset(SSL_new(identity_.context.get()));
    BIO* const bio = BIO_new(identity_.datagrams.get());
    if (!session_ || bio == nullptr) {
        BIO_free(bio);
        fail_with(State::failed);
        return;
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
    SSL_set_app_data(session_.get(), this);
    SSL_set_mtu(session_.get(), handshake_datagram_bytes);
    DTLS_set_timer_cb(session_.get(), timer_after);
    if (role_ == Role::server) {
        SSL_set_accept_state(session_.get());
    } else {
        SSL_set_connect_state(session_.get());
    }
    state_ = State::handshaking;
    if (role_ == Role::client) shake_hands(now);
}

int Dtls::read_datagram(std::span<std::byte> into) {
    if (input_.empty()) return -1;
    const std::size_t count = std::min(into.size(), input_.size());
    std::copy_n(input_.begin(), count, into.begin());
    input_ = {};  // what did not fit is lost, as it is with a socket
    return static_cast<int>(count);
}

void Dtls::write_datagram(std::span<const std::byte> datagram) {
    for (auto rest = datagram; rest.size() >= record_headroom;) {
        const std::size_t length = load<std::uint16_t>(rest.data() + 11);
        const auto sequence = load<std::uint64_t>(rest.data() + 3);
        if (sequence >> 48U == 1) {
            next_sequence_ = (sequence & 0xFFFF'FFFF'FFFFU) + 1;
            next_nonce_ = load<std::uint64_t>(rest.data() + record_header_bytes) + 1;
        }
        rest = rest.subspan(std::min(rest.size(), record_header_bytes + length));
    }
    if (state_ == State::handshaking && own_records_) {
        std::array<std::byte, 2> length;
        store(length.data(), static_cast<std::uint16_t>(datagram.size()));
        last_flight_.insert(last_flight_.end(), length.begin(), length.end());
        last_flight_.insert(last_flight_.end(), datagram.begin(), datagram.end());
    }
    sink_.on_dtls_datagram(datagram);
}

bool Dtls::verify(X509& certificate) {
    Fingerprint fingerprint{};
    is_verified_ = digest(certificate, fingerprint) && fingerprint == expected_;
    if (!is_verified_) state_ = State::wrong_identity;
    return is_verified_;
}

void Dtls::shake_hands(Instant now) {
    last_flight_.clear();
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(session_.get(), result);
    ERR_clear_error();
    input_ = {};
    if (state_ == State::wrong_identity) return fail_with(State::wrong_identity);
    if (result == 1) return finish(now);
    if (error != SSL_ERROR_WANT_READ) return fail_with(State::failed);
    set_deadline(now);
}

void Dtls::finish(Instant now) {
    deadline_.reset();
    // Belt and braces: a handshake without a verified certificate authenticates nobody.
    if (!is_verified_) return fail_with(State::wrong_identity);
    const SSL_CIPHER* const cipher = SSL_get_current_cipher(session_.get());
    // ECDHE-ECDSA-AES128-GCM-SHA256; the others stay with OpenSSL.
    if (own_records_ && SSL_CIPHER_get_protocol_id(cipher) != 0xC02B) own_records_ = false;
    if (own_records_ && !take_over()) return fail_with(State::failed);
    state_ = State::open;
    if (!own_records_ || role_ == Role::client) {
        last_flight_ = {};
    } else {
        last_flight_.shrink_to_fit();
        flight_until_ = now + flight_kept;
    }
    sink_.on_dtls_open();
    if (!own_records_) {
        (void)receive_by_session(now);
    } else if (!early_.empty()) {
        auto early = std::move(early_);
        early_ = {};
        (void)receive_records(early, now);
    }
}

bool Dtls::take_over() {
    const auto keys = derive_keys(identity_, *session_);
    if (!keys || next_sequence_ == 0) return false;
    const bool is_server = role_ == Role::server;
    records_ = std::make_unique<Records>(
        Sealer(identity_, is_server ? keys->server : keys->client, next_sequence_, next_nonce_),
        Opener(identity_, is_server ? keys->client : keys->server));
    session_.reset();
    return records_->sealer.is_usable() && records_->opener.is_usable();
}

/// Data may overtake the Finished before it. OpenSSL would keep it, and lose it with its session.
void Dtls::hold_early_data(std::span<std::byte>& datagram) {
    for (std::size_t at = 0; at < datagram.size();) {
        const auto record = front_record(datagram.subspan(at));
        if (!record) return;
        if (record->epoch != 1 || record->content != Content::data) {
            at += record->bytes.size();
            continue;
        }
        const auto rest = datagram.subspan(at);
        if (early_.size() + rest.size() <= early_bytes_max) {
            early_.insert(early_.end(), rest.begin(), rest.end());
        }
        datagram = datagram.first(at);
        return;
    }
}

bool Dtls::receive(std::span<std::byte> datagram, Instant now) {
    switch (state_) {
        case State::handshaking:
            if (own_records_) hold_early_data(datagram);
            if (datagram.empty()) return false;
            input_ = datagram;
            shake_hands(now);
            return state_ == State::open;
        case State::open:
            if (records_) return receive_records(datagram, now);
            input_ = datagram;
            return receive_by_session(now);
        default:
            return false;
    }
}

bool Dtls::receive_by_session(Instant now) {
    // Without initial values: it is written before it is read, and 16 KiB of zeros cost more than
    // the record.
    std::array<std::byte, record_payload_max> data;
    bool is_authentic = false;
    while (state_ == State::open) {
        ERR_clear_error();
        const int count = SSL_read(session_.get(), data.data(), static_cast<int>(data.size()));
        if (count > 0) {
            is_authentic = true;
            sink_.on_dtls_data(std::span(data).first(static_cast<std::size_t>(count)));
            continue;
        }
        const int error = SSL_get_error(session_.get(), count);
        ERR_clear_error();
        if (error == SSL_ERROR_WANT_READ) break;
        if (error == SSL_ERROR_ZERO_RETURN) {
            is_authentic = true;
            close();
        } else {
            fail_with(State::failed);
        }
    }
    input_ = {};
    if (state_ == State::open) set_deadline(now);
    return is_authentic;
}

bool Dtls::receive_records(std::span<std::byte> datagram, Instant now) {
    bool is_authentic = false;
    while (state_ == State::open) {
        const auto record = front_record(datagram);
        if (!record) break;
        datagram = datagram.subspan(record->bytes.size());
        const auto payload = records_->opener.open(*record);
        if (!payload) continue;
        is_authentic = true;
        switch (record->content) {
            case Content::data:
                sink_.on_dtls_data(*payload);
                break;
            case Content::alert:
                receive_alert(*payload);
                break;
            case Content::handshake:
                if (!payload->empty() && payload->front() == std::byte{20}) answer_finished(now);
                break;  // there is no renegotiation
            case Content::change_cipher_spec:
                break;
        }
    }
    return is_authentic;
}

void Dtls::receive_alert(std::span<const std::byte> alert) {
    if (alert.size() != 2) return;
    if (alert[1] == std::byte{0}) {
        close();
    } else if (alert[0] == std::byte{2}) {
        fail_with(State::failed);
    }
}

void Dtls::answer_finished(Instant now) {
    if (now >= flight_until_) last_flight_ = {};
    if (now < flight_again_) return;
    flight_again_ = now + flight_interval;
    for (std::span<const std::byte> rest = last_flight_; rest.size() > 2;) {
        const std::size_t length = load<std::uint16_t>(rest.data());
        sink_.on_dtls_datagram(rest.subspan(2, length));
        rest = rest.subspan(2 + length);
    }
}

void Dtls::send(std::span<std::byte> data) {
    if (state_ != State::open) return;
    if (records_) {
        const auto record = records_->sealer.seal(Content::data, data);
        if (!record.empty()) sink_.on_dtls_datagram(record);
        return;
    }
    ERR_clear_error();
    (void)SSL_write(session_.get(), data.data(), static_cast<int>(data.size()));
    ERR_clear_error();
}

void Dtls::close() {
    if (state_ == State::open) {
        if (records_) {
            std::array<std::byte, record_headroom + 2 + record_tailroom> buffer{};
            buffer[record_headroom] = std::byte{1};  // a warning: close_notify
            const auto record = records_->sealer.seal(
                Content::alert, std::span(buffer).subspan(record_headroom, 2));
            if (!record.empty()) sink_.on_dtls_datagram(record);
        } else {
            ERR_clear_error();
            (void)SSL_shutdown(session_.get());
            ERR_clear_error();
        }
    }
    fail_with(State::closed);
}

void Dtls::fail_with(State state) {
    state_ = state;
    deadline_.reset();
    input_ = {};
}

void Dtls::set_deadline(Instant now) {
    timeval remaining{};
    deadline_.reset();
    if (DTLSv1_get_timeout(session_.get(), &remaining) == 1) {
        deadline_ = now + std::chrono::seconds(remaining.tv_sec) +
                    std::chrono::microseconds(remaining.tv_usec);
    }
}

void Dtls::handle_timeout(Instant now) {
    if (!deadline_ || now < *deadline_ || !session_) return;
    input_ = {};
    ERR_clear_error();
    const long result = DTLSv1_handle_timeout(session_.get());
    ERR_clear_error();
    if (result < 0) return fail_with(State::failed);
    set_deadline(now);
}

}  // namespace muster::rtc
