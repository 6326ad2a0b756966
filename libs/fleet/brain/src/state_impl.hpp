#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "muster/brain/event.hpp"
#include "muster/brain/state.hpp"
#include "port_table.hpp"

namespace muster::brain {

struct NodeEntry;
struct ServerEntry;

/// The last decision in which the record was put on a list, so that it is on it once.
struct Marks {
    std::uint64_t persisted = 0;
    std::uint64_t observed_persisted = 0;
    std::uint64_t published = 0;
};

struct OperationEntry {
    Operation operation;
    NodeEntry* node = nullptr;      ///< nullptr: waits for one, or is final
    ServerEntry* server = nullptr;  ///< nullptr: on a container or an image, or is final
    std::optional<Timestamp> due;   ///< in Impl::deadlines
    Marks marks;
};

/// In order of asking.
struct ByOrder {
    bool operator()(const OperationEntry* a, const OperationEntry* b) const {
        return std::pair<std::uint64_t, std::string_view>(a->operation.order, a->operation.id) <
               std::pair<std::uint64_t, std::string_view>(b->operation.order, b->operation.id);
    }
};
using OperationQueue = std::set<OperationEntry*, ByOrder>;

struct ByDue {
    bool operator()(const OperationEntry* a, const OperationEntry* b) const {
        return a->due != b->due ? a->due < b->due : ByOrder{}(a, b);
    }
};

struct ServerEntry {
    Server server;
    NodeEntry* node = nullptr;
    std::size_t place_on_node = 0;         ///< in NodeEntry::servers
    std::deque<OperationEntry*> queue;     ///< queued, but kills, in order of asking
    std::vector<OperationEntry*> kills;    ///< queued kills
    std::vector<OperationEntry*> running;  ///< at most one, and kills
    OperationEntry* offered = nullptr;     ///< the head, while the node (or waiting) has it
    Marks marks;
};

using Slot = std::uint32_t;

/// By what nodes are compared; a copy is kept so that the entry can be found again to erase it.
struct LoadKey {
    std::uint64_t load = 0;
    std::uint64_t tie = 0;
    Slot slot = 0;
    auto operator<=>(const LoadKey&) const = default;
};
struct FreeKey {
    std::int64_t free_memory = 0;
    std::uint64_t fullness = 0;  ///< the fuller one first
    Slot slot = 0;
    auto operator<=>(const FreeKey&) const = default;
};

struct NodeEntry {
    Node node;
    Slot slot = 0;
    bool inventoried = false;            ///< its inventory came in this session: commands may go
    bool stale = false;                  ///< was unreachable, and no inventory came since
    std::optional<Timestamp> lost_at;    ///< out of contact since; nullopt: connected
    std::optional<Timestamp> lease_due;  ///< in Impl::leases
    std::optional<Timestamp> ask_due;    ///< in Impl::asks
    std::map<std::string, std::string> labels;  ///< its own and people's, as they count
    PortTable ports;                            ///< of our servers
    PortTable foreign_ports;                    ///< of everything else, from the inventory
    PortTable avoided_ports;                    ///< of the host's programs
    std::uint16_t port_cursor = 0;              ///< where the search for the next free one starts
    std::int64_t committed_memory = 0;
    double committed_cpus = 0;
    std::vector<ServerEntry*> servers;
    OperationQueue ready;  ///< heads of its servers' queues, container commands, pulls
    OperationQueue kills;  ///< queued
    OperationQueue running;
    std::size_t running_counted = 0;  ///< without kills
    std::optional<LoadKey> load_key;  ///< in Impl::by_load while it can take servers
    std::optional<FreeKey> free_key;
    Marks marks;

    [[nodiscard]] bool can_be_told() const {
        return node.connected && inventoried && node.state == NodeState::online;
    }
    [[nodiscard]] bool takes_servers() const { return can_be_told() && !node.cordoned; }
    /// Memory that limits may still take; the most there is when the node did not say.
    [[nodiscard]] std::int64_t free_memory() const {
        return node.facts.memory_bytes > 0 ? node.facts.memory_bytes - committed_memory
                                           : std::numeric_limits<std::int64_t>::max();
    }
};

struct TransparentHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};
template <typename Entry>
using ById =
    std::unordered_map<std::string, std::unique_ptr<Entry>, TransparentHash, std::equal_to<>>;

struct State::Impl {
    Config config;
    Timestamp started_at{};
    bool bound = false;
    std::uint64_t decision = 0;  ///< counts them
    std::uint64_t next_order = 1;

    ById<NodeEntry> nodes;
    ById<ServerEntry> servers;
    ById<OperationEntry> operations;
    /// Of servers, by their names. A name has one server, but for records from elsewhere.
    std::unordered_multimap<std::string, ServerEntry*, TransparentHash, std::equal_to<>> names;

    std::vector<NodeEntry*> slots;
    std::set<LoadKey> by_load;
    std::set<FreeKey> by_free;
    std::unordered_map<std::string, std::vector<Slot>, TransparentHash, std::equal_to<>> by_label;

    OperationQueue waiting;                  ///< for a node
    OperationEntry* try_next = nullptr;      ///< of those, the next that a tick tries to place
    OperationEntry* explain_next = nullptr;  ///< and the next whose reason it looks at
    std::set<OperationEntry*, ByDue> deadlines;
    std::set<std::pair<Timestamp, Slot>> leases;
    std::set<std::pair<Timestamp, Slot>> asks;
    std::deque<OperationEntry*> finished;  ///< oldest first
    std::size_t queued = 0;
    std::string reason_key;  ///< what the last reason for waiting was asked for
    std::string reason;
    Timestamp reason_at{};

    template <typename Entry>
    static Entry* find(ById<Entry>& entries, std::string_view id) {
        const auto found = entries.find(id);
        return found == entries.end() ? nullptr : found->second.get();
    }
};

}  // namespace muster::brain
