#include "house.hpp"
#include "muster/base/random.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

Json artifact_json(const wire::Artifact& artifact, const std::string& node_id) {
    Json names = Json::array();
    for (const auto& name : artifact.names()) names.push_back(name);
    Json labels = Json::object();
    for (const auto& [name, value] : artifact.labels()) labels[name] = value;
    return Json{{"node_id", node_id},
                {"id", artifact.id()},
                {"names", std::move(names)},
                {"driver", artifact.driver()},
                {"size_bytes", artifact.size_bytes()},
                {"labels", std::move(labels)},
                {"created_at", time_of_ms(artifact.created_ms())}};
}

asio::awaitable<Result<http::Answer>> list(House& house, Call& call, std::string kind) {
    if (auto whole = whole_fleet(call); !whole) co_return std::unexpected(whole.error());
    if (auto known = call.only({"node"}); !known) co_return std::unexpected(known.error());
    const auto node = chosen_node(house, call.query("node"));
    if (!node) co_return std::unexpected(node.error());
    wire::Query query;
    query.mutable_artifacts()->set_kind(kind);
    auto answer = co_await house.links.ask(*node, std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    Json items = Json::array();
    for (const auto& artifact : answer->artifacts())
        items.push_back(artifact_json(artifact, *node));
    co_return http::Answer(list_response(std::move(items), {}, 0));
}

Result<http::Response> pull(House& house, Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const auto named = reader.text("node_id", 128).value_or("");
    const auto image = reader.required_text("image", 512);
    if (image.find_first_of(" \t\r\n") != std::string::npos) {
        reader.refuse("image", "it holds white space");
    }
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    auto node = chosen_node(house, named);
    if (!node) {
        return fail(node.error().code, node.error().message, "node_id");
    }
    brain::CommandNode event;
    event.operation_id = new_id("op");
    event.node_id = *node;
    event.kind = brain::OperationKind::pull;
    event.image = image;
    event.by = call.who.id;
    const auto operation_id = event.operation_id;
    call.audit_object = *node;
    call.audit_detail = Json{{"image", image}};
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    return accepted(house, operation_id);
}

asio::awaitable<Result<http::Answer>> create(House& house, Call& call, std::string kind) {
    const auto body = parse_object(call.request.body);
    if (!body) co_return std::unexpected(body.error());
    Reader reader(*body);
    const auto named = reader.text("node_id", 128).value_or("");
    const auto name = reader.required_text("name", 128);
    const auto driver = reader.text("driver", 64).value_or("");
    const auto labels = reader.texts("labels", 64, 256);
    if (auto done = reader.done(); !done) co_return std::unexpected(done.error());
    const auto node = chosen_node(house, named);
    if (!node) co_return fail(node.error().code, node.error().message, "node_id");
    wire::Query query;
    auto& change = *query.mutable_change_artifact();
    change.set_kind(kind);
    change.mutable_artifact()->add_names(name);
    change.mutable_artifact()->set_driver(driver);
    if (labels) {
        for (const auto& [label, value] : *labels) {
            (*change.mutable_artifact()->mutable_labels())[label] = value;
        }
    }
    const wire::Artifact wanted = change.artifact();
    call.audit_object = *node;
    call.audit_detail = Json{{"name", name}};
    auto answer = co_await house.links.ask(*node, std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    wire::Artifact made = wanted;
    made.set_id(answer->created_id());
    co_return http::Answer(json_response(201, artifact_json(made, *node)));
}

asio::awaitable<Result<http::Answer>> remove(House& house, Call& call, std::string kind) {
    if (auto known = call.only({"node"}); !known) co_return std::unexpected(known.error());
    const auto node = chosen_node(house, call.query("node"));
    if (!node) co_return std::unexpected(node.error());
    wire::Query query;
    auto& change = *query.mutable_change_artifact();
    change.set_kind(kind);
    change.set_remove(true);
    change.mutable_artifact()->set_id(call.id());
    call.audit_detail = Json{{"node", *node}};
    auto answer = co_await house.links.ask(*node, std::move(query));
    if (!answer) co_return std::unexpected(answer.error());
    co_return http::Answer(no_content());
}

}  // namespace

void add_artifacts_api(Routes& routes, House& house) {
    for (const std::string kind : {"image", "volume", "network"}) {
        const std::string all = "/api/v1/" + kind + "s";
        routes.get_later(all, Access::view,
                         [&house, kind](Call& call) { return list(house, call, kind); });
        routes.change_later("DELETE", all + "/{id}", Access::admin, kind + ".remove",
                            [&house, kind](Call& call) { return remove(house, call, kind); });
        if (kind == "image") {
            routes.change("POST", all, Access::admin, "image.pull",
                          [&house](Call& call) { return pull(house, call); });
        } else {
            routes.change_later("POST", all, Access::admin, kind + ".create",
                                [&house, kind](Call& call) { return create(house, call, kind); });
        }
    }
}

}  // namespace muster::coordinator
