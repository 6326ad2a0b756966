#include "translator.hpp"

#include <algorithm>
#include <numbers>

#include "game_generated.h"
#include "look.hpp"

namespace muster::sdk {
namespace {

constexpr float turn = 2 * std::numbers::pi_v<float>;
constexpr float exact_unit = 256;  // 1/256 units
// Between two snapshots; a server that sent more would be one that means harm.
constexpr std::size_t moments_max = 4'096;

struct ToldSnapshot final : Told<muster_client_snapshot> {
    ToldSnapshot() : Told(MUSTER_CLIENT_EVENT_SNAPSHOT) {}
    muster_client_self own{};
    std::vector<muster_client_entity> entities;
    std::vector<muster_client_shot> shots;
    std::vector<muster_client_effect> effects;
};

struct ToldWelcome final : Told<muster_client_welcome> {
    ToldWelcome() : Told(MUSTER_CLIENT_EVENT_WELCOME) {}
    std::vector<muster_client_wall> walls;
    std::vector<muster_client_pickup> pickups;
    std::vector<muster_client_flag> flags;
};

muster_client_self self_of(const protocol::Self& own) {
    muster_client_self out{};
    out.x = static_cast<float>(own.x()) / exact_unit;
    out.y = static_cast<float>(own.y()) / exact_unit;
    out.velocity_x = static_cast<float>(own.velocity_x()) / exact_unit;
    out.velocity_y = static_cast<float>(own.velocity_y()) / exact_unit;
    out.exact_x = own.x();
    out.exact_y = own.y();
    out.score = own.score();
    out.kills = own.kills();
    out.deaths = own.deaths();
    out.reload_ticks = own.reload_ticks();
    out.respawn_ticks = own.respawn_ticks();
    out.speed_ticks = own.speed_ticks();
    out.damage_ticks = own.damage_ticks();
    out.protected_ticks = own.protected_ticks();
    out.health = own.health();
    out.shield = own.shield();
    out.ammunition = own.ammunition();
    out.weapons = own.weapons();
    const Look look(own.look());
    out.weapon = look.weapon;
    out.team = look.team;
    out.state = look.state;
    out.flag = look.flag;
    return out;
}

void take_places(const protocol::Welcome& welcome, ToldWelcome& told) {
    if (const auto* walls = welcome.walls()) {
        for (const auto* one : *walls) {
            told.walls.push_back({one->x(),
                                  one->y(),
                                  one->width(),
                                  one->height(),
                                  one->health(),
                                  one->health_max(),
                                  one->destructible() ? std::uint8_t{1} : std::uint8_t{0},
                                  {}});
        }
    }
    if (const auto* pickups = welcome.pickups()) {
        for (const auto* one : *pickups) {
            told.pickups.push_back({one->x(), one->y(), static_cast<std::uint8_t>(one->kind()),
                                    static_cast<std::uint8_t>(one->weapon()),
                                    one->available() ? std::uint8_t{1} : std::uint8_t{0}, 0});
        }
    }
    if (const auto* flags = welcome.flags()) {
        for (const auto* one : *flags) told.flags.push_back(flag_of(*one));
    }
    told.what.walls = told.walls.data();
    told.what.wall_count = static_cast<std::uint32_t>(told.walls.size());
    told.what.pickups = told.pickups.data();
    told.what.pickup_count = static_cast<std::uint32_t>(told.pickups.size());
    told.what.flags = told.flags.data();
    told.what.flag_count = static_cast<std::uint32_t>(told.flags.size());
}

}  // namespace

muster_client_flag flag_of(const protocol::FlagState& flag) {
    return {flag.x(), flag.y(), flag.carrier(), static_cast<std::uint8_t>(flag.team()),
            static_cast<std::uint8_t>(flag.where())};
}

float Translator::x_of(std::uint16_t steps) const {
    return left_ + static_cast<float>(steps) * step_;
}

float Translator::y_of(std::uint16_t steps) const {
    return top_ + static_cast<float>(steps) * step_;
}

std::unique_ptr<Stored> Translator::welcome(const protocol::Welcome& welcome, std::uint32_t why,
                                            const std::string& server) {
    left_ = welcome.left();
    top_ = welcome.top();
    step_ = welcome.step();
    shots_.clear();
    effects_.clear();
    fired_ = {};
    auto told = std::make_unique<ToldWelcome>();
    auto& what = told->what;
    what.why = why;
    what.player = welcome.player();
    what.generation = welcome.generation();
    what.team = static_cast<std::uint8_t>(welcome.team());
    what.tick = welcome.tick();
    what.tick_rate = welcome.tick_rate();
    what.snapshot_rate = welcome.snapshot_rate();
    what.mode = static_cast<std::uint8_t>(welcome.mode());
    what.world = told->keep(welcome.world()->string_view());
    what.name = told->keep(welcome.name()->string_view());
    what.map =
        told->keep(welcome.map() != nullptr ? welcome.map()->string_view() : std::string_view{});
    what.server = told->keep(server);
    what.left = left_;
    what.top = top_;
    what.width = welcome.width();
    what.height = welcome.height();
    what.view = welcome.view();
    take_places(welcome, *told);
    return told;
}

void Translator::take_moments(const protocol::Snapshot& snapshot) {
    const auto tick = snapshot.tick();
    if (const auto* shots = snapshot.shots()) {
        for (const auto* one : *shots) {
            auto& last = fired_[one->id() % fired_.size()];
            const auto fired = tick - one->ago();
            if (last.tick == fired && last.id == one->id()) continue;
            if (shots_.size() >= moments_max) break;
            last = {one->id(), fired};
            const auto look = one->look();
            shots_.push_back({fired, one->id(), one->owner(), x_of(one->x()), y_of(one->y()),
                              static_cast<float>(one->velocity_x()) / exact_unit,
                              static_cast<float>(one->velocity_y()) / exact_unit,
                              static_cast<std::uint8_t>(look & 7U),
                              static_cast<std::uint8_t>(look >> 3U & 3U),
                              static_cast<std::uint8_t>(look >> 5U & 1U), 0});
        }
    }
    if (const auto* effects = snapshot.effects()) {
        for (const auto* one : *effects) {
            if (effects_.size() >= moments_max) break;
            effects_.push_back({tick - one->ago(),
                                x_of(one->x()),
                                y_of(one->y()),
                                one->player(),
                                one->other(),
                                one->index(),
                                static_cast<std::uint8_t>(one->kind()),
                                static_cast<std::uint8_t>(one->weapon()),
                                one->value(),
                                {}});
        }
    }
}

void Translator::late(const protocol::Snapshot& snapshot) {
    if (step_ > 0) take_moments(snapshot);
}

std::unique_ptr<Stored> Translator::snapshot(const protocol::Snapshot& snapshot,
                                             const replication::Mirror& mirror,
                                             std::uint32_t sent) {
    if (!mirror.welcomed()) return nullptr;
    take_moments(snapshot);
    auto told = std::make_unique<ToldSnapshot>();
    auto& what = told->what;
    what.tick = snapshot.tick();
    what.acknowledged = snapshot.acknowledged();
    what.sent = sent;
    if (const auto* own = snapshot.own()) {
        told->own = self_of(*own);
        what.own = &told->own;
    }
    told->entities.reserve(mirror.seen().size());
    for (const auto& [record, at] : mirror.seen()) {
        const Look look(record.look);
        told->entities.push_back({at, record.id, look.generation, look.team, x_of(record.x),
                                  y_of(record.y), static_cast<float>(record.velocity_x) / 16,
                                  static_cast<float>(record.velocity_y) / 16,
                                  static_cast<float>(record.aim) / 256 * turn, record.health,
                                  look.weapon, look.state, look.flag});
    }
    told->shots = std::exchange(shots_, {});
    told->effects = std::exchange(effects_, {});
    what.entities = told->entities.data();
    what.entity_count = static_cast<std::uint32_t>(told->entities.size());
    what.shots = told->shots.data();
    what.shot_count = static_cast<std::uint32_t>(told->shots.size());
    what.effects = told->effects.data();
    what.effect_count = static_cast<std::uint32_t>(told->effects.size());
    return told;
}

}  // namespace muster::sdk
