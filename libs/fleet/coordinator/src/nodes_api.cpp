#include <algorithm>

#include "deploy.hpp"
#include "house.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

Json node_json(const House& house, const brain::Node& node) {
    return to_json(node, house.fleet.state(), house.inventory);
}

Result<const brain::Node*> known_node(const House& house, const Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    const auto* node = house.fleet.state().node(call.id());
    if (node == nullptr) return fail(Errc::not_found, "there is no node " + call.id());
    return node;
}

Result<http::Response> list_nodes(House& house, Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    if (auto known = call.only({"name", "state", "limit", "cursor"}); !known) {
        return std::unexpected(known.error());
    }
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    const auto name = call.query("name");
    const auto wanted = call.query("state");
    using State = brain::NodeState;
    const bool is_state = wanted.empty() || wanted == brain::name_of(State::online) ||
                          wanted == brain::name_of(State::unreachable) ||
                          wanted == brain::name_of(State::revoked);
    if (!is_state) return fail(Errc::invalid_argument, "there is no such state", "state");
    std::vector<const brain::Node*> found;
    house.fleet.state().each_node([&](const brain::Node& node) {
        if (node.id <= *cursor) return;
        if (!name.empty() && node.name.find(name) == std::string::npos) return;
        if (!wanted.empty() && brain::name_of(node.state) != wanted) return;
        found.push_back(&node);
    });
    std::sort(found.begin(), found.end(),
              [](const auto* a, const auto* b) { return a->id < b->id; });
    const auto shown = std::min(*limit, found.size());
    Json items = Json::array();
    for (std::size_t i = 0; i < shown; ++i) items.push_back(node_json(house, *found[i]));
    const auto next = found.size() > shown ? found[shown - 1]->id : std::string();
    return list_response(std::move(items), next, house.inventory.age_ms(house.clock.now()));
}

Result<http::Response> get_node(House& house, Call& call) {
    const auto node = known_node(house, call);
    if (!node) return std::unexpected(node.error());
    return object_response(node_json(house, **node));
}

Result<http::Response> change_node(House& house, Call& call) {
    const auto node = known_node(house, call);
    if (!node) return std::unexpected(node.error());
    if (auto same = call.matches(std::to_string((*node)->version)); !same) {
        return std::unexpected(same.error());
    }
    const auto patch = parse_object(call.request.body);
    if (!patch) return std::unexpected(patch.error());
    brain::ChangeNode event;
    event.node_id = call.id();
    Json labels = (*node)->labels;
    Reader reader(*patch);
    event.name = reader.text("name", 128);
    if (event.name && event.name->empty()) reader.refuse("name", "it must not be empty");
    event.cordoned = reader.boolean("cordoned");
    const Json* changed = reader.any("labels");
    if (changed != nullptr && !changed->is_object())
        reader.refuse("labels", "it must be an object");
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    if (changed != nullptr) {
        merge_patch(labels, *changed);
        const Json merged{{"labels", std::move(labels)}};
        Reader texts(merged);
        event.labels = texts.texts("labels", labels_max, label_bytes_max);
        if (auto done = texts.done(); !done) return std::unexpected(done.error());
    }
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    call.audit_detail = *patch;
    return object_response(node_json(house, *house.fleet.state().node(call.id())));
}

Result<http::Response> revoke_node(House& house, Call& call) {
    const auto node = known_node(house, call);
    if (!node) return std::unexpected(node.error());
    if (auto same = call.matches(std::to_string((*node)->version)); !same) {
        return std::unexpected(same.error());
    }
    call.audit_detail = Json{{"name", (*node)->name}};
    house.enrolment.revoke(call.id());
    brain::RevokeNode event;
    event.node_id = call.id();
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    house.links.dismiss(call.id(), "the node was revoked", true);
    house.revoke_link(call.id(), "the node was revoked");
    house.live.cut(password_principal(call.id()));
    house.inventory.forget_node(call.id());
    return no_content();
}

asio::awaitable<Result<http::Answer>> stats(House& house, Call& call) {
    if (auto known = call.only({"seconds"}); !known) co_return std::unexpected(known.error());
    const auto seconds = history_seconds(call);
    if (!seconds) co_return std::unexpected(seconds.error());
    const auto node = known_node(house, call);
    if (!node) co_return std::unexpected(node.error());
    wire::Query query;
    query.mutable_history()->set_seconds(*seconds);
    auto answer = co_await house.links.ask(call.id(), std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    co_return http::Answer(json_response(200, history_json(*answer)));
}

asio::awaitable<Result<http::Answer>> list_data(House& house, Call& call) {
    const auto node = known_node(house, call);
    if (!node) co_return std::unexpected(node.error());
    wire::Query query;
    query.mutable_data();
    auto answer = co_await house.links.ask(call.id(), std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    Json items = Json::array();
    for (const auto& folder : answer->data()) {
        items.push_back(Json{
            {"name", folder.name()},
            {"server_id", folder.server_id().empty() ? Json(nullptr) : Json(folder.server_id())},
            {"size_bytes", folder.size_bytes()}});
    }
    co_return http::Answer(list_response(std::move(items), {}, 0));
}

asio::awaitable<Result<http::Answer>> remove_data(House& house, Call& call) {
    const auto node = known_node(house, call);
    if (!node) co_return std::unexpected(node.error());
    const std::string name = call.request.path_parameters["name"];
    const auto owners = servers_with_data(house.fleet.state(), name);
    if (!owners.empty()) {
        co_return fail(Errc::conflict, "it belongs to the server " + owners.front() +
                                           "; delete that with its data");
    }
    call.audit_detail = Json{{"data", name}};
    wire::Query query;
    query.mutable_remove_data()->set_name(name);
    auto answer = co_await house.links.ask(call.id(), std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    co_return http::Answer(no_content());
}

}  // namespace

void add_nodes_api(Routes& routes, House& house) {
    const std::string one = "/api/v1/nodes/{id}";
    routes.get("/api/v1/nodes", Access::view,
               [&house](Call& call) { return list_nodes(house, call); });
    routes.get(one, Access::view, [&house](Call& call) { return get_node(house, call); });
    routes.change("PATCH", one, Access::admin, "node.change",
                  [&house](Call& call) { return change_node(house, call); });
    routes.change("DELETE", one, Access::admin, "node.revoke",
                  [&house](Call& call) { return revoke_node(house, call); });
    routes.get_later(one + "/stats", Access::view,
                     [&house](Call& call) { return stats(house, call); });
    routes.get_later(one + "/data", Access::operate,
                     [&house](Call& call) { return list_data(house, call); });
    routes.change_later("DELETE", one + "/data/{name}", Access::operate, "node.remove_data",
                        [&house](Call& call) { return remove_data(house, call); });
}

}  // namespace muster::coordinator
