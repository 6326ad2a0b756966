#include "lobby.hpp"
#include "worlds_api.hpp"

namespace muster::coordinator {
namespace {

// What kind of server this is, since when, and whether anybody plays: on it, and in all.
Json diagnostics(const Lobby& lobby, Timestamp began) {
    std::uint32_t here = 0;
    for (const WorldFacts& facts : lobby.local()) here += facts.people;
    std::uint32_t all = here;
    const auto servers = lobby.servers.list();
    for (const auto* one : servers) all += one->listing.sessions;
    const auto uptime = lobby.house.clock.now() - began;
    return Json{{"type", lobby.house.options.worlds ? "up" : "coordinator"},
                {"version", lobby.house.options.version},
                {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()},
                {"players", here},
                {"players_total", all},
                {"world_servers", servers.size()},
                {"list_version", lobby.servers.list_version()}};
}

}  // namespace

void add_diagnostics_api(Routes& routes, House& house, WorldServers& servers, Regions& regions) {
    const auto lobby = std::make_shared<Lobby>(house, servers, regions);
    const Timestamp began = house.clock.now();
    routes.open("GET", "/api/v1/diagnostics",
                [lobby, began](Call&) -> asio::awaitable<Result<http::Answer>> {
                    co_return for_origin(*lobby, json_response(200, diagnostics(*lobby, began)));
                });
}

}  // namespace muster::coordinator
