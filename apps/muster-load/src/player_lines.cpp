// A player's connections: from one server of a world to the next, and back when one is lost.
#include <algorithm>
#include <utility>

#include "game_generated.h"
#include "hand_over.hpp"
#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"
#include "player.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;

// As the page does: sdk/typescript/src/net/connection.ts.
constexpr auto opening = 10s;         // from an invitation to an open connection
constexpr auto welcome_lost = 500ms;  // that the next server is waited for when this one is lost
constexpr auto welcome_moved = 1'500ms;
constexpr auto farewell = 2s;  // that the connection before is listened to
constexpr auto linger = 250ms;
constexpr std::size_t early_max = 4;  // messages on the unordered channel before the Welcome
constexpr auto coming_back = 5s;      // from the answer to the first snapshot

}  // namespace

Line& Player::new_line() {
    LineListener& listener = *this;
    for (std::size_t wire = 0; wire < wires_max; ++wire) {
        if (lines_[wire]) continue;
        lines_[wire] = std::make_unique<Line>(wire, shared_.identity, listener);
        return *lines_[wire];
    }
    MUSTER_ASSERT(false);
    std::abort();
}

void Player::drop(Line*& line) {
    if (line == nullptr) return;
    const auto wire = line->wire();
    line->close(now_);
    outlet_.close(wire);
    lines_[wire].reset();
    line = nullptr;
}

Result<void> Player::answered(const std::string& sdp, std::string ticket, Instant now) {
    now_ = now;
    ticket_ = std::move(ticket);
    if (lost_at_) {
        back_until_ = now + coming_back;
    } else {
        shared_.joins.answer.add(static_cast<std::uint64_t>((now - asked_at_).count()));
    }
    patience_.begin(fingerprint_of(sdp), now);
    return active_->start(sdp, now);
}

const std::string& Player::come_back(Instant now) {
    now_ = now;
    is_asking_ = true;
    is_sent_ = false;
    gap_ = Gap::coming_back;
    mirror_ = replication::Mirror();
    // The server may know less than was said: its first snapshot tells what it goes on from.
    sequence_ = 0;
    steps_.clear();
    active_ = &new_line();
    return active_->offer();
}

void Player::not_back() {
    drop(active_);
    is_asking_ = false;
}

void Player::receive(std::size_t wire, std::span<std::byte> datagram, Instant now) {
    now_ = now;
    if (over_ || !lines_[wire]) return;
    if (lines_[wire].get() == active_) patience_.datagram(now);
    lines_[wire]->receive(datagram, now);
    settle();
}

void Player::handle_timeouts(Instant now) {
    now_ = now;
    for (auto& line : lines_) {
        if (line) line->handle_timeouts(now);
    }
    if (over_) return;
    if (before_ != nullptr && now >= before_until_) drop(before_);
    if (next_ != nullptr && !next_->is_open() && now >= next_until_) drop(next_);
    if (welcome_until_ && now >= *welcome_until_) return fall("the next server said no Welcome");
    if (active_ != nullptr && shared_.is_spread && is_playing() && patience_.is_over(now)) {
        patience_.left();
        return lose("silence");
    }
    if (active_ != nullptr && lost_at_ && back_until_.count() != 0 && now >= back_until_) {
        return fall("no snapshot within 5 s of the answer");
    }
    settle();
}

// What callbacks only took note of, for a connection must not end within its own.
void Player::settle() {
    if (over_) return;
    if (moved_) moved();
    if (active_ != nullptr && active_->is_over()) lose(active_->why_over());
    if (next_ != nullptr && next_->is_over()) drop(next_);
    if (before_ != nullptr && before_->is_over()) drop(before_);
    if (welcome_until_ && next_ == nullptr) fall("the next server's connection broke");
}

void Player::on_line_datagram(const Line& line, const rtc::Address& to,
                              std::span<const std::byte> datagram) {
    outlet_.transmit(line.wire(), to, datagram);
}

void Player::on_line_message(Line& line, std::uint16_t stream, std::span<const std::byte> bytes) {
    if (over_) return;
    const auto message = protocol::aligned(bytes, shared_.room);
    if (&line == active_) {
        on_active_message(stream, message);
    } else if (&line == next_) {
        on_next_message(line, stream, message);
    } else if (&line == before_) {
        on_tail_message(stream, message);
    }
}

void Player::on_next_message(Line& line, std::uint16_t stream, std::span<const std::byte> message) {
    if (stream != protocol::control_stream) {
        if (early_.size() < early_max) early_.emplace_back(message.begin(), message.end());
        return;
    }
    const auto read = protocol::read_from_world(message);
    if (!read) {
        ++shared_.measured.bad_messages;
    } else if ((*read)->body_as_Welcome() != nullptr) {
        MUSTER_ASSERT(&line == next_);
        cross(message);
    }
}

// Of the server before only its words to people count still.
void Player::on_tail_message(std::uint16_t stream, std::span<const std::byte> message) {
    if (stream != protocol::control_stream) return;
    const auto read = protocol::read_from_world(message);
    if (!read) {
        ++shared_.measured.bad_messages;
    } else if (const auto* chat = (*read)->body_as_Chat()) {
        on_chat(chat->text()->string_view());
    } else if ((*read)->body_as_Moved() != nullptr) {
        before_until_ = std::min<Instant>(before_until_, now_ + linger);
    }
}

bool Player::on_hand_over(std::span<const std::byte> message) {
    const auto* told = flatbuffers::GetRoot<protocol::Message>(message.data());
    if (const auto* invitation = told->body_as_Invitation()) {
        invited(invitation->number());
    } else if (const auto* answer = told->body_as_Answer()) {
        if (next_ == nullptr || answer->number() != invitation_ || is_answered_) return true;
        is_answered_ = true;
        const auto* sdp = answer->sdp();
        if (sdp != nullptr) next_server_ = fingerprint_of(sdp->string_view());
        if (sdp == nullptr || sdp->size() == 0 || !next_->start(sdp->str(), now_)) {
            ++shared_.measured.crossings.refused;
            drop(next_);
        }
    } else if (const auto* moved = told->body_as_Moved()) {
        moved_ = moved->connected();
    } else {
        return false;
    }
    return true;
}

void Player::invited(std::uint32_t number) {
    shared_.is_spread = true;
    ++shared_.measured.crossings.invitations;
    drop(next_);
    next_ = &new_line();
    next_until_ = now_ + opening;
    early_.clear();
    invitation_ = number;
    is_answered_ = false;
    active_->send_control(write_offer(number, next_->offer()), now_, false);
}

void Player::cross(std::span<const std::byte> welcome) {
    if (active_ != nullptr) {
        drop(before_);
        before_ = active_;
        before_until_ = now_ + (moved_ ? Instant(linger) : Instant(farewell));
    }
    active_ = next_;
    next_ = nullptr;
    patience_.begin(next_server_, now_);
    moved_.reset();
    welcome_until_.reset();
    has_moved_ = true;
    gap_ = Gap::crossing;
    ++shared_.measured.crossings.count;
    mirror_ = replication::Mirror();
    on_active_message(protocol::control_stream, welcome);
    for (const auto& early : std::exchange(early_, {})) {
        on_active_message(protocol::state_stream, protocol::aligned(early, shared_.room));
    }
    for (const auto& message : held_) active_->send_control(message, now_, false);
    held_.clear();
}

void Player::moved() {
    const bool is_connected = *moved_;
    moved_.reset();
    shared_.is_spread = true;
    if (!is_connected || next_ == nullptr || !is_answered_) {
        ++shared_.measured.crossings.unconnected;
        is_sent_ = true;
        return fall("moved without a second connection");
    }
    drop(before_);
    before_ = active_;
    before_until_ = now_ + linger;
    active_ = nullptr;
    welcome_until_ = now_ + welcome_moved;
}

void Player::lose(std::string_view why) {
    if (!is_playing() || next_ == nullptr || !next_->is_open()) return fall(why);
    drop(active_);
    welcome_until_ = now_ + welcome_lost;
}

void Player::fall(std::string_view why) {
    if (!shared_.is_spread || !first_snapshot_at_) {
        over_ = true;
        why_over_ = why;
        return;
    }
    if (!lost_at_) {
        lost_at_ = now_;
        ++shared_.measured.crossings.falls[std::string(why)];
        shared_.chats.ended(ear_, 0, false);
        ear_ = {};
        heard_all_ = false;
    }
    drop(active_);
    drop(next_);
    drop(before_);
    welcome_until_.reset();
    moved_.reset();
    held_.clear();
    unacknowledged_.clear();
    back_until_ = Instant{0};
    has_moved_ = true;
    is_asking_ = false;
}

}  // namespace muster::load
