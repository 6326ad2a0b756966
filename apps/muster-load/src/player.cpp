#include "player.hpp"

#include <algorithm>
#include <array>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;

constexpr auto freeze = 500ms;
constexpr std::size_t snapshots_remembered = 48;  // 1.6 s at 30 Hz
constexpr std::size_t unacknowledged_max = 256;
}  // namespace

Player::Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now)
    : shared_(shared),
      outlet_(outlet),
      seed_(seed),
      asked_at_(now),
      now_(now),
      session_(shared.identity, shared.room, *this, now),
      memory_(snapshots_remembered) {}

Player::~Player() = default;

Result<void> Player::answered(const std::string& sdp, std::string ticket, Instant now) {
    now_ = now;
    if (!session_.lost_since()) {
        shared_.joins.answer.add(static_cast<std::uint64_t>((now - asked_at_).count()));
    }
    return session_.answered(sdp, std::move(ticket), now);
}

const std::string& Player::come_back(Instant now) {
    gap_ = Gap::coming_back;
    return session_.come_back(now);
}

void Player::receive(std::size_t wire, std::span<std::byte> datagram, Instant now) {
    now_ = now;
    session_.receive(wire, datagram, now);
}

void Player::handle_timeouts(Instant now) {
    now_ = now;
    session_.handle_timeouts(now);
}

void Player::play(Instant scheduled, Instant now) {
    now_ = now;
    if (!is_playing() || !script_) return;
    if (now - last_snapshot_at_ > freeze && !frozen_) {
        frozen_ = true;
        if (shared_.measuring) ++shared_.measured.freezes;
    }
    std::array<replication::InputStep, protocol::steps_max> steps;
    const auto count = std::min<std::size_t>(shared_.options.steps_a_message(), steps.size());
    for (std::size_t i = 0; i < count; ++i) steps[i] = script_->next(at_);
    const auto sent = session_.act(std::span(steps).first(count), shared_.options.rate, now);
    if (unacknowledged_.size() < unacknowledged_max) {
        unacknowledged_.push_back({session_.sequence(), scheduled});
    }
    if (!shared_.measuring) return;
    if (sent == client::Session::Sent::now) ++shared_.measured.inputs;
    if (sent == client::Session::Sent::not_taken) ++shared_.measured.inputs_unsent;
    ++shared_.measured.client_ticks;
}

void Player::say(std::string_view text, Instant now) {
    now_ = now;
    (void)session_.send_control(replication::write_say(text), now);
}

void Player::on_message(const protocol::Message& message, bool is_stale) {
    if (is_stale && shared_.measuring) ++shared_.measured.stale_snapshots;
    if (const auto* snapshot = message.body_as_Snapshot()) {
        on_snapshot(*snapshot);
    } else if (const auto* welcome = message.body_as_Welcome()) {
        on_welcome(*welcome);
    } else if (const auto* chat = message.body_as_Chat()) {
        on_chat(chat->text()->string_view());
    } else if (const auto* notice = message.body_as_Notice()) {
        const auto kind = notice->kind();
        if (kind == protocol::NoticeKind::chat_limited) {
            ++shared_.measured.notices_chat;
        } else if (kind == protocol::NoticeKind::overload_far ||
                   kind == protocol::NoticeKind::overload_rate) {
            ++shared_.measured.notices_overload;
        }
    }
}

// Of the server before only its words to people count still.
void Player::on_tail(const protocol::Message& message) {
    if (const auto* chat = message.body_as_Chat()) on_chat(chat->text()->string_view());
}

void Player::on_crossed() {
    gap_ = Gap::crossing;
    ++shared_.measured.crossings.count;
}

void Player::on_lost(std::string_view why) {
    ++shared_.measured.crossings.falls[std::string(why)];
    shared_.chats.ended(ear_, 0, false);
    ear_ = {};
    heard_all_ = false;
    unacknowledged_.clear();
}

void Player::on_note(client::Note note) {
    switch (note) {
        case client::Note::nonsense:
            ++shared_.measured.bad_messages;
            break;
        case client::Note::invited:
            shared_.is_spread = true;
            ++shared_.measured.crossings.invitations;
            break;
        case client::Note::moved:
            shared_.is_spread = true;
            break;
        case client::Note::refused:
            ++shared_.measured.crossings.refused;
            break;
        case client::Note::unconnected:
            ++shared_.measured.crossings.unconnected;
            break;
    }
}

void Player::on_welcome(const protocol::Welcome& welcome) {
    view_ = welcome.view();
    step_ = welcome.step();
    const bool is_first = !script_;
    const bool is_same = id_ == welcome.player() && generation_ == welcome.generation();
    if (!is_first && !is_same) ++shared_.measured.crossings.strangers;
    id_ = welcome.player();
    generation_ = welcome.generation();
    if (!is_first) return;
    script_.emplace(shared_.options.pattern, seed_,
                    Ground{welcome.left(), welcome.top(), welcome.width(), welcome.height()});
}

void Player::on_chat(std::string_view text) {
    const auto number = shared_.chats.number_of(text);
    // Two servers' words may overtake each other.
    if (number) shared_.chats.heard(ear_, *number, session_.has_before());
}

void Player::end_hearing(std::uint32_t until, Instant since) {
    shared_.chats.ended(ear_, is_playing() ? until : 0, heard_all_ && playing_since() < since);
}

void Player::on_snapshot(const protocol::Snapshot& snapshot) {
    if (!script_) return;
    on_snapshot_timing();
    if (first_tick_ == 0) first_tick_ = snapshot.tick();
    at_ = session_.mirror().own_at();

    std::span<const EntityRecord> records;
    if (const auto* entities = snapshot.entities(); entities != nullptr) {
        static_assert(sizeof(protocol::Entity) == sizeof(EntityRecord));
        // The wire's order of bytes is this machine's, and the record's shape is the struct's.
        records = {reinterpret_cast<const EntityRecord*>(entities->Data()), entities->size()};
    }
    memory_.remember(snapshot.tick(), records);
    if (std::ranges::any_of(records, [this](const auto& record) { return record.id == id_; })) {
        ++shared_.measured.crossings.doubles;
    }
    if (shared_.measuring) {
        ++shared_.measured.snapshots;
        shared_.measured.entities += records.size();
    }
    acknowledged(snapshot.acknowledged());
}

void Player::acknowledged(std::uint32_t sequence) {
    while (!unacknowledged_.empty() && unacknowledged_.front().sequence <= sequence) {
        if (shared_.measuring) {
            shared_.measured.input_to_ack.add(
                static_cast<std::uint64_t>((now_ - unacknowledged_.front().scheduled).count()));
        }
        unacknowledged_.pop_front();
    }
}

void Player::on_snapshot_timing() {
    const auto gap = static_cast<std::uint64_t>((now_ - last_snapshot_at_).count());
    if (!first_snapshot_at_) {
        first_snapshot_at_ = now_;
        ++shared_.joins.playing;
        shared_.joins.first.add(static_cast<std::uint64_t>((now_ - asked_at_).count()));
    } else if (shared_.measuring) {
        shared_.measured.gap.add(gap);
        auto& crossings = shared_.measured.crossings;
        if (gap_ == Gap::crossing) crossings.gap.add(gap);
        if (gap_ == Gap::coming_back) crossings.back.add(gap);
    }
    gap_ = Gap::none;
    last_snapshot_at_ = now_;
    frozen_ = false;
}

}  // namespace muster::load
