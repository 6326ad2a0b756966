#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "audit.hpp"
#include "carriers.hpp"
#include "catalogue.hpp"
#include "enrolment.hpp"
#include "events.hpp"
#include "fleet.hpp"
#include "guard.hpp"
#include "inventory.hpp"
#include "live.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "node_links.hpp"
#include "routes.hpp"
#include "ticket_keys.hpp"
#include "tokens.hpp"

namespace muster::coordinator {

/// What the handlers work on. All of it lives as long as the coordinator, longer than any handler.
struct House {
    asio::any_io_executor executor;
    const Options& options;
    const Clock& clock;
    Ledger& ledger;
    Audit& audit;
    Tokens& tokens;
    Live& live;
    Events& events;
    Inventory& inventory;
    Catalogue& catalogue;
    Fleet& fleet;
    Enrolment& enrolment;
    NodeLinks& links;
    Carriers& carriers;
    TicketKeys& ticket_keys;
    std::uint16_t grpc_port = 0;  ///< the real one, once it listens
    /// Ends a node's session and carriers at once.
    std::function<void(const std::string& node_id, std::string reason)> revoke_link{};
};

void add_servers_api(Routes& routes, House& house);
void add_server_streams_api(Routes& routes, House& house);
void add_nodes_api(Routes& routes, House& house);
void add_containers_api(Routes& routes, House& house);
void add_artifacts_api(Routes& routes, House& house);
void add_operations_api(Routes& routes, House& house);
void add_games_api(Routes& routes, House& house);
void add_tokens_api(Routes& routes, House& house);
void add_audit_api(Routes& routes, House& house);
void add_events_api(Routes& routes, House& house);
void add_health_api(Routes& routes, House& house);

/// Where nodes and world servers are told to dial: what the settings say, else the host that the
/// request named; and whether it leads here from this machine alone.
struct Dialled {
    std::string address;  ///< host:port
    bool is_local = false;
};
[[nodiscard]] Dialled dialled_address(const House& house, const Call& call);
/// Deploys a server that read_deploy() has checked; its game is pinned. The error is the brain's,
/// and then nothing has changed.
struct Deploy;
[[nodiscard]] Result<void> deploy_server(House& house, Deploy wanted, const std::string& server_id,
                                         const std::string& operation_id, const std::string& by);
/// The answer to a long action: 202 with the operation and where to follow it.
[[nodiscard]] http::Response accepted(const House& house, const std::string& operation_id);
/// The server, if the caller may see it; else not_found.
[[nodiscard]] Result<const brain::Server*> visible_server(const House& house, const Call& call,
                                                          const std::string& id);
/// The only node when there is one and none is named. Field: "node".
[[nodiscard]] Result<std::string> chosen_node(const House& house, const std::string& named);
/// A token that is limited to some servers has no business here.
[[nodiscard]] Result<void> whole_fleet(const Call& call);
/// ?seconds= of a history, 60 by default.
[[nodiscard]] Result<std::uint32_t> history_seconds(const Call& call);
/// Sends a node's log lines as text. The container may be a server's id.
asio::awaitable<Result<http::Answer>> answer_logs(House& house, Call& call, std::string node_id,
                                                  std::string container_id);
[[nodiscard]] Json history_json(const wire::Answer& answer);

}  // namespace muster::coordinator
