#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/input.hpp"
#include "muster/sim/state.hpp"

/// What passes between several Worlds that compute one world together: all with the same map,
/// rules and ids, each deciding on its own players and regions
/// (docs/adr/0005-one-world-on-many-servers.md). Their ticks differ: every time in here is so many
/// ticks from now, never a tick.
namespace muster::sim {

class World;

/// From now until then, 0 when that has passed: how times cross a border.
[[nodiscard]] constexpr Tick ticks_left(Tick now, Tick until) {
    return until > now ? until - now : 0;
}

/// Which part of the world a World computes.
struct Part {
    /// Names this World in what it claims. Another one for each process that ever was part of the
    /// world, for its numbers begin at 1.
    std::uint32_t origin = 0;
    /// Decides on the walls and pickups whose middles lie within (the high sides excluded). Empty:
    /// on everything, and alone. Otherwise a match goes on even when nobody is here.
    std::vector<Box> regions{};
    /// Whether it decides on phases, the teams' scores and flags; else it is told (set_match,
    /// set_flag) and claims.
    bool decides_match = true;
    /// The ids of its projectiles leave this rest when divided by `projectile_stride`, a power of
    /// two up to 1,024, so that the 16 bits that clients know them by tell worlds apart.
    std::uint16_t projectile_rest = 0;
    std::uint16_t projectile_stride = 1;
};

/// What a ghost's owner says of it.
struct Pose {
    Vec at{};
    Vec velocity{};
    Angle aim = 0;
    Team team = Team::none;
    Weapon weapon = Weapon::pistol;
    std::uint8_t generation = 0;
    bool alive = false;
    bool bot = false;
    std::uint8_t health = 0;
    std::uint8_t shield = 0;
    Team carries = Team::none;
    std::uint16_t life = 0;
    Tick protected_for = 0;
    Tick fast_for = 0;
    Tick strong_for = 0;
    std::int32_t score = 0;
    std::uint16_t kills = 0;
    std::uint16_t deaths = 0;
    std::uint16_t captures = 0;
    std::string_view name{};  ///< needed when the ghost is new here; empty: as it was
};
/// Of a player who is present. `name` is valid as long as name_of()'s.
[[nodiscard]] Pose pose_of(const World& world, PlayerId player);

/// Something that a World's own player did to what another World decides on. Goes to that one,
/// which judges it; repeated until there is a verdict.
struct Claim {
    enum class Kind : std::uint8_t {
        hit,      ///< `player` hit `victim`: to the victim's owner
        wall,     ///< `player` hit wall `index`: to its region
        pickup,   ///< `player` touches pickup `index` and can use it: to its region
        point,    ///< for `team`: to who decides the match, as are all that follow
        take,     ///< `player` touches the flag of `index` (0: red) and would take it,
        restore,  ///< or bring it back,
        drop,     ///< or dropped it at `at`,
        capture,  ///< or has brought it home
    };
    std::uint32_t origin = 0;
    std::uint32_t number = 0;  ///< of the origin's; never used again
    Kind kind = Kind::hit;
    PlayerId player = no_player;  ///< no_player: somebody who has left
    std::uint8_t generation = 0;  ///< of `player`
    Team team = Team::none;       ///< of `player`
    PlayerId victim = no_player;
    std::uint8_t victim_generation = 0;
    std::uint16_t life = 0;  ///< the victim's: who was spawned again is not hurt by what came late
    Weapon weapon = Weapon::pistol;
    std::uint16_t damage = 0;  ///< with the shooter's boost
    std::uint16_t index = 0;
    std::uint32_t projectile = 0;  ///< that ended there; 0: melee
    std::uint32_t match = 0;       ///< the number of the match it was made in
    Vec at{};
    Tick tick = 0;  ///< the origin's; for people who read logs
};

/// The answer to a claim, to be taken to `origin`, and from there to whoever owns `player` by then.
struct Verdict {
    std::uint32_t origin = 0;
    std::uint32_t number = 0;
    Claim::Kind kind = Claim::Kind::hit;
    PlayerId player = no_player;
    std::uint8_t generation = 0;
    PlayerId victim = no_player;
    Team victim_team = Team::none;
    Weapon weapon = Weapon::pistol;
    std::uint16_t damage = 0;  ///< done
    bool granted = false;      ///< of a hit: the victim was killed by it
    bool carried = false;      ///< the killed one carried a flag
    std::uint16_t index = 0;
    std::uint32_t match = 0;
    bool operator==(const Verdict&) const = default;
};

/// What a World did with a verdict.
enum class Settled : std::uint8_t {
    counted,    ///< or there was nothing to count
    repeated,   ///< it was counted before
    elsewhere,  ///< `player` is not this World's (any more): give it to the one whose it is
};

/// A player on its way from one owner to the next: all that its future depends on.
struct Record {
    /// One that was judged or counted, to know it when it is repeated.
    struct Known {
        std::uint32_t origin = 0;
        std::uint32_t number = 0;
        std::uint16_t damage = 0;
        bool killed = false;
        bool carried = false;
        bool operator==(const Known&) const = default;
    };
    static constexpr std::size_t judged_max = 128;
    static constexpr std::size_t counted_max = 32;
    static constexpr std::size_t bytes_max = 4'096;

    PlayerId id = no_player;
    /// Its Ticks are ticks left until then; of `joined_at` the ticks since.
    Player player;
    std::string name{};
    std::uint32_t match = 0;  ///< the number of the match that its scores and belongings are of
    Tick spawned_ago = 0;
    Vec died_at{};
    bool has_died = false;
    std::uint8_t credits = 0;        ///< inputs that it may have consumed at once
    std::uint32_t newest_input = 0;  ///< the sequence of the newest that came
    std::vector<Input> inputs{};     ///< that wait; `seen` is ticks ago, 0: now
    std::vector<Known> judged{};     ///< hits on it, the oldest first
    std::vector<Known> counted{};    ///< kills and finds of it, the oldest first

    /// At most `bytes_max` bytes; docs/formats/player-record.md.
    [[nodiscard]] std::vector<std::byte> encode() const;
    /// `invalid_argument` with the field for anything that no World could have given away, and
    /// `unsupported` for another version. What depends on map and rules is for World::adopt().
    [[nodiscard]] static Result<Record> decode(std::span<const std::byte> bytes);
};

}  // namespace muster::sim
