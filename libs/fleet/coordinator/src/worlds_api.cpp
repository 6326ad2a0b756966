#include "worlds_api.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace muster::coordinator {
namespace {

constexpr std::size_t name_bytes_max = 256;  // of 64 characters
constexpr std::size_t ticket_bytes_max = 512;
constexpr std::size_t sdp_bytes_max = 64U << 10U;
constexpr std::size_t alternatives_max = 8;
constexpr int tries_max = 3;  // of servers, when the best one refuses

/// What the handlers of the players' routes work on.
struct Lobby {
    House& house;
    WorldServers& servers;
    Regions& regions;

    [[nodiscard]] std::vector<WorldFacts> local() const {
        const auto& gate = house.options.worlds;
        return gate ? gate->worlds() : std::vector<WorldFacts>();
    }
};

/// For pages of another origin, as their files are.
http::Answer for_origin(const Lobby& lobby, http::Response response) {
    const std::string& origin = lobby.house.options.web_origin;
    if (!origin.empty()) {
        response.headers.set("Access-Control-Allow-Origin", origin);
        if (origin != "*") response.headers.add("Vary", "Origin");
    }
    return response;
}

http::Response refusal(const Error& error) {
    auto out = error.code == Errc::exhausted ? http::problem(409, error) : http::problem(error);
    const bool is_soon = error.code == Errc::rate_limited || error.code == Errc::unavailable;
    if (is_soon) out.headers.set("Retry-After", "1");
    return out;
}

/// All of one name, wherever they run, are one world to who plays.
std::map<std::string, Json> worlds_of(const Lobby& lobby) {
    std::map<std::string, Json> out;
    // The places of a spread world are the same ones on each of its servers.
    const auto add = [&out](const WorldFacts& facts, bool is_spread = false) {
        auto [at, is_new] = out.try_emplace(facts.name, to_json(facts));
        Json& world = at->second;
        if (is_new) world["spread"] = is_spread;
        if (is_new) {
            world["servers"] = 1;
            return;
        }
        for (const auto& [name, more] :
             {std::pair{"people", facts.people}, std::pair{"bots", facts.bots},
              std::pair{"players_max", is_spread ? 0U : facts.players_max},
              std::pair{"servers", std::uint32_t{1}}}) {
            world[name] = world[name].get<std::uint32_t>() + more;
        }
        world["asleep"] = world["asleep"].get<bool>() && facts.asleep;
    };
    for (const WorldFacts& facts : lobby.local()) add(facts);
    for (const auto* listed : lobby.servers.list()) {
        const bool is_spread = listed->listing.spread.has_value();
        if (listed->listing.draining && !is_spread) continue;
        for (const ListedWorld& one : listed->listing.worlds) add(one.facts, is_spread);
    }
    return out;
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

Error no_such_world(const std::string& name) {
    return Error{Errc::not_found, "there is no world " + name, {}};
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
    if (spread != nullptr) {
        Json regions = Json::array();
        for (const auto& region : lobby.regions.regions_of(name)) {
            regions.push_back(to_json(region));
        }
        found->second["regions"] = std::move(regions);
    }
    co_return for_origin(lobby, json_response(200, found->second));
}

// ---- joining

struct Wish {
    WorldJoin join;
    std::string server;  ///< wanted; "local" is this process
    Strategy strategy = Strategy::least_load;
};

Result<Wish> read_wish(Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    Wish out;
    out.join.world = call.request.path_parameters["world"];
    out.join.remote_address = call.request.remote_address;
    out.join.sdp = reader.required_text("sdp", sdp_bytes_max);
    out.join.name = reader.text("name", name_bytes_max).value_or("");
    out.join.team = reader.text("team", 16).value_or("");
    out.join.resume = reader.text("resume", ticket_bytes_max).value_or("");
    out.server = reader.text("server", 64).value_or("");
    const auto strategy = reader.text("strategy", 16).value_or("least_load");
    if (!out.join.team.empty() && out.join.team != "red" && out.join.team != "blue") {
        reader.refuse("team", "`red`, `blue` or absent");
    }
    if (const auto known = strategy_from_name(strategy)) {
        out.strategy = *known;
    } else {
        reader.refuse("strategy", "it must be least_load or packed");
    }
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    return out;
}

constexpr std::string_view local_name = "local";

/// Everywhere that the world is played, also where it is full.
std::vector<Candidate> candidates_for(const Lobby& lobby, const std::string& world) {
    std::vector<Candidate> out;
    for (const WorldFacts& facts : lobby.local()) {
        if (facts.name != world) continue;
        Candidate one;
        one.people = facts.people;
        one.players_max = facts.players_max;
        out.push_back(std::move(one));
    }
    // Of a spread world: only servers that own a part of it now.
    const auto open = lobby.regions.world(world) == nullptr
                          ? std::vector<std::string>()
                          : lobby.regions.open_servers(world).value_or(std::vector<std::string>());
    for (const auto* listed : lobby.servers.list()) {
        const WorldListing& listing = listed->listing;
        const ListedWorld* found = listing.draining ? nullptr : listing.world(world);
        if (found == nullptr) continue;
        if (listing.spread && std::ranges::find(open, listing.id) == open.end()) continue;
        Candidate one;
        one.server_id = listing.id;
        one.people = found->facts.people;
        one.players_max = found->facts.players_max;
        one.load = listing.load();
        one.has_room = listing.sessions < listing.sessions_max;
        out.push_back(std::move(one));
    }
    return out;
}

/// Where else there is room: the same world first, then others.
Json alternatives_to(const Lobby& lobby, const std::string& world, const std::string& not_there) {
    Json out = Json::array();
    const auto add = [&](const std::string& name) {
        for (const Candidate& one : ranked(candidates_for(lobby, name), Strategy::least_load)) {
            if (out.size() >= alternatives_max) return;
            if (name == world && one.server_id == not_there) continue;
            out.push_back(
                Json{{"world", name},
                     {"server", one.server_id.empty() ? std::string(local_name) : one.server_id},
                     {"people", one.people},
                     {"players_max", one.players_max}});
        }
    };
    add(world);
    for (const auto& [name, facts] : worlds_of(lobby)) {
        if (name != world) add(name);
    }
    return out;
}

http::Response full(const Lobby& lobby, const Error& error, const std::string& world,
                    const std::string& not_there) {
    auto out = refusal(error);
    Json body = Json::parse(out.body, nullptr, false);
    body["alternatives"] = alternatives_to(lobby, world, not_there);
    out.body = to_text(body);
    return out;
}

/// Waits for the gate's answer, which comes from another thread.
asio::awaitable<Result<WorldPlace>> join_local(Lobby& lobby, WorldJoin wish) {
    struct Handed {
        explicit Handed(asio::any_io_executor executor) : came(std::move(executor)) {}
        Signal came;
        Result<WorldPlace> place = fail(Errc::timeout, "the world did not answer in time");
        bool given_up = false;
    };
    const auto executor = lobby.house.executor;
    const auto handed = std::make_shared<Handed>(executor);
    const std::shared_ptr<WorldGate> gate = lobby.house.options.worlds;
    if (!gate) co_return fail(Errc::not_found, "there are no worlds in this process", "server");
    gate->join(std::move(wish), [executor, handed, gate](Result<WorldPlace> place) {
        asio::post(executor, [handed, gate, place = std::move(place)]() mutable {
            // Whoever does not hear of its place shall not keep it.
            if (handed->given_up && place) gate->leave(std::move(place->ticket));
            handed->place = std::move(place);
            handed->came.set();
        });
    });
    handed->given_up = !co_await handed->came.wait(WorldServers::join_deadline);
    if (handed->given_up) co_return fail(Errc::timeout, "the world did not answer in time");
    co_return std::move(handed->place);
}

asio::awaitable<Result<WorldPlace>> join_at(Lobby& lobby, std::string server, WorldJoin wish) {
    if (server.empty()) co_return co_await join_local(lobby, std::move(wish));
    auto place = co_await lobby.servers.join(server, std::move(wish));
    if (place) place->ticket = to_text(RoutedTicket{std::move(server), std::move(place->ticket)});
    co_return place;
}

http::Response joined(const WorldPlace& place, const std::string& world,
                      const std::string& server) {
    return json_response(200, Json{{"sdp", place.sdp},
                                   {"ticket", place.ticket},
                                   {"player", place.player},
                                   {"world", world},
                                   {"server", server.empty() ? std::string(local_name) : server}});
}

/// Who was there before goes where it was, when that is still here; it needs no place.
std::optional<std::string> resumed_at(const Lobby& lobby, Wish& wish) {
    if (wish.join.resume.empty()) return std::nullopt;
    const auto routed = read_ticket(wish.join.resume);
    const bool is_here = routed.server_id.empty() ? lobby.house.options.worlds != nullptr
                                                  : lobby.servers.find(routed.server_id) != nullptr;
    wish.join.resume = is_here ? routed.ticket : std::string();
    if (!is_here) return std::nullopt;
    return routed.server_id;
}

/// In the order in which they are tried; the error says why there are none.
Result<std::vector<Candidate>> places_for(const Lobby& lobby, const Wish& wish) {
    auto all = candidates_for(lobby, wish.join.world);
    const bool is_spread = lobby.regions.world(wish.join.world) != nullptr;
    if (all.empty() && is_spread) {
        const auto open = lobby.regions.open_servers(wish.join.world);
        return open ? fail(Errc::unavailable,
                           "the servers of the world " + wish.join.world + " are just coming back")
                    : std::unexpected(open.error());
    }
    if (all.empty()) return std::unexpected(no_such_world(wish.join.world));
    if (!wish.server.empty()) {
        const std::string id = wish.server == local_name ? std::string() : wish.server;
        std::erase_if(all, [&id](const Candidate& one) { return one.server_id != id; });
        if (all.empty()) {
            return fail(Errc::not_found,
                        "the world " + wish.join.world + " is not open on a server " + wish.server,
                        "server");
        }
    }
    auto out = ranked(std::move(all), wish.strategy);
    if (out.empty()) {
        return fail(Errc::exhausted, "the world " + wish.join.world + " is full" +
                                         (wish.server.empty() ? std::string(" everywhere")
                                                              : " on the server " + wish.server));
    }
    return out;
}

/// Whether who was asked just does not know of that ticket's player, or cannot say.
bool is_elsewhere(const Error& error) {
    return error.code == Errc::not_found || error.code == Errc::unavailable ||
           error.code == Errc::timeout ||
           (error.code == Errc::invalid_argument && error.field == "resume");
}

/// A player of a spread world may be with another of its servers than the one that gave the ticket:
/// it may have crossed, or its server have died and another gone on from copies. None: all of the
/// world is there, and nobody has it.
asio::awaitable<std::optional<http::Response>> resume_spread(Lobby& lobby, Wish wish) {
    const auto routed = read_ticket(wish.join.resume);
    wish.join.resume = routed.ticket;
    wish.join.resume_only = true;
    auto asked = lobby.regions.holders(wish.join.world);
    const auto own = std::ranges::find(asked, routed.server_id);
    if (own != asked.end()) std::rotate(asked.begin(), own, own + 1);
    bool is_sure = true;
    for (const std::string& server : asked) {
        auto place = co_await join_at(lobby, server, wish.join);
        if (place) co_return joined(*place, wish.join.world, server);
        if (!is_elsewhere(place.error())) co_return refusal(place.error());
        const bool is_on_its_way =
            place.error().code == Errc::unavailable || place.error().code == Errc::timeout;
        is_sure = is_sure && !is_on_its_way;
    }
    if (is_sure && lobby.regions.is_whole(wish.join.world)) co_return std::nullopt;
    co_return refusal(Error{Errc::unavailable,
                            "this player of the world " + wish.join.world +
                                " is with no server at this moment, and will be with one soon",
                            "resume"});
}

asio::awaitable<http::Response> join(Lobby& lobby, Call& call) {
    auto wish = read_wish(call);
    if (!wish) co_return refusal(wish.error());
    const std::string world = wish->join.world;
    const bool is_spread_resumed =
        lobby.regions.world(world) != nullptr && !read_ticket(wish->join.resume).server_id.empty();
    if (is_spread_resumed) {
        auto response = co_await resume_spread(lobby, *wish);
        if (response) co_return *std::move(response);
        wish->join.resume.clear();
    } else if (const auto before = resumed_at(lobby, *wish)) {
        auto place = co_await join_at(lobby, *before, wish->join);
        if (place) co_return joined(*place, world, *before);
        if (place.error().code != Errc::unavailable) co_return refusal(place.error());
        wish->join.resume.clear();  // it went away in this moment
    }
    const auto places = places_for(lobby, *wish);
    if (!places && places.error().code == Errc::exhausted) {
        const std::string there = wish->server == local_name ? std::string() : wish->server;
        co_return full(lobby, places.error(), world, there);
    }
    if (!places) co_return refusal(places.error());
    Error why;
    std::string last;
    for (std::size_t i = 0; i < std::min<std::size_t>(places->size(), tries_max); ++i) {
        last = (*places)[i].server_id;
        auto place = co_await join_at(lobby, last, wish->join);
        if (place) co_return joined(*place, world, last);
        why = std::move(place.error());
        // Somebody else may have a place; everything else is the wish's own fault or takes long.
        if (why.code != Errc::exhausted && why.code != Errc::unavailable) co_return refusal(why);
    }
    co_return full(lobby, why, world, last);
}

asio::awaitable<Result<http::Answer>> leave(Lobby& lobby, Call& call) {
    const auto body = parse_object(call.request.body);
    if (!body) co_return for_origin(lobby, refusal(body.error()));
    Reader reader(*body);
    auto routed = read_ticket(reader.required_text("ticket", ticket_bytes_max));
    if (auto done = reader.done(); !done) co_return for_origin(lobby, refusal(done.error()));
    if (!routed.server_id.empty()) {
        lobby.servers.leave(routed.server_id, std::move(routed.ticket));
    } else if (lobby.house.options.worlds) {
        lobby.house.options.worlds->leave(std::move(routed.ticket));
    }
    co_return for_origin(lobby, no_content());
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
    add("POST", one + "/leave", leave);
    if (house.options.web_origin.empty()) return;
    add("OPTIONS", one + "/join", preflight);
    add("OPTIONS", one + "/leave", preflight);
}

}  // namespace muster::coordinator
