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
    /// UTF-8, cut to 24 characters; control characters are dropped; empty: "Player N".
    std::string name{};
    Team team = Team::none;  ///< none: the smaller one. Free-for-all has none.
    bool bot = false;
    /// Which id; none: the one that was left longest ago.
    std::optional<PlayerId> id = std::nullopt;
};

class Recorder;
struct Stage;
// border.hpp
struct Part;
struct Pose;
struct Record;
struct Claim;
struct Verdict;
enum class Settled : std::uint8_t;

/// One match after another on one map. One thread. Everything allocates at construction and in
/// join(), and in what the second half is for; step() never does.
///
/// Alone, or one of several that compute one world together: see "One of several" below.
class World {
  public:
    World(Map map, Rules rules, std::uint64_t seed);
    ~World();
    World(World&&) noexcept;
    World& operator=(World&&) noexcept;

    /// Takes effect at once: the player waits to be spawned by the next step(). `exhausted` when
    /// players_max are there; with a wanted id `conflict` when somebody has it here, and
    /// `invalid_argument` when it is none.
    [[nodiscard]] Result<PlayerId> join(const JoinRequest& request);
    /// Drops what the player carries; does nothing to a ghost. Of the free ids the one that was
    /// left longest ago is given to the next who joins, so that what is still under way is not
    /// taken for somebody else; on a full world that may be at once, and the generation tells the
    /// two apart.
    void leave(PlayerId player);

    /// Queues an input, to be consumed by step() in the order of the sequences: one tick of the
    /// player's own time each, and no more of these than ticks have passed (up to 12 may be saved
    /// up, so a hurried clock gains nothing). Ignored: a player who is not there, a sequence that
    /// is not newer than the newest queued, more than 32 waiting (the oldest goes). Inputs are
    /// whole numbers and any is harmless. A ghost's wait for its adoption.
    void submit(PlayerId player, const Input& input);

    /// Tells a recorder of all that happens from now on, which must be before the first join;
    /// nullptr: nobody. It must outlive the world or be taken away. Only a world that is alone is
    /// recorded: the first call of "One of several", and a join with a wanted id, end a recording.
    void record_to(Recorder* recorder);

    // One of several. Each player is owned by one World and may be a ghost in others: present,
    // seen, in the way of shots, but never moved, spawned, hurt or scored for there. What is done
    // to a ghost, or to a wall or pickup of another's region, is claimed. All these calls stand
    // between two steps; what they make known is in the next step's events. Errors change nothing,
    // and any value is harmless. The state is still a pure function of the calls.

    /// May be called again, when regions move. Own players are spawned only within them: at the
    /// map's spawns, or, when none is for a team, at free places that are looked for here, which
    /// may take as long as generating the map. `invalid_argument` for a stride or rest that is
    /// none, and for a region that is empty.
    [[nodiscard]] Result<void> set_part(const Part& part);
    /// From the first of these on, join() without an id gives only ids that were lent here. One
    /// that is left here can be given again; one that was released is gone until it is lent anew.
    /// Those in use here are passed by. `invalid_argument` beyond players_max.
    [[nodiscard]] Result<void> lend_ids(PlayerId first, std::size_t count);

    /// Takes an own player out, for adopt() elsewhere. A ghost stays where it stood, so that nobody
    /// sees it blink, until it is posed or dispelled; what it fired flies on here. `not_found` when
    /// it is not an own one.
    [[nodiscard]] Result<Record> release(PlayerId player);
    /// What release() would give, but nothing changes: for who would go on with the player if this
    /// World ended.
    [[nodiscard]] Result<Record> copy(PlayerId player) const;
    /// Puts a player in who goes on as if nothing had happened; the inputs that waited as a ghost's
    /// follow those of the record. Who would stand in a wall, for walls may differ for a moment, is
    /// put beside it, or spawned anew; one of an earlier match begins as after its end. `underway`:
    /// for how many ticks nobody consumed its inputs; so many more it may have consumed at once.
    /// `conflict` when it is an own one already, or the ghost is another generation's;
    /// `invalid_argument` for what no World with this map and these rules gives away.
    [[nodiscard]] Result<void> adopt(const Record& record, Tick underway = 0);
    /// Creates or updates a ghost. Does not tell that it joined: it did so where it did. `conflict`
    /// for an own player, `invalid_argument` with the field.
    [[nodiscard]] Result<void> pose(PlayerId player, const Pose& pose);
    /// Takes a ghost away; does nothing to an own player.
    void dispel(PlayerId player);

    /// Of the last step, each to be carried to who decides. At most 4,096.
    [[nodiscard]] std::span<const Claim> claims() const;
    /// Of the last step: what became of shots whose shooter was released since. At most 1,024.
    [[nodiscard]] std::span<const Verdict> verdicts() const;
    /// Decides on a claim as on a hit of here, and gives the same verdict again when it is
    /// repeated. `not_found` when somebody else decides on it.
    [[nodiscard]] Result<Verdict> judge(const Claim& claim);
    /// Counts what a verdict brings its player: the kill, the scores, the pickup. Once.
    [[nodiscard]] Result<Settled> settle(const Verdict& verdict);
    /// Adds what happened elsewhere to the next step's events, for replication. What own players
    /// did by themselves (shots, strikes, spawns) is to be shown elsewhere, and all that is for
    /// everybody; not what judge() shows at the victim's owner as step() does at the shooter's.
    [[nodiscard]] Result<void> show(const Event& event);

    /// What the owner says of a wall: its health, or, at 0, in how many ticks it returns.
    /// `conflict` when it is this World's, and when an own player stands where it would return: say
    /// it again later.
    [[nodiscard]] Result<void> set_wall(std::uint16_t wall, std::uint16_t health, Tick returns_in);
    [[nodiscard]] Result<void> set_pickup(std::uint16_t pickup, bool available, Tick returns_in);
    /// Times are ticks from now. A new number begins a match for all own players. `conflict` when
    /// this World decides on it.
    [[nodiscard]] Result<void> set_match(const Match& match);
    [[nodiscard]] Result<void> set_flag(Team team, const Flag& flag);

    /// One tick: inputs, movement, shots, hits, pickups, objectives, respawns, the match.
    void step();

    [[nodiscard]] Tick tick() const;  ///< how many steps were taken
    /// Of everything that the future depends on. Equal after equal inputs, on every build.
    [[nodiscard]] std::uint64_t hash() const;

    [[nodiscard]] const Map& map() const;
    [[nodiscard]] const Rules& rules() const;
    [[nodiscard]] const Match& match() const;
    [[nodiscard]] std::size_t players_present() const;
    /// How many may join() without saying which id; with lend_ids() no more than were lent.
    [[nodiscard]] std::size_t places_left() const;
    /// Whether this id is given again here once it is free.
    [[nodiscard]] bool gives(PlayerId id) const;
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
