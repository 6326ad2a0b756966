#include <algorithm>
#include <utility>

#include "control_messages.hpp"
#include "extension_desk.hpp"
#include "muster/base/encoding.hpp"
#include "people.hpp"
#include "tickets.hpp"

/// People of a world that is spread over several servers: those who may come, come and go.
namespace muster::host {
namespace {

constexpr Instant look_at_guests_every{1'000'000};
/// For so long somebody who came without a connection may still have inputs that wait.
constexpr Instant settles_in{1'000'000};

std::size_t shard_of(SessionId session) {
    return static_cast<std::size_t>(session >> session_shard_bit);
}

SharedBytes share(replication::Bytes bytes) {
    return std::make_shared<const replication::Bytes>(std::move(bytes));
}

}  // namespace

// Our own servers send them, so no limit of joins counts, but how many sessions there may be.
void People::expect_guest(sim::PlayerId player, std::string_view from, rtc::Offer offer,
                          Answer answer) {
    const std::string address = "server " + std::string(from);
    if (auto admitted = shared_.admission.admit_guest(address); !admitted) {
        return answer(std::unexpected(admitted.error()));
    }
    if (const auto before = guests_.find(player); before != guests_.end()) {
        end(before->second.session, nullptr);
        if (before->second.is_open) others_->guest_changed(player, false);
    }
    const std::uint8_t generation = world_.players()[player].generation;
    Guest& guest = guests_[player];
    guest = {.session = new_session(), .is_open = false, .generation = generation};
    if (expect({.session = guest.session,
                .player = player,
                .generation = generation,
                .offer = std::move(offer),
                .ticket = {},
                .address = address,
                .is_guest = true,
                .answer = answer})) {
        return;
    }
    guests_.erase(player);
    answer(fail(Errc::unavailable, "the server is too busy"));
}

bool People::guest_opened(const note::Opened& note) {
    const auto guest = guests_.find(note.player);
    if (guest == guests_.end() || guest->second.session != note.session) return false;
    guest->second.is_open = true;
    others_->guest_changed(note.player, true);
    return true;
}

bool People::guest_ended(const note::Ended& note) {
    const auto guest = guests_.find(note.player);
    if (guest == guests_.end() || guest->second.session != note.session) return false;
    const bool was_open = guest->second.is_open;
    guests_.erase(guest);
    if (was_open) others_->guest_changed(note.player, false);
    return true;
}

void People::submit_of_guest(const InputNote& note) {
    const auto guest = guests_.find(note.player);
    if (guest == guests_.end() || guest->second.session != note.session) return;
    world_.submit(note.player, note.input);
    ++inputs_;
}

// Whose players are not to be seen from here any more will not come; they may be invited again.
void People::expire_guests(Instant now) {
    if (now - guests_looked_at_ < look_at_guests_every) return;
    guests_looked_at_ = now;
    for (auto at = guests_.begin(); at != guests_.end();) {
        const auto [id, guest] = *at;
        const sim::Player& player = world_.players()[id];
        if (player.present && player.ghost && player.generation == guest.generation) {
            ++at;
            continue;
        }
        at = guests_.erase(at);
        end(guest.session, nullptr);
        if (guest.is_open) others_->guest_changed(id, false);
    }
}

void People::offered(note::Offered& note) {
    const Seat& seat = seats_[note.player];
    if (seat.state != Seat::State::live || seat.session != note.session || others_ == nullptr) {
        return;
    }
    others_->page_offers(note.player, note.number, std::move(note.sdp));
}

mesh::Seat People::seat_of(sim::PlayerId player, Instant now) const {
    const Seat& seat = seats_[player];
    mesh::Seat out;
    out.is_bot = world_.players()[player].bot;
    if (seat.state == Seat::State::empty) return out;
    out.party = seat.party;
    out.ticket_hash = seat.ticket_hash;
    out.previous_hash = seat.previous_hash;
    if (seat.state == Seat::State::live) return out;
    const auto left =
        seat.state == Seat::State::lost ? seat.remove_at - now : Instant(shared_.options.resume);
    const auto lost_for = Instant(shared_.options.resume) - left;
    out.lost_for_ms = static_cast<std::uint32_t>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(lost_for).count()));
    return out;
}

bool People::arrive(sim::PlayerId player, const mesh::Seat& came, Instant now) {
    if (seats_[player].state != Seat::State::empty) depart(player, false);
    if (came.is_bot) return false;
    Seat& seat = seats_[player];
    seat = {};
    seat.ticket_hash = came.ticket_hash;
    seat.previous_hash = came.previous_hash;
    seat.party = came.party;
    ++count_;
    const auto guest = guests_.find(player);
    const bool has_guest = guest != guests_.end();
    if (has_guest && guest->second.is_open) {
        seat.state = Seat::State::live;
        seat.session = guest->second.session;
        guests_.erase(guest);
        begin(player);
        extension_.joined(player, true);
        return true;
    }
    if (has_guest) {
        seat.pending = guest->second.session;
        guests_.erase(guest);
    }
    seat.state = Seat::State::lost;
    ++lost_;
    const auto left = shared_.options.resume - std::chrono::milliseconds(came.lost_for_ms);
    seat.remove_at = now + std::max(Instant(left), Instant(0));
    seat.stands_from = now + settles_in;
    return false;
}

// Also those inputs that came with it, or later than it, end some time.
void People::stand_still(Instant now) {
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        Seat& seat = seats_[i];
        if (seat.state != Seat::State::lost || seat.stands_from <= now) continue;
        const sim::Player& player = world_.players()[i];
        seat.sequence = std::max(seat.sequence, player.acknowledged + 1);
        world_.submit(static_cast<sim::PlayerId>(i),
                      {.sequence = player.acknowledged + 1, .aim = player.aim});
    }
}

// A session that is expected and not there yet is told when it comes (opened()).
void People::depart(sim::PlayerId player, bool is_connected) {
    Seat& seat = seats_[player];
    if (seat.state == Seat::State::empty) return;
    if (seat.session != 0) send_away(seat.session, is_connected);
    if (seat.state == Seat::State::lost) --lost_;
    extension_.left(player);
    // What it says before it knows that it has gone is still passed on, to its party, too.
    const SessionId departed = seat.session;
    std::string party = std::move(seat.party);
    seat = {};
    seat.departed = departed;
    seat.party = std::move(party);
    --count_;
}

void People::send_away(SessionId session, bool is_connected) {
    const mail::End end{session, share(write_moved(is_connected)), true};
    if (!post_.send(shard_of(session), end)) {
        shared_.log(LogLevel::error, "a shard does not take its mail");
    }
}

void People::tell(sim::PlayerId player, SharedBytes message) {
    const Seat& seat = seats_[player];
    if (seat.state != Seat::State::live) return;
    if (!post_.send(shard_of(seat.session), mail::Tell{seat.session, std::move(message)})) {
        shared_.log(LogLevel::error, "a shard does not take its mail");
    }
}

}  // namespace muster::host
