#include "connection.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "dcep.hpp"
#include "muster/base/assert.hpp"
#include "muster/base/random.hpp"

namespace muster::rtc {
namespace {

sctp::Secrets make_secrets() {
    sctp::Secrets secrets;
    const std::string bytes =
        random_bytes(sizeof secrets.tag + sizeof secrets.initial_tsn + secrets.cookie_key.size());
    std::memcpy(&secrets.tag, bytes.data(), sizeof secrets.tag);
    std::memcpy(&secrets.initial_tsn, bytes.data() + 4, sizeof secrets.initial_tsn);
    secrets.initial_tsn &= 0x7fff'ffffU;  // usrsctp aborts when a fragment has TSN 0
    std::memcpy(secrets.cookie_key.data(), bytes.data() + 8, secrets.cookie_key.size());
    if (secrets.tag == 0) secrets.tag = 1;
    return secrets;
}

}  // namespace

Connection::Connection(const Identity& identity, const Setup& setup, ConnectionSink& sink)
    : sink_(sink),
      sctp_options_(setup.sctp),
      dtls_(identity, setup.role, setup.fingerprint, setup.own_records, *this),
      channels_max_(setup.channels_max) {
    MUSTER_ASSERT(sctp_options_.headroom >= record_headroom);
    MUSTER_ASSERT(sctp_options_.tailroom >= record_tailroom);
}

bool Connection::receive(std::span<std::byte> datagram, Instant now) {
    now_ = now;
    const bool is_authentic = dtls_.receive(datagram, now);
    if (!to_reset_.empty()) reset_streams(now);
    return is_authentic;
}

sctp::Sent Connection::send(std::uint16_t stream, bool is_text, std::span<const std::byte> message,
                            const sctp::Reliability& reliability, Instant now) {
    if (!is_open()) return sctp::Sent::closed;
    if (message.empty()) {
        // SCTP has no empty messages: one byte that is not read (RFC 8831, 6.6).
        const std::array<std::byte, 1> nothing{};
        return association_->send(stream, is_text ? dcep::text_empty : dcep::binary_empty, nothing,
                                  reliability, now);
    }
    return association_->send(stream, is_text ? dcep::text : dcep::binary, message, reliability,
                              now);
}

sctp::Sent Connection::open_channel(std::uint16_t stream, std::string_view label,
                                    const sctp::Reliability& reliability, Instant now) {
    if (!is_open()) return sctp::Sent::closed;
    const auto message =
        dcep::write_open({.reliability = reliability, .label = label, .protocol = {}});
    return association_->send(stream, dcep::control, message, {}, now);
}

void Connection::close_channel(std::uint16_t stream, Instant now) {
    to_reset_.push_back(stream);
    closing_.push_back(stream);
    reset_streams(now);
}

void Connection::flush(Instant now) {
    if (!association_ || dtls_.state() != Dtls::State::open) return;
    now_ = now;
    association_->flush(now);
}

std::optional<Instant> Connection::deadline() const {
    if (dtls_.state() != Dtls::State::open || !association_) return dtls_.deadline();
    const auto own = dtls_.deadline();
    const auto inner = association_->deadline();
    return own && inner ? std::min(*own, *inner) : own ? own : inner;
}

void Connection::handle_timeout(Instant now) {
    now_ = now;
    dtls_.handle_timeout(now);
    if (!association_ || dtls_.state() != Dtls::State::open) return;
    if (const auto due = association_->deadline(); due && *due <= now) {
        association_->handle_timeout(now);
    }
    if (!to_reset_.empty()) reset_streams(now);
}

void Connection::close() {
    dtls_.close();
}

bool Connection::is_open() const {
    return association_ && !closed_ && dtls_.state() == Dtls::State::open &&
           association_->is_open();
}

std::optional<Gone> Connection::ended() const {
    switch (dtls_.state()) {
        case Dtls::State::closed:
            return Gone::closed;
        case Dtls::State::wrong_identity:
            return Gone::wrong_identity;
        case Dtls::State::failed:
            return Gone::failed;
        default:
            break;
    }
    if (!closed_) return std::nullopt;
    const bool is_orderly =
        *closed_ == sctp::CloseReason::shut_down || *closed_ == sctp::CloseReason::aborted;
    return is_orderly ? Gone::closed : Gone::failed;
}

void Connection::on_dtls_datagram(std::span<const std::byte> datagram) {
    sink_.on_connection_datagram(datagram);
}

void Connection::on_dtls_open() {
    association_.emplace(sctp_options_, make_secrets(), static_cast<sctp::Listener&>(*this));
    // The server answers the caller's INIT: that both send one costs packets and gains nothing.
    if (dtls_.role() == Dtls::Role::client) association_->connect(now_);
}

void Connection::on_dtls_data(std::span<std::byte> data) {
    if (!closed_) association_->receive(data, now_);
}

void Connection::on_packet(std::span<std::byte> packet) {
    dtls_.send(packet);
}

void Connection::on_open() {
    sink_.on_connection_open();
}

void Connection::on_message(std::uint16_t stream, std::uint32_t ppid,
                            std::span<const std::byte> message) {
    switch (ppid) {
        case dcep::binary:
            sink_.on_connection_message(stream, false, message);
            break;
        case dcep::text:
            sink_.on_connection_message(stream, true, message);
            break;
        case dcep::binary_empty:
            sink_.on_connection_message(stream, false, {});
            break;
        case dcep::text_empty:
            sink_.on_connection_message(stream, true, {});
            break;
        case dcep::control:
            on_control(stream, message);
            break;
        default:
            break;  // the deprecated partial ones, and what nobody has named yet
    }
}

void Connection::on_control(std::uint16_t stream, std::span<const std::byte> message) {
    if (message.empty() || message.front() != dcep::open_type) return;  // ACK: nothing waits for it
    const auto open = dcep::decode_open(message);
    const bool is_known = std::ranges::find(channels_, stream) != channels_.end();
    if (!open || is_known || channels_.size() >= channels_max_) {
        if (!is_known) to_reset_.push_back(stream);
        return;
    }
    channels_.push_back(stream);
    const std::array<std::byte, 1> ack{dcep::ack_type};
    (void)association_->send(stream, dcep::control, ack, {}, now_);
    sink_.on_connection_channel(stream, open->label, open->reliability);
}

void Connection::on_streams_reset(std::span<const std::uint16_t> streams) {
    for (const std::uint16_t stream : streams) {
        std::erase(channels_, stream);
        if (std::erase(closing_, stream) == 0) to_reset_.push_back(stream);
        sink_.on_connection_channel_closed(stream);
    }
}

void Connection::reset_streams(Instant now) {
    const auto streams = std::exchange(to_reset_, {});
    if (!is_open()) return;
    association_->reset_streams(streams, now);
    association_->flush(now);  // the peer's channel closes when ours has
}

void Connection::on_closed(sctp::CloseReason reason) {
    closed_ = reason;
}

}  // namespace muster::rtc
