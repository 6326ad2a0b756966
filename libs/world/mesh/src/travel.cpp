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
/// Whoever went on with somebody of a copy has told it by then.
constexpr milliseconds spare_waits{1'200};
/// How long the pages of a region that is left are waited for.
constexpr milliseconds leaving_waits{4'000};
constexpr milliseconds fresh{3'000};
constexpr milliseconds alive{500};
/// So long that what was given to a server is somebody else's to have.
constexpr milliseconds silent{1'000};

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

void Member::Impl::depart(sim::PlayerId player, std::string_view server,
                          territory::RegionId leaves) {
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
    Departure& departure = departures[player];
    departure = {.traveller = std::move(traveller), .at = at, .region = leaves, .first = now};
    send_departure(departure, to);
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
    if (about.is_own && about.generation == record->player.generation) {
        // Of two that went on with it one has given it here, and so has the other: it is this one's
        // as the later of them says.
        abouts[id].hop = std::max(about.hop, crossing.traveller.hop);
        return send(sender, Crossed{id, crossing.traveller.hop, true});
    }
    // It was here and left, or is further by now: either way it is settled.
    const bool is_elsewhere =
        about.owner != from && is_alive(about.owner) && now - about.heard < fresh;
    if (is_known && (about.owner == nobody || is_elsewhere)) {
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
        const Hop hop = arrival.traveller.hop;
        if (is_alive(about.owner) && about.generation == arrival.record.player.generation &&
            (about.hop > hop || (about.hop == hop && peers[about.owner].server != arrival.from))) {
            // It was not waited for: somebody goes on with it, and lives.
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

bool Member::Impl::is_silent(std::string_view server) const {
    const PeerIndex peer = find_peer(server);
    return peer == nobody || now - peers[peer].heard > silent;
}

bool Member::Impl::is_listed(sim::PlayerId player, Hop hop) const {
    const About& about = abouts[player];
    if (!is_alive(about.owner)) return false;
    const auto& rows = peers[about.owner].rows;
    const auto row = std::ranges::find(rows, player, &Roll::Row::player);
    return row != rows.end() && row->generation == about.generation && row->hop >= hop;
}

void Member::Impl::send_departure(Departure& departure, const std::string& to) {
    ++departure.sent;
    departure.since = now;
    departure.to = to;
    Traveller traveller = departure.traveller;
    traveller.is_spare = false;
    const bool is_sent = post.send(to, Crossing{std::move(traveller)});
    departure.letter = is_sent ? post.last(to) : Post::Place{};
}

bool Member::Impl::has_come(const Departure& departure) const {
    return departure.letter.line != 0 && post.has_come(departure.to, departure.letter);
}

bool Member::Impl::is_left_by_all(territory::RegionId region) const {
    return std::ranges::all_of(departures, [&](const auto& one) {
        return one.second.region != region || has_come(one.second);
    });
}

void Member::Impl::letters_came_back(PeerIndex from) {
    for (auto& [id, departure] : departures) {
        if (departure.to == peers[from].server) departure.letter = {};
    }
}

// Whoever has its place by now. When that is not known, for this server has no region any more,
// anybody who lives: it goes on from there.
std::string Member::Impl::heir_of(const Departure& departure) const {
    std::string holder(land.holder_of(departure.at, self));
    if (!holder.empty() || !is_silent(departure.to)) return holder;
    if (!land.own().empty()) return departure.to.empty() ? self : holder;
    for (std::size_t i = 0; i < peers.size(); ++i) {
        const std::size_t next = (departure.sent + i) % peers.size();
        if (is_alive(static_cast<PeerIndex>(next))) return peers[next].server;
    }
    return holder;
}

bool Member::Impl::is_settled(sim::PlayerId player, const Departure& departure) const {
    const Traveller& traveller = departure.traveller;
    if (!traveller.is_spare) {
        // The answer was lost, but somebody has it for certain.
        return now - departure.first >= departure_asks_again && is_listed(player, traveller.hop);
    }
    // Who was taken for dead, as everybody is by one that is cut off itself, and is not; or
    // somebody has it as that one had.
    const PeerIndex of = find_peer(departure.of);
    const bool is_back = is_alive(of) && peers[of].life == departure.of_life;
    return is_back || is_listed(player, traveller.hop - 1);
}

// The heir is sent it again, until somebody has it for sure.
void Member::Impl::settle_departures() {
    std::vector<sim::PlayerId> back;
    for (auto next = departures.begin(); next != departures.end();) {
        Departure& departure = next->second;
        const bool is_spare = departure.traveller.is_spare;
        const auto age = now - departure.first;
        if (abouts[next->first].is_own || is_settled(next->first, departure) ||
            age > departure_given_up) {
            next = departures.erase(next);
            continue;
        }
        if (is_spare && (age < spare_waits || now - lonely_at < spare_waits)) {
            ++next;
            continue;
        }
        const std::string heir = heir_of(departure);
        const bool is_due = now - departure.since >= departure_asks_again;
        const bool is_elsewhere = heir != departure.to && is_silent(departure.to);
        if (heir == self && (is_elsewhere || is_due)) {
            back.push_back(next->first);
        } else if (!heir.empty() && heir != self && (is_elsewhere || is_due)) {
            send_departure(departure, heir);
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

// Whether those in it, but for who waits in vain, have their second connections at the successor.
bool Member::Impl::may_leave(std::size_t place) {
    const Land::Region& region = land.own()[place];
    bool is_ready = true;
    for (const sim::PlayerId id : owned) {
        const sim::Player& player = world.players()[id];
        if (player.bot || land.place_of(player.at) != place) continue;
        invite(id, region.successor);
        const About& about = abouts[id];
        const bool has_page = listener.seat_of(id).lost_for_ms == 0;
        const bool is_there = about.invited_by != nobody && about.is_ready &&
                              peers[about.invited_by].server == region.successor;
        if (has_page && !is_there) is_ready = false;
    }
    return is_ready;
}

// Everybody in a region that is left goes at once, for who takes it over has it only when it is
// released: the pages first have their second connections, as far as they come in time. It is
// released only when the successor has them all: if this server ends before, whoever follows it has
// them in the copies; if the successor does, they come back, and if nothing is heard either way the
// coordinator's deadline ends the lease.
void Member::Impl::leave_regions() {
    std::vector<territory::RegionId> left;
    for (std::size_t place = 0; place < land.own().size(); ++place) {
        const Land::Region& region = land.own()[place];
        if (!region.leaves || region.successor.empty() || region.successor == self) {
            leaving.erase(region.id);
            continue;
        }
        Leaving& how = leaving.try_emplace(region.id, Leaving{.since = now}).first->second;
        if (!how.has_begun && !may_leave(place) && now - how.since < leaving_waits) continue;
        // Who comes back because of that stays for now.
        if (is_silent(region.successor)) continue;
        how.has_begun = true;
        const std::vector<sim::PlayerId> all = owned;
        for (const sim::PlayerId id : all) {
            if (land.place_of(world.players()[id].at) == place)
                depart(id, region.successor, region.id);
        }
        if (is_left_by_all(region.id)) left.push_back(region.id);
    }
    for (const territory::RegionId id : left) release(id);
}

void Member::Impl::release(territory::RegionId id) {
    leaving.erase(id);
    const auto region = std::ranges::find(land.own(), id, &Land::Region::id);
    // Its copy is void: everybody has gone by themselves.
    tell_copy(static_cast<std::size_t>(region - land.own().begin()), {});
    static_cast<void>(holdings.release(id));
    land_changed();
    asked_at = now - ask_every;  // the coordinator is told with the next question
}

}  // namespace muster::mesh
