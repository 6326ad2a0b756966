#include "crowd.hpp"

#include <algorithm>

namespace muster::bots {
namespace {

// Field cells computed a tick: about 40 ns each. A large map has many more fields in use, and as
// many more bots to spread them over.
constexpr std::uint32_t field_budget_min = 1500;
constexpr std::uint32_t field_budget_max = 6000;
constexpr std::uint32_t field_budget_share = 16;
// Walls looked at a tick, and how many changes one tick takes in: a long wall's is 60 cells.
constexpr std::size_t walls_seen = 64;
constexpr std::size_t wall_changes_max = 4;
constexpr sim::Tick cool_every = 128;

}  // namespace

Crowd::Crowd(sim::World& world, Options options, std::uint64_t seed)
    : world_(world),
      options_(options),
      random_(seed),
      grid_(world.map()),
      fields_(grid_),
      atlas_(world.map(), grid_, fields_),
      scene_{.world = world,
             .grid = grid_,
             .fields = fields_,
             .atlas = atlas_,
             .random = random_,
             .skill = std::min<std::uint8_t>(options.skill, 100),
             .players = {},
             .pickups = {},
             .flags = {}} {
    minds_.reserve(world.rules().players_max);
    is_own_.resize(world.rules().players_max);
    const auto& walls = world.map().walls;
    for (std::size_t i = 0; i < walls.size(); ++i) {
        if (walls[i].destructible) destructible_.push_back(static_cast<std::uint16_t>(i));
    }
    field_budget_ =
        std::clamp(grid_.size() / field_budget_share, field_budget_min, field_budget_max);
    next_name_ = random_.below(72);
}

void Crowd::think() {
    keep_population();
    scene_.tick = world_.tick();
    scene_.mode = world_.rules().mode;
    scene_.players = world_.players();
    scene_.pickups = world_.pickups();
    scene_.flags = world_.flags();
    see_walls();
    see_flags();
    if (scene_.tick % cool_every == 0) atlas_.cool();
    fields_.work(scene_.tick, field_budget_);
    for (Mind& mind : minds_) think_of(mind);
}

void Crowd::see_walls() {
    const auto walls = world_.walls();
    std::size_t changes = 0;
    for (std::size_t i = 0; i < std::min(walls_seen, destructible_.size()); ++i) {
        const std::uint16_t wall = destructible_[next_wall_];
        const bool standing = walls[wall].health > 0;
        if (standing != grid_.is_standing(wall)) {
            if (++changes > wall_changes_max) return;
            grid_.set_standing(wall, standing);
        }
        next_wall_ = (next_wall_ + 1) % destructible_.size();
    }
}

void Crowd::see_flags() {
    if (scene_.flags.size() < 2) return;
    fields_.move(atlas_.flag(sim::Team::red), scene_.flags[0].at);
    fields_.move(atlas_.flag(sim::Team::blue), scene_.flags[1].at);
}

void Crowd::think_of(Mind& mind) {
    const sim::Player& me = scene_.players[mind.id];
    sim::Input input;
    input.sequence = ++mind.sequence;
    if (!me.alive) {
        mind.alive = false;
        input.aim = me.aim;
        world_.submit(mind.id, input);
        return;
    }
    const sim::Tick turn = scene_.tick + mind.id;
    if (!mind.alive) {
        const Mind old = mind;
        mind = Mind{};
        mind.id = old.id;
        mind.generation = old.generation;
        mind.sequence = old.sequence;
        mind.alive = true;
        mind.look_radius = 300 * sim::unit;
        mind.anchor = mind.wide_anchor = me.at;
        mind.anchor_at = mind.wide_anchor_at = scene_.tick;
    }
    if (turn % look_every == 0) look(scene_, mind, me);
    if (turn % decide_every == 4 || mind.goal == no_goal) decide(scene_, mind, me);
    input.buttons = steer(scene_, mind, me);
    fight(scene_, mind, me, input);
    world_.submit(mind.id, input);
}

}  // namespace muster::bots
