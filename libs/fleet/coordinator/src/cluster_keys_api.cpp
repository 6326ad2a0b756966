#include "cluster_keys.hpp"
#include "worlds_api.hpp"

namespace muster::coordinator {
namespace {

constexpr std::int64_t grace_seconds_max = 30 * 86'400;

const std::string& name_in(Call& call) {
    call.audit_object = call.request.path_parameters["name"];
    return call.audit_object;
}

Result<http::Response> list(House& house, const ClusterKeys& keys, Call& call) {
    if (auto known = call.only({"limit", "cursor"}); !known) return std::unexpected(known.error());
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    Json items = Json::array();
    std::string last;
    std::string next;
    for (auto& key : keys.list()) {
        const auto name = key["name"].get<std::string>();
        if (name <= *cursor) continue;
        if (items.size() == *limit) {
            next = last;
            break;
        }
        key["servers"] = house.enrolment.members_of_key(name).size();
        items.push_back(std::move(key));
        last = name;
    }
    return list_response(std::move(items), next, 0);
}

/// With the key, this once.
Json shown(const std::string& name, const ClusterKeys::Made& made) {
    return {{"name", name},
            {"key", link::to_text(made.key)},
            {"created_at", to_rfc3339(made.created_at)},
            {"old_until", time_or_null(made.old_until)}};
}

Result<http::Response> add(ClusterKeys& keys, Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const auto name = reader.required_text("name", 64);
    const auto text = reader.text("key", 128);
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    call.audit_object = name;
    std::optional<link::ClusterKey> given;
    if (text) {
        auto key = link::parse_cluster_key(*text);
        if (!key) return std::unexpected(key.error());
        given = *std::move(key);
    }
    const bool is_given = given.has_value();
    auto made = keys.add(name, std::move(given), call.who.id);
    if (!made) return std::unexpected(made.error());
    call.audit_detail = Json{{"given", is_given}};
    Json answer = shown(name, *made);
    if (is_given) {
        answer["key"] = nullptr;  // whoever sent it has it
    } else {
        call.shows_secret = true;
    }
    return json_response(201, answer);
}

Result<http::Response> rotate(ClusterKeys& keys, Call& call) {
    const auto body = parse_object(call.request.body, true);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const auto grace = reader.integer("grace_seconds", 0, grace_seconds_max)
                           .value_or(ClusterKeys::grace_usual.count());
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    const std::string name = name_in(call);
    auto made = keys.rotate(name, std::chrono::seconds(grace), call.who.id);
    if (!made) return std::unexpected(made.error());
    call.audit_detail = Json{{"grace_seconds", grace}};
    call.shows_secret = true;
    return json_response(200, shown(name, *made));
}

// Whoever has joined has a certificate of its own, and stays unless that is asked for.
Result<http::Response> revoke(House& house, ClusterKeys& keys, WorldServers& servers, Call& call) {
    if (auto known = call.only({"servers"}); !known) return std::unexpected(known.error());
    const auto wish = call.query("servers");
    if (!wish.empty() && wish != "true" && wish != "false") {
        return fail(Errc::invalid_argument, "it is true or false", "servers");
    }
    const std::string name = name_in(call);
    const auto members = house.enrolment.members_of_key(name);
    if (auto revoked = keys.revoke(name); !revoked) return std::unexpected(revoked.error());
    const Error why{Errc::permission_denied,
                    "the key " + name + ", which this world server joined with, was revoked",
                    {}};
    std::size_t dismissed = 0;
    for (const std::string& id : wish == "true" ? members : std::vector<std::string>{}) {
        house.enrolment.revoke(id);
        servers.dismiss(id, why, true);
        ++dismissed;
    }
    call.audit_detail = Json{{"servers", dismissed}};
    return json_response(200, Json{{"name", name},
                                   {"servers_revoked", dismissed},
                                   {"servers_left", members.size() - dismissed}});
}

}  // namespace

void add_cluster_keys_api(Routes& routes, House& house, ClusterKeys& keys, WorldServers& servers) {
    const std::string all = "/api/v1/cluster-keys";
    routes.get(all, Access::admin, [&house, &keys](Call& call) { return list(house, keys, call); });
    routes.change("POST", all, Access::admin, "cluster_key.create",
                  [&keys](Call& call) { return add(keys, call); });
    routes.change("POST", all + "/{name}/rotate", Access::admin, "cluster_key.rotate",
                  [&keys](Call& call) { return rotate(keys, call); });
    routes.change(
        "DELETE", all + "/{name}", Access::admin, "cluster_key.revoke",
        [&house, &keys, &servers](Call& call) { return revoke(house, keys, servers, call); });
}

}  // namespace muster::coordinator
