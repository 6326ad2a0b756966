#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/time.hpp"

namespace muster::brain {

/// What people are shown. `online` lasts until the lease has run out: a node whose link broke a
/// moment ago is online and not `connected`.
enum class NodeState { online, unreachable, revoked };
[[nodiscard]] std::string_view name_of(NodeState state);

/// Both ends belong to it; {0, 0} is none.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    bool operator==(const PortRange&) const = default;
};

/// What a node says of itself in its hello.
struct NodeFacts {
    std::string version{};
    std::string hostname{};
    std::string address{};  ///< where players reach it
    std::map<std::string, std::string> labels{};
    std::string runtime{};  ///< "docker" | "process"
    std::string runtime_version{};
    std::int64_t memory_bytes = 0;  ///< 0: not known, and then nothing is too much
    double cpus = 0;                ///< 0: not known
    std::int64_t disk_bytes = 0;
    PortRange ports{20'000, 29'999};  ///< "any" ports are taken from it
    bool operator==(const NodeFacts&) const = default;
};

/// A node's record. Kept: everything but `connected` and `session`.
struct Node {
    std::string id{};
    std::string name{};
    NodeFacts facts{};
    std::map<std::string, std::string> labels{};  ///< set by people; they win over the node's own
    bool cordoned = false;                        ///< takes no new servers
    NodeState state = NodeState::online;
    Timestamp created_at{};
    Timestamp last_seen{};
    std::string details{};      ///< JSON of the coordinator's own, carried and not read
    std::uint64_t version = 1;  ///< counts the changes that people see

    bool connected = false;     ///< it has a session and was heard of
    std::uint64_t session = 0;  ///< the latest one; 0: none since the coordinator's start
    bool operator==(const Node&) const = default;
};

}  // namespace muster::brain
