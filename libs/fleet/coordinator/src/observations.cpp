#include "observations.hpp"

namespace muster::coordinator {

void Observations::request(const http::Request& request, int status,
                           std::chrono::microseconds took) {
    // Only routes become labels: a path of a stranger's choice would grow the map for ever.
    const std::string name =
        request.route.empty() ? "(pages)" : request.method + " " + request.route;
    Route& route = routes_[name];
    // An open WebSocket or a followed log lasts as long as somebody looks at it.
    if (status != 101) route.seconds.observe(static_cast<double>(took.count()) / 1e6);
    ++route.by_status[status];
}

void Observations::server_changed(const std::string& id, const brain::Server* server,
                                  const brain::State& state) {
    if (server == nullptr) {
        servers_.erase(id);
        return;
    }
    const auto now = clock_.now();
    const std::string shown(brain::name_of(state.shown_state(*server)));
    auto& seen = servers_[id];
    if (seen.state == shown) return;
    if (!seen.state.empty()) {
        in_state_[seen.state].observe(std::chrono::duration<double>(now - seen.since).count());
    }
    seen.game = server->spec.game;
    seen.state = shown;
    seen.since = now;
    seen.created = server->created_at;
    ++total_by_state_[shown];
    if (shown == "ready" && !seen.was_ready) {
        seen.was_ready = true;
        creation_[seen.game].observe(std::chrono::duration<double>(now - seen.created).count());
    }
}

void Observations::found(const brain::Server& server, const brain::State& state) {
    auto& seen = servers_[server.id];
    seen.game = server.spec.game;
    seen.state = brain::name_of(state.shown_state(server));
    seen.since = clock_.now();
    seen.created = server.created_at;
    seen.was_ready = true;
}

void Observations::expose_fleet(Exposition& out, const House& house) const {
    const auto& state = house.fleet.state();
    std::map<std::pair<std::string, std::string>, double> servers;
    state.each_server([&](const brain::Server& server) {
        ++servers[{server.spec.game, std::string(brain::name_of(state.shown_state(server)))}];
    });
    out.family("gameservers_count", "gauge", "Servers by game and state.");
    for (const auto& [key, count] : servers) {
        out.sample("gameservers_count", {{"fleet", key.first}, {"state", key.second}}, count);
    }
    out.family("gameservers_total", "counter", "Times that a server entered a state.");
    for (const auto& [name, count] : total_by_state_) {
        out.sample("gameservers_total", {{"state", name}}, static_cast<double>(count));
    }
    out.family("gameserver_creation_duration", "histogram",
               "Seconds from the deploy to the first time ready.");
    for (const auto& [game, histogram] : creation_) {
        out.histogram("gameserver_creation_duration", {{"fleet", game}}, histogram);
    }
    out.family("gameserver_state_duration", "histogram", "Seconds that a server was in a state.");
    for (const auto& [name, histogram] : in_state_) {
        out.histogram("gameserver_state_duration", {{"state", name}}, histogram);
    }
    std::map<std::string, double> nodes;
    double empty = 0;
    double used = 0;
    out.family("gameservers_node_count", "gauge", "Servers on each node.");
    state.each_node([&](const brain::Node& node) {
        ++nodes[std::string(brain::name_of(node.state))];
        if (node.state == brain::NodeState::revoked) return;
        const auto on_it = state.servers_on(node.id);
        (on_it == 0 ? empty : used) += 1;
        out.sample("gameservers_node_count", {{"node", node.id}}, static_cast<double>(on_it));
    });
    out.family("nodes_count", "gauge", "Nodes with and without servers.");
    out.sample("nodes_count", {{"empty", "true"}}, empty);
    out.sample("nodes_count", {{"empty", "false"}}, used);
    out.family("muster_nodes", "gauge", "Nodes by state.");
    for (const auto& [name, count] : nodes) out.sample("muster_nodes", {{"state", name}}, count);
    out.family("muster_node_sessions", "gauge", "Nodes that are connected now.");
    out.sample("muster_node_sessions", {}, static_cast<double>(house.links.count()));
    out.family("muster_containers", "gauge", "Containers that nodes report.");
    out.sample("muster_containers", {}, static_cast<double>(house.inventory.containers().size()));
}

void Observations::expose_work(Exposition& out, const House& house) const {
    std::map<std::string, double> operations;
    double oldest = 0;
    house.fleet.state().each_operation([&](const brain::Operation& operation) {
        ++operations[std::string(brain::name_of(operation.state))];
        if (operation.state != brain::OperationState::queued) return;
        const std::chrono::duration<double> waits = clock_.now() - operation.created_at;
        oldest = std::max(oldest, waits.count());
    });
    out.family("muster_operations", "gauge", "Operations by state.");
    for (const auto& [name, count] : operations) {
        out.sample("muster_operations", {{"state", name}}, count);
    }
    const auto counter = [&out](std::string_view name, std::string_view help, double value) {
        out.family(name, "counter", help);
        out.sample(name, {}, value);
    };
    const auto gauge = [&out](std::string_view name, std::string_view help, double value) {
        out.family(name, "gauge", help);
        out.sample(name, {}, value);
    };
    gauge("muster_workqueue_depth", "Operations that wait.", operations["queued"]);
    gauge("muster_workqueue_unfinished_seconds", "How long the oldest of them waits.", oldest);
    const auto& links = house.links.counts();
    counter("muster_workqueue_retries_total", "Sessions of nodes, each of which sends anew.",
            static_cast<double>(links.sessions));
    const auto& fleet = house.fleet.counts();
    counter("muster_commands_total", "Commands given to nodes.",
            static_cast<double>(fleet.commands));
    counter("muster_decisions_total", "Events that were decided.",
            static_cast<double>(fleet.decisions));
    counter("muster_decisions_seconds_total", "Time spent deciding.", fleet.seconds);
    counter("muster_link_messages_in_total", "Messages from nodes.",
            static_cast<double>(links.messages_in));
    counter("muster_link_messages_out_total", "Messages to nodes.",
            static_cast<double>(links.messages_out));
    counter("muster_queries_total", "Questions to nodes.", static_cast<double>(links.queries));
    counter("muster_queries_seconds_total", "Time until they were answered.", links.query_seconds);
    counter("muster_query_timeouts_total", "Questions that nobody answered in time.",
            static_cast<double>(links.query_timeouts));
    const auto& ledger = house.ledger.counts();
    counter("muster_store_commits_total", "Transactions.", static_cast<double>(ledger.commits));
    counter("muster_store_changes_total", "Records changed.", static_cast<double>(ledger.changes));
    counter("muster_store_failures_total", "Transactions that failed.",
            static_cast<double>(ledger.failures));
    counter("muster_store_seconds_total", "Time spent in transactions.", ledger.seconds);
    gauge("muster_store_depth", "Changes that are not committed yet.",
          static_cast<double>(house.ledger.depth()));
    gauge("muster_watchers", "Event streams that are open.",
          static_cast<double>(house.events.count()));
    gauge("muster_streams", "Bulk streams that are open.",
          static_cast<double>(house.carriers.count()));
    counter("muster_events_total", "Events that were published.",
            static_cast<double>(house.events.sequence()));
}

std::string Observations::expose(const House& house) const {
    Exposition out;
    expose_fleet(out, house);
    expose_work(out, house);
    out.family("muster_http_requests_total", "counter", "Requests by route and status.");
    for (const auto& [name, route] : routes_) {
        for (const auto& [status, count] : route.by_status) {
            out.sample("muster_http_requests_total",
                       {{"route", name}, {"status", std::to_string(status)}},
                       static_cast<double>(count));
        }
    }
    out.family("muster_http_request_duration_seconds", "histogram", "Time to answer, by route.");
    for (const auto& [name, route] : routes_) {
        out.histogram("muster_http_request_duration_seconds", {{"route", name}}, route.seconds);
    }
    return out.take();
}

}  // namespace muster::coordinator
