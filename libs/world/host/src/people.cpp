#include "people.hpp"

#include <algorithm>
#include <utility>

#include "extension_desk.hpp"
#include "game_generated.h"
#include "muster/base/encoding.hpp"
#include "tickets.hpp"

namespace muster::host {
namespace {

SharedBytes share(replication::Bytes bytes) {
    return std::make_shared<const replication::Bytes>(std::move(bytes));
}

std::size_t shard_of(SessionId session) {
    return static_cast<std::size_t>(session >> session_shard_bit);
}

}  // namespace

bool Post::send(std::size_t shard, Mail mail) {
    auto& late = late_[shard];
    if (late.empty() && door_.links[shard]->mail.push(std::move(mail))) return true;
    if (late.size() >= late_max) return false;
    late.push_back(std::move(mail));
    return true;
}

void Post::send_all(const Mail& mail, bool also_without_sessions) {
    for (std::size_t shard = 0; shard < late_.size(); ++shard) {
        if (!also_without_sessions && door_.links[shard]->sessions.load() == 0) continue;
        if (!send(shard, mail)) shared_.log(LogLevel::error, "a shard does not take its mail");
    }
}

void Post::deliver() {
    for (std::size_t shard = 0; shard < late_.size(); ++shard) {
        auto& late = late_[shard];
        while (!late.empty() && door_.links[shard]->mail.push(std::move(late.front()))) {
            late.pop_front();
        }
        if (door_.links[shard]->sessions.load() > 0 || door_.links[shard]->mail.depth() > 0) {
            shared_.shards[shard]->wake.signal();
        }
    }
}

People::People(Shared& shared, WorldDoor& door, sim::World& world, bots::Bots& bots, Post& post,
               ExtensionDesk& extension, sim::Length chat_near)
    : shared_(shared),
      door_(door),
      world_(world),
      bots_(bots),
      post_(post),
      extension_(extension),
      chat_near_(chat_near),
      seats_(world.rules().players_max) {}

// The player whose ticket this is. Also the last ticket but one, as long as the connection that got
// the newest is not there: its answer may have been lost.
Result<sim::PlayerId> People::find(const std::string& resume) {
    const auto ticket = read_ticket(resume);
    if (!ticket || ticket->world != door_.index || ticket->player >= seats_.size()) {
        return fail(Errc::not_found, "no such ticket");
    }
    Seat& seat = seats_[ticket->player];
    const bool is_newest = equal_secret(ticket->hash, seat.ticket_hash);
    const bool is_previous =
        !seat.previous_hash.empty() && equal_secret(ticket->hash, seat.previous_hash);
    if (seat.state == Seat::State::empty || (!is_newest && !is_previous)) {
        return fail(Errc::not_found, "no such ticket");
    }
    seat.previous_hash = ticket->hash;
    return ticket->player;
}

Result<sim::PlayerId> People::take_place(const JoinRequest& request) {
    if (others_ != nullptr) {
        const auto ticket = read_ticket(request.resume);
        if (ticket && others_->has(ticket->player))
            return fail(Errc::unavailable, "the player of this ticket is another server's");
        if (request.resume_only) return fail(Errc::not_found, "no such ticket", "resume");
        if (!others_->takes_players()) {
            return fail(Errc::unavailable,
                        "this server takes no players now: it has no region to keep, or no id");
        }
    }
    const sim::JoinRequest join{.name = request.name, .team = request.team, .bot = false};
    auto player = world_.join(join);
    if (!player && player.error().code == Errc::exhausted &&
        bots_.make_room(request.team) != sim::no_player) {
        player = world_.join(join);
    }
    if (!player) return player;
    seats_[*player] = {};
    seats_[*player].state = Seat::State::opening;
    ++count_;
    if (others_ != nullptr) others_->joined(*player);
    return player;
}

// In the shard with the fewest; it is counted here, so that the next one sees it.
SessionId People::new_session() {
    const auto least = std::ranges::min_element(
        shared_.shards, {}, [](const auto& shard) { return shard->sessions.load(); });
    const auto shard = static_cast<std::size_t>(least - shared_.shards.begin());
    (*least)->sessions.fetch_add(1);
    door_.links[shard]->sessions.fetch_add(1);
    return SessionId{shard} << session_shard_bit | ++shared_.sessions_begun;
}

bool People::expect(mail::Expect expect) {
    const std::size_t shard = shard_of(expect.session);
    const std::string address = expect.address;
    if (post_.send(shard, std::move(expect))) return true;
    shared_.shards[shard]->sessions.fetch_sub(1);
    door_.links[shard]->sessions.fetch_sub(1);
    shared_.admission.release(address, false);
    return false;
}

void People::join(JoinCommand command, Instant now) {
    const std::string address = command.request.remote_address;
    Result<sim::PlayerId> player = fail(Errc::not_found, "");
    if (!command.request.resume.empty()) player = find(command.request.resume);
    const bool is_resumed = player.has_value();
    if (!is_resumed) player = take_place(command.request);
    if (!player) {
        shared_.admission.release(address, false);
        command.answer(std::unexpected(player.error()));
        return;
    }
    Seat& seat = seats_[*player];
    if (seat.pending != 0) end(seat.pending, nullptr);
    seat.pending = new_session();
    // A new one would be lost with this server, if it died before it has told another; the page
    // would have nothing else.
    const bool is_kept = is_resumed && others_ != nullptr;
    seat.ticket = is_kept ? command.request.resume : make_ticket(door_.index, *player);
    seat.ticket_hash = sha256(seat.ticket);
    if (seat.state == Seat::State::lost) {
        // Whoever comes back in the last second still has the time to.
        seat.remove_at = std::max(seat.remove_at, now + std::chrono::seconds(15));
    }
    ++shared_.joins;
    if (is_resumed) ++shared_.resumed;
    const bool expected = expect({.session = seat.pending,
                                  .player = *player,
                                  .generation = world_.players()[*player].generation,
                                  .offer = std::move(command.offer),
                                  .ticket = seat.ticket,
                                  .address = address,
                                  .answer = command.answer});
    if (expected) return;
    ended({.session = seat.pending, .player = *player, .how = note::Ended::How::never_came}, now);
    command.answer(fail(Errc::unavailable, "the server is too busy"));
}

void People::leave(const std::string& text) {
    const auto ticket = read_ticket(text);
    if (!ticket || ticket->player >= seats_.size()) return;
    const Seat& seat = seats_[ticket->player];
    if (seat.state == Seat::State::empty || !equal_secret(ticket->hash, seat.ticket_hash)) return;
    remove(ticket->player);
}

void People::submit(const InputNote& note) {
    Seat& seat = seats_[note.player];
    if (seat.state != Seat::State::live || seat.session != note.session) {
        submit_of_guest(note);
        return;
    }
    world_.submit(note.player, note.input);
    seat.sequence = std::max(seat.sequence, note.input.sequence);
    ++inputs_;
}

void People::handle(Note& note, Instant now) {
    if (const auto* opened_now = std::get_if<note::Opened>(&note)) opened(*opened_now);
    if (const auto* ended_now = std::get_if<note::Ended>(&note)) ended(*ended_now, now);
    if (const auto* said_now = std::get_if<note::Said>(&note)) said(*said_now);
    if (const auto* custom = std::get_if<note::Custom>(&note)) said(*custom);
    if (const auto* party = std::get_if<note::Party>(&note)) wants(*party);
    if (auto* offer = std::get_if<note::Offered>(&note)) offered(*offer);
}

void People::opened(const note::Opened& note) {
    Seat& seat = seats_[note.player];
    if (guest_opened(note)) return;
    if (seat.state == Seat::State::empty || seat.pending != note.session) {
        // Its player may have gone to another server meanwhile.
        if (others_ != nullptr) {
            send_away(note.session, false);
        } else {
            end(note.session, nullptr);
        }
        return;
    }
    if (seat.state == Seat::State::live) {
        end(seat.session, share(replication::write_notice(
                              static_cast<std::uint8_t>(protocol::NoticeKind::replaced),
                              "You joined from somewhere else.", shared_.snapshot_rate.load())));
    }
    if (seat.state == Seat::State::lost) --lost_;
    const bool returned = seat.state != Seat::State::opening;
    seat.state = Seat::State::live;
    seat.session = std::exchange(seat.pending, 0);
    seat.previous_hash.clear();
    begin(note.player);
    extension_.joined(note.player, returned);
    if (others_ != nullptr) others_->page_came(note.player);
}

// From now on its session is told and shown what happens.
void People::begin(sim::PlayerId player) {
    Seat& seat = seats_[player];
    const replication::WelcomeOptions options{.world = door_.name,
                                              .resume = std::exchange(seat.ticket, {}),
                                              .snapshot_rate = shared_.snapshot_rate.load(),
                                              .chat_near = chat_near_};
    mail::Begin begin{.session = seat.session, .messages = {}};
    begin.messages.push_back(share(
        replication::write_welcome(world_, door_.frames->newest().options(), player, options)));
    begin.messages.push_back(share(replication::write_match(world_)));
    if (!seat.party.empty()) begin.messages.push_back(party_of(player));
    if (!post_.send(shard_of(seat.session), std::move(begin))) end(seat.session, nullptr);
}

void People::ended(const note::Ended& note, Instant now) {
    if (guest_ended(note)) return;
    Seat& seat = seats_[note.player];
    if (seat.state == Seat::State::empty) return;
    if (seat.pending == note.session) {
        seat.pending = 0;
        if (seat.state == Seat::State::opening) remove(note.player);
        return;
    }
    if (seat.session != note.session || seat.state != Seat::State::live) return;
    if (note.how == note::Ended::How::said_bye) {
        remove(note.player);
        return;
    }
    seat.state = Seat::State::lost;
    seat.session = 0;
    ++lost_;
    seat.remove_at =
        now + std::max(shared_.options.resume - note.silent, std::chrono::milliseconds(0));
    // Stands still from now on, whatever the last input was.
    const sim::Input still{.sequence = ++seat.sequence, .aim = world_.players()[note.player].aim};
    world_.submit(note.player, still);
}

void People::said(const note::Custom& note) {
    const Seat& seat = seats_[note.player];
    if (seat.state != Seat::State::live || seat.session != note.session) return;
    extension_.said({.from = note.player, .command = note.command, .payload = note.payload});
}

void People::expire(Instant now) {
    if (others_ != nullptr) expire_guests(now);
    tell_parties(now);
    if (lost_ == 0) return;
    if (others_ != nullptr) stand_still(now);
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        const Seat& seat = seats_[i];
        if (seat.state == Seat::State::lost && seat.pending == 0 && seat.remove_at <= now) {
            remove(static_cast<sim::PlayerId>(i));
        }
    }
}

void People::remove(sim::PlayerId player, SharedBytes notice) {
    Seat& seat = seats_[player];
    if (seat.session != 0) end(seat.session, std::move(notice));
    if (seat.pending != 0) end(seat.pending, nullptr);
    if (seat.state == Seat::State::lost) --lost_;
    extension_.left(player);
    seat = {};
    --count_;
    world_.leave(player);
}

void People::end(SessionId session, SharedBytes notice) {
    if (!post_.send(shard_of(session), mail::End{session, std::move(notice)})) {
        shared_.log(LogLevel::error, "a shard does not take its mail");
    }
}

}  // namespace muster::host
