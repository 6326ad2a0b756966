#include "worlds_api.hpp"

#include "joins.hpp"
#include "lobby.hpp"

namespace muster::coordinator {
namespace {

constexpr const char* keys_path = "/.well-known/muster-keys.json";

/// Where the keys are with which tickets can be checked.
std::string public_keys_url(const Lobby& lobby) {
    const std::string& elsewhere = lobby.house.options.public_keys_url;
    return elsewhere.empty() ? keys_path : elsewhere;
}

/// One that is declared, though none of its servers is here now.
Json world_without_servers(const SpreadWorld& world) {
    Json out =
        to_json(WorldFacts{world.spec.name, world.mode, world.map, 0, 0, world.players_max, false});
    out["spread"] = true;
    out["servers"] = 0;
    return out;
}

Json ice_servers(const Lobby& lobby) {
    const auto& make = lobby.house.options.ice_servers;
    if (!make) return Json::array();
    Json out = Json::parse(make(), nullptr, false);
    return out.is_array() ? out : Json::array();
}

asio::awaitable<Result<http::Answer>> list_worlds(Lobby& lobby, Call&) {
    Json worlds = Json::array();
    // Those of this process first, in the order of its settings.
    auto all = worlds_of(lobby);
    for (const WorldFacts& facts : lobby.local()) {
        worlds.push_back(std::move(all.extract(facts.name).mapped()));
    }
    for (auto& [name, world] : all) worlds.push_back(std::move(world));
    co_return for_origin(lobby, json_response(200, Json{{"worlds", std::move(worlds)},
                                                        {"public_keys_url", public_keys_url(lobby)},
                                                        {"ice_servers", ice_servers(lobby)}}));
}

asio::awaitable<Result<http::Answer>> show_world(Lobby& lobby, Call& call) {
    const std::string& name = call.request.path_parameters["world"];
    auto all = worlds_of(lobby);
    auto found = all.find(name);
    const SpreadWorld* spread = lobby.regions.world(name);
    if (found == all.end() && spread != nullptr) {
        found = all.emplace(name, world_without_servers(*spread)).first;
    }
    if (found == all.end()) co_return for_origin(lobby, refusal(no_such_world(name)));
    found->second["ice_servers"] = ice_servers(lobby);
    found->second["public_keys_url"] = public_keys_url(lobby);
    if (spread != nullptr) {
        Json regions = Json::array();
        for (const auto& region : lobby.regions.regions_of(name)) {
            regions.push_back(to_json(region));
        }
        found->second["regions"] = std::move(regions);
    }
    co_return for_origin(lobby, json_response(200, found->second));
}

// Whoever meets a key that it does not know asks again; a rotation is rare.
asio::awaitable<Result<http::Answer>> show_keys(Lobby& lobby, Call&) {
    auto response = json_response(200, lobby.house.ticket_keys.public_keys());
    response.headers.set("Cache-Control", "public, max-age=60");
    co_return for_origin(lobby, std::move(response));
}

Result<http::Response> rotate_key(House& house, Call& call) {
    const auto body = parse_object(call.request.body, true);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const bool end_old = reader.boolean("end_old").value_or(false);
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    auto key = house.ticket_keys.rotate(end_old);
    if (!key) return std::unexpected(key.error());
    call.audit_object = key->id;
    call.audit_detail = Json{{"end_old", end_old}};
    return json_response(200, Json{{"kid", key->id}, {"made_at", to_rfc3339(key->made_at)}});
}

asio::awaitable<Result<http::Answer>> preflight(Lobby& lobby, Call&) {
    auto out = no_content();
    out.headers.set("Access-Control-Allow-Methods", "GET, POST");
    out.headers.set("Access-Control-Allow-Headers", "Content-Type");
    out.headers.set("Access-Control-Max-Age", "600");
    co_return for_origin(lobby, std::move(out));
}

}  // namespace

void add_worlds_api(Routes& routes, House& house, WorldServers& servers, Regions& regions) {
    const auto lobby = std::make_shared<Lobby>(house, servers, regions);
    const std::string all = "/api/v1/worlds";
    const std::string one = all + "/{world}";
    const auto add = [&routes, &lobby](const std::string& method, const std::string& pattern,
                                       auto handler) {
        routes.open(method, pattern,
                    [lobby, handler](Call& call) { return handler(*lobby, call); });
    };
    add("GET", all, list_worlds);
    add("GET", one, show_world);
    add("POST", one + "/join", [](Lobby& in, Call& call) -> asio::awaitable<Result<http::Answer>> {
        auto response = co_await join(in, call);
        co_return for_origin(in, std::move(response));
    });
    add("POST", one + "/leave", [](Lobby& in, Call& call) -> asio::awaitable<Result<http::Answer>> {
        co_return for_origin(in, leave(in, call));
    });
    add("GET", keys_path, show_keys);
    routes.change("POST", "/api/v1/ticket-keys/rotate", Access::admin, "ticket_key.rotate",
                  [&house](Call& call) { return rotate_key(house, call); });
    if (house.options.web_origin.empty()) return;
    add("OPTIONS", one + "/join", preflight);
    add("OPTIONS", one + "/leave", preflight);
}

}  // namespace muster::coordinator
