#include "muster/sim/world.hpp"

#include <algorithm>
#include <utility>

#include "muster/base/assert.hpp"
#include "name.hpp"
#include "world_state.hpp"

namespace muster::sim {

World::Impl::Impl(Map the_map, Rules the_rules, std::uint64_t seed)
    : map(std::move(the_map)),
      rules(the_rules),
      random(seed),
      projectiles_max(std::size_t{rules.players_max} * 16 + 256),
      wall_grid(map),
      grid(map.bounds, rules.players_max),
      history(rules.players_max) {
    MUSTER_ASSERT(rules.players_max > 0 && rules.players_max < no_player);
    MUSTER_ASSERT(!map.spawns.empty());
    players.resize(rules.players_max);
    backstage.resize(rules.players_max);
    inputs.resize(rules.players_max);
    names.resize(rules.players_max);
    present.reserve(rules.players_max);
    free_ids.resize(rules.players_max);
    for (std::size_t i = 0; i < free_ids.size(); ++i) free_ids[i] = static_cast<PlayerId>(i);
    free_count = free_ids.size();
    for (const WallSpec& spec : map.walls) walls.push_back({.health = spec.health});
    destroyed.reserve(walls.size());
    pickups.resize(map.pickups.size());
    if (rules.mode == Mode::capture_the_flag) {
        for (const Vec base : map.flag_bases) flags.push_back({.at = base});
    }
    projectiles.reserve(projectiles_max);
    spawns.resize(map.spawns.size());
    shots.reserve(rules.players_max);
    strikes.reserve(rules.players_max);
    events.reserve(events_max);
    pending.reserve(events_max);
}

Result<PlayerId> World::Impl::join(const JoinRequest& request) {
    if (request.id) {
        if (*request.id >= players.size()) {
            return fail(Errc::invalid_argument, "there is no such id in this world", "id");
        }
        if (players[*request.id].present) {
            return fail(Errc::conflict, "somebody has this id", "id");
        }
        take_id(*request.id);
    } else if (free_count == 0) {
        return fail(Errc::exhausted, "all places of this world are taken");
    }
    const PlayerId id = request.id ? *request.id : first_free_id();
    Player& player = players[id];
    const auto generation = static_cast<std::uint8_t>(player.generation + 1);
    player = Player{.generation = generation,
                    .present = true,
                    .bot = request.bot,
                    .respawn_at = tick,
                    .joined_at = tick};
    if (rules.mode != Mode::free_for_all) {
        player.team = request.team;
        if (player.team == Team::none) {
            std::array<std::size_t, 3> sizes{};
            for (const PlayerId other : present) {
                ++sizes[static_cast<std::size_t>(players[other].team)];
            }
            player.team = sizes[2] < sizes[1] ? Team::blue : Team::red;
        }
    }
    backstage[id] = {.match = match.number};
    inputs[id].clear();
    history.forget(id);
    if (border) border->ledgers[id] = {};
    names[id] = clean_name(request.name);
    if (names[id].empty()) names[id] = "Player " + std::to_string(id + 1);
    present.insert(std::ranges::lower_bound(present, id), id);
    emit({.kind = Event::Kind::joined, .team = player.team, .player = id});
    return id;
}

PlayerId World::Impl::first_free_id() {
    const PlayerId id = free_ids[free_first];
    free_first = (free_first + 1) % free_ids.size();
    --free_count;
    return id;
}

void World::Impl::leave(PlayerId id) {
    if (!is_own(id)) return;
    drop_flag(id);
    Player& player = players[id];
    emit({.kind = Event::Kind::left, .team = player.team, .player = id});
    for (Projectile& projectile : projectiles) {
        if (projectile.owner == id) projectile.owner = no_player;
    }
    player = Player{.generation = player.generation};
    inputs[id].clear();
    history.forget(id);
    present.erase(std::ranges::lower_bound(present, id));
    free_id(id);
}

void World::Impl::emit(const Event& event) {
    const std::size_t limit = is_for_everybody(event.kind) ? events_max : near_events_max;
    std::vector<Event>& list = stepping ? events : pending;
    if (list.size() < limit) list.push_back(event);
}

void World::Impl::step() {
    ++tick;
    stepping = true;
    if (border) border->forget_told();
    events.assign(pending.begin(), pending.end());
    pending.clear();
    play_match();
    return_walls();
    spawn_waiting();
    consume_inputs();
    grid.build(present, players);
    history.record(tick, present, players);
    carry_out_strikes();
    fly();
    carry_out_shots();
    play_pickups();
    play_flags();
    judge_match();
    if (border) border->tell();
    stepping = false;
}

World::World(Map map, Rules rules, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(std::move(map), rules, seed)) {}
World::~World() = default;
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;

Result<PlayerId> World::join(const JoinRequest& request) {
    auto id = impl_->join(request);
    if (id && request.id) impl_->recorder = nullptr;
    if (id && impl_->recorder != nullptr) impl_->recorder->joined(*id, request);
    return id;
}

void World::leave(PlayerId player) {
    if (impl_->recorder != nullptr) impl_->recorder->left(player);
    impl_->leave(player);
}

void World::submit(PlayerId player, const Input& input) {
    if (player >= impl_->players.size() || !impl_->players[player].present) return;
    Input known = input;
    known.buttons &= buttons_known;
    if (!impl_->inputs[player].push(known)) return;
    if (impl_->recorder != nullptr) impl_->recorder->input(player, known);
}

void World::step() {
    impl_->step();
    if (impl_->recorder != nullptr) impl_->recorder->stepped(*this);
}

void World::record_to(Recorder* recorder) {
    impl_->recorder = impl_->border ? nullptr : recorder;
}

Tick World::tick() const {
    return impl_->tick;
}
std::uint64_t World::hash() const {
    return impl_->hash();
}
const Map& World::map() const {
    return impl_->map;
}
const Rules& World::rules() const {
    return impl_->rules;
}
const Match& World::match() const {
    return impl_->match;
}
std::size_t World::players_present() const {
    return impl_->present.size();
}
std::size_t World::places_left() const {
    return impl_->free_count;
}
bool World::gives(PlayerId id) const {
    return impl_->gives(id);
}
std::span<const Player> World::players() const {
    return impl_->players;
}
std::span<const PlayerId> World::present() const {
    return impl_->present;
}
std::string_view World::name_of(PlayerId player) const {
    MUSTER_ASSERT(player < impl_->names.size());
    return impl_->names[player];
}
std::span<const Projectile> World::projectiles() const {
    return impl_->projectiles;
}
std::span<const Wall> World::walls() const {
    return impl_->walls;
}
std::span<const Pickup> World::pickups() const {
    return impl_->pickups;
}
std::span<const Flag> World::flags() const {
    return impl_->flags;
}
std::span<const Event> World::events() const {
    return impl_->events;
}
bool World::sees(Vec from, Vec to) const {
    return impl_->wall_grid.sees(from, to);
}
bool World::is_free(Vec at, Length radius) const {
    return impl_->wall_grid.is_free(at, radius);
}

std::size_t World::players_near(Vec at, Length radius, std::span<PlayerId> out) const {
    std::size_t count = 0;
    const Vec reach{radius, radius};
    const std::int64_t square = std::int64_t{radius} * radius;
    impl_->grid.each_in({at - reach, at + reach}, [&](const PlayerGrid::Entry& entry) {
        if (count == out.size() || distance_squared(at, entry.at) > square) return;
        if (impl_->players[entry.id].alive) out[count++] = entry.id;
    });
    return count;
}

}  // namespace muster::sim
