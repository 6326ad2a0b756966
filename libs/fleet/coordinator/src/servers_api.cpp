#include <algorithm>

#include "deploy.hpp"
#include "house.hpp"
#include "muster/base/random.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

Json server_json(const House& house, const brain::Server& server) {
    return to_json(server, house.fleet.state(), house.inventory, house.catalogue);
}

/// What GET /servers may be narrowed by.
struct Filter {
    std::string state;
    std::string node;
    std::string game;
    std::string name;
    std::string label_name;
    std::string label_value;

    [[nodiscard]] bool takes(const brain::Server& server, const brain::State& fleet) const {
        if (!node.empty() && server.node_id != node) return false;
        if (!game.empty() && server.spec.game != game) return false;
        if (!name.empty() && server.spec.name.find(name) == std::string::npos) return false;
        if (!state.empty() && brain::name_of(fleet.shown_state(server)) != state) return false;
        if (label_name.empty()) return true;
        const auto label = server.spec.labels.find(label_name);
        return label != server.spec.labels.end() && label->second == label_value;
    }
};

Result<Filter> filter_of(const Call& call) {
    if (auto known = call.only({"state", "node", "game", "name", "label", "limit", "cursor"});
        !known) {
        return std::unexpected(known.error());
    }
    Filter out;
    out.state = call.query("state");
    out.node = call.query("node");
    out.game = call.query("game");
    out.name = call.query("name");
    if (const auto label = call.query("label"); !label.empty()) {
        const auto colon = label.find(':');
        if (colon == std::string::npos || colon == 0) {
            return fail(Errc::invalid_argument, "it must be name:value", "label");
        }
        out.label_name = label.substr(0, colon);
        out.label_value = label.substr(colon + 1);
    }
    if (!out.state.empty() && !is_server_state(out.state)) {
        return fail(Errc::invalid_argument, "there is no such state", "state");
    }
    return out;
}

Result<http::Response> list_servers(House& house, Call& call) {
    const auto filter = filter_of(call);
    if (!filter) return std::unexpected(filter.error());
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    const auto& state = house.fleet.state();
    std::vector<const brain::Server*> found;
    state.each_server([&](const brain::Server& server) {
        if (server.id > *cursor && call.who.sees(server.id) && filter->takes(server, state)) {
            found.push_back(&server);
        }
    });
    const auto by_id = [](const auto* a, const auto* b) { return a->id < b->id; };
    const auto shown = std::min(*limit, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown),
                      found.end(), by_id);
    Json items = Json::array();
    for (std::size_t i = 0; i < shown; ++i) items.push_back(server_json(house, *found[i]));
    const auto next = found.size() > shown ? found[shown - 1]->id : std::string();
    return list_response(std::move(items), next,
                         house.inventory.age_ms(house.clock.now(), filter->node));
}

Result<http::Response> get_server(House& house, Call& call) {
    const auto server = visible_server(house, call, call.id());
    if (!server) return std::unexpected(server.error());
    return object_response(server_json(house, **server));
}

Result<http::Response> deploy(House& house, Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    const auto operation_id = new_id("op");
    const auto server_id = new_id("srv");
    auto wanted = read_deploy(*body, house.catalogue, server_id);
    if (!wanted) return std::unexpected(wanted.error());
    if (wanted->recipe.data != server_id) {
        const auto owners = servers_with_data(house.fleet.state(), wanted->recipe.data);
        if (!owners.empty()) {
            return fail(Errc::conflict, "this data folder belongs to the server " + owners.front(),
                        "data");
        }
    }
    auto told = deploy_server(house, *std::move(wanted), server_id, operation_id, call.who.id);
    if (!told) return std::unexpected(told.error());
    const auto& state = house.fleet.state();
    call.audit_object = server_id;
    call.audit_detail = Json{{"name", state.server(server_id)->spec.name},
                             {"game", state.server(server_id)->spec.game}};
    auto response = json_response(
        202, Json{{"server", server_json(house, *state.server(server_id))},
                  {"operation", to_json(*state.operation(operation_id), state, house.tokens)}});
    response.headers.set("Location", "/api/v1/operations/" + operation_id);
    return response;
}

Result<http::Response> change_server(House& house, Call& call) {
    const auto server = visible_server(house, call, call.id());
    if (!server) return std::unexpected(server.error());
    if (auto same = call.matches(std::to_string((*server)->version)); !same) {
        return std::unexpected(same.error());
    }
    const auto patch = parse_object(call.request.body);
    if (!patch) return std::unexpected(patch.error());
    auto changed = read_change(*patch, **server, house.catalogue);
    if (!changed) return std::unexpected(changed.error());
    brain::ChangeServer event;
    event.server_id = call.id();
    event.spec = std::move(changed->spec);
    event.remake = changed->remake;
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    Json fields = Json::array();
    for (const auto& [name, value] : patch->items()) fields.push_back(name);
    call.audit_detail = Json{{"fields", std::move(fields)}};
    return object_response(server_json(house, *house.fleet.state().server(call.id())));
}

Result<http::Response> remove_server(House& house, Call& call) {
    if (auto known = call.only({"data"}); !known) return std::unexpected(known.error());
    const auto server = visible_server(house, call, call.id());
    if (!server) return std::unexpected(server.error());
    if (auto same = call.matches(std::to_string((*server)->version)); !same) {
        return std::unexpected(same.error());
    }
    const auto data = call.query("data");
    if (!data.empty() && data != "keep" && data != "delete") {
        return fail(Errc::invalid_argument, "it must be keep or delete", "data");
    }
    brain::RemoveServer event;
    event.operation_id = new_id("op");
    event.server_id = call.id();
    event.with_data = data == "delete";
    event.by = call.who.id;
    call.audit_detail = Json{{"name", (*server)->spec.name}, {"with_data", event.with_data}};
    const auto operation_id = event.operation_id;
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    return accepted(house, operation_id);
}

Result<http::Response> power_server(House& house, Call& call, brain::OperationKind kind) {
    const auto server = visible_server(house, call, call.id());
    if (!server) return std::unexpected(server.error());
    brain::PowerServer event;
    event.operation_id = new_id("op");
    event.server_id = call.id();
    event.kind = kind;
    event.by = call.who.id;
    const auto operation_id = event.operation_id;
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    return accepted(house, operation_id);
}

Result<http::Response> update_server(House& house, Call& call) {
    const auto server = visible_server(house, call, call.id());
    if (!server) return std::unexpected(server.error());
    brain::UpdateServer event;
    event.operation_id = new_id("op");
    event.server_id = call.id();
    event.by = call.who.id;
    // An update takes the game as it is defined today, where the server's settings still fit it.
    const auto renewed = renew_game(**server, house.catalogue);
    if (renewed) event.spec = renewed->spec;
    const auto operation_id = event.operation_id;
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        if (renewed && renewed->is_first) house.catalogue.unpin(renewed->digest);
        return std::unexpected(told.error());
    }
    return accepted(house, operation_id);
}

}  // namespace

Result<void> deploy_server(House& house, Deploy wanted, const std::string& server_id,
                           const std::string& operation_id, const std::string& by) {
    brain::DeployServer event;
    event.operation_id = operation_id;
    event.server_id = server_id;
    event.by = by;
    wanted.recipe.digest = Catalogue::digest_of(*wanted.game);
    wanted.spec.details = wanted.recipe.details();
    event.spec = std::move(wanted.spec);
    event.start = wanted.start;
    // Pinned before, for the command is built at once when a node is there.
    const auto digest = wanted.recipe.digest;
    const bool is_first = house.catalogue.pinned(digest) == nullptr;
    static_cast<void>(house.catalogue.pin(wanted.game));
    auto told = house.fleet.tell(std::move(event));
    if (!told && is_first) house.catalogue.unpin(digest);
    return told;
}

void add_servers_api(Routes& routes, House& house) {
    const std::string all = "/api/v1/servers";
    const std::string one = "/api/v1/servers/{id}";
    routes.get(all, Access::view, [&house](Call& call) { return list_servers(house, call); });
    routes.get(one, Access::view, [&house](Call& call) { return get_server(house, call); });
    routes.change("POST", all, Access::operate, "server.deploy",
                  [&house](Call& call) { return deploy(house, call); });
    routes.change("PATCH", one, Access::operate, "server.change",
                  [&house](Call& call) { return change_server(house, call); });
    routes.change("DELETE", one, Access::operate, "server.remove",
                  [&house](Call& call) { return remove_server(house, call); });
    using Kind = brain::OperationKind;
    for (const auto kind :
         {Kind::start, Kind::stop, Kind::restart, Kind::kill, Kind::pause, Kind::unpause}) {
        const std::string name(brain::name_of(kind));
        routes.change("POST", one + "/" + name, Access::operate, "server." + name,
                      [&house, kind](Call& call) { return power_server(house, call, kind); });
    }
    routes.change("POST", one + "/update", Access::operate, "server.update",
                  [&house](Call& call) { return update_server(house, call); });
}

}  // namespace muster::coordinator
