#include "lobby.hpp"

namespace muster::coordinator {

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

Error no_such_world(const std::string& name) {
    return Error{Errc::not_found, "there is no world " + name, {}};
}

}  // namespace muster::coordinator
