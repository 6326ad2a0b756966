#include <algorithm>
#include <array>
#include <utility>

#include "muster/brain/action.hpp"
#include "muster/brain/node.hpp"
#include "muster/brain/operation.hpp"
#include "muster/brain/server.hpp"

namespace muster::brain {

namespace {

template <std::size_t Count, typename Enum>
std::string_view pick(const std::array<std::string_view, Count>& names, Enum value) {
    return names.at(static_cast<std::size_t>(value));
}

constexpr std::array<std::string_view, 17> operation_kinds{"deploy",
                                                           "update",
                                                           "start",
                                                           "stop",
                                                           "restart",
                                                           "kill",
                                                           "pause",
                                                           "unpause",
                                                           "remove",
                                                           "container_start",
                                                           "container_stop",
                                                           "container_restart",
                                                           "container_kill",
                                                           "container_pause",
                                                           "container_unpause",
                                                           "container_remove",
                                                           "pull"};

}  // namespace

std::string_view name_of(NodeState state) {
    static constexpr std::array<std::string_view, 3> names{"online", "unreachable", "revoked"};
    return pick(names, state);
}

std::string_view name_of(Protocol protocol) {
    static constexpr std::array<std::string_view, 3> names{"tcp", "udp", "both"};
    return pick(names, protocol);
}

std::string_view name_of(Desired desired) {
    static constexpr std::array<std::string_view, 4> names{"running", "stopped", "paused",
                                                           "removed"};
    return pick(names, desired);
}

std::string_view name_of(ServerState state) {
    static constexpr std::array<std::string_view, 12> names{
        "waiting", "creating", "installing", "starting", "ready",    "unhealthy",
        "paused",  "stopping", "stopped",    "crashed",  "removing", "unknown"};
    return pick(names, state);
}

std::string_view name_of(OperationKind kind) {
    return pick(operation_kinds, kind);
}

std::optional<OperationKind> operation_kind_from_name(std::string_view name) {
    const auto* found = std::ranges::find(operation_kinds, name);
    if (found == operation_kinds.end()) {
        return std::nullopt;
    }
    return static_cast<OperationKind>(found - operation_kinds.begin());
}

std::string_view name_of(OperationState state) {
    static constexpr std::array<std::string_view, 5> names{"queued", "running", "succeeded",
                                                           "failed", "cancelled"};
    return pick(names, state);
}

std::string_view name_of(Subject subject) {
    static constexpr std::array<std::string_view, 4> names{"node", "server", "observed",
                                                           "operation"};
    return pick(names, subject);
}

}  // namespace muster::brain
