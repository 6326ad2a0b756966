#include "muster/base/encoding.hpp"
#include "worlds_api.hpp"

namespace muster::coordinator {
namespace {

/// How many people there are in a region is said by the world's description.
Json listed_json(const WorldServers::Listed& listed, const Regions& regions) {
    Json out = to_json(listed);
    for (const auto& region : regions.regions_at(listed.listing.id)) {
        Json one = to_json(region);
        for (const char* name : {"server", "players"}) one.erase(name);
        one["world"] = region.world;
        out["regions"].push_back(std::move(one));
    }
    return out;
}

Result<const WorldServers::Listed*> known(const WorldServers& servers, const Call& call) {
    const auto* listed = servers.find(call.id());
    if (listed == nullptr) {
        return fail(Errc::not_found, "there is no world server " + call.id() + " now");
    }
    return listed;
}

// Put together from the servers' texts: of a thousand, each says something new every second, and
// many ask.
std::string page(const WorldServers& servers, const Regions& regions, const std::string& name,
                 const std::string& after, std::size_t limit) {
    std::string items;
    std::size_t count = 0;
    std::string last;
    std::string next;
    for (const auto* one : servers.list()) {
        if (one->listing.id <= after) continue;
        if (!name.empty() && one->listing.name.find(name) == std::string::npos) continue;
        if (count == limit) {
            next = last;
            break;
        }
        if (count++ > 0) items += ',';
        items += one->listing.spread ? to_text(listed_json(*one, regions)) : one->text;
        last = one->listing.id;
    }
    const Json cursor = next.empty() ? Json(nullptr) : Json(to_base64url(next));
    return R"({"items":[)" + items + R"(],"list_version":)" +
           std::to_string(servers.list_version()) + R"(,"next_cursor":)" + to_text(cursor) + "}";
}

// Asked for every few seconds by whoever chooses a server: a list that has not changed costs a
// line.
asio::awaitable<Result<http::Answer>> list(const WorldServers& servers, const Regions& regions,
                                           Call& call) {
    if (auto known = call.only({"name", "limit", "cursor"}); !known) {
        co_return std::unexpected(known.error());
    }
    const auto limit = call.limit();
    if (!limit) co_return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) co_return std::unexpected(cursor.error());
    const std::string tag = "\"" + std::to_string(servers.list_version()) + "\"";
    http::Response response;
    bool is_known = false;
    for (const auto shown : call.request.headers.list("If-None-Match")) is_known |= shown == tag;
    if (is_known) {
        response.status = 304;
    } else {
        response = json_response(200, nullptr);
        response.body = page(servers, regions, call.query("name"), *cursor, *limit);
    }
    response.headers.set("Cache-Control", "no-cache");
    response.headers.set("ETag", tag);
    co_return http::Answer(std::move(response));
}

Result<http::Response> drain(WorldServers& servers, const Regions& regions, Call& call) {
    const auto body = parse_object(call.request.body, true);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const bool draining = reader.boolean("draining").value_or(true);
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    if (auto drained = servers.drain(call.id(), draining); !drained) {
        return std::unexpected(drained.error());
    }
    call.audit_detail = Json{{"draining", draining}};
    const auto listed = known(servers, call);
    if (!listed) return std::unexpected(listed.error());
    return json_response(200, listed_json(**listed, regions));
}

// Also of one that is away: what counts is its certificate.
Result<http::Response> revoke(House& house, WorldServers& servers, Call& call) {
    const std::string id = call.id();
    if (!house.enrolment.admit(id, MemberKind::world_server)) {
        return fail(Errc::not_found, "there is no world server " + id);
    }
    call.audit_detail = Json{{"name", house.enrolment.name_of(id)}};
    house.enrolment.revoke(id);
    const Error why{Errc::permission_denied, "this world server was revoked", {}};
    servers.dismiss(id, why, true);
    return no_content();
}

}  // namespace

void add_world_servers_api(Routes& routes, House& house, WorldServers& servers, Regions& regions) {
    const std::string one = "/api/v1/world-servers/{id}";
    routes.open("GET", "/api/v1/world-servers",
                [&servers, &regions](Call& call) { return list(servers, regions, call); });
    routes.open("GET", one,
                [&servers, &regions](Call& call) -> asio::awaitable<Result<http::Answer>> {
                    const auto listed = known(servers, call);
                    if (!listed) co_return std::unexpected(listed.error());
                    co_return http::Answer(json_response(200, listed_json(**listed, regions)));
                });
    routes.change("POST", one + "/drain", Access::operate, "world_server.drain",
                  [&servers, &regions](Call& call) { return drain(servers, regions, call); });
    routes.change("DELETE", one, Access::admin, "world_server.revoke",
                  [&house, &servers](Call& call) { return revoke(house, servers, call); });
}

}  // namespace muster::coordinator
