#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "muster/rtc/endpoint.hpp"
#include "records.hpp"

namespace muster::rtc {

/// Called from within Dtls's methods. Spans are valid during the call.
class DtlsSink {
  public:
    virtual ~DtlsSink() = default;
    virtual void on_dtls_datagram(std::span<const std::byte> datagram) = 0;
    virtual void on_dtls_open() = 0;
    /// May be changed in place.
    virtual void on_dtls_data(std::span<std::byte> data) = 0;
};

/// One DTLS 1.2 session. OpenSSL does the handshake; then, with `own_records`, its SSL is freed and
/// records are our own (40 of a session's 50 KiB are OpenSSL's, and half of its time).
///
/// OpenSSL's retransmission timer runs on the system's clock: what it says remains is added to the
/// caller's `now`, which must go on at the same pace.
class Dtls {
  public:
    enum class Role : std::uint8_t { server, client };
    enum class State : std::uint8_t {
        idle,
        handshaking,
        open,
        closed,          ///< by close() or the peer's close_notify
        wrong_identity,  ///< another certificate than expected
        failed,
    };

    Dtls(const Identity& identity, Role role, const Fingerprint& expected, bool own_records,
         DtlsSink& sink);
    ~Dtls();
    Dtls(const Dtls&) = delete;
    Dtls& operator=(const Dtls&) = delete;

    /// Makes the session; the client says hello.
    void start(Instant now);
    /// One datagram, decrypted in place. True when something in it proved to be the peer's.
    bool receive(std::span<std::byte> datagram, Instant now);
    /// When open: with `record_headroom` bytes before and `record_tailroom` bytes after it.
    void send(std::span<std::byte> data);
    void close();
    [[nodiscard]] std::optional<Instant> deadline() const { return deadline_; }
    void handle_timeout(Instant now);
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] Role role() const { return role_; }
    /// Whether OpenSSL's session is still held.
    [[nodiscard]] bool holds_session() const { return session_ != nullptr; }

    /// A record of a ClientHello: what may make a server begin.
    [[nodiscard]] static bool is_client_hello(std::span<const std::byte> datagram);

    // Called by the BIO and by the verification of certificates (dtls.cpp).
    int read_datagram(std::span<std::byte> into);
    void write_datagram(std::span<const std::byte> datagram);
    bool verify(X509& certificate);

  private:
    void shake_hands(Instant now);
    void finish(Instant now);
    bool take_over();
    void hold_early_data(std::span<std::byte>& datagram);
    bool receive_by_session(Instant now);
    bool receive_records(std::span<std::byte> datagram, Instant now);
    void receive_alert(std::span<const std::byte> alert);
    void answer_finished(Instant now);
    void fail_with(State state);
    void set_deadline(Instant now);

    struct Records {
        Sealer sealer;
        Opener opener;
    };

    const Identity::Impl& identity_;
    DtlsSink& sink_;
    Fingerprint expected_;
    Role role_;
    bool own_records_;
    bool is_verified_ = false;
    State state_ = State::idle;
    std::unique_ptr<SSL, Freer<SSL_free>> session_;
    std::unique_ptr<Records> records_;
    std::span<const std::byte> input_;  ///< the datagram that OpenSSL may read now
    std::optional<Instant> deadline_;

    /// While OpenSSL writes: the first unused sequence number and nonce of epoch 1.
    std::uint64_t next_sequence_ = 0, next_nonce_ = 0;
    /// The datagrams that OpenSSL wrote last, each behind its length: should they be lost, the peer
    /// says its Finished again, and gets them again.
    std::vector<std::byte> last_flight_;
    Instant flight_until_{}, flight_again_{};
    std::vector<std::byte> early_;  ///< records of data that overtook the handshake's last ones
};

}  // namespace muster::rtc
