#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/event.hpp"
#include "muster/sim/fixed.hpp"
#include "muster/sim/input.hpp"
#include "muster/sim/map.hpp"
#include "muster/sim/rules.hpp"
#include "muster/sim/state.hpp"

/// The 2D shooter as a pure function of seed and inputs: no clock, no thread, no floating point.
namespace muster::sim {

struct JoinRequest {
    std::string
        name;  ///< UTF-8, cut to 24 characters; control characters are dropped; empty: "Player N"
    Team team = Team::none;  ///< none: the smaller one. Free-for-all has none.
    bool bot = false;
};

class Recorder;
struct Stage;

/// One match after another on one map. One thread. Everything allocates at construction and in
/// join(); step() never does.
class World {
  public:
    World(Map map, Rules rules, std::uint64_t seed);
    ~World();
    World(World&&) noexcept;
    World& operator=(World&&) noexcept;

    /// Takes effect at once: the player waits to be spawned by the next step(). `exhausted` when
    /// players_max are there.
    [[nodiscard]] Result<PlayerId> join(const JoinRequest& request);
    /// Drops what the player carries. Of the free ids the one that was left longest ago is given to
    /// the next who joins, so that what is still under way is not taken for somebody else; on a
    /// full world that may be at once, and the generation tells the two apart.
    void leave(PlayerId player);

    /// Queues an input, to be consumed by step() in the order of the sequences: one tick of the
    /// player's own time each, and no more of these than ticks have passed (up to 12 may be saved
    /// up, so a hurried clock gains nothing). Ignored: a player who is not there, a sequence that
    /// is not newer than the newest queued, more than 32 waiting (the oldest goes). Inputs are
    /// whole numbers and any is harmless.
    void submit(PlayerId player, const Input& input);

    /// Tells a recorder of all that happens from now on, which must be before the first join;
    /// nullptr: nobody. It must outlive the world or be taken away.
    void record_to(Recorder* recorder);

    /// One tick: inputs, movement, shots, hits, pickups, objectives, respawns, the match.
    void step();

    [[nodiscard]] Tick tick() const;  ///< how many steps were taken
    /// Of everything that the future depends on. Equal after equal inputs, on every build.
    [[nodiscard]] std::uint64_t hash() const;

    [[nodiscard]] const Map& map() const;
    [[nodiscard]] const Rules& rules() const;
    [[nodiscard]] const Match& match() const;
    [[nodiscard]] std::size_t players_present() const;
    /// Indexed by PlayerId; players_max of them, `present` says which are there.
    [[nodiscard]] std::span<const Player> players() const;
    /// The ids of those present, ascending.
    [[nodiscard]] std::span<const PlayerId> present() const;
    [[nodiscard]] std::string_view name_of(PlayerId player) const;
    [[nodiscard]] std::span<const Projectile> projectiles() const;
    [[nodiscard]] std::span<const Wall> walls() const;      ///< by the map's order
    [[nodiscard]] std::span<const Pickup> pickups() const;  ///< by the map's order
    [[nodiscard]] std::span<const Flag> flags() const;      ///< red's, blue's; empty but in CTF
    /// What the last step() did that can be seen, heard or told. At most 8,192 a tick; the least
    /// important (impacts) are dropped first.
    [[nodiscard]] std::span<const Event> events() const;

    /// Whether a straight line between two points meets no wall that stands. For bots and tests.
    [[nodiscard]] bool sees(Vec from, Vec to) const;
    /// Whether a circle of `radius` at `at` touches neither a standing wall nor the border.
    [[nodiscard]] bool is_free(Vec at, Length radius) const;
    /// Players within `radius` of `at`, written to `out` (as many as fit) in no particular order;
    /// how many were written. From the grid that step() left behind.
    std::size_t players_near(Vec at, Length radius, std::span<PlayerId> out) const;

  private:
    friend struct Stage;  // of the tests of this room: puts players where a scene needs them
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::sim
