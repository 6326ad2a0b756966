#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/time.hpp"

namespace muster::brain {

enum class Protocol { tcp, udp, both };
[[nodiscard]] std::string_view name_of(Protocol protocol);

/// A port that a server asks for.
struct WantedPort {
    std::string name{};  ///< "game"
    std::uint16_t inside = 0;
    std::uint16_t outside = 0;  ///< 0: any free one of the node's range
    Protocol protocol = Protocol::udp;
    bool same_outside = false;  ///< the program must listen on the number that players use
    /// Of "any": these first, in this order, where they are free and in the node's range. A number
    /// that players know beats one that they must look up.
    std::vector<std::uint16_t> preferred{};
    bool operator==(const WantedPort&) const = default;
};

/// A port that a server was given on its node, or was seen to have. Never `both`: one that was
/// asked for with both protocols is given as two of the same name and number.
struct GivenPort {
    std::string name{};
    std::uint16_t inside = 0;
    std::uint16_t outside = 0;
    Protocol protocol = Protocol::udp;
    bool operator==(const GivenPort&) const = default;
};

/// What somebody asked for.
struct ServerSpec {
    std::string name{};
    std::string game{};
    std::string node_id{};  ///< the node it must go to; empty: any
    std::string runtime{};  ///< that the node must have, "docker"; empty: any
    std::map<std::string, std::string> required_labels{};  ///< of the node
    std::map<std::string, std::string> labels{};           ///< the server's own
    std::int64_t memory_bytes = 0;  ///< its limit; 0: none, counts as nothing
    double cpus = 0;                ///< its limit; 0: none
    std::vector<WantedPort> ports{};
    std::string details{};  ///< JSON of the coordinator's own (variables, image, settings ...),
                            ///< carried and not read
    bool operator==(const ServerSpec&) const = default;
};

/// What people want of it. Only they change it.
enum class Desired { running, stopped, paused, removed };
[[nodiscard]] std::string_view name_of(Desired desired);

/// `waiting`: no node took it yet. `unknown`: its node is out of contact.
enum class ServerState {
    waiting,
    creating,
    installing,
    starting,
    ready,
    unhealthy,
    paused,
    stopping,
    stopped,
    crashed,
    removing,
    unknown
};
[[nodiscard]] std::string_view name_of(ServerState state);

/// What its node last said of it.
struct Observed {
    std::uint64_t generation = 0;  ///< of the operation that made the instance; 0: there is none
    ServerState state = ServerState::unknown;
    std::string reason{};  ///< a sentence: why it is so
    std::string instance_id{};
    int exit_code = 0;
    std::uint32_t restarts = 0;  ///< after crashes, in a row
    Timestamp since{};
    std::vector<GivenPort> ports{};
    bool operator==(const Observed&) const = default;
};

/// A server's records: the desired one (everything but `observed`), and the observed one.
struct Server {
    std::string id{};
    ServerSpec spec{};
    Desired desired = Desired::running;
    std::string node_id{};           ///< where it was placed; empty: nowhere yet. It never moves.
    std::vector<GivenPort> ports{};  ///< on that node, from its placement on until it is removed
    /// Counts the operations that were sent and the changes of the specification together: each
    /// operation gets one of its own when it is first sent, so a node can tell a command that came
    /// late (a generation not above the one it saw last, under an id it does not know).
    std::uint64_t generation = 0;
    std::uint64_t spec_generation = 0;  ///< when the specification last changed
    Timestamp created_at{};
    Timestamp updated_at{};
    std::uint64_t version = 1;  ///< counts changes of what was asked for, not of what is observed

    Observed observed{};
    bool operator==(const Server&) const = default;
};

}  // namespace muster::brain
