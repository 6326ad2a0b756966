#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dtls.hpp"
#include "muster/rtc/endpoint.hpp"
#include "muster/sctp/association.hpp"

namespace muster::rtc {

/// Called from within Connection's methods; may call its send() and nothing else of it.
class ConnectionSink {
  public:
    virtual ~ConnectionSink() = default;
    virtual void on_connection_datagram(std::span<const std::byte> datagram) = 0;
    virtual void on_connection_open() = 0;
    virtual void on_connection_message(std::uint16_t stream, bool is_text,
                                       std::span<const std::byte> message) = 0;
    virtual void on_connection_channel(std::uint16_t stream, std::string_view label,
                                       const sctp::Reliability& reliability) = 0;
    virtual void on_connection_channel_closed(std::uint16_t stream) = 0;
};

/// What server and caller have alike: SCTP in DTLS, with data channels on it. Knows no addresses.
class Connection final : DtlsSink, sctp::Listener {
  public:
    struct Setup {
        Dtls::Role role = Dtls::Role::server;
        Fingerprint fingerprint{};  ///< the peer's
        sctp::Options sctp;
        std::size_t channels_max = 8;
        bool own_records = true;
    };
    Connection(const Identity& identity, const Setup& setup, ConnectionSink& sink);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start(Instant now) { dtls_.start(now); }
    /// True when something in the datagram proved to be the peer's.
    bool receive(std::span<std::byte> datagram, Instant now);
    sctp::Sent send(std::uint16_t stream, bool is_text, std::span<const std::byte> message,
                    const sctp::Reliability& reliability, Instant now);
    /// By DCEP. As send().
    sctp::Sent open_channel(std::uint16_t stream, std::string_view label,
                            const sctp::Reliability& reliability, Instant now);
    /// Ends our side of a channel; the peer ends its own, and the channel is closed.
    void close_channel(std::uint16_t stream, Instant now);
    void flush(Instant now);
    [[nodiscard]] std::optional<Instant> deadline() const;
    void handle_timeout(Instant now);
    /// Says close_notify.
    void close();

    [[nodiscard]] Dtls::State dtls_state() const { return dtls_.state(); }
    [[nodiscard]] bool is_open() const;
    /// Why it is over, once it is.
    [[nodiscard]] std::optional<Gone> ended() const;
    [[nodiscard]] const std::optional<sctp::Association>& association() const {
        return association_;
    }

  private:
    void on_dtls_datagram(std::span<const std::byte> datagram) override;
    void on_dtls_open() override;
    void on_dtls_data(std::span<std::byte> data) override;
    void on_packet(std::span<std::byte> packet) override;
    void on_open() override;
    void on_message(std::uint16_t stream, std::uint32_t ppid,
                    std::span<const std::byte> message) override;
    void on_streams_reset(std::span<const std::uint16_t> streams) override;
    void on_closed(sctp::CloseReason reason) override;
    void on_control(std::uint16_t stream, std::span<const std::byte> message);
    void reset_streams(Instant now);

    ConnectionSink& sink_;
    sctp::Options sctp_options_;
    Dtls dtls_;
    std::optional<sctp::Association> association_;
    std::optional<sctp::CloseReason> closed_;
    Instant now_{};  ///< of the call that is under way, for what it makes us send
    std::size_t channels_max_;
    std::vector<std::uint16_t> channels_;  ///< open, by DCEP from the peer
    std::vector<std::uint16_t> closing_;   ///< by us; the peer's side still open
    std::vector<std::uint16_t> to_reset_;  ///< our sides, after the call that is under way
};

}  // namespace muster::rtc
