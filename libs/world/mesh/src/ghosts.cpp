#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// Whom others tell of, and what others are told of own players.
namespace muster::mesh {
namespace {

/// What was said of a player so long ago says nothing about who has its id now.
constexpr milliseconds stale{3'000};
/// A ghost of whom its owner tells no more has gone; so long, since who crosses is for a moment in
/// nobody's strip.
constexpr milliseconds absent{300};
/// One whose owner tells nothing at all: a lease and a new owner may come first.
constexpr milliseconds silent{3'000};
/// With its region in another's hands.
constexpr milliseconds dead_after{500};
constexpr std::size_t rows_in_part = 400;
constexpr std::size_t events_max = 2'048;
constexpr std::uint32_t named_every = 64;  ///< steps; names are in the rolls, too

bool is_newer(std::uint8_t generation, std::uint8_t than) {
    return generation != than && static_cast<std::uint8_t>(generation - than) < 128;
}

bool is_same(const sim::Event& a, const sim::Event& b) {
    return a.kind == b.kind && a.team == b.team && a.weapon == b.weapon && a.player == b.player &&
           a.other == b.other && a.index == b.index && a.value == b.value &&
           a.projectile == b.projectile && a.at == b.at && a.velocity == b.velocity;
}

}  // namespace

bool Member::Impl::heed(sim::PlayerId player, PeerIndex from, Hop hop, std::uint8_t generation) {
    if (player >= abouts.size()) return false;
    About& about = abouts[player];
    if (about.is_own) {
        if (about.generation != generation) return false;
        // Two owners that did not know of each other: after a partition, or when the one that was
        // taken over was not dead. The later one goes on; of two equal ones one that both know.
        const bool is_theirs = hop > about.hop || (hop == about.hop && peers[from].server > self);
        if (!is_theirs) return false;
        say("player " + std::to_string(player) + " is " + peers[from].server + "'s");
        orphan(player);
    }
    const bool is_known = about.owner != nobody && now - about.heard < stale;
    if (is_known && about.generation == generation) {
        if (hop < about.hop || (hop == about.hop && from != about.owner)) return false;
    } else if (is_known && from != about.owner && !is_newer(generation, about.generation)) {
        return false;
    }
    if (about.owner != from) about.posed_tick = 0;
    if (about.generation != generation) about.is_introduced = false;
    about.owner = from;
    about.hop = hop;
    about.generation = generation;
    about.heard = now;
    return true;
}

void Member::Impl::hear(PeerIndex from, const Strip& strip) {
    const auto copy = kept.find(strip.region);
    if (copy != kept.end() && strip.epoch > copy->second.epoch) {
        // Somebody goes on with it. Of this server's own players it may lack the latest.
        if (copy->second.server == self) hand_on(from, copy->second);
        // Nor need it be the one that had the latest copies.
        if (is_dead(copy->second, dead_after)) keep_spare(copy->second);
        kept.erase(copy);
    }
    for (const Posed& posed : strip.players) hear(from, posed, strip.tick);
    hear(from, strip.walls, strip.pickups);
    for (const sim::Event& event : strip.events) show(event);
}

void Member::Impl::hear(PeerIndex from, const Posed& posed, sim::Tick tick) {
    if (!heed(posed.player, from, posed.hop, posed.pose.generation)) return;
    About& about = abouts[posed.player];
    if (tick < about.posed_tick) return;  // overtaken by a later one
    about.posed_tick = tick;
    if (!posed.name.empty()) about.name = posed.name;
    sim::Pose pose = posed.pose;
    pose.name = {};
    if (!about.is_introduced) pose.name = about.name;
    const sim::Player& player = world.players()[posed.player];
    const bool is_new = !player.present || player.generation != pose.generation;
    if (is_new && about.name.empty()) return;  // its name comes within a second
    if (is_new) pose.name = about.name;
    if (!world.pose(posed.player, pose)) return;
    about.posed = now;
    if (!about.is_introduced) introduce(posed.player);
}

void Member::Impl::introduce(sim::PlayerId player) {
    abouts[player].is_introduced = true;
    listener.introduced(player);
}

void Member::Impl::hear(PeerIndex from, Roll& roll) {
    Peer& peer = peers[from];
    for (const Roll::Row& row : roll.rows) {
        if (!heed(row.player, from, row.hop, row.generation)) continue;
        abouts[row.player].name = row.name;
    }
    if (roll.tick < peer.roll_tick) return;
    if (roll.tick != peer.roll_tick) {
        peer.roll_tick = roll.tick;
        peer.roll_parts = 0;
        peer.rows.clear();
    }
    if (roll.part != peer.roll_parts) return;  // one was lost: the next roll is whole again
    ++peer.roll_parts;
    std::ranges::move(roll.rows, std::back_inserter(peer.rows));
    if (peer.roll_parts != roll.parts) return;
    peer.rolled_at = now;
    listener.rolled(peer.server, peer.rows);
}

// Not what is shown here anyhow, for it was decided here.
void Member::Impl::show(const sim::Event& event) {
    using Kind = sim::Event::Kind;
    if (event.kind == Kind::player_hit && is_own(event.other)) return;
    if ((event.kind == Kind::wall_hit || event.kind == Kind::wall_destroyed ||
         event.kind == Kind::wall_returned) &&
        event.index < wall_regions.size() && wall_regions[event.index] >= 0) {
        return;
    }
    if (event.kind >= Kind::flag_taken && event.kind <= Kind::match_ended && land.decides_match()) {
        return;
    }
    if (world.show(event)) shown.push_back(event);
}

void Member::Impl::dispel(sim::PlayerId player) {
    world.dispel(player);
    abouts[player].is_introduced = false;
}

void Member::Impl::dispel_silent() {
    const std::vector<sim::PlayerId> present(world.present().begin(), world.present().end());
    for (const sim::PlayerId id : present) {
        if (!world.players()[id].ghost) continue;
        const About& about = abouts[id];
        if (departures.contains(id) || arrivals.contains(id)) continue;
        const Peer& owner = peers[about.owner];
        const bool tells = about.owner != nobody && now - owner.heard < absent;
        if (now - about.posed > (tells ? absent : silent)) dispel(id);
    }
}

Posed Member::Impl::posed_of(sim::PlayerId player) {
    const About& about = abouts[player];
    Posed posed{.player = player, .hop = about.hop, .pose = sim::pose_of(world, player)};
    if (steps < about.named_until || (steps / 2 + player) % (named_every / 2) == 0) {
        posed.name = posed.pose.name;
    }
    posed.pose.name = {};
    return posed;
}

// What others would not know: not what they said themselves, and not what is shown there by who
// decides on it.
bool Member::Impl::is_told(const sim::Event& event) const {
    using Kind = sim::Event::Kind;
    switch (event.kind) {
        case Kind::shot:
        case Kind::strike:
        case Kind::spawned:
        case Kind::reloaded:
        case Kind::wall_hit:
        case Kind::player_hit:
        case Kind::joined:
            return is_own(event.player);
        case Kind::pickup_taken:
        case Kind::pickup_returned:
            return event.index < pickup_regions.size() && pickup_regions[event.index] >= 0;
        case Kind::wall_destroyed:
        case Kind::wall_returned:
            return event.index < wall_regions.size() && wall_regions[event.index] >= 0;
        case Kind::killed:
            return is_own(event.other);
        case Kind::left:
            return true;
        default:
            return land.decides_match();
    }
}

void Member::Impl::gather_events() {
    std::size_t next = 0;
    for (const sim::Event& event : world.events()) {
        if (next < shown.size() && is_same(event, shown[next])) {
            ++next;
            continue;
        }
        if (!is_told(event) || events.size() >= events_max) continue;
        if (!sim::is_for_everybody(event.kind) &&
            !land.is_seen_from_abroad(event.at, options.strip)) {
            continue;
        }
        events.push_back(event);
    }
    shown.clear();
}

void Member::Impl::tell_strips() {
    const auto& regions = land.own();
    if (regions.empty()) return;
    std::vector<Strip> strips(regions.size());
    for (const sim::PlayerId id : owned) {
        const sim::Player& player = world.players()[id];
        if (!land.is_seen_from_abroad(player.at, options.strip)) continue;
        auto& players = strips[land.place_of(player.at)].players;
        if (players.size() < players_in_message_max) players.push_back(posed_of(id));
    }
    for (std::size_t i = 0; i < walls_told.size(); ++i) {
        const std::uint16_t health = world.walls()[i].health;
        if (wall_regions[i] < 0 || health == walls_told[i]) continue;
        walls_told[i] = health;
        strips[static_cast<std::size_t>(wall_regions[i])].walls.push_back(
            wall_now(static_cast<std::uint16_t>(i)));
    }
    for (std::size_t i = 0; i < pickups_told.size(); ++i) {
        const bool available = world.pickups()[i].available;
        if (pickup_regions[i] < 0 || available == (pickups_told[i] != 0)) continue;
        pickups_told[i] = available ? 1 : 0;
        strips[static_cast<std::size_t>(pickup_regions[i])].pickups.push_back(
            pickup_now(static_cast<std::uint16_t>(i)));
    }
    for (sim::Event& event : events) {
        strips[land.place_of(event.at)].events.push_back(event);
    }
    events.clear();
    for (std::size_t i = 0; i < strips.size(); ++i) {
        strips[i].region = regions[i].id;
        strips[i].epoch = regions[i].epoch;
        strips[i].tick = world.tick();
        publish(subject("strip", std::to_string(regions[i].id)), std::move(strips[i]));
    }
}

// Whoever is to have a region must know everybody in it before, to let their pages connect; it need
// not be a neighbour, nor have any region.
void Member::Impl::show_successors() {
    for (std::size_t place = 0; place < land.own().size(); ++place) {
        const Land::Region& region = land.own()[place];
        if (!region.leaves || region.successor.empty() || region.successor == self) continue;
        Strip strip{.region = region.id, .epoch = region.epoch, .tick = world.tick()};
        for (const sim::PlayerId id : owned) {
            const bool is_there = land.place_of(world.players()[id].at) == place;
            if (is_there && strip.players.size() < players_in_message_max) {
                strip.players.push_back(posed_of(id));
            }
        }
        publish(subject("to", region.successor), std::move(strip));
    }
}

void Member::Impl::tell_roll() {
    const auto parts = static_cast<std::uint16_t>(
        std::max<std::size_t>(1, (owned.size() + rows_in_part - 1) / rows_in_part));
    for (std::uint16_t part = 0; part < parts; ++part) {
        Roll roll{.tick = world.tick(), .part = part, .parts = parts, .rows = {}};
        const std::size_t first = part * rows_in_part;
        const std::size_t last = std::min(owned.size(), first + rows_in_part);
        for (std::size_t i = first; i < last; ++i) {
            const sim::PlayerId id = owned[i];
            const sim::Player& player = world.players()[id];
            Seat seat;
            if (!player.bot) seat = listener.seat_of(id);
            roll.rows.push_back({.player = id,
                                 .hop = abouts[id].hop,
                                 .generation = player.generation,
                                 .team = player.team,
                                 .bot = player.bot,
                                 .score = player.score,
                                 .kills = player.kills,
                                 .deaths = player.deaths,
                                 .captures = player.captures,
                                 .away = seat.lost_for_ms > 0,
                                 .name = std::string(world.name_of(id)),
                                 .party = std::move(seat.party)});
        }
        publish(subject("all", ""), std::move(roll));
    }
}

}  // namespace muster::mesh
