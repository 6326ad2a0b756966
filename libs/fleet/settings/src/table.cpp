#include <array>

#include "muster/settings/settings.hpp"
#include "retired.hpp"
#include "world_entries.hpp"

namespace muster::settings {
namespace {

constexpr auto up = static_cast<unsigned>(Role::up);
constexpr auto coordinator = static_cast<unsigned>(Role::coordinator);
constexpr auto node = static_cast<unsigned>(Role::node);
constexpr auto world = static_cast<unsigned>(Role::world);
constexpr auto all = up | coordinator | node | world;
constexpr auto serving = up | coordinator | world;
constexpr std::int64_t milliseconds_of_hour = 3'600'000;
using enum Alias::Part;

std::vector<Entry> general_entries() {
    return {
        {.name = "data_dir",
         .flag = "--data-dir",
         .environment = "MUSTER_DATA_DIR",
         .preset = "",
         .roles = all,
         .description = "The folder that everything is kept in. By default "
                        "`~/.local/share/muster`, as root `/var/lib/muster`."},
        {.name = "config",
         .flag = "--config",
         .environment = "MUSTER_CONFIG",
         .preset = "",
         .roles = all,
         .description = "The file of settings. By default `muster.toml` in the data folder, or "
                        "else `/etc/muster/muster.toml`.",
         .may_be_in_file = false},
        {.name = "log.level",
         .flag = "--log-level",
         .environment = "MUSTER_LOG_LEVEL",
         .preset = "info",
         .roles = all,
         .description = "What is logged: this and everything worse.",
         .choices = {"trace", "debug", "info", "warning", "error", "off"}},
        {.name = "log.json",
         .flag = "--log-json",
         .environment = "MUSTER_LOG_JSON",
         .type = Type::boolean,
         .preset = "false",
         .roles = all,
         .description = "Logs one JSON object a line."},
    };
}

std::vector<Entry> serving_entries() {
    return {
        {.name = "http.address",
         .flag = "--http",
         .environment = "MUSTER_HTTP",
         .type = Type::address,
         .preset = "0.0.0.0:8080",
         .preset_of_up = "127.0.0.1:8080",
         .roles = serving,
         .description = "Where REST, WebSocket, web pages and `/metrics` are served.",
         .environment_aliases = {{"API_PORT", port},
                                 {"DOCKLORD_API_PORT", port},
                                 {"MGS_HOST", host},
                                 {"MGS_PORT", port}}},
        {.name = "http.connections_max",
         .flag = "--http-connections-max",
         .environment = "MUSTER_HTTP_CONNECTIONS_MAX",
         .type = Type::number,
         .preset = "4096",
         .roles = serving,
         .description = "Connections at once; 0 in `all.max_connections` stands for the default.",
         .file_aliases = {{"all.max_connections", whole, up | coordinator}},
         .min = 1,
         .max = 1'000'000},
        {.name = "http.connections_per_address_max",
         .flag = "--http-connections-per-address-max",
         .environment = "MUSTER_HTTP_CONNECTIONS_PER_ADDRESS_MAX",
         .type = Type::number,
         .preset = "256",
         .roles = serving,
         .description = "Connections at once from one address.",
         .min = 1,
         .max = 1'000'000},
        {.name = "tls.certificate",
         .flag = "--tls-certificate",
         .environment = "MUSTER_TLS_CERTIFICATE",
         .preset = "",
         .roles = serving,
         .description = "A PEM file: the certificate (with its chain) for HTTPS. Needs `tls.key`."},
        {.name = "tls.key",
         .flag = "--tls-key",
         .environment = "MUSTER_TLS_KEY",
         .preset = "",
         .roles = serving,
         .description = "A PEM file: the private key of `tls.certificate`."},
        {.name = "tls.own",
         .flag = "--tls-own",
         .environment = "MUSTER_TLS_OWN",
         .type = Type::boolean,
         .preset = "false",
         .roles = up | coordinator,
         .description = "Serves HTTPS with a certificate of the coordinator's own authority."},
    };
}

std::vector<Entry> content_and_limits_entries() {
    return {
        {.name = "web.folder",
         .flag = "--web",
         .environment = "MUSTER_WEB_FOLDER",
         .preset = "",
         .roles = serving,
         .description = "The folder of the web pages. By default the one that came along."},
        {.name = "web.origin",
         .flag = "--web-origin",
         .environment = "MUSTER_WEB_ORIGIN",
         .preset = "",
         .roles = serving,
         .description =
             "The origin that may read the pages' files and join worlds from elsewhere, as "
             "`https://play.example.org`: Access-Control-Allow-Origin.",
         .environment_aliases = {{"MGS_CDN_ORIGIN"}}},
        {.name = "games.folder",
         .flag = "--games",
         .environment = "MUSTER_GAMES_FOLDER",
         .preset = "",
         .roles = up | coordinator,
         .description = "The folder of the games' definitions. By default the one that came "
                        "along."},
        {.name = "placement",
         .flag = "--placement",
         .environment = "MUSTER_PLACEMENT",
         .preset = "spread",
         .roles = up | coordinator,
         .description = "Which node gets a new server: the emptiest that fits (spread) or the "
                        "fullest (packed).",
         .choices = {"spread", "packed"}},
        {.name = "limits.requests_per_second",
         .flag = "--requests-per-second",
         .environment = "MUSTER_REQUESTS_PER_SECOND",
         .type = Type::number,
         .preset = "50",
         .roles = up | coordinator,
         .description = "Requests a second that each token may make.",
         .min = 1,
         .max = 1'000'000},
        {.name = "limits.requests_burst",
         .flag = "--requests-burst",
         .environment = "MUSTER_REQUESTS_BURST",
         .type = Type::number,
         .preset = "200",
         .roles = up | coordinator,
         .description = "Requests that each token may make at once.",
         .min = 1,
         .max = 1'000'000},
        {.name = "limits.wrong_tokens_per_minute",
         .flag = "--wrong-tokens-per-minute",
         .environment = "MUSTER_WRONG_TOKENS_PER_MINUTE",
         .type = Type::number,
         .preset = "10",
         .roles = up | coordinator,
         .description = "Wrong tokens a minute from one address before it has to wait.",
         .min = 1,
         .max = 1'000'000},
    };
}

std::vector<Entry> link_entries() {
    return {
        {.name = "grpc.address",
         .flag = "--grpc",
         .environment = "MUSTER_GRPC",
         .type = Type::address,
         .preset = "0.0.0.0:50051",
         .preset_of_up = "127.0.0.1:50051",
         .roles = up | coordinator,
         .description = "Where nodes and world servers dial in.",
         .environment_aliases = {{"GRPC_PORT", port}, {"DOCKLORD_GRPC_PORT", port}},
         .file_aliases = {{"all.port", port, up | coordinator}}},
        {.name = "public_address",
         .flag = "--public-address",
         .environment = "MUSTER_PUBLIC_ADDRESS",
         .preset = "",
         .roles = up | coordinator,
         .description = "Where nodes reach the gRPC port, as `host` or `host:port`: what a join "
                        "command says. By default the host that the request for it named."},
        {.name = "link.ping",
         .flag = "--link-ping",
         .environment = "MUSTER_LINK_PING",
         .type = Type::duration,
         .preset = "5s",
         .roles = up | coordinator,
         .description = "How often a node is asked for a sign of life.",
         .min = 100,
         .max = milliseconds_of_hour},
        {.name = "link.lease",
         .flag = "--link-lease",
         .environment = "MUSTER_LINK_LEASE",
         .type = Type::duration,
         .preset = "15s",
         .roles = up | coordinator,
         .description = "A node unheard of for so long is unreachable, and its servers unknown; a "
                        "world server is delisted.",
         .min = 100,
         .max = milliseconds_of_hour},
        {.name = "link.grace",
         .flag = "--link-grace",
         .environment = "MUSTER_LINK_GRACE",
         .type = Type::duration,
         .preset = "60s",
         .roles = up | coordinator,
         .description = "So long after the coordinator's start no node is unreachable.",
         .max = milliseconds_of_hour},
    };
}

std::vector<Entry> store_entries() {
    return {
        {.name = "store.url",
         .flag = "--store-url",
         .environment = "MUSTER_STORE_URL",
         .type = Type::secret,
         .preset = "",
         .roles = coordinator,
         .description =
             "The PostgreSQL database that several coordinators share, as "
             "`postgresql://USER:PASSWORD@HOST:PORT/DATABASE` (docs/operations/scale-out.md). "
             "Empty: "
             "SQLite in the data folder. Better in the environment than as a flag, which other "
             "users of the host can see."},
        {.name = "lead.address",
         .flag = "--lead-address",
         .environment = "MUSTER_LEAD_ADDRESS",
         .preset = "",
         .roles = coordinator,
         .description = "Where the other coordinators of a shared store reach this one's HTTP "
                        "while it leads, as `host` or `host:port`. By default the host of "
                        "`public_address`, else that of `http.address`, else the machine's name."},
    };
}

std::vector<Entry> node_identity_entries() {
    return {
        {.name = "node.coordinator",
         .flag = "--coordinator",
         .environment = "MUSTER_COORDINATOR",
         .type = Type::addresses,
         .preset = "127.0.0.1:50051",
         .roles = node,
         .description = "The coordinator's gRPC address; of several coordinators that share a "
                        "store all of them, with commas between, which are tried in turn.",
         .environment_aliases = {{"COORDINATOR_ADDR"}, {"DOCKLORD_COORDINATOR_ADDR"}},
         .file_aliases = {{"cluster.master_ip", host, node}, {"cluster.master_port", port, node}}},
        {.name = "node.join_token",
         .flag = "--join-token",
         .environment = "MUSTER_JOIN_TOKEN",
         .type = Type::secret,
         .preset = "",
         .roles = node,
         .description =
             "The one-use token of the first start, from `muster nodes join-token`; at a "
             "later start it counts again only when the node's certificate has ended or "
             "the coordinator has refused the node. Better in "
             "the environment than as a flag, which other users of the host can see."},
        {.name = "node.name",
         .flag = "--name",
         .environment = "MUSTER_NODE_NAME",
         .preset = "",
         .roles = up | node,
         .description = "What people call the node. By default the host's name.",
         .environment_aliases = {{"DOCKLORD_NODE_ID"}},
         .file_aliases = {{"all.server_name", whole, up | node}}},
        {.name = "node.password",
         .flag = "--password",
         .environment = "MUSTER_NODE_PASSWORD",
         .type = Type::secret,
         .preset = "",
         .roles = up | node,
         .description = "With it and the node's id a person reaches this node alone (Docklord's "
                        "way). By default generated, and kept in `node.password` of the data "
                        "folder.",
         .environment_aliases = {{"DOCKLORD_PASSWORD"}}},
        {.name = "node.advertise",
         .flag = "--advertise",
         .environment = "MUSTER_ADVERTISE",
         .preset = "",
         .roles = up | node,
         .description = "The address that players reach. By default the one that the node dials "
                        "from."},
    };
}

std::vector<Entry> node_work_entries() {
    return {
        {.name = "node.labels",
         .flag = "--label",
         .environment = "MUSTER_NODE_LABELS",
         .type = Type::list,
         .preset = "",
         .roles = up | node,
         .description = "`key=value` pairs that placement can ask for."},
        {.name = "node.ports",
         .flag = "--ports",
         .environment = "MUSTER_PORTS",
         .type = Type::port_range,
         .preset = "2000-39999",
         .roles = up | node,
         .description = "Ports that servers may have. A server asks for the port that its game is "
                        "known by first."},
        {.name = "node.operations_max",
         .flag = "--operations-max",
         .environment = "MUSTER_OPERATIONS_MAX",
         .type = Type::number,
         .preset = "4",
         .roles = up | node,
         .description = "Operations at once on the node; `kill` always goes through.",
         .min = 1,
         .max = 256},
        {.name = "node.runtime",
         .flag = "--runtime",
         .environment = "MUSTER_RUNTIME",
         .preset = "auto",
         .roles = up | node,
         .description = "What starts servers: `docker`, `process` (namespaces and cgroups, no "
                        "engine), or `auto`: docker when an engine answers.",
         .choices = {"auto", "docker", "process"}},
    };
}

std::vector<Entry> engine_entries() {
    return {
        {.name = "docker.base_url",
         .flag = "--docker",
         .environment = "MUSTER_DOCKER_BASE_URL",
         .preset = "unix:///var/run/docker.sock",
         .roles = up | node,
         .description = "The Engine API: `unix:///path`, `tcp://host:port`, `http://` or "
                        "`https://host:port`.",
         .environment_aliases = {{"DOCKER_HOST"}}},
        {.name = "docker.ca",
         .flag = "--docker-ca",
         .environment = "MUSTER_DOCKER_CA",
         .preset = "",
         .roles = up | node,
         .description = "A PEM file: for https, the only authority that is trusted."},
        {.name = "docker.certificate",
         .flag = "--docker-certificate",
         .environment = "MUSTER_DOCKER_CERTIFICATE",
         .preset = "",
         .roles = up | node,
         .description = "A PEM file: for https, who the node is."},
        {.name = "docker.key",
         .flag = "--docker-key",
         .environment = "MUSTER_DOCKER_KEY",
         .preset = "",
         .roles = up | node,
         .description = "A PEM file: the private key of `docker.certificate`."},
    };
}

std::vector<Entry> horizon_entries() {
    return {
        {.name = "control.enabled",
         .flag = "--control",
         .environment = "MUSTER_CONTROL",
         .type = Type::boolean,
         .preset = "false",
         .roles = up | coordinator,
         .description = "Horizon's control socket: lines of JSON, commands in, replies and events "
                        "out (docs/control-socket.md). It wants a token, but hides nothing on its "
                        "way: keep it on this machine."},
        {.name = "control.address",
         .flag = "--control-address",
         .environment = "MUSTER_CONTROL_ADDRESS",
         .type = Type::address,
         .preset = "127.0.0.1:3010",
         .roles = up | coordinator,
         .description = "Where the control socket listens."},
        {.name = "control.peer",
         .flag = "--control-peer",
         .environment = "MUSTER_CONTROL_PEER",
         .type = Type::address,
         .preset = "127.0.0.1:3011",
         .roles = up | coordinator,
         .description =
             "Where it dials out to, again and again until somebody answers; with port 0 "
             "it does not."},
        {.name = "control.local_token",
         .flag = "--control-local-token",
         .environment = "MUSTER_CONTROL_LOCAL_TOKEN",
         .type = Type::secret,
         .preset = "",
         .roles = up | coordinator,
         .description = "A token that whoever connects from this machine acts with, without "
                        "showing one. Empty: everybody must show one."},
        {.name = "npm.folder",
         .flag = "--npm-folder",
         .environment = "MUSTER_NPM_FOLDER",
         .preset = "",
         .roles = up | coordinator,
         .description = "The folder of a companion (a `package.json` is in it) that is run and "
                        "kept running; empty: none.",
         .file_aliases = {{"npm.dashboard_path"}}},
        {.name = "npm.script",
         .flag = "--npm-script",
         .environment = "MUSTER_NPM_SCRIPT",
         .preset = "start",
         .roles = up | coordinator,
         .description = "Which of its scripts: `npm run start`."},
    };
}

std::vector<Entry> make_table() {
    std::vector<Entry> entries;
    for (const auto group :
         {&general_entries,      &serving_entries,      &content_and_limits_entries,
          &link_entries,         &store_entries,        &node_identity_entries,
          &node_work_entries,    &engine_entries,       &horizon_entries,
          &world_entries,        &world_link_entries,   &cluster_entries,
          &world_spread_entries, &bus_entries,          &world_place_entries,
          &world_match_entries,  &world_server_entries, &world_limit_entries,
          &world_plugin_entries, &ice_entries,          &ice_turn_entries})
        for (auto& entry : group()) entries.push_back(std::move(entry));
    return entries;
}

constexpr std::array<Retired, 5> retired_names{{
    {"docker.image_name", "a game's definition names its image"},
    {"docker.container_name", "servers are named when they are deployed"},
    {"dockerfile.path", "images are not built here"},
    {"dockerfile.buildContext", "images are not built here"},
    {"docker.instances", "servers are deployed by the API"},
}};

}  // namespace

std::span<const Entry> table() {
    static const std::vector<Entry> entries = make_table();
    return entries;
}

std::span<const Retired> retired() {
    return retired_names;
}

}  // namespace muster::settings
