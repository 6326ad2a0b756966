#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "muster/territory/region.hpp"

/// What can happen. What comes from servers may be lost, late, repeated and out of order.
namespace muster::territory {

// ---- from people. Each is done or answered by one Reject, and then nothing changed.

/// invalid_argument with the field of WorldSpec, conflict when a world of that name is otherwise or
/// is being removed, exhausted when there are too many. The same again changes nothing.
struct DeclareWorld {
    WorldSpec spec{};
};
/// Its holders are asked to let go and are not renewed; the record goes when the last lease is
/// over.
struct RemoveWorld {
    std::string name{};
};
/// The server gets nothing any more, and its regions move one by one while others can take them.
/// Remembered over restarts of both sides until it is over. not_found: nobody knows the server.
struct AskDrain {
    std::string server{};
};
struct EndDrain {
    std::string server{};
};

// ---- from world servers. `session` is the coordinator's own number for the server's link: it
// ---- rises with every session of any server and is never 0. What comes from another session than
// ---- the server's latest is ignored. A server may have one request a few times a second under
// way.

struct Holding {
    RegionId region = 0;
    Epoch epoch = 0;
    bool operator==(const Holding&) const = default;
};
struct RegionLoad {
    RegionId region = 0;
    std::uint32_t players = 0;
    std::uint32_t cpu_permille = 0;  ///< of what the server has
    bool operator==(const RegionLoad&) const = default;
};

/// Its hello. `life` names the process: another process with the same id has another one, and is
/// not what its predecessor was, whose leases must run out.
struct ServerCame {
    std::string server{};
    std::uint64_t session = 0;
    std::uint64_t life = 0;
    std::uint32_t capacity = 0;      ///< players
    std::set<std::string> worlds{};  ///< the only ones it takes; empty: any
    std::set<RegionId> regions{};    ///< those that it would rather have than others
    std::vector<Holding> holds{};
    std::string host{};  ///< names what it shares with others that may fall with it; empty: unknown
};
/// It asks for its leases to be renewed, which it must before they are over: a quarter of the lease
/// is a good interval. Every one is answered; who is not must come anew, in a new session. Numbers
/// of requests rise, and none is used in two sessions.
struct ServerHeard {
    std::string server{};
    std::uint64_t session = 0;
    std::uint64_t request = 0;
    bool draining = false;  ///< by its own wish, as long as it says so
    std::vector<Holding> holds{};
    std::vector<Holding> released{};  ///< repeated until a request that said so was answered
    std::vector<RegionLoad> loads{};
};
/// The holder computes it no more and never will with that epoch. Session does not matter.
struct RegionReleased {
    std::string server{};
    std::uint64_t life = 0;
    Holding what{};
};
/// The link closed. That says nothing about the server: its leases run on.
struct ServerGone {
    std::string server{};
    std::uint64_t session = 0;
};

/// That process is no more, for certain: it computes nothing, and never will. Its leases end now.
/// A closed link alone is no such knowledge.
struct ServerDied {
    std::string server{};
    std::uint64_t life = 0;
};

// ---- of time

/// At least four times a second. Leases, moves, splits and merges are looked at here.
struct TimePassed {};

/// `now` never goes back in the life of a State.
struct Event {
    Instant now{};
    std::variant<TimePassed, DeclareWorld, RemoveWorld, AskDrain, EndDrain, ServerCame, ServerHeard,
                 RegionReleased, ServerGone, ServerDied>
        what;
};

}  // namespace muster::territory
