#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "muster/base/error.hpp"
#include "muster/brain/operation.hpp"

/// What the coordinator has to do. In this order: everything that is to Persist in one commit; only
/// when that is durable the rest, in the order given. A coordinator that died in between sends what
/// is missing when the node comes back.
namespace muster::brain {

/// What a node is told.
enum class CommandKind {
    deploy,  ///< from server.spec and server.ports; what is there already is made anew, data kept
    power,   ///< operation.kind says which
    remove,  ///< operation.with_data
    container_power,  ///< operation.kind, container_id, grace_seconds
    container_remove,
    pull
};

/// Give it to that session of the node; if that is gone, forget it. `start` and `pull_always`
/// belong to a deploy: also the start or restart of a server whose specification changed, or that
/// its node does not have any more, is a deploy.
struct SendCommand {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string operation_id{};
    std::string server_id{};
    std::uint64_t generation = 0;
    CommandKind kind = CommandKind::power;
    bool start = false;
    bool pull_always = false;
    bool operator==(const SendCommand&) const = default;
};
/// Of a result: the node may forget the operation.
struct AcknowledgeResult {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string operation_id{};
    bool operator==(const AcknowledgeResult&) const = default;
};
struct AskInventory {
    std::string node_id{};
    std::uint64_t session = 0;
    bool operator==(const AskInventory&) const = default;
};

/// `observed` has the server's id; it is a record of its own, for it changes far more often.
enum class Subject { node, server, observed, operation };
[[nodiscard]] std::string_view name_of(Subject subject);

/// The record is to be stored as it stands in the state now, or erased.
struct Persist {
    Subject subject = Subject::node;
    std::string id{};
    bool erase = false;
    bool operator==(const Persist&) const = default;
};
/// People who watch are to hear of it. Never `observed`: that is the server then.
struct Publish {
    Subject subject = Subject::node;
    std::string id{};
    bool gone = false;
    bool operator==(const Publish&) const = default;
};
/// The answer to an event from people that was not done; it is then the only action.
struct Reject {
    Error error{};
    bool operator==(const Reject&) const = default;
};

using Action = std::variant<Persist, SendCommand, AcknowledgeResult, AskInventory, Publish, Reject>;

}  // namespace muster::brain
