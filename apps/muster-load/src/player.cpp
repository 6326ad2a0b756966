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
constexpr std::size_t held_max = 16;
// A server that has sent no snapshot yet counts `seen` back from its own present: so much further
// than from the newest that came.
constexpr std::uint8_t under_way_ticks = 3;
// A server that only may have the player soon is told less often, and all that it may lack.
constexpr std::uint32_t standby_every = 3;

}  // namespace

Player::Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now)
    : shared_(shared),
      outlet_(outlet),
      seed_(seed),
      asked_at_(now),
      now_(now),
      memory_(snapshots_remembered) {
    active_ = &new_line();
}

Player::~Player() = default;

// A server that lowers its rate has too much to do: a page then sends less often, too, and more at
// once.
std::uint32_t Player::beats_a_message() const {
    return std::max(1U, shared_.options.rate / std::max<std::uint32_t>(1, snapshot_rate_));
}

void Player::add_steps() {
    const auto a_beat = shared_.options.steps_a_message();
    for (std::uint32_t i = 0; i < a_beat; ++i) steps_.push_back(script_->next(at_));
    sequence_ += a_beat;
    if (steps_.size() > protocol::steps_max) {
        steps_.erase(steps_.begin(), steps_.end() - protocol::steps_max);
    }
}

std::span<const replication::InputStep> Player::newest_steps() const {
    const std::size_t wanted =
        std::size_t{shared_.options.steps_a_message()} * beats_a_message() * messages_repeated;
    return std::span(steps_).last(std::min(wanted, steps_.size()));
}

void Player::play(Instant scheduled, Instant now) {
    now_ = now;
    if (!is_playing() || !script_) return;
    if (now - last_snapshot_at_ > freeze && !frozen_) {
        frozen_ = true;
        if (shared_.measuring) ++shared_.measured.freezes;
    }
    add_steps();
    if (++beats_ % beats_a_message() == 0) send_inputs(now);
    if (unacknowledged_.size() < unacknowledged_max) {
        unacknowledged_.push_back({sequence_, scheduled});
    }
    if (shared_.measuring) ++shared_.measured.client_ticks;
}

// Of a server that has shown no snapshot no tick is known.
replication::Bytes Player::inputs_without_tick() const {
    auto steps = steps_;
    for (auto& step : steps) step.seen = static_cast<std::uint8_t>(step.seen + under_way_ticks);
    return replication::write_inputs(sequence_, 0, 0, steps);
}

void Player::send_inputs(Instant now) {
    bool is_sent = false;
    if (active_ != nullptr) {
        is_sent = active_->send_state(
            mirror_.newest() != 0
                ? replication::write_inputs(sequence_, mirror_.newest(), mirror_.received_bits(),
                                            newest_steps())
                : inputs_without_tick(),
            now);
    }
    const bool is_standbys_turn = active_ == nullptr || messages_++ % standby_every == 0;
    if (next_ != nullptr && next_->is_open() && is_standbys_turn) {
        is_sent = next_->send_state(inputs_without_tick(), now) || is_sent;
    }
    if (!shared_.measuring) return;
    ++(is_sent ? shared_.measured.inputs : shared_.measured.inputs_unsent);
}

void Player::say(std::string_view text, Instant now) {
    now_ = now;
    auto message = replication::write_say(text, false);
    if (active_ != nullptr) {
        active_->send_control(message, now);
    } else if (held_.size() < held_max) {
        held_.push_back(std::move(message));
    }
}

void Player::leave(Instant now) {
    now_ = now;
    if (over_) return;
    Line* const last = active_ != nullptr ? active_ : next_;
    if (last != nullptr && last->is_open()) last->send_control(replication::write_bye(), now);
    over_ = true;  // what comes from now on says nothing about the server
    for (auto& line : lines_) {
        if (line) line->close(now);
    }
}

void Player::on_active_message(std::uint16_t stream, std::span<const std::byte> message) {
    const auto stale = mirror_.counts().stale;
    if (!mirror_.receive(message)) {
        ++shared_.measured.bad_messages;
        return;
    }
    patience_.message(now_);
    if (shared_.measuring) shared_.measured.stale_snapshots += mirror_.counts().stale - stale;
    if (stream == protocol::state_stream) {
        on_state(message);
    } else if (!on_hand_over(message)) {
        on_control(message);
    }
}

void Player::on_control(std::span<const std::byte> message) {
    const auto* told = flatbuffers::GetRoot<protocol::Message>(message.data());
    if (const auto* welcome = told->body_as_Welcome()) {
        on_welcome(*welcome);
    } else if (const auto* chat = told->body_as_Chat()) {
        on_chat(chat->text()->string_view());
    } else if (const auto* notice = told->body_as_Notice()) {
        const auto kind = notice->kind();
        patience_.told(notice->snapshot_rate());
        if (notice->snapshot_rate() != 0) snapshot_rate_ = notice->snapshot_rate();
        if (kind == protocol::NoticeKind::chat_limited) {
            ++shared_.measured.notices_chat;
        } else if (kind == protocol::NoticeKind::overload_far ||
                   kind == protocol::NoticeKind::overload_rate) {
            ++shared_.measured.notices_overload;
        }
    }
}

void Player::on_welcome(const protocol::Welcome& welcome) {
    patience_.told(welcome.snapshot_rate());
    view_ = welcome.view();
    step_ = welcome.step();
    if (welcome.snapshot_rate() != 0) snapshot_rate_ = welcome.snapshot_rate();
    const bool is_first = !script_;
    const bool is_same = id_ == welcome.player() && generation_ == welcome.generation();
    if (!is_first && !is_same) ++shared_.measured.crossings.strangers;
    id_ = welcome.player();
    generation_ = welcome.generation();
    // A coordinator's ticket is signed, in three parts, and takes the newest token behind it.
    const auto token = welcome.resume()->str();
    auto given = ticket_.substr(0, ticket_.find('~'));
    const bool is_signed = std::ranges::count(given, '.') == 2;
    if (!token.empty()) ticket_ = is_signed ? std::move(given) + "~" + token : token;
    if (!is_first) return;
    script_.emplace(shared_.options.pattern, seed_,
                    Ground{welcome.left(), welcome.top(), welcome.width(), welcome.height()});
}

void Player::on_chat(std::string_view text) {
    const auto number = shared_.chats.number_of(text);
    // Two servers' words may overtake each other.
    if (number) shared_.chats.heard(ear_, *number, before_ != nullptr);
}

void Player::end_hearing(std::uint32_t until, Instant since) {
    shared_.chats.ended(ear_, is_playing() ? until : 0, heard_all_ && playing_since() < since);
}

void Player::on_state(std::span<const std::byte> message) {
    const auto* snapshot =
        flatbuffers::GetRoot<protocol::Message>(message.data())->body_as_Snapshot();
    if (snapshot == nullptr || !script_) return;
    on_snapshot_timing();
    if (first_tick_ == 0) first_tick_ = snapshot->tick();
    at_ = mirror_.own_at();

    std::span<const EntityRecord> records;
    if (const auto* entities = snapshot->entities(); entities != nullptr) {
        static_assert(sizeof(protocol::Entity) == sizeof(EntityRecord));
        // The wire's order of bytes is this machine's, and the record's shape is the struct's.
        records = {reinterpret_cast<const EntityRecord*>(entities->Data()), entities->size()};
    }
    memory_.remember(snapshot->tick(), records);
    if (std::ranges::any_of(records, [this](const auto& record) { return record.id == id_; })) {
        ++shared_.measured.crossings.doubles;
    }
    if (shared_.measuring) {
        ++shared_.measured.snapshots;
        shared_.measured.entities += records.size();
    }
    acknowledged(snapshot->acknowledged());
    // The server stood still for whom it did not hear, in inputs of its own.
    sequence_ = std::max(sequence_, snapshot->acknowledged());
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
    lost_at_.reset();
    last_snapshot_at_ = now_;
    frozen_ = false;
}

}  // namespace muster::load
