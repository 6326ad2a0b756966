#include "house.hpp"
#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

Json game_json(const Catalogue::Entry& entry) {
    Json out = games::to_json(*entry.game, true);
    out["custom"] = entry.is_custom;
    out["version"] = Catalogue::digest_of(*entry.game).substr(0, 16);
    return out;
}

Result<http::Response> list_games(House& house, Call& call) {
    if (auto known = call.only({"limit", "cursor"}); !known) return std::unexpected(known.error());
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    const auto all = house.catalogue.all();
    Json items = Json::array();
    std::string last;
    auto at = all.upper_bound(*cursor);
    for (; at != all.end() && items.size() < *limit; ++at) {
        items.push_back(game_json(at->second));
        last = at->first;
    }
    return list_response(std::move(items), at == all.end() ? std::string() : last, 0);
}

Result<http::Response> get_game(House& house, Call& call) {
    const auto entry = house.catalogue.find(call.id());
    if (!entry.game) return fail(Errc::not_found, "there is no game " + call.id());
    return object_response(game_json(entry));
}

Result<games::Game> read_game(const Call& call) {
    const auto type = call.request.headers.find("Content-Type").value_or("");
    if (to_lower(type).find("toml") != std::string::npos) {
        return games::parse_game(call.request.body);
    }
    auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    // What GET adds may come back.
    body->erase("custom");
    body->erase("version");
    return games::from_json(*body);
}

Result<http::Response> put_game(House& house, Call& call) {
    auto game = read_game(call);
    if (!game) return std::unexpected(game.error());
    if (game->id != call.id()) {
        return fail(Errc::invalid_argument, "it must be the id in the path: " + call.id(), "id");
    }
    const auto before = house.catalogue.find(call.id());
    if (before.game) {
        const auto version = Catalogue::digest_of(*before.game).substr(0, 16);
        if (auto same = call.matches(version); !same) return std::unexpected(same.error());
    }
    if (auto put = house.catalogue.put(*std::move(game)); !put) {
        return std::unexpected(put.error());
    }
    auto response = object_response(game_json(house.catalogue.find(call.id())));
    response.status = before.game ? 200 : 201;
    return response;
}

Result<http::Response> delete_game(House& house, Call& call) {
    if (auto erased = house.catalogue.erase(call.id()); !erased) {
        return std::unexpected(erased.error());
    }
    return no_content();
}

}  // namespace

void add_games_api(Routes& routes, House& house) {
    const std::string one = "/api/v1/games/{id}";
    routes.get("/api/v1/games", Access::view,
               [&house](Call& call) { return list_games(house, call); });
    routes.get(one, Access::view, [&house](Call& call) { return get_game(house, call); });
    routes.change("PUT", one, Access::admin, "game.put",
                  [&house](Call& call) { return put_game(house, call); });
    routes.change("DELETE", one, Access::admin, "game.delete",
                  [&house](Call& call) { return delete_game(house, call); });
}

}  // namespace muster::coordinator
