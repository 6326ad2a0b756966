#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/brain/node.hpp"
#include "muster/brain/operation.hpp"
#include "muster/brain/server.hpp"

/// What can happen to a fleet. Ids of servers and operations are made by who asks (new_id), so
/// asking twice with the same operation id is asking once.
namespace muster::brain {

// ---- from nodes. `session` is a number that rises with every session of any node and is never 0;
// ---- what comes from another session than the node's latest is ignored.

/// Its hello. A node that is not known yet gets its record here. Commands go to it once its
/// inventory has come.
struct NodeConnected {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string name{};  ///< only for a new record: people may have changed it since
    NodeFacts facts{};
};
struct BusyPort {
    std::uint16_t number = 0;
    Protocol protocol = Protocol::tcp;
    bool operator==(const BusyPort&) const = default;
};
struct ObservedServer {
    std::string server_id{};
    Observed observed{};
};
/// All that is on a node: the truth about what runs there. Servers that we do not know are left
/// alone; their ports count as taken.
struct InventoryReported {
    std::string node_id{};
    std::uint64_t session = 0;
    std::vector<ObservedServer> servers{};
    /// In the node's durable log: those that go on, and those that ended without our
    /// acknowledgement.
    std::vector<std::string> known_operations{};
    std::vector<BusyPort> busy_ports{};  ///< held by containers that are none of our servers
    /// Held by programs of the host: not given to a port that may have any number.
    std::vector<BusyPort> avoided_ports{};
    bool runtime_answers = true;  ///< false: `servers` says nothing
    std::string runtime{};        ///< as in NodeFacts; empty: nothing new
    std::string runtime_version{};
};
/// Any sign of life that is none of the others (a pong).
struct NodeSeen {
    std::string node_id{};
    std::uint64_t session = 0;
};
/// Its pongs stay away, though the stream is open.
struct NodeLostContact {
    std::string node_id{};
    std::uint64_t session = 0;
};
struct NodeSessionEnded {
    std::string node_id{};
    std::uint64_t session = 0;
};
struct ServerObserved {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string server_id{};
    Observed observed{};
    bool removed = false;  ///< the node has it no more
};
/// The node has the command in its durable log.
struct OperationAcknowledged {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string operation_id{};
};
struct OperationProgressed {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string operation_id{};
    std::string step{};
    std::optional<double> progress{};
    std::string detail{};
};
/// How it ended; may come any number of times, and is acknowledged each time.
struct OperationFinished {
    std::string node_id{};
    std::uint64_t session = 0;
    std::string operation_id{};
    std::optional<Error> error{};  ///< none: it succeeded
};

// ---- from people. Each is either done or answered by one Reject, and then nothing changed.

struct ChangeNode {
    std::string node_id{};
    std::optional<std::string> name{};
    std::optional<std::map<std::string, std::string>> labels{};
    std::optional<bool> cordoned{};
    std::optional<std::string> details{};
};
/// For good. Operations on it fail; its servers are `unknown` and can then only be removed.
struct RevokeNode {
    std::string node_id{};
};
/// invalid_argument or not_found with the field of the deploy body ("node_id", "ports.game"), and
/// conflict with "name" when another server has it (exactly so; an empty name is nobody's).
/// Where nothing fits the operation waits, and its `detail` says why.
struct DeployServer {
    std::string operation_id{};
    std::string server_id{};
    ServerSpec spec{};
    bool start = true;
    std::string by{};
};
/// Stores a new specification. It never touches what runs: the next start of a stopped server, or a
/// restart or update, makes the instance anew from it. Ports, node and runtime cannot change;
/// memory must fit where it is. `remake` false: only words for people changed (name, labels,
/// description in the details), and nothing needs to be made anew.
struct ChangeServer {
    std::string server_id{};
    ServerSpec spec{};
    bool remake = true;
};
/// Kind: start, stop, restart, kill, pause, unpause. One at a time for each server, in order of
/// asking; a kill goes at once and cancels the server's queued start, stop, restart, pause and
/// unpause. A stop or kill of a server whose deploy has not begun cancels that.
struct PowerServer {
    std::string operation_id{};
    std::string server_id{};
    OperationKind kind = OperationKind::start;
    std::string by{};
};
/// Pulls the image and makes the instance anew from the stored specification; runs afterwards if it
/// is desired to run. `spec` is stored before, by the rules of ChangeServer, in the same step: a
/// refused update changes nothing.
struct UpdateServer {
    std::string operation_id{};
    std::string server_id{};
    std::string by{};
    std::optional<ServerSpec> spec{};
};
/// The record goes when the node has confirmed, or at once when the node is revoked or none has it.
struct RemoveServer {
    std::string operation_id{};
    std::string server_id{};
    bool with_data = false;
    std::string by{};
};
/// A command on any container of a node, or a pull: kinds container_* and pull.
struct CommandNode {
    std::string operation_id{};
    std::string node_id{};
    OperationKind kind = OperationKind::pull;
    std::string container_id{};
    std::string image{};
    std::uint32_t grace_seconds = 10;
    bool force = false;
    std::string by{};
};
/// Only one that is still queued: `conflict` once it runs.
struct CancelOperation {
    std::string operation_id{};
};

// ---- of time

/// At least once a second. Leases, deadlines and what waits are looked at here, in bounded
/// portions.
struct Tick {};

/// Wall time may jump: it only makes leases and deadlines longer or shorter, nothing else.
struct Event {
    Timestamp now{};
    std::variant<Tick, NodeConnected, InventoryReported, NodeSeen, NodeLostContact,
                 NodeSessionEnded, ServerObserved, OperationAcknowledged, OperationProgressed,
                 OperationFinished, ChangeNode, RevokeNode, DeployServer, ChangeServer, PowerServer,
                 UpdateServer, RemoveServer, CommandNode, CancelOperation>
        what;
};

}  // namespace muster::brain
