#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/host/world_server.hpp"
#include "muster/http/server.hpp"

namespace muster::host {

/// ICE servers that the page is given, and how TURN credentials are made.
struct IceServers {
    std::vector<std::string> stun_urls;
    std::vector<std::string> turn_urls;
    std::string turn_username, turn_credential;  ///< static; or
    std::string turn_secret;                     ///< time-limited ones (coturn's use-auth-secret)
    std::chrono::seconds turn_lifetime{3'600};
    struct Extra {
        std::vector<std::string> urls;
        std::string username, credential;
    };
    std::vector<Extra> extra;  ///< MGS_ICE_SERVERS
};

struct RouteOptions {
    IceServers ice;
    std::string origin;   ///< Access-Control-Allow-Origin of files and signalling (MGS_CDN_ORIGIN);
                          ///< empty: none
    std::string version;  ///< of the software, as diagnostics show it
    /// Whether it serves the list of worlds, diagnostics, joining and leaving by HTTP. A
    /// coordinator of the same process does so itself, for these worlds and those of others.
    bool joins = true;
};

/// docs/formats/world-protocol.md: GET /api/v1/diagnostics, GET /api/v1/worlds, .../statistics, GET
/// /api/v1/worlds/{world}, POST /api/v1/worlds/{world}/join, POST .../leave, GET .../witness, GET
/// .../metrics (JSON), and the seed's WebSocket /ws. The server must outlive the router. Gives back
/// what it added, as coordinator::Options::add_routes does.
std::vector<std::pair<std::string, std::string>> add_routes(http::Router& router,
                                                            WorldServer& server,
                                                            RouteOptions options);
/// The RTCIceServer objects that a page is given now, as a JSON array.
[[nodiscard]] std::string ice_servers_text(const IceServers& servers);
/// The lines of /metrics (Prometheus text) of one world.
[[nodiscard]] std::string metrics_text(const Statistics& statistics);

}  // namespace muster::host
