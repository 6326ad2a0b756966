#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// Crossings: a page is led to a second connection before its player goes, and the player's record
// goes in one letter. Whoever gave it away has it back only when it is refused, or nobody answers.
namespace muster::mesh {
namespace {

/// Two seconds' way at the most: to make an offer, answer it, and shake hands.
constexpr sim::Length invite_within = 320 * sim::unit;
constexpr sim::Length disinvite_beyond = 480 * sim::unit;
constexpr sim::Length stands_within = 64 * sim::unit;  ///< who stands so near may go at any moment
/// Another neighbour must be so much nearer, that a corner does not invite in turn.
constexpr sim::Length nearer_by = 64 * sim::unit;
constexpr std::uint32_t look_every = 6;  ///< steps, for invitations
/// An invitation that led to no connection is made anew after this.
constexpr milliseconds invitation_waits{4'000};
/// A crossing that comes before the region that it is in.
constexpr milliseconds arrival_waits{3'000};
constexpr milliseconds arrival_waits_for_region{1'000};
constexpr milliseconds departure_asks_again{2'000};
constexpr milliseconds departure_given_up{60'000};
/// How long the pages of a region that is left are waited for.
constexpr milliseconds leaving_waits{4'000};
constexpr milliseconds fresh{3'000};
constexpr milliseconds alive{500};

sim::Tick ticks_in(milliseconds time) {
    const auto ms = std::clamp<std::int64_t>(time.count(), 0, 60'000);
    return sim::ticks_of_ms(static_cast<std::uint32_t>(ms));
}

}  // namespace

void Member::Impl::look_at_borders() {
    const std::vector<sim::PlayerId> all = owned;
    for (const sim::PlayerId id : all) look_at(id, (steps + id) % look_every == 0);
}

void Member::Impl::look_at(sim::PlayerId id, bool may_invite) {
    About& about = abouts[id];
    const sim::Player& player = world.players()[id];
    const Land::Region* const region = land.find(player.at);
    if (region != nullptr) about.beyond_since = Instant(-1);
    if (may_invite && about.invited_by != nobody && !about.is_ready &&
        now - about.invited_at > invitation_waits) {
        disinvite(id);
    }
    if (!player.alive) return;
    const bool is_beyond = region == nullptr && land.distance_from_own(player.at) > options.grace;
    if (!is_beyond) {
        if (!may_invite || player.bot || (region != nullptr && region->leaves)) return;
        const Land::Foreign* const nearest = land.nearest_foreign(player.at, disinvite_beyond);
        if (nearest == nullptr) return disinvite(id);
        const std::int64_t far = distance(nearest->box, player.at);
        if (far > invite_within) return;
        // Who walks away from a border, as everybody does who has just crossed it, would shake
        // hands for nothing.
        const bool is_standing = player.velocity == sim::Vec{};
        const bool is_coming = distance(nearest->box, player.at + player.velocity) < far;
        if (!is_coming && !(is_standing && far <= stands_within)) return;
        if (about.invited_by != nobody) {
            std::int64_t now_invited = disinvite_beyond;
            for (const Land::Foreign& one : land.foreign()) {
                if (one.server != peers[about.invited_by].server) continue;
                now_invited = std::min(now_invited, distance(one.box, player.at));
            }
            if (now_invited <= far + nearer_by) return;
        }
        return invite(id, nearest->server);
    }
    const std::string_view holder = land.holder_of(player.at, self);
    if (holder.empty()) return;  // nobody's now: it stays here
    if (about.beyond_since < Instant(0)) about.beyond_since = now;
    const bool is_invited = about.invited_by != nobody && peers[about.invited_by].server == holder;
    const bool has_page = !player.bot && listener.seat_of(id).lost_for_ms == 0;
    if (!has_page || (is_invited && about.is_ready) ||
        now - about.beyond_since > options.patience) {
        return depart(id, holder);
    }
    if (!is_invited) invite(id, holder);
}

void Member::Impl::invite(sim::PlayerId player, std::string_view server) {
    About& about = abouts[player];
    const PeerIndex peer = find_peer(server);
    if (peer == nobody || peers[peer].is_gone || about.invited_by == peer) return;
    disinvite(player);
    about.invited_by = peer;
    about.invitation = next_invitation++;
    about.invited_at = now;
    listener.invite(player, server, about.invitation);
}

void Member::Impl::disinvite(sim::PlayerId player) {
    About& about = abouts[player];
    if (about.invited_by == nobody) return;
    about.invited_by = nobody;
    about.is_ready = false;
    listener.disinvite(player);
}

void Member::Impl::disown(sim::PlayerId player) {
    About& about = abouts[player];
    std::erase(owned, player);
    about = About{.hop = about.hop,
                  .generation = about.generation,
                  .is_introduced = true,
                  .heard = now,
                  .posed = now,
                  .name = std::string(world.name_of(player))};
}

void Member::Impl::depart(sim::PlayerId player, std::string_view server) {
    About& about = abouts[player];
    const std::string to(server);
    const bool is_connected =
        about.is_ready && about.invited_by != nobody && peers[about.invited_by].server == to;
    Traveller traveller{.hop = about.hop + 1, .record = {}, .seat = listener.seat_of(player)};
    const sim::Vec at = world.players()[player].at;
    const auto record = world.release(player);
    if (!record) return;
    traveller.record = record->encode();
    if (about.invited_by != nobody && !is_connected) disinvite(player);
    disown(player);
    about.hop = traveller.hop;
    about.owner = find_peer(to);
    send(to, Crossing{traveller});
    departures[player] = {std::move(traveller), at, to, now, now};
    ++counts.crossings_out;
    listener.departed(player, to, is_connected);
}

void Member::Impl::orphan(sim::PlayerId player) {
    if (abouts[player].invited_by != nobody) disinvite(player);
    static_cast<void>(world.release(player));
    disown(player);
    ++counts.orphaned;
    listener.orphaned(player);
}

void Member::Impl::hear(PeerIndex from, Crossing& crossing) {
    const std::string& sender = peers[from].server;
    auto record = sim::Record::decode(crossing.traveller.record);
    if (!record || record->id >= abouts.size()) {
        ++counts.messages_bad;
        return;
    }
    const sim::PlayerId id = record->id;
    const About& about = abouts[id];
    const bool is_known =
        about.generation == record->player.generation && about.hop >= crossing.traveller.hop;
    // It is here already, or was and left, or is further by now: either way it is settled.
    const bool is_elsewhere =
        about.owner != from && is_alive(about.owner) && now - about.heard < fresh;
    if (is_known && (about.is_own || about.owner == nobody || is_elsewhere)) {
        return send(sender, Crossed{id, crossing.traveller.hop, true});
    }
    const auto waiting = arrivals.find(id);
    if (waiting != arrivals.end() && waiting->second.traveller.hop > crossing.traveller.hop) return;
    arrivals[id] = {sender, std::move(crossing.traveller), *std::move(record), now};
}

void Member::Impl::welcome_arrivals() {
    const bool may_own = holds_any();
    for (auto next = arrivals.begin(); next != arrivals.end();) {
        Arrival& arrival = next->second;
        const sim::PlayerId id = next->first;
        const About& about = abouts[id];
        if (about.owner != nobody && about.generation == arrival.record.player.generation &&
            about.hop > arrival.traveller.hop) {
            // It was not waited for: somebody goes on with it.
            next = arrivals.erase(next);
            continue;
        }
        // Who was far over the border of a region that was left is let in, too, and goes on to
        // where it belongs.
        const bool is_near = land.distance_from_own(arrival.record.player.at) <= 2 * options.grace;
        const bool is_here = may_own && (is_near || now - arrival.since > arrival_waits_for_region);
        const bool is_over = now - arrival.since > arrival_waits;
        if (!is_here && !is_over) {
            ++next;
            continue;
        }
        // Those ticks it stood still.
        const bool is_adopted = is_here && adopt(arrival.record, arrival.traveller);
        const Crossed answer{id, arrival.traveller.hop, is_adopted};
        if (is_adopted) {
            ++counts.crossings_in;
            // Whoever let it go keeps it until the keeper here has it, too: it survives both ends.
            unconfirmed.push_back({std::move(arrival.from), answer});
        } else {
            ++counts.crossings_refused;
            send(arrival.from, answer);
        }
        next = arrivals.erase(next);
    }
}

bool Member::Impl::adopt(const sim::Record& record, const Traveller& traveller) {
    const auto found = arrivals.find(record.id);
    const milliseconds waited =
        found == arrivals.end() ? milliseconds(0) : now - found->second.since;
    auto adopted = world.adopt(record, ticks_in(waited) + 2);
    const sim::Player& there = world.players()[record.id];
    if (!adopted && there.ghost && there.generation != record.player.generation) {
        // A ghost of somebody who had the id before.
        dispel(record.id);
        adopted = world.adopt(record, ticks_in(waited) + 2);
    }
    if (!adopted) {
        say("player " + std::to_string(record.id) +
            " cannot be taken in: " + adopted.error().message);
        return false;
    }
    const bool was_introduced = abouts[record.id].is_introduced;
    departures.erase(record.id);
    own(record.id, traveller.hop);
    if (!was_introduced) introduce(record.id);
    listener.arrived(record.id, traveller.seat);
    return true;
}

void Member::Impl::hear(PeerIndex from, const Crossed& crossed) {
    const auto found = departures.find(crossed.player);
    if (found == departures.end() || found->second.traveller.hop != crossed.hop ||
        found->second.to != peers[from].server) {
        return;
    }
    if (crossed.adopted) {
        departures.erase(found);
        return;
    }
    // It is still to be somebody's: whoever has its place by now.
    found->second.since = now - departure_asks_again;
    found->second.to.clear();
}

bool Member::Impl::is_alive(PeerIndex peer) const {
    return peer != nobody && now - peers[peer].heard < alive;
}

bool Member::Impl::is_listed(sim::PlayerId player, Hop hop) const {
    const About& about = abouts[player];
    if (!is_alive(about.owner)) return false;
    const auto& rows = peers[about.owner].rows;
    const auto row = std::ranges::find(rows, player, &Roll::Row::player);
    return row != rows.end() && row->generation == about.generation && row->hop >= hop;
}

// Whoever has its place by now is sent it again, until somebody has it for sure.
void Member::Impl::settle_departures() {
    std::vector<sim::PlayerId> back;
    for (auto next = departures.begin(); next != departures.end();) {
        Departure& departure = next->second;
        const About& about = abouts[next->first];
        const bool is_over = now - departure.first > departure_given_up;
        // The answer was lost, but somebody has it for certain.
        const bool is_settled = now - departure.first >= departure_asks_again &&
                                is_listed(next->first, departure.traveller.hop);
        if (about.is_own || is_settled || is_over) {
            next = departures.erase(next);
            continue;
        }
        std::string holder(land.holder_of(departure.at, self));
        if (holder.empty() && departure.to.empty() && !land.own().empty()) holder = self;
        const bool is_due = now - departure.since >= departure_asks_again;
        const bool is_elsewhere = holder != departure.to && !is_alive(find_peer(departure.to));
        if (holder == self && (is_elsewhere || is_due)) {
            back.push_back(next->first);
        } else if (!holder.empty() && holder != self && (is_elsewhere || is_due)) {
            departure.since = now;
            departure.to = holder;
            send(holder, Crossing{departure.traveller});
        }
        ++next;
    }
    for (const sim::PlayerId id : back) {
        Traveller traveller = departures.at(id).traveller;
        ++traveller.hop;
        departures.erase(id);
        const auto record = sim::Record::decode(traveller.record);
        if (record) static_cast<void>(adopt(*record, traveller));
    }
}

void Member::Impl::hear(PeerIndex from, const Offer& offer) {
    const std::string& sender = peers[from].server;
    if (offer.player >= abouts.size() || is_own(offer.player)) {
        return send(sender, Answer{offer.number, offer.player, {}, "not now"});
    }
    About& about = abouts[offer.player];
    about.guest_of = from;
    if (about.owner == nobody) about.generation = offer.generation;
    listener.guest_comes(sender, offer);
}

void Member::Impl::hear(PeerIndex from, const Answer& answer) {
    if (!is_own(answer.player)) return;
    const About& about = abouts[answer.player];
    if (about.invited_by != from || about.invitation != answer.number) return;
    listener.offer_answered(answer.player, answer);
}

void Member::Impl::hear(PeerIndex from, const Ready& ready) {
    if (!is_own(ready.player)) return;
    About& about = abouts[ready.player];
    if (about.invited_by != from || about.generation != ready.generation) return;
    about.is_ready = ready.is_open;
    about.invited_at = now;
}

void Member::Impl::hear(PeerIndex, const Talk& talk) {
    listener.talk(talk);
}

// Everybody in a region that is left goes at once, for who takes it over has it only when it is
// released: the pages first have their second connections, as far as they come in time.
void Member::Impl::leave_regions() {
    std::vector<territory::RegionId> released;
    for (const Land::Region& region : land.own()) {
        if (!region.leaves || region.successor.empty() || region.successor == self) continue;
        const Instant since = leaving_since.emplace(region.id, now).first->second;
        std::vector<sim::PlayerId> inside;
        bool is_ready = true;
        for (const sim::PlayerId id : owned) {
            const sim::Player& player = world.players()[id];
            if (!land.goes_with(region, player.at)) continue;
            inside.push_back(id);
            if (player.bot) continue;
            invite(id, region.successor);
            const About& about = abouts[id];
            const bool has_page = listener.seat_of(id).lost_for_ms == 0;
            const bool is_there = about.invited_by != nobody && about.is_ready &&
                                  peers[about.invited_by].server == region.successor;
            if (has_page && !is_there) is_ready = false;
        }
        if (!is_ready && now - since < leaving_waits) continue;
        for (const sim::PlayerId id : inside) depart(id, region.successor);
        released.push_back(region.id);
    }
    for (const territory::RegionId id : released) {
        leaving_since.erase(id);
        const auto region = std::ranges::find(land.own(), id, &Land::Region::id);
        if (!region->keeper.empty()) {
            // Its copy is void: everybody has gone by themselves.
            publish(subject("to", region->keeper),
                    Copy{.region = id, .epoch = region->epoch, .number = ++copy_numbers[id]});
        }
        static_cast<void>(holdings.release(id));
        land_changed();
        asked_at = now - ask_every;  // the coordinator is told with the next question
    }
}

}  // namespace muster::mesh
