#include "placement.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace muster::brain {

namespace {

/// Spreads equal nodes evenly; the same seed gives the same order on every machine (FNV-1a, then
/// the finaliser of splitmix64).
std::uint64_t tie_of(std::uint64_t seed, std::string_view id) {
    std::uint64_t hash = 14695981039346656037ULL ^ seed;
    for (const char letter : id) {
        hash ^= static_cast<unsigned char>(letter);
        hash *= 1099511628211ULL;
    }
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
    return hash ^ (hash >> 31U);
}

/// Memory decides, in millionths; every server weighs a little, for those without a limit.
std::uint64_t load_of(const NodeEntry& node) {
    double fraction = 0;
    if (node.node.facts.memory_bytes > 0) {
        fraction = static_cast<double>(node.committed_memory) /
                   static_cast<double>(node.node.facts.memory_bytes);
    }
    return static_cast<std::uint64_t>(std::clamp(fraction, 0.0, 1e6) * 1e6) +
           node.servers.size() * 1'000U;
}

std::string label_key(std::string_view name, std::string_view value) {
    std::string key(name);
    key += '\0';
    key += value;
    return key;
}

std::string size_text(std::int64_t bytes) {
    static constexpr std::array<std::string_view, 4> units{"KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(std::max<std::int64_t>(bytes, 0)) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    const auto tenths = static_cast<long long>(value * 10);
    std::string text = std::to_string(tenths / 10);
    if (tenths % 10 != 0) {
        text += "." + std::to_string(tenths % 10);
    }
    return text + " " + std::string(units.at(unit));
}

std::string cpus_text(double cpus) {
    const auto tenths = static_cast<long long>(std::max(cpus, 0.0) * 10);
    std::string text = std::to_string(tenths / 10);
    return tenths % 10 == 0 ? text : text + "." + std::to_string(tenths % 10);
}

double free_cpus(const State::Impl& state, const NodeEntry& node) {
    return node.node.facts.cpus * state.config.cpu_overcommit - node.committed_cpus;
}

std::string port_text(const WantedPort& port) {
    return std::to_string(port.outside) + "/" +
           (port.protocol == Protocol::both ? "tcp+udp" : std::string(name_of(port.protocol)));
}

void give(std::vector<GivenPort>& given, const WantedPort& wanted, std::uint16_t outside) {
    const std::uint16_t inside = wanted.same_outside ? outside : wanted.inside;
    if (wanted.protocol != Protocol::udp) {
        given.push_back({wanted.name, inside, outside, Protocol::tcp});
    }
    if (wanted.protocol != Protocol::tcp) {
        given.push_back({wanted.name, inside, outside, Protocol::udp});
    }
}

/// 0: none of the range is free.
std::uint16_t any_port(const NodeEntry& node, const PortTable& chosen, const WantedPort& wanted) {
    const PortRange range = node.node.facts.ports;
    if (range.first == 0 || range.last < range.first) {
        return 0;
    }
    const auto is_free = [&](std::uint16_t number) {
        return !node.ports.has(number, wanted.protocol) &&
               !node.foreign_ports.has(number, wanted.protocol) &&
               !node.avoided_ports.has(number, wanted.protocol) &&
               !chosen.has(number, wanted.protocol);
    };
    for (const std::uint16_t number : wanted.preferred) {
        if (number >= range.first && number <= range.last && is_free(number)) {
            return number;
        }
    }
    const std::uint32_t count = std::uint32_t{range.last} - range.first + 1U;
    std::uint32_t offset = node.port_cursor >= range.first && node.port_cursor <= range.last
                               ? std::uint32_t{node.port_cursor} - range.first
                               : 0U;
    for (std::uint32_t tried = 0; tried < count; ++tried) {
        const auto number = static_cast<std::uint16_t>(range.first + offset);
        if (is_free(number)) {
            return number;
        }
        offset = offset + 1 == count ? 0 : offset + 1;
    }
    return 0;
}

// What asks for no more than it has always stays.
bool has_memory(const NodeEntry& node, const ServerSpec& spec, std::int64_t back) {
    return spec.memory_bytes <= back || node.node.facts.memory_bytes <= 0 ||
           spec.memory_bytes <= node.free_memory() + back;
}

double room_for_cpus(const State::Impl& state, const NodeEntry& node, double back) {
    return std::min(free_cpus(state, node) + back, node.node.facts.cpus);
}

bool has_cpus(const State::Impl& state, const NodeEntry& node, const ServerSpec& spec,
              double back) {
    return spec.cpus <= back || node.node.facts.cpus <= 0 ||
           spec.cpus <= room_for_cpus(state, node, back) + 1e-9;
}

bool fits(const State::Impl& state, const NodeEntry& node, const ServerSpec& spec) {
    return has_runtime(node, spec) && has_labels(node, spec.required_labels) &&
           within_limits(state, node, spec);
}

}  // namespace

bool has_labels(const NodeEntry& node, const std::map<std::string, std::string>& required) {
    return std::ranges::all_of(required, [&](const auto& label) {
        const auto found = node.labels.find(label.first);
        return found != node.labels.end() && found->second == label.second;
    });
}

bool has_runtime(const NodeEntry& node, const ServerSpec& spec) {
    return spec.runtime.empty() || node.node.facts.runtime.empty() ||
           node.node.facts.runtime == spec.runtime;
}

void reindex(State::Impl& state, NodeEntry& node) {
    if (node.load_key) {
        state.by_load.erase(*node.load_key);
        node.load_key.reset();
    }
    if (node.free_key) {
        state.by_free.erase(*node.free_key);
        node.free_key.reset();
    }
    if (node.takes_servers()) {
        const std::uint64_t load = load_of(node);
        node.load_key = LoadKey{load, tie_of(state.config.seed, node.node.id), node.slot};
        node.free_key = FreeKey{node.free_memory(), ~load, node.slot};
        state.by_load.insert(*node.load_key);
        state.by_free.insert(*node.free_key);
    }
}

void enter_name(State::Impl& state, ServerEntry& server) {
    if (!server.server.spec.name.empty()) {
        state.names.emplace(server.server.spec.name, &server);
    }
}

void leave_name(State::Impl& state, const ServerEntry& server) {
    const auto [first, last] = state.names.equal_range(server.server.spec.name);
    for (auto at = first; at != last; ++at) {
        if (at->second == &server) {
            state.names.erase(at);
            return;
        }
    }
}

void reindex_labels(State::Impl& state, NodeEntry& node) {
    for (const auto& [name, value] : node.labels) {
        const auto found = state.by_label.find(label_key(name, value));
        std::erase(found->second, node.slot);
        if (found->second.empty()) {
            state.by_label.erase(found);
        }
    }
    node.labels = node.node.labels;  // people's win: insert() keeps what is there
    node.labels.insert(node.node.facts.labels.begin(), node.node.facts.labels.end());
    for (const auto& [name, value] : node.labels) {
        state.by_label[label_key(name, value)].push_back(node.slot);
    }
}

std::optional<Error> check_ports(const std::vector<WantedPort>& ports) {
    PortTable inside;
    PortTable outside;
    for (const WantedPort& port : ports) {
        const std::string field = "ports." + port.name;
        const auto same_name = std::ranges::count(ports, port.name, &WantedPort::name);
        if (port.name.empty() || same_name > 1) {
            return Error{Errc::invalid_argument, "every port needs a name of its own", field};
        }
        if (port.inside == 0 && !port.same_outside) {
            return Error{Errc::invalid_argument, "the port inside must be 1 to 65535", field};
        }
        if (!port.same_outside && inside.has(port.inside, port.protocol)) {
            return Error{Errc::invalid_argument, "two ports listen on the same number inside",
                         field};
        }
        if (port.outside != 0 && outside.has(port.outside, port.protocol)) {
            return Error{Errc::invalid_argument,
                         "the port " + port_text(port) + " is asked for twice", field};
        }
        if (!port.same_outside) {
            inside.take(port.inside, port.protocol);
        }
        if (port.outside != 0) {
            outside.take(port.outside, port.protocol);
        }
    }
    return std::nullopt;
}

Result<std::vector<GivenPort>> choose_ports(const NodeEntry& node,
                                            const std::vector<WantedPort>& wanted) {
    std::vector<GivenPort> given;
    PortTable chosen;
    // Those that must have a certain number first, so that no other takes it.
    for (const bool any : {false, true}) {
        for (const WantedPort& port : wanted) {
            if ((port.outside == 0) != any) {
                continue;
            }
            std::uint16_t number = port.outside;
            if (any) {
                number = any_port(node, chosen, port);
            } else if (node.ports.has(number, port.protocol) ||
                       node.foreign_ports.has(number, port.protocol)) {
                return fail(Errc::exhausted, "port " + port_text(port) + " is taken",
                            "ports." + port.name);
            }
            if (number == 0) {
                return fail(Errc::exhausted, "no port of its range is free", "ports." + port.name);
            }
            chosen.take(number, port.protocol);
            give(given, port, number);
        }
    }
    return given;
}

bool within_limits(const State::Impl& state, const NodeEntry& node, const ServerSpec& spec) {
    return has_memory(node, spec, 0) && has_cpus(state, node, spec, 0);
}

std::optional<Error> check_limits(const State::Impl& state, const NodeEntry& node,
                                  const ServerSpec& spec, const ServerSpec* replaced) {
    const std::int64_t memory_back = replaced != nullptr ? replaced->memory_bytes : 0;
    const double cpus_back = replaced != nullptr ? replaced->cpus : 0;
    if (!has_memory(node, spec, memory_back)) {
        return Error{Errc::exhausted,
                     "needs " + size_text(spec.memory_bytes) + ", has " +
                         size_text(node.free_memory() + memory_back),
                     "memory_bytes"};
    }
    if (!has_cpus(state, node, spec, cpus_back)) {
        return Error{Errc::exhausted,
                     "needs " + cpus_text(spec.cpus) + " CPUs, has " +
                         cpus_text(room_for_cpus(state, node, cpus_back)),
                     "cpus"};
    }
    return std::nullopt;
}

bool place_on(State::Impl& state, ServerEntry& server, NodeEntry& node) {
    if (!fits(state, node, server.server.spec)) {
        return false;
    }
    auto ports = choose_ports(node, server.server.spec.ports);
    if (!ports) {
        return false;
    }
    for (const GivenPort& port : *ports) {
        const PortRange range = node.node.facts.ports;
        if (port.outside >= range.first && port.outside < range.last) {
            node.port_cursor = static_cast<std::uint16_t>(port.outside + 1);
        }
    }
    server.server.ports = std::move(*ports);
    server.server.node_id = node.node.id;
    bind_to_node(state, server, node);
    return true;
}

void bind_to_node(State::Impl& state, ServerEntry& server, NodeEntry& node) {
    server.node = &node;
    server.place_on_node = node.servers.size();
    node.servers.push_back(&server);
    for (const GivenPort& port : server.server.ports) {
        node.ports.take(port.outside, port.protocol);
    }
    node.committed_memory += server.server.spec.memory_bytes;
    node.committed_cpus += server.server.spec.cpus;
    reindex(state, node);
}

void unplace(State::Impl& state, ServerEntry& server) {
    NodeEntry* node = std::exchange(server.node, nullptr);
    if (node == nullptr) {
        return;
    }
    node->servers.back()->place_on_node = server.place_on_node;
    std::swap(node->servers[server.place_on_node], node->servers.back());
    node->servers.pop_back();
    for (const GivenPort& port : server.server.ports) {
        node->ports.give_back(port.outside, port.protocol);
    }
    node->committed_memory -= server.server.spec.memory_bytes;
    node->committed_cpus =
        node->servers.empty() ? 0 : node->committed_cpus - server.server.spec.cpus;
    reindex(state, *node);
}

void change_limits(State::Impl& state, ServerEntry& server, const ServerSpec& next) {
    if (server.node != nullptr) {
        server.node->committed_memory += next.memory_bytes - server.server.spec.memory_bytes;
        server.node->committed_cpus += next.cpus - server.server.spec.cpus;
        reindex(state, *server.node);
    }
}

NodeEntry* place(State::Impl& state, ServerEntry& server, std::size_t& visits) {
    const ServerSpec& spec = server.server.spec;
    if (!spec.node_id.empty()) {
        NodeEntry* node = State::Impl::find(state.nodes, spec.node_id);
        return node != nullptr && node->node.state != NodeState::revoked && !node->node.cordoned &&
                       place_on(state, server, *node)
                   ? node
                   : nullptr;
    }
    if (state.by_free.empty() || state.by_free.rbegin()->free_memory < spec.memory_bytes) {
        return nullptr;
    }
    // A rare label leaves few nodes, which are then looked at instead of all.
    const std::vector<Slot>* few = nullptr;
    for (const auto& [name, value] : spec.required_labels) {
        const auto found = state.by_label.find(label_key(name, value));
        if (found == state.by_label.end()) {
            return nullptr;
        }
        if (few == nullptr || found->second.size() < few->size()) {
            few = &found->second;
        }
    }
    const bool packed = state.config.placement == PlacementPolicy::packed;
    const auto try_slot = [&](Slot slot) {
        visits = visits > 0 ? visits - 1 : 0;
        return place_on(state, server, *state.slots[slot]);
    };
    if (few != nullptr && few->size() <= 256) {
        std::vector<std::pair<LoadKey, FreeKey>> candidates;
        for (const Slot slot : *few) {
            if (const NodeEntry& node = *state.slots[slot]; node.load_key) {
                candidates.emplace_back(*node.load_key, *node.free_key);
            }
        }
        std::ranges::sort(candidates, [packed](const auto& a, const auto& b) {
            return packed ? a.second < b.second : a.first < b.first;
        });
        for (const auto& candidate : candidates) {
            if (try_slot(candidate.first.slot)) {
                return server.node;
            }
        }
        return nullptr;
    }
    if (packed) {
        const FreeKey least{spec.memory_bytes, 0, 0};
        for (auto at = state.by_free.lower_bound(least); at != state.by_free.end() && visits > 0;
             ++at) {
            if (const Slot slot = at->slot; try_slot(slot)) {
                return server.node;  // the iterator is no longer good
            }
        }
        return nullptr;
    }
    for (auto at = state.by_load.begin(); at != state.by_load.end() && visits > 0; ++at) {
        if (const Slot slot = at->slot; try_slot(slot)) {
            return server.node;
        }
    }
    return nullptr;
}

}  // namespace muster::brain
