#include <algorithm>

#include "house.hpp"
#include "muster/base/random.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

bool sees(const Call& call, const Container& container) {
    return !call.who.servers ||
           (!container.server_id.empty() && call.who.sees(container.server_id));
}

Result<Container> known_container(const House& house, const Call& call) {
    const auto* found = house.inventory.find(call.id(), call.query("node"));
    if (found == nullptr || !sees(call, *found)) {
        return fail(Errc::not_found, "there is no container " + call.id());
    }
    return *found;
}

Result<http::Response> list_containers(House& house, Call& call) {
    if (auto known = call.only({"node", "phase", "name", "limit", "cursor"}); !known) {
        return std::unexpected(known.error());
    }
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    const auto node = call.query("node");
    const auto phase = call.query("phase");
    const auto name = call.query("name");
    const auto& all = house.inventory.containers();
    auto at = node.empty() ? all.begin() : all.lower_bound({node, std::string()});
    if (const auto line = cursor->find('\n'); line != std::string::npos) {
        at = all.upper_bound({cursor->substr(0, line), cursor->substr(line + 1)});
    } else if (!cursor->empty()) {
        return fail(Errc::invalid_argument, "it is not a cursor that this list gave", "cursor");
    }
    Json items = Json::array();
    std::string last;
    std::string next;
    for (; at != all.end(); ++at) {
        const auto& container = at->second;
        if (!node.empty() && container.node_id != node) break;
        if (!phase.empty() && container.phase != phase) continue;
        if (!name.empty() && container.name.find(name) == std::string::npos) continue;
        if (!sees(call, container)) continue;
        if (items.size() == *limit) {
            next = last;
            break;
        }
        items.push_back(to_json(container, house.fleet.state()));
        last = container.node_id + "\n" + container.id;
    }
    return list_response(std::move(items), next, house.inventory.age_ms(house.clock.now(), node));
}

Result<http::Response> get_container(House& house, Call& call) {
    if (auto known = call.only({"node"}); !known) return std::unexpected(known.error());
    const auto container = known_container(house, call);
    if (!container) return std::unexpected(container.error());
    return object_response(to_json(*container, house.fleet.state()));
}

asio::awaitable<Result<http::Answer>> logs(House& house, Call& call) {
    const auto container = known_container(house, call);
    if (!container) co_return std::unexpected(container.error());
    call.request.query.erase("node");
    co_return co_await answer_logs(house, call, container->node_id, container->id);
}

/// A container of one of our servers is worked on through that server, so that what is wanted of it
/// and what happens to it stay the same thing.
Result<http::Response> act(House& house, Call& call, brain::OperationKind kind,
                           std::optional<brain::OperationKind> of_server) {
    if (auto known = call.only({"node", "force"}); !known) return std::unexpected(known.error());
    const auto container = known_container(house, call);
    if (!container) return std::unexpected(container.error());
    const auto* server = house.fleet.state().server(container->server_id);
    const auto operation_id = new_id("op");
    call.audit_detail = Json{{"node", container->node_id}, {"name", container->name}};
    if (server != nullptr && !of_server) {
        return fail(Errc::conflict,
                    "it is the container of the server " + server->id + "; delete that instead");
    }
    Result<void> told;
    if (server != nullptr) {
        brain::PowerServer event;
        event.operation_id = operation_id;
        event.server_id = server->id;
        event.kind = *of_server;
        event.by = call.who.id;
        told = house.fleet.tell(std::move(event));
    } else {
        brain::CommandNode event;
        event.operation_id = operation_id;
        event.node_id = container->node_id;
        event.kind = kind;
        event.container_id = container->id;
        event.force = call.query("force") == "true";
        event.by = call.who.id;
        told = house.fleet.tell(std::move(event));
    }
    if (!told) return std::unexpected(told.error());
    return accepted(house, operation_id);
}

}  // namespace

void add_containers_api(Routes& routes, House& house) {
    const std::string one = "/api/v1/containers/{id}";
    routes.get("/api/v1/containers", Access::view,
               [&house](Call& call) { return list_containers(house, call); });
    routes.get(one, Access::view, [&house](Call& call) { return get_container(house, call); });
    routes.get_later(one + "/logs", Access::view,
                     [&house](Call& call) { return logs(house, call); });
    using Kind = brain::OperationKind;
    for (const auto& [kind, of_server] : {std::pair(Kind::container_start, Kind::start),
                                          std::pair(Kind::container_stop, Kind::stop),
                                          std::pair(Kind::container_restart, Kind::restart),
                                          std::pair(Kind::container_kill, Kind::kill),
                                          std::pair(Kind::container_pause, Kind::pause),
                                          std::pair(Kind::container_unpause, Kind::unpause)}) {
        const std::string name(brain::name_of(of_server));
        routes.change("POST", one + "/" + name, Access::operate, "container." + name,
                      [&house, on = kind, server = of_server](Call& call) {
                          return act(house, call, on, server);
                      });
    }
    routes.change("DELETE", one, Access::admin, "container.remove", [&house](Call& call) {
        return act(house, call, Kind::container_remove, std::nullopt);
    });
}

}  // namespace muster::coordinator
