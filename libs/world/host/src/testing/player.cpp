#include "player.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::host::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

rtc::Instant now() {
    static const Clock::time_point began = Clock::now();
    return std::chrono::duration_cast<rtc::Instant>(Clock::now() - began);
}

std::shared_ptr<const rtc::Identity> identity() {
    static const auto made = rtc::Identity::make();
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
}

udp::Socket open_socket() {
    auto socket = udp::Socket::open({.host = "127.0.0.1"});
    if (!socket) throw std::runtime_error(socket.error().message);
    return std::move(*socket);
}

constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};
/// Two new ones, and those before them in case they were lost.
constexpr std::size_t steps_a_message = 8;
/// Inputs that no server has consumed: more would only wait, and some be dropped.
constexpr std::int64_t unacknowledged_max = 24;

std::vector<std::byte> write_offer(std::uint32_t number, const std::string& sdp) {
    flatbuffers::FlatBufferBuilder builder;
    const auto text = builder.CreateString(sdp);
    builder.Finish(protocol::CreateMessage(builder, protocol::Body::Offer,
                                           protocol::CreateOffer(builder, number, text).Union()),
                   protocol::MessageIdentifier());
    const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {begin, begin + builder.GetSize()};
}

}  // namespace

// ---- a connection

Connection::Connection(Hear hear)
    : hear_(std::move(hear)), socket_(open_socket()), caller_(identity(), {}, *this) {}
Connection::~Connection() = default;

Result<void> Connection::start(std::string_view answer_sdp) {
    started_ = true;
    return caller_.start(answer_sdp, std::nullopt, now());
}

void Connection::turn() {
    if (closed_ || !started_) return;
    socket_.receive(256, [this](const rtc::Address&, std::span<std::byte> datagram) {
        caller_.receive(datagram, now());
    });
    const auto deadline = caller_.deadline();
    if (deadline && *deadline <= now()) caller_.handle_timeouts(now());
}

void Connection::flush() {
    if (closed_ || !started_) return;
    caller_.flush(now());
    socket_.flush();
}

void Connection::send(std::span<const std::byte> message, bool on_control) {
    (void)caller_.send(on_control ? protocol::control_stream : protocol::state_stream, false,
                       message, on_control ? reliable : unreliable, now());
}

void Connection::close() {
    caller_.close(now());
    socket_.flush();
}

void Connection::on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) {
    socket_.send(to, datagram);
}

void Connection::on_closed(std::string_view) {
    closed_ = true;
}

void Connection::on_message(std::uint16_t, bool, std::span<const std::byte> bytes) {
    hear_(*this, bytes);
}

// ---- a player

Player::Player() : active_(connect()) {}
Player::~Player() = default;

std::unique_ptr<Connection> Player::connect() {
    return std::make_unique<Connection>(
        [this](Connection& from, std::span<const std::byte> bytes) { hear(from, bytes); });
}

Result<void> Player::start(const Joined& joined) {
    ticket_ = joined.ticket;
    return active_->start(joined.sdp);
}

void Player::begin_again() {
    active_ = connect();
    standby_.reset();
    before_.reset();
    must_resume_ = false;
}

void Player::turn() {
    if (vanished_) return;
    for (Connection* one : {before_.get(), active_.get(), standby_.get()})
        if (one != nullptr) one->turn();
    void_.clear();
    if (standby_ && standby_->is_closed()) standby_.reset();
    if (now() - inputs_at_ >= 33ms) send_inputs();
    for (Connection* one : {before_.get(), active_.get(), standby_.get()})
        if (one != nullptr) one->flush();
}

void Player::send_inputs() {
    const bool is_active = active_->is_open() && active_->mirror.welcomed() && !is_closed();
    if (!is_active && !has_standby()) return;
    if (std::int64_t{sequence} - acknowledged_ >= unacknowledged_max) return;
    inputs_at_ = now();
    sequence += 2;
    for (int i = 0; i < 2; ++i) {
        replication::InputStep step;
        step.buttons = buttons;
        steps_.push_back(step);
    }
    while (steps_.size() > steps_a_message) steps_.pop_front();
    const std::vector<replication::InputStep> steps(steps_.begin(), steps_.end());
    const replication::Mirror& mirror = active_->mirror;
    if (is_active) {
        active_->send(
            replication::write_inputs(sequence, mirror.newest(), mirror.received_bits(), steps),
            false);
    }
    if (has_standby()) standby_->send(replication::write_inputs(sequence, 0, 0, steps), false);
}

void Player::send(std::span<const std::byte> message, bool on_control) {
    active_->send(message, on_control);
}

void Player::say(const std::string& text, const replication::Address& to) {
    send(replication::write_say(text, to), true);
}

void Player::want_party(const std::string& code) {
    send(replication::write_party(code), true);
}

void Player::say_bye() {
    send(replication::write_bye(), true);
}

void Player::send_custom(std::uint8_t command, std::string_view payload) {
    send(replication::write_custom(command, std::as_bytes(std::span(payload))), true);
}

void Player::ping() {
    send(replication::write_ping(7), false);
}

void Player::close() {
    active_->close();
}

void Player::hear(Connection& from, std::span<const std::byte> bytes) {
    const auto message = protocol::read_from_world(protocol::aligned(bytes, room_));
    ASSERT_TRUE(message) << message.error().message;
    const char* const kind = protocol::EnumNameBody((*message)->body_type());
    // Snapshots go another way and may be overtaken.
    if (from.has_moved && (*message)->body_type() != protocol::Body::Snapshot)
        wrongs_.push_back(std::string(kind) + " after Moved");
    if (const auto* moved = (*message)->body_as_Moved()) {
        from.has_moved = true;
        if (&from == active_.get() && !moved->connected()) must_resume_ = true;
        return;
    }
    if (&from == standby_.get()) return hear_standby(**message, bytes);
    if (&from == active_.get()) {
        const auto got = from.mirror.receive(bytes);
        EXPECT_TRUE(got) << got.error().message;
        acknowledged_ = std::max(acknowledged_, from.mirror.acknowledged());
        hear_active(**message);
    }
    if (&from == active_.get() || &from == before_.get()) hear_words(**message);
}

void Player::hear_words(const protocol::Message& message) {
    if (const auto* chat = message.body_as_Chat())
        chats_.push_back(chat->name()->str() + ": " + chat->text()->str());
    if (const auto* notice = message.body_as_Notice()) {
        std::string kind = protocol::EnumNameNoticeKind(notice->kind());
        // Of the machine's load a test knows nothing.
        if (kind.starts_with("overload")) return;
        notices_.push_back(std::move(kind));
        notice_ = notice->text()->str();
    }
    if (const auto* party = message.body_as_Party()) {
        party_ = party->code()->str();
        party_members_.clear();
        for (const auto* member : *party->members())
            party_members_.push_back(member->name()->str());
    }
}

void Player::hear_active(const protocol::Message& message) {
    if (const auto* custom = message.body_as_Custom()) {
        const auto* payload = custom->payload();
        const auto* begin = payload ? reinterpret_cast<const char*>(payload->data()) : "";
        customs_.emplace_back(custom->command(), std::string(begin, payload ? payload->size() : 0));
    }
    if (message.body_as_Pong() != nullptr) ++pongs_;
    if (const auto* scores = message.body_as_Scores()) {
        ++scores_;
        players_on_board_ = scores->players();
    }
    if (const auto* invitation = message.body_as_Invitation()) invited(invitation->number());
    const auto* answer = message.body_as_Answer();
    if (answer == nullptr) return;
    if (answer->sdp() == nullptr) {
        ++refusals_;
        if (answer->number() == invitation_ && standby_) void_.push_back(std::move(standby_));
    } else if (answer->number() == invitation_ && standby_) {
        const auto started = standby_->start({answer->sdp()->c_str(), answer->sdp()->size()});
        EXPECT_TRUE(started) << started.error().message;
    }
}

void Player::invited(std::uint32_t number) {
    ++invitations_;
    if (!answers_invitations) return;
    invitation_ = number;
    if (standby_) void_.push_back(std::move(standby_));
    standby_ = connect();
    send(write_offer(number, standby_->offer()), true);
}

void Player::hear_standby(const protocol::Message& message, std::span<const std::byte> bytes) {
    if (message.body_as_Pong() != nullptr) return;
    if (message.body_as_Welcome() == nullptr) {
        // Unordered, a snapshot may come before the Welcome that was sent first.
        if (message.body_as_Snapshot() == nullptr)
            wrongs_.push_back(std::string(protocol::EnumNameBody(message.body_type())) +
                              " before the Welcome");
        return;
    }
    if (before_) void_.push_back(std::move(before_));
    before_ = std::move(active_);
    active_ = std::move(standby_);
    ++crossings_;
    const auto got = active_->mirror.receive(bytes);
    EXPECT_TRUE(got) << got.error().message;
}

}  // namespace muster::host::testing
