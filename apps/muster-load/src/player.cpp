#include "player.hpp"

#include <algorithm>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;

constexpr auto freeze = 500ms;
constexpr std::size_t snapshots_remembered = 48;  // 1.6 s at 30 Hz
constexpr std::size_t unacknowledged_max = 256;
// Against loss, each input goes out with those of the two messages before it.
constexpr std::size_t messages_repeated = 3;

// As browsers acknowledge: after 200 ms, with a second packet, or along with what is sent anyway.
rtc::Options as_a_browser() {
    rtc::Options options;
    options.sctp.sack_delay = 200ms;
    return options;
}

constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

}  // namespace

Player::Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now)
    : shared_(shared),
      outlet_(outlet),
      seed_(seed),
      asked_at_(now),
      now_(now),
      caller_(shared.identity, as_a_browser(), *this),
      memory_(snapshots_remembered) {}

Player::~Player() = default;

Result<void> Player::answered(const std::string& sdp, Instant now) {
    now_ = now;
    shared_.joins.answer.add(static_cast<std::uint64_t>((now - asked_at_).count()));
    return caller_.start(sdp, std::nullopt, now);
}

void Player::receive(std::span<std::byte> datagram, Instant now) {
    now_ = now;
    caller_.receive(datagram, now);
}

void Player::add_steps() {
    const auto a_message = shared_.options.steps_a_message();
    for (std::uint32_t i = 0; i < a_message; ++i) {
        steps_.push_back(script_->next(mirror_.own_at()));
    }
    sequence_ += a_message;
    const auto kept = std::min<std::size_t>(a_message * messages_repeated, protocol::steps_max);
    if (steps_.size() > kept) {
        steps_.erase(steps_.begin(), steps_.end() - static_cast<std::ptrdiff_t>(kept));
    }
}

void Player::play(Instant scheduled, Instant now) {
    now_ = now;
    if (!is_playing() || !script_) return;
    if (now - last_snapshot_at_ > freeze && !frozen_) {
        frozen_ = true;
        if (shared_.measuring) ++shared_.measured.freezes;
    }
    add_steps();
    const auto message =
        replication::write_inputs(sequence_, mirror_.newest(), mirror_.received_bits(), steps_);
    const auto sent = caller_.send(protocol::state_stream, false, message, unreliable, now);
    caller_.flush(now);
    if (unacknowledged_.size() < unacknowledged_max) {
        unacknowledged_.push_back({sequence_, scheduled});
    }
    if (!shared_.measuring) return;
    ++shared_.measured.client_ticks;
    ++(sent == sctp::Sent::queued ? shared_.measured.inputs : shared_.measured.inputs_unsent);
}

void Player::handle_timeouts(Instant now) {
    now_ = now;
    const auto deadline = caller_.deadline();
    if (deadline && *deadline <= now) caller_.handle_timeouts(now);
}

void Player::say(std::string_view text, Instant now) {
    now_ = now;
    const auto message = replication::write_say(text, false);
    (void)caller_.send(protocol::control_stream, false, message, reliable, now);
    caller_.flush(now);
}

void Player::leave(Instant now) {
    now_ = now;
    if (over_) return;
    if (open_) {
        (void)caller_.send(protocol::control_stream, false, replication::write_bye(), reliable,
                           now);
        caller_.flush(now);
    }
    over_ = true;  // what comes from now on says nothing about the server
    caller_.close(now);
}

void Player::on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) {
    outlet_.transmit(to, datagram);
}

void Player::on_open() {
    open_ = true;
}

void Player::on_closed(std::string_view why) {
    if (over_) return;
    over_ = true;
    why_over_ = why;
}

void Player::on_message(std::uint16_t stream, bool, std::span<const std::byte> bytes) {
    if (over_) return;
    const auto message = protocol::aligned(bytes, shared_.room);
    const auto stale = mirror_.counts().stale;
    if (!mirror_.receive(message)) {
        ++shared_.measured.bad_messages;
        return;
    }
    if (shared_.measuring) shared_.measured.stale_snapshots += mirror_.counts().stale - stale;
    if (stream == protocol::state_stream) {
        on_state(message);
    } else {
        on_control(message);
    }
}

void Player::on_control(std::span<const std::byte> message) {
    const auto* told = flatbuffers::GetRoot<protocol::Message>(message.data());
    if (const auto* welcome = told->body_as_Welcome()) {
        view_ = welcome->view();
        step_ = welcome->step();
        script_.emplace(
            shared_.options.pattern, seed_,
            Ground{welcome->left(), welcome->top(), welcome->width(), welcome->height()});
    } else if (const auto* chat = told->body_as_Chat()) {
        const auto number = shared_.chats.number_of(chat->text()->string_view());
        if (number) shared_.chats.heard(ear_, *number);
    } else if (const auto* notice = told->body_as_Notice()) {
        const auto kind = notice->kind();
        if (kind == protocol::NoticeKind::chat_limited) {
            ++shared_.measured.notices_chat;
        } else if (kind == protocol::NoticeKind::overload_far ||
                   kind == protocol::NoticeKind::overload_rate) {
            ++shared_.measured.notices_overload;
        }
    }
}

void Player::on_state(std::span<const std::byte> message) {
    const auto* snapshot =
        flatbuffers::GetRoot<protocol::Message>(message.data())->body_as_Snapshot();
    if (snapshot == nullptr) return;
    on_snapshot_timing();
    if (first_tick_ == 0) first_tick_ = snapshot->tick();

    std::span<const EntityRecord> records;
    if (const auto* entities = snapshot->entities(); entities != nullptr) {
        static_assert(sizeof(protocol::Entity) == sizeof(EntityRecord));
        // The wire's order of bytes is this machine's, and the record's shape is the struct's.
        records = {reinterpret_cast<const EntityRecord*>(entities->Data()), entities->size()};
    }
    memory_.remember(snapshot->tick(), records);

    if (shared_.measuring) {
        ++shared_.measured.snapshots;
        shared_.measured.entities += records.size();
    }
    while (!unacknowledged_.empty() &&
           unacknowledged_.front().sequence <= snapshot->acknowledged()) {
        if (shared_.measuring) {
            shared_.measured.input_to_ack.add(
                static_cast<std::uint64_t>((now_ - unacknowledged_.front().scheduled).count()));
        }
        unacknowledged_.pop_front();
    }
}

void Player::on_snapshot_timing() {
    if (!first_snapshot_at_) {
        first_snapshot_at_ = now_;
        ++shared_.joins.playing;
        shared_.joins.first.add(static_cast<std::uint64_t>((now_ - asked_at_).count()));
    } else if (shared_.measuring) {
        shared_.measured.gap.add(static_cast<std::uint64_t>((now_ - last_snapshot_at_).count()));
    }
    last_snapshot_at_ = now_;
    frozen_ = false;
}

}  // namespace muster::load
