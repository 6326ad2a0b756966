#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/border.hpp"
#include "muster/sim/event.hpp"
#include "muster/sim/world.hpp"

/// What the servers of one world say to each other over the bus, as values and as bytes
/// (schemas/mesh.fbs). Nothing here is trusted until decode() has looked at it: what it gives back
/// is within the limits below and harmless to any World. Times are ticks from now, as in
/// border.hpp.
namespace muster::mesh {

inline constexpr std::size_t message_bytes_max = 256U << 10U;
inline constexpr std::size_t server_bytes_max = 64;  ///< [A-Za-z0-9_-]+, a token of the bus
inline constexpr std::size_t players_in_message_max = 4'096;
inline constexpr std::size_t letters_in_message_max = 1'024;
inline constexpr std::size_t sdp_bytes_max = 16U << 10U;
inline constexpr std::size_t talk_bytes_max = 4U << 10U;
inline constexpr std::size_t party_bytes_max = 16;

/// Whether it can be the code of a party: [A-Za-z0-9-]+, at most `party_bytes_max`.
[[nodiscard]] bool is_party(std::string_view text);

/// How often a player has changed owners: of two who say something of one player of one generation
/// the greater is right.
using Hop = std::uint32_t;

// ---- State: only the newest counts, and what is lost is said again.

struct Posed {
    sim::PlayerId player = sim::no_player;
    Hop hop = 0;
    sim::Pose pose{};    ///< its `name` is unused
    std::string name{};  ///< said now and then; empty: as it was
};
struct WallNow {
    std::uint16_t wall = 0;
    std::uint16_t health = 0;
    sim::Tick returns_in = 0;
};
struct PickupNow {
    std::uint16_t pickup = 0;
    bool available = false;
    sim::Tick returns_in = 0;
};
/// Of one region, to who is within sight of it: the players near its border, the walls and pickups
/// that changed, and what could be seen or heard since the strip before.
struct Strip {
    std::uint64_t region = 0;
    std::uint64_t epoch = 0;
    sim::Tick tick = 0;  ///< the sender's; grows
    std::vector<Posed> players{};
    std::vector<WallNow> walls{};
    std::vector<PickupNow> pickups{};
    std::vector<sim::Event> events{};
};
/// All players of a server, twice a second, to all: names, scores, and who owns whom. In parts.
struct Roll {
    struct Row {
        sim::PlayerId player = sim::no_player;
        Hop hop = 0;
        std::uint8_t generation = 0;
        sim::Team team = sim::Team::none;
        bool bot = false;
        std::int32_t score = 0;
        std::uint16_t kills = 0, deaths = 0, captures = 0;
        bool away = false;  ///< a person whose page is not connected now
        std::string name{};
        std::string party{};  ///< the code; empty: in none
    };
    sim::Tick tick = 0;
    std::uint16_t part = 0, parts = 1;
    std::vector<Row> rows{};
};
/// What the world is like: from each server the walls and pickups of its regions that are not as at
/// first, once a second; and from the one that decides the match, when it changes and four times a
/// second, the match and the flags.
struct Standing {
    sim::Tick tick = 0;
    std::uint64_t epoch = 0;  ///< of the region that decides the match; 0: says nothing of it
    sim::Match match{};
    std::vector<sim::Flag> flags{};
    std::vector<WallNow> walls{};
    std::vector<PickupNow> pickups{};
};

/// What the host needs to know of a player's session to go on with it elsewhere.
struct Seat {
    bool is_bot = false;
    std::string ticket_hash{};      ///< of the ticket that resumes it; empty: none yet
    std::string previous_hash{};    ///< the one before
    std::uint32_t lost_for_ms = 0;  ///< its page is not connected since; 0: it is
    std::string party{};            ///< the code; empty: in none
};
/// A player under way, or a copy of one.
struct Traveller {
    Hop hop = 0;                      ///< of the owner that this makes
    std::vector<std::byte> record{};  ///< sim::Record::encode()
    Seat seat{};
    /// In a copy: it has gone on, and perhaps has not come yet. To be gone on with only when nobody
    /// says that it is there.
    bool is_spare = false;
};
/// Twice a second to the keeper of a region: everybody in it, and who has just left. In parts.
struct Copy {
    std::uint64_t region = 0;
    std::uint64_t epoch = 0;
    std::uint32_t number = 0;  ///< grows with each copy of a region
    std::uint16_t part = 0, parts = 1;
    std::vector<Traveller> players{};
};

// ---- Letters: numbered, repeated until acknowledged, delivered once and in order.

struct Crossing {
    Traveller traveller{};
};
/// The answer to a Crossing: adopted, or refused for good, whereupon the sender may send it
/// elsewhere or go on with the player itself.
struct Crossed {
    sim::PlayerId player = sim::no_player;
    Hop hop = 0;
    bool adopted = false;
};
/// A page's offer for a second connection, and the answer to it.
struct Offer {
    std::uint32_t number = 0;  ///< of the sender's
    sim::PlayerId player = sim::no_player;
    std::uint8_t generation = 0;
    std::string sdp{};
};
struct Answer {
    std::uint32_t number = 0;
    sim::PlayerId player = sim::no_player;
    std::string sdp{};    ///< empty: no
    std::string error{};  ///< why not, for people
};
/// The second connection of a player works at the sender, or does no longer.
struct Ready {
    sim::PlayerId player = sim::no_player;
    std::uint8_t generation = 0;
    bool is_open = false;
};
/// Bytes of the host's, for everybody in the world or one of the receiver's players.
struct Talk {
    sim::Team team = sim::Team::none;       ///< none: everybody
    sim::PlayerId player = sim::no_player;  ///< for this one alone
    std::vector<std::byte> bytes{};
};
using Letter =
    std::variant<sim::Claim, sim::Verdict, Crossing, Crossed, Offer, Answer, Ready, Talk>;

/// Letters from one server to one other.
struct Parcel {
    std::uint64_t to_life = 0;       ///< of the receiver; 0: not known yet
    std::uint64_t first = 0;         ///< the number of the first letter; the first ever is 1
    std::uint64_t acknowledged = 0;  ///< all of the receiver's letters up to this one have come
    std::uint64_t acknowledged_life = 0;  ///< of the receiver whose numbers these are
    std::vector<Letter> letters{};
};

using Body = std::variant<Strip, Roll, Standing, Copy, Parcel>;
struct Message {
    std::string server{};    ///< who says it
    std::uint64_t life = 0;  ///< of its process
    Body body{};
};

/// What is beyond a limit is a bug, but for a strip that would be too long: it loses its last
/// events, pickups, walls, players, in this order.
[[nodiscard]] std::vector<std::byte> encode(const Message& message);
/// `invalid_argument` with the field for anything that encode() would not have written of good
/// values, `too_large`, and `unsupported` for another version.
[[nodiscard]] Result<Message> decode(std::span<const std::byte> bytes);

}  // namespace muster::mesh
