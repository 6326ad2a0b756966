#include "muster/client/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "game_generated.h"
#include "hand_over.hpp"
#include "muster/base/assert.hpp"
#include "muster/client/tickets.hpp"
#include "muster/protocol/protocol.hpp"

namespace muster::client {
namespace {

using namespace std::chrono_literals;

// As the page does: sdk/typescript/src/net/connection.ts.
constexpr auto opening = 10s;         // from an invitation to an open connection
constexpr auto welcome_lost = 500ms;  // that the next server is waited for when this one is lost
constexpr auto welcome_moved = 1'500ms;
constexpr auto farewell = 2s;  // that the connection before is listened to
constexpr auto linger = 250ms;
constexpr auto coming_back = 5s;  // from the answer to the first snapshot
constexpr std::size_t held_max = 16;
// A server that has sent no snapshot yet counts `seen` back from its own present: so much further
// than from the newest that came.
constexpr std::uint8_t under_way_ticks = 3;
constexpr std::size_t early_max = 4;  // messages on the unordered channel before the Welcome
// Against loss, each input goes out with those of the two messages before it.
constexpr std::size_t messages_repeated = 3;
// A server that only may have the player soon is told less often, and all that it may lack.
constexpr std::uint32_t standby_every = 3;

}  // namespace

Session::Session(std::shared_ptr<const rtc::Identity> identity, std::vector<std::uint64_t>& room,
                 SessionListener& listener, Instant now)
    : identity_(std::move(identity)), room_(room), listener_(listener), now_(now) {
    active_ = &new_line();
}

Session::~Session() = default;

Line& Session::new_line() {
    LineListener& listener = *this;
    for (std::size_t wire = 0; wire < wires_max; ++wire) {
        if (lines_[wire]) continue;
        lines_[wire] = std::make_unique<Line>(wire, identity_, listener);
        return *lines_[wire];
    }
    MUSTER_ASSERT(false);
    std::abort();
}

void Session::drop(Line*& line) {
    if (line == nullptr) return;
    const auto wire = line->wire();
    line->close(now_);
    listener_.on_wire_closed(wire);
    lines_[wire].reset();
    line = nullptr;
}

Result<void> Session::answered(const std::string& sdp, std::string ticket, Instant now,
                               std::optional<rtc::Address> instead) {
    now_ = now;
    ticket_ = std::move(ticket);
    if (lost_at_) back_until_ = now + coming_back;
    patience_.begin(fingerprint_of(sdp), now);
    is_sent_ = false;
    return active_->start(sdp, now, instead);
}

const std::string& Session::come_back(Instant now) {
    now_ = now;
    is_asking_ = true;
    mirror_ = replication::Mirror();
    steps_.restart();
    active_ = &new_line();
    return active_->offer();
}

void Session::not_back() {
    drop(active_);
    is_asking_ = false;
}

void Session::receive(std::size_t wire, std::span<std::byte> datagram, Instant now) {
    now_ = now;
    if (over_ || !lines_[wire]) return;
    if (lines_[wire].get() == active_) patience_.datagram(now);
    lines_[wire]->receive(datagram, now);
    settle();
}

void Session::handle_timeouts(Instant now) {
    now_ = now;
    for (auto& line : lines_) {
        if (line) line->handle_timeouts(now);
    }
    if (over_) return;
    if (before_ != nullptr && now >= before_until_) drop(before_);
    if (next_ != nullptr && !next_->is_open() && now >= next_until_) drop(next_);
    if (welcome_until_ && now >= *welcome_until_) return fall("the next server said no Welcome");
    const bool is_heard = active_ == nullptr || !patience_.is_over(now);
    if (!is_heard && is_playing() && listener_.comes_back()) {
        patience_.left();
        return lose("silence");
    }
    if (active_ != nullptr && lost_at_ && back_until_.count() != 0 && now >= back_until_) {
        return fall("no snapshot within 5 s of the answer");
    }
    settle();
}

// What callbacks only took note of, for a connection must not end within its own.
void Session::settle() {
    if (over_) return;
    if (moved_) moved();
    if (active_ != nullptr && active_->is_over()) lose(active_->why_over());
    if (next_ != nullptr && next_->is_over()) drop(next_);
    if (before_ != nullptr && before_->is_over()) drop(before_);
    if (welcome_until_ && next_ == nullptr) fall("the next server's connection broke");
}

// A server that lowers its rate has too much to do.
Session::Sent Session::act(std::span<const replication::InputStep> beat, std::uint32_t rate,
                           Instant now) {
    now_ = now;
    steps_.add(beat);
    const auto beats_a_message = std::max(1U, rate / std::max<std::uint32_t>(1, snapshot_rate_));
    if (++beats_ % beats_a_message != 0) return Sent::later;
    const bool is_sent = send_inputs(beat.size() * beats_a_message * messages_repeated);
    return is_sent ? Sent::now : Sent::not_taken;
}

// Of a server that has shown no snapshot no tick is known.
replication::Bytes Session::inputs_without_tick() const {
    std::vector<replication::InputStep> later(steps_.all().begin(), steps_.all().end());
    for (auto& step : later) step.seen = static_cast<std::uint8_t>(step.seen + under_way_ticks);
    return replication::write_inputs(steps_.sequence(), 0, 0, later);
}

bool Session::send_inputs(std::size_t newest) {
    bool is_sent = false;
    if (active_ != nullptr) {
        is_sent = active_->send_state(
            mirror_.newest() != 0
                ? replication::write_inputs(steps_.sequence(), mirror_.newest(),
                                            mirror_.received_bits(), steps_.newest(newest))
                : inputs_without_tick(),
            now_);
    }
    const bool is_standbys_turn = active_ == nullptr || messages_++ % standby_every == 0;
    if (next_ != nullptr && next_->is_open() && is_standbys_turn) {
        is_sent = next_->send_state(inputs_without_tick(), now_) || is_sent;
    }
    return is_sent;
}

bool Session::send_control(std::span<const std::byte> message, Instant now) {
    now_ = now;
    if (active_ != nullptr && active_->is_open()) {
        active_->send_control(message, now);
        return true;
    }
    if (over_ || lost_at_ || active_ != nullptr || held_.size() >= held_max) return false;
    held_.emplace_back(message.begin(), message.end());
    return true;
}

bool Session::send_state(std::span<const std::byte> message, Instant now) {
    now_ = now;
    return active_ != nullptr && active_->send_state(message, now);
}

void Session::leave(Instant now) {
    now_ = now;
    if (over_) return;
    Line* const last = active_ != nullptr ? active_ : next_;
    if (last != nullptr && last->is_open()) last->send_control(replication::write_bye(), now);
    over_ = true;  // what comes from now on says nothing about the server
    for (auto& line : lines_) {
        if (line) line->close(now);
    }
}

void Session::on_line_datagram(const Line& line, const rtc::Address& to,
                               std::span<const std::byte> datagram) {
    listener_.on_transmit(line.wire(), to, datagram);
}

void Session::on_line_message(Line& line, std::uint16_t stream, std::span<const std::byte> bytes) {
    if (over_) return;
    const auto message = protocol::aligned(bytes, room_);
    const bool is_control = stream == protocol::control_stream;
    if (&line == active_) {
        on_active_message(message);
    } else if (&line == next_) {
        on_next_message(is_control, message);
    } else if (&line == before_ && is_control) {
        on_tail_message(message);
    }
}

void Session::on_active_message(std::span<const std::byte> bytes) {
    const auto stale = mirror_.counts().stale;
    if (!mirror_.receive(bytes)) return listener_.on_note(Note::nonsense);
    patience_.message(now_);
    const auto& message = *flatbuffers::GetRoot<protocol::Message>(bytes.data());
    on_control(message);
    const auto* snapshot = message.body_as_Snapshot();
    if (snapshot != nullptr && mirror_.welcomed()) {
        steps_.consumed(snapshot->acknowledged());
        has_played_ = true;
        lost_at_.reset();
    }
    listener_.on_message(message, mirror_.counts().stale != stale);
}

void Session::on_control(const protocol::Message& message) {
    if (const auto* welcome = message.body_as_Welcome()) {
        welcomed(*welcome);
    } else if (const auto* invitation = message.body_as_Invitation()) {
        invited(invitation->number());
    } else if (const auto* answer = message.body_as_Answer()) {
        if (next_ == nullptr || answer->number() != invitation_ || is_answered_) return;
        is_answered_ = true;
        const auto* sdp = answer->sdp();
        if (sdp != nullptr) next_server_ = fingerprint_of(sdp->string_view());
        if (sdp == nullptr || sdp->size() == 0 || !next_->start(sdp->str(), now_)) {
            listener_.on_note(Note::refused);
            drop(next_);
        }
    } else if (const auto* moved = message.body_as_Moved()) {
        moved_ = moved->connected();
    } else if (const auto* notice = message.body_as_Notice()) {
        if (notice->snapshot_rate() != 0) snapshot_rate_ = notice->snapshot_rate();
        patience_.told(notice->snapshot_rate());
    }
}

void Session::welcomed(const protocol::Welcome& welcome) {
    ticket_ = renewed_ticket(ticket_, welcome.resume()->string_view());
    patience_.told(welcome.snapshot_rate());
    if (welcome.snapshot_rate() != 0) snapshot_rate_ = welcome.snapshot_rate();
}

void Session::on_next_message(bool is_control, std::span<const std::byte> bytes) {
    if (!is_control) {
        if (early_.size() < early_max) early_.emplace_back(bytes.begin(), bytes.end());
        return;
    }
    const auto read = protocol::read_from_world(bytes);
    if (!read) {
        listener_.on_note(Note::nonsense);
    } else if ((*read)->body_as_Welcome() != nullptr) {
        cross(bytes);
    }
}

void Session::on_tail_message(std::span<const std::byte> bytes) {
    const auto read = protocol::read_from_world(bytes);
    if (!read) {
        listener_.on_note(Note::nonsense);
    } else if ((*read)->body_as_Moved() != nullptr) {
        before_until_ = std::min<Instant>(before_until_, now_ + linger);
    } else {
        listener_.on_tail(**read);
    }
}

void Session::invited(std::uint32_t number) {
    listener_.on_note(Note::invited);
    drop(next_);
    next_ = &new_line();
    early_.clear();
    next_until_ = now_ + opening;
    invitation_ = number;
    is_answered_ = false;
    active_->send_control(write_offer(number, next_->offer()), now_, false);
}

void Session::cross(std::span<const std::byte> welcome) {
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
    mirror_ = replication::Mirror();
    listener_.on_crossed();
    on_active_message(welcome);
    for (const auto& early : std::exchange(early_, {}))
        on_active_message(protocol::aligned(early, room_));
    for (const auto& message : held_) active_->send_control(message, now_, false);
    held_.clear();
}

void Session::moved() {
    const bool is_connected = *moved_;
    moved_.reset();
    listener_.on_note(Note::moved);
    if (!is_connected || next_ == nullptr || !is_answered_) {
        listener_.on_note(Note::unconnected);
        is_sent_ = true;
        return fall("moved without a second connection");
    }
    drop(before_);
    before_ = active_;
    before_until_ = now_ + linger;
    active_ = nullptr;
    welcome_until_ = now_ + welcome_moved;
}

void Session::lose(std::string_view why) {
    if (!is_playing() || next_ == nullptr || !next_->is_open()) return fall(why);
    drop(active_);
    welcome_until_ = now_ + welcome_lost;
}

void Session::fall(std::string_view why) {
    if (!listener_.comes_back() || !has_played_) {
        over_ = true;
        why_over_ = why;
        return;
    }
    if (!lost_at_) {
        lost_at_ = now_;
        listener_.on_lost(why);
    }
    drop(active_);
    drop(next_);
    drop(before_);
    welcome_until_.reset();
    moved_.reset();
    held_.clear();
    back_until_ = Instant{0};
    has_moved_ = true;
    is_asking_ = false;
}

}  // namespace muster::client
