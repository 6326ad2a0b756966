#include <algorithm>
#include <string>
#include <utility>

#include "chat_text.hpp"
#include "control_messages.hpp"
#include "game_generated.h"
#include "muster/protocol/protocol.hpp"
#include "people.hpp"

/// What people say to whom, and the parties in which they find each other.
namespace muster::host {
namespace {

constexpr Instant parties_every{1'000'000};

SharedBytes share(replication::Bytes bytes) {
    return std::make_shared<const replication::Bytes>(std::move(bytes));
}

}  // namespace

void People::said(const note::Said& note) {
    const Seat& seat = seats_[note.player];
    const bool plays = seat.state == Seat::State::live && seat.session == note.session;
    const bool has_gone = seat.departed != 0 && seat.departed == note.session;
    if (!plays && !has_gone) return;
    ++door_.chats;
    auto addressed = address(note);
    if (!addressed) {
        refuse(note.player, protocol::NoticeKind::undelivered, addressed.error().message);
        return;
    }
    auto message = share(replication::write_chat(world_, note.player, note.text, addressed->shown));
    if (others_ != nullptr) {
        others_->said(std::move(message), std::move(addressed->audience));
    } else {
        pass_on(addressed->audience, message, {});
    }
}

Result<People::Addressed> People::address(const note::Said& note) const {
    const sim::Player& player = world_.players()[note.player];
    const auto scope = static_cast<std::uint8_t>(note.to);
    switch (note.to) {
        case Scope::team:
            if (player.team == sim::Team::none) break;
            return Addressed{audience::Team{player.team}, {.scope = scope}};
        case Scope::near:
            return Addressed{audience::Near{player.at, chat_near_}, {.scope = scope}};
        case Scope::party: {
            const std::string& code = seats_[note.player].party;
            if (code.empty()) return fail(Errc::conflict, "You are in no party.");
            return Addressed{audience::Party{code}, {.scope = scope}};
        }
        case Scope::person:
            return address_person(note);
        default:
            break;
    }
    return Addressed{};
}

Result<People::Addressed> People::address_person(const note::Said& note) const {
    std::optional<Addressed> found;
    bool is_away = false;
    bool is_ambiguous = false;
    const bool by_id = note.whom != sim::no_player;
    visit([&](const Contact& one) {
        if (by_id && one.id != note.whom) return;
        if (!by_id && one.name != note.name) return;
        if (by_id && !note.name.empty() && one.name != note.name) return;
        if (found) is_ambiguous = true;
        is_away = one.is_away;
        found = Addressed{audience::Person{note.player, one.id, one.generation},
                          {.scope = static_cast<std::uint8_t>(Scope::person),
                           .whom = one.id,
                           .whom_name = std::string(one.name)}};
    });
    if (is_ambiguous) {
        return fail(Errc::conflict,
                    "More than one here is called " + note.name + ": nobody was told.");
    }
    if (found && !is_away) return *std::move(found);
    if (found) {
        return fail(Errc::unavailable,
                    found->shown.whom_name + " is not connected now, and has not heard it.");
    }
    if (by_id && note.whom < world_.players().size() && world_.players()[note.whom].present &&
        world_.players()[note.whom].bot)
        return fail(Errc::not_found, "That is a bot: it does not read.");
    if (note.name.empty()) return fail(Errc::not_found, "That player is not here.");
    return fail(Errc::not_found, "Nobody here is called " + note.name + ".");
}

// One who goes from one server to the next is visited once: as ours, or as the first that says so.
void People::visit(const std::function<void(const Contact&)>& each) const {
    std::vector<bool> is_known(seats_.size());
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        const Seat& seat = seats_[i];
        if (seat.state != Seat::State::live && seat.state != Seat::State::lost) continue;
        is_known[i] = true;
        const auto id = static_cast<sim::PlayerId>(i);
        const sim::Player& player = world_.players()[i];
        each({.id = id,
              .generation = player.generation,
              .team = player.team,
              .is_away = seat.state == Seat::State::lost,
              .name = world_.name_of(id),
              .party = seat.party});
    }
    if (others_ == nullptr) return;
    others_->visit([&](const Contact& one) {
        if (one.id >= is_known.size() || is_known[one.id]) return;
        is_known[one.id] = true;
        each(one);
    });
}

void People::pass_on(const Audience& audience, const SharedBytes& message,
                     std::vector<sim::PlayerId> except) {
    if (std::holds_alternative<audience::All>(audience)) {
        post_.send_all(mail::TellAll{message, sim::Team::none, std::move(except)});
        return;
    }
    if (const auto* team = std::get_if<audience::Team>(&audience)) {
        post_.send_all(mail::TellAll{message, team->team, std::move(except)});
        return;
    }
    mail::TellSome some;
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        const auto id = static_cast<sim::PlayerId>(i);
        if (seats_[i].state != Seat::State::live || !is_for(audience, id)) continue;
        if (!std::ranges::binary_search(except, id)) some.messages.emplace_back(id, message);
    }
    if (!some.messages.empty()) post_.send_all(some);
}

bool People::is_for(const Audience& audience, sim::PlayerId player) const {
    return host::is_for(audience, player, world_.players()[player], seats_[player].party);
}

void People::refuse(sim::PlayerId player, protocol::NoticeKind kind, std::string_view why) {
    tell(player, share(replication::write_notice(static_cast<std::uint8_t>(kind), why,
                                                 shared_.snapshot_rate.load())));
}

// ---- parties

void People::wants(const note::Party& note) {
    Seat& seat = seats_[note.player];
    if (seat.state != Seat::State::live || seat.session != note.session) return;
    if (!note.code.empty() && !mesh::is_party(note.code)) {
        refuse(note.player, protocol::NoticeKind::party_refused,
               "The code of a party is 1 to 16 letters (a-z), digits and hyphens.");
        return;
    }
    std::size_t others = 0;
    visit([&](const Contact& one) {
        if (one.party == note.code && one.id != note.player) ++others;
    });
    if (!note.code.empty() && others >= protocol::party_members_max) {
        refuse(note.player, protocol::NoticeKind::party_refused,
               "The party " + note.code + " is full.");
        return;
    }
    seat.party = note.code;
    tell(note.player, party_of(note.player));
}

// The others hear of it within a second.
SharedBytes People::party_of(sim::PlayerId player) const {
    const std::string& code = seats_[player].party;
    std::vector<Parties::Member> members;
    visit([&](const Contact& one) {
        if (!code.empty() && one.party == code) members.push_back({one.id, std::string(one.name)});
    });
    return share(write_party(code, members));
}

void People::tell_parties(Instant now) {
    if (now - parties_told_at_ < parties_every) return;
    parties_told_at_ = now;
    Parties::Rosters rosters;
    for (const Seat& seat : seats_)
        if (seat.state == Seat::State::live && !seat.party.empty()) rosters[seat.party];
    if (rosters.empty() && !has_parties_) return;
    has_parties_ = !rosters.empty();
    visit([&](const Contact& one) {
        const auto roster = rosters.find(one.party);
        if (roster != rosters.end()) roster->second.push_back({one.id, std::string(one.name)});
    });
    for (auto& [code, members] : rosters) std::ranges::sort(members, {}, &Parties::Member::id);
    std::map<std::string, SharedBytes, std::less<>> messages;
    for (const auto& [code, members] : parties_.changed(std::move(rosters)))
        messages.emplace(code, share(write_party(code, members)));
    if (messages.empty()) return;
    mail::TellSome some;
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        if (seats_[i].state != Seat::State::live) continue;
        const auto message = messages.find(seats_[i].party);
        if (message != messages.end())
            some.messages.emplace_back(static_cast<sim::PlayerId>(i), message->second);
    }
    post_.send_all(some);
}

}  // namespace muster::host
