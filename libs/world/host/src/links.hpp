#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "frames.hpp"
#include "muster/host/world_server.hpp"
#include "muster/replication/messages.hpp"
#include "muster/rtc/sdp.hpp"
#include "ring.hpp"
#include "scope.hpp"
#include "wake.hpp"

/// What worlds and shards say to each other. A world and a shard share a Link and nothing else.
namespace muster::host {

/// A connection of a player: the shard in the upper 8 bits, below it a number never used again.
using SessionId = std::uint64_t;
inline constexpr unsigned session_shard_bit = 56;

using SharedBytes = std::shared_ptr<const replication::Bytes>;

/// Who an id is. Shards keep all of a world, and introduce them to whoever sees them.
struct Person {
    bool present = false;
    std::uint8_t generation = 0;
    sim::Team team = sim::Team::none;
    bool bot = false;
    std::string name;
    bool operator==(const Person&) const = default;
};

/// All players by score, best first, made once a second.
struct Board {
    struct Row {
        sim::PlayerId id = sim::no_player;
        sim::Team team = sim::Team::none;
        std::int32_t score = 0;
        std::uint16_t kills = 0, deaths = 0, captures = 0;
    };
    sim::Tick tick = 0;
    std::vector<Row> rows;
    std::vector<std::uint16_t> rank;  ///< by player id, 1 the best; 0: not present
    std::uint16_t bots = 0;
};

/// Answers a join once, with what it became.
using Answer = std::function<void(Result<Joined>)>;

namespace mail {  // from a world to a shard

/// Expect a peer with this offer, as this player's.
struct Expect {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    std::uint8_t generation = 0;
    rtc::Offer offer;
    std::string ticket;
    std::string address;    ///< for Admission::release()
    bool is_guest = false;  ///< another server's player, who may come
    Answer answer;
};
/// The connection is the player's now: these come first on its control channel.
struct Begin {
    SessionId session = 0;
    std::vector<SharedBytes> messages;
};
struct TellAll {
    SharedBytes message;
    sim::Team team = sim::Team::none;     ///< none: everybody
    std::vector<sim::PlayerId> except{};  ///< ascending
};
/// For one session alone, at once.
struct Tell {
    SessionId session = 0;
    SharedBytes message;
};
/// What concerns some players and nobody else, by ascending id.
struct TellSome {
    std::vector<std::pair<sim::PlayerId, SharedBytes>> messages;
};
/// Ends it, after a notice unless it is empty.
struct End {
    SessionId session = 0;
    SharedBytes notice;
    /// Its player has gone elsewhere: what waits and the notice arrive first, and what it says
    /// until then is still heard.
    bool is_farewell = false;
};
struct Introduce {
    sim::PlayerId player = sim::no_player;
    Person person;
};
struct Scores {
    std::shared_ptr<const Board> board;
};

}  // namespace mail
using Mail = std::variant<std::monostate, mail::Expect, mail::Begin, mail::TellAll, mail::TellSome,
                          mail::Tell, mail::End, mail::Introduce, mail::Scores>;

struct InputNote {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    sim::Input input;
};

namespace note {  // from a shard to a world

struct Opened {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
};
struct Ended {
    enum class How : std::uint8_t {
        said_bye,
        never_came,  ///< not open in time, or it could not be expected
        lost,
    };
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    How how = How::lost;
    std::chrono::milliseconds silent{0};  ///< for so long nothing was heard before it was lost
};
/// A page's offer for a connection to another server.
struct Offered {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    std::uint32_t number = 0;
    std::string sdp;
};
/// For the world's extension.
struct Custom {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    std::uint8_t command = 0;
    std::vector<std::byte> payload;
};
struct Said {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    std::string text;
    Scope to = Scope::all;
    sim::PlayerId whom = sim::no_player;
    std::string name;  ///< of `whom`, or empty
};
struct Party {
    SessionId session = 0;
    sim::PlayerId player = sim::no_player;
    std::string code;  ///< as the player sent it
};

}  // namespace note
using Note = std::variant<std::monostate, note::Opened, note::Ended, note::Said, note::Offered,
                          note::Custom, note::Party>;

/// Between one world and one shard.
struct Link {
    Link() : mail(16'384), inputs(16'384), notes(8'192) {}
    Ring<Mail> mail;
    Ring<InputNote> inputs;
    Ring<Note> notes;
    std::atomic<std::uint64_t> inputs_dropped{0};
    std::atomic<std::uint32_t> sessions{0};  ///< of this world in this shard, opening ones too
};

/// What a shard needs to know of a world.
struct WorldDoor {
    std::uint16_t index = 0;
    std::string name;
    std::uint16_t players_max = 0;
    FramePool* frames = nullptr;
    std::vector<std::unique_ptr<Link>> links;  ///< one for each shard
    bool has_extension = false;                ///< fixed before the threads start
    std::atomic<std::uint64_t> chats{0}, chats_limited{0};
    std::atomic<std::uint64_t> customs{0}, customs_dropped{0};
};

/// What a world needs to know of a shard.
struct ShardDoor {
    Wake wake;
    std::atomic<std::uint32_t> sessions{0};
};

}  // namespace muster::host
