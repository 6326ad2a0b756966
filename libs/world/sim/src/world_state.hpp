#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "border_state.hpp"
#include "input_queue.hpp"
#include "muster/sim/recording.hpp"
#include "muster/sim/world.hpp"
#include "player_grid.hpp"
#include "wall_grid.hpp"

namespace muster::sim {

inline constexpr std::size_t events_max = 8192;
/// Of these, so many may be what is only seen or heard nearby; the rest is kept for what is told.
inline constexpr std::size_t near_events_max = 6144;
inline constexpr Length touch_radius = 25 * unit;
inline constexpr std::int32_t kill_score = 100;
inline constexpr std::int32_t capture_score = 100;
inline constexpr std::int32_t team_kill_score = -200;
inline constexpr Tick boost_length = 10 * tick_rate;
/// No time that passes between worlds is longer: 77 hours.
inline constexpr Tick record_ticks_max = 1 << 24;

/// Where everybody was after each of the last ticks, for judging shots by what the shooter saw.
class History {
  public:
    static constexpr std::size_t ticks = 16;
    static_assert(rewind_max < ticks);
    static constexpr Vec nowhere{-(1 << 28), -(1 << 28)};

    explicit History(std::size_t players_max) {
        for (std::vector<Vec>& at : at_) at.assign(players_max, nowhere);
    }
    void record(Tick tick, std::span<const PlayerId> present, std::span<const Player> players) {
        std::vector<Vec>& at = at_[tick % ticks];
        for (const PlayerId id : present) at[id] = players[id].alive ? players[id].at : nowhere;
    }
    [[nodiscard]] Vec at(Tick tick, PlayerId id) const { return at_[tick % ticks][id]; }
    void forget(PlayerId id) {
        for (std::vector<Vec>& at : at_) at[id] = nowhere;
    }

  private:
    std::array<std::vector<Vec>, ticks> at_;
};

/// What is known of a player that nobody outside has to see.
struct Backstage {
    Tick spawned_at = 0;
    Vec died_at{};
    bool has_died = false;
    std::uint32_t match = 0;  ///< the number of the match that it has begun
};

/// A shot or a strike of this tick: asked for while inputs are consumed, carried out when everybody
/// has moved.
struct Attack {
    PlayerId player = no_player;
    Weapon weapon = Weapon::pistol;
    bool boosted = false;
    Angle aim = 0;
    Vec at{};
    Tick rewind = 0;  ///< ticks back to what the attacker saw
};

/// How near the enemies are to a spawn, looked up now and then.
struct SpawnWatch {
    Tick used_at = 0;
    Tick looked_at = 0;
    bool used = false;
    bool looked = false;
    /// Distance in units of the nearest of no team, red, blue; at most `danger_range`.
    std::array<std::int32_t, 3> nearest{};
};

struct World::Impl {
    Impl(Map the_map, Rules the_rules, std::uint64_t seed);

    // world.cpp
    Result<PlayerId> join(const JoinRequest& request);
    void leave(PlayerId id);
    [[nodiscard]] PlayerId first_free_id();
    void step();
    void emit(const Event& event);
    [[nodiscard]] std::uint64_t hash() const;
    [[nodiscard]] bool playing() const { return match.phase == Match::Phase::active; }

    // players.cpp
    void consume_inputs();
    void act(PlayerId id, const Input& input);
    void move(Player& player, const Input& input);

    // weapons.cpp
    void handle_weapon(PlayerId id, const Input& input);
    void select_slot(Player& player, std::uint8_t slot);
    void finish_reload(PlayerId id);
    void strike(PlayerId id, const Input& input);
    void carry_out_strikes();
    [[nodiscard]] Tick rewind_of(const Input& input) const;

    // projectiles.cpp
    void fly();
    void carry_out_shots();
    void launch(const Attack& shot, Angle direction);
    /// One stretch of the way, `rewind` ticks back; false when it ended there.
    bool advance(Projectile& projectile, Vec step, Tick rewind);
    struct Meeting {
        Moment moment = moment_never;
        PlayerId player = no_player;
    };
    [[nodiscard]] Meeting first_player(const Projectile& projectile, Vec step, Tick rewind) const;
    void hit_wall(const Projectile& projectile, std::uint16_t wall, Vec at);

    // combat.cpp
    void hurt(PlayerId victim, PlayerId attacker, Weapon weapon, std::uint32_t damage,
              std::uint32_t projectile, Vec at);
    /// What a hit takes of a living one; how much it did.
    std::uint32_t harm(PlayerId victim, PlayerId attacker, Weapon weapon, std::uint32_t damage,
                       std::uint32_t projectile, Vec at);
    void kill(PlayerId victim, PlayerId killer, Weapon weapon);
    /// The victim's side of a kill; whether it carried a flag.
    bool fall(PlayerId victim, PlayerId killer, Weapon weapon);
    /// The killer's side.
    void reward(PlayerId killer, Team victim_team, bool carried, Weapon weapon);
    void score_for(Team team);

    // walls.cpp
    void damage_wall(std::uint16_t wall, std::uint32_t damage);
    void return_walls();
    [[nodiscard]] bool is_occupied(const Box& box) const;

    // objectives.cpp
    void play_flags();
    void take_flag(Flag& flag, PlayerId player);
    void drop_flag(PlayerId carrier);
    void return_flag(Flag& flag, PlayerId by);
    void try_capture(Flag& flag);
    [[nodiscard]] Team team_of(const Flag& flag) const;
    /// Who of those that touch it and may do something with it is nearest; at the same distance an
    /// owner, then the lower id.
    [[nodiscard]] PlayerId nearest_to(const Flag& flag) const;

    // pickups.cpp
    void play_pickups();
    [[nodiscard]] bool wants(const Player& player, const PickupSpec& spec) const;
    void give(Player& player, const PickupSpec& spec);
    void take_pickup(std::uint16_t index, PlayerId taker, Team team);

    // spawning.cpp
    /// The map's, then those of find_places().
    [[nodiscard]] const SpawnSpec& spawn_at(std::size_t index) const {
        return index < map.spawns.size() ? map.spawns[index]
                                         : border->places[index - map.spawns.size()];
    }
    [[nodiscard]] bool may_spawn_at(std::size_t index) const {
        return !border || index >= border->own_spawns.size() || border->own_spawns[index] != 0;
    }
    [[nodiscard]] bool may_spawn_at(Vec at) const {
        return !border || border->part.regions.empty() || lies_in(border->part.regions, at);
    }
    void find_places();
    [[nodiscard]] std::vector<Vec> free_places() const;
    void spawn_waiting();
    void spawn(PlayerId id);
    void look_round(std::size_t spawn_index);
    [[nodiscard]] std::int64_t rating(std::size_t spawn_index, PlayerId id) const;
    [[nodiscard]] std::size_t choose_spawn(PlayerId id);

    // match.cpp
    void play_match();
    void start_match();
    void begin_anew();  ///< all but the match itself
    void begin_anew(PlayerId id);
    void end_match();
    void judge_match();
    [[nodiscard]] bool is_decided() const;

    // ghosts.cpp
    Border& one_of_several();
    [[nodiscard]] bool is_own(PlayerId id) const {
        return id < players.size() && players[id].present && !players[id].ghost;
    }
    [[nodiscard]] bool decides_match() const { return !border || border->part.decides_match; }
    [[nodiscard]] bool decides_wall(std::size_t wall) const {
        return !border || border->own_walls.empty() || border->own_walls[wall] != 0;
    }
    [[nodiscard]] bool decides_pickup(std::size_t pickup) const {
        return !border || border->own_pickups.empty() || border->own_pickups[pickup] != 0;
    }
    [[nodiscard]] bool is_deserted() const {
        return present.empty() && (!border || border->part.regions.empty());
    }
    Result<void> set_part(const Part& part);
    Result<void> lend_ids(PlayerId first, std::size_t count);
    [[nodiscard]] bool gives(PlayerId id) const {
        return id < players.size() && (!border || !border->ids_are_lent || border->lent[id]);
    }
    void take_id(PlayerId id);
    void free_id(PlayerId id);
    Result<void> check(const Pose& pose) const;
    Result<void> pose(PlayerId id, const Pose& pose);
    void dispel(PlayerId id);
    Result<void> show(const Event& event);

    // record.cpp
    [[nodiscard]] Result<Record> copy(PlayerId id) const;
    Result<Record> release(PlayerId id);
    Result<void> check(const Record& record) const;
    Result<void> adopt(const Record& record, Tick underway);
    void settle_in(PlayerId id);
    void agree_on_flags(PlayerId id);
    [[nodiscard]] std::optional<Vec> free_place_near(Vec at) const;

    // claims.cpp
    void claim(Claim claim);
    void claim_hit(PlayerId victim, PlayerId attacker, Weapon weapon, std::uint32_t damage,
                   std::uint32_t projectile, Vec at);
    void claim_pickup(std::uint16_t index, PlayerId taker);
    void claim_flag(Claim::Kind kind, const Flag& flag, PlayerId player);
    /// Says to the killer's owner that its shot killed.
    void tell_kill(PlayerId killer, PlayerId victim, bool carried, Weapon weapon);
    Result<void> check(const Claim& claim) const;
    Result<Verdict> judge(const Claim& claim);
    Result<Verdict> judge_hit(const Claim& claim, Verdict verdict);
    [[nodiscard]] bool grant(const Claim& claim);
    [[nodiscard]] bool grant_flag(const Claim& claim);
    Window& window_of(std::uint32_t origin);
    Result<Settled> settle(const Verdict& verdict);

    // follow.cpp
    Result<void> set_wall(std::uint16_t wall, std::uint16_t health, Tick returns_in);
    Result<void> set_pickup(std::uint16_t pickup, bool available, Tick returns_in);
    Result<void> set_match(const Match& match);
    Result<void> set_flag(Team team, const Flag& flag);

    Map map;
    Rules rules;
    Random random;
    Tick tick = 0;
    Match match;
    std::vector<Player> players;
    std::vector<Backstage> backstage;
    std::vector<InputQueue> inputs;
    std::vector<std::string> names;
    std::vector<PlayerId> present;   ///< ascending
    std::vector<PlayerId> free_ids;  ///< a ring: the one that left longest ago is given first
    std::size_t free_first = 0;
    std::size_t free_count = 0;
    std::vector<Wall> walls;
    std::vector<std::uint16_t> destroyed;  ///< in the order of their end
    std::vector<Pickup> pickups;
    std::vector<Flag> flags;
    std::vector<Projectile> projectiles;
    std::size_t projectiles_max;
    std::uint32_t next_projectile = 1;
    std::vector<SpawnWatch> spawns;
    std::vector<Attack> shots;
    std::vector<Attack> strikes;
    std::vector<Event> events;
    std::vector<Event> pending;  ///< of joins and leaves since the last step
    bool stepping = false;
    WallGrid wall_grid;
    PlayerGrid grid;
    History history;
    Recorder* recorder = nullptr;
    std::unique_ptr<Border> border;  ///< null: alone
};

}  // namespace muster::sim
