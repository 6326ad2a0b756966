#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::brain {

/// What a person asked for. The API shows name_of(): "deploy", "container_stop", "pull" ...
enum class OperationKind {
    deploy,
    update,
    start,
    stop,
    restart,
    kill,
    pause,
    unpause,
    remove,
    container_start,
    container_stop,
    container_restart,
    container_kill,
    container_pause,
    container_unpause,
    container_remove,
    pull
};
[[nodiscard]] std::string_view name_of(OperationKind kind);
[[nodiscard]] std::optional<OperationKind> operation_kind_from_name(std::string_view name);

/// `queued` until its command was given to the node's link, then `running` until the node says how
/// it ended. The last three are final.
enum class OperationState { queued, running, succeeded, failed, cancelled };
[[nodiscard]] std::string_view name_of(OperationState state);
[[nodiscard]] inline bool is_final(OperationState state) {
    return state >= OperationState::succeeded;
}

/// An operation's record. Kept: everything but the last block.
struct Operation {
    std::string id{};
    OperationKind kind = OperationKind::deploy;
    std::string server_id{};           ///< empty for those on a container or an image
    std::string node_id{};             ///< empty while a deploy waits for a node
    std::string container_id{};        ///< of a container's
    std::string image{};               ///< of a pull
    bool start = true;                 ///< of a deploy or an update: and start it
    bool with_data = false;            ///< of a remove
    bool force = false;                ///< of a container_remove
    std::uint32_t grace_seconds = 10;  ///< of a container_stop and container_restart
    std::uint64_t generation = 0;      ///< of its server; 0 until it is first sent
    OperationState state = OperationState::queued;
    std::optional<Error> error{};
    std::string by{};  ///< who asked
    Timestamp created_at{};
    std::optional<Timestamp> started_at{};
    std::optional<Timestamp> finished_at{};
    std::uint64_t order = 0;  ///< of asking; the queues are in this order

    std::string step{};                ///< "pulling the image", "waiting for a node"
    std::optional<double> progress{};  ///< 0..1
    std::string detail{};              ///< "12 of 40 MB"; why it waits
    std::uint64_t sent_session = 0;    ///< the node's session that its command was last given to
    bool operator==(const Operation&) const = default;
};

}  // namespace muster::brain
