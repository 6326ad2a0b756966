#include "world_entries.hpp"

namespace muster::settings {
namespace {

constexpr auto here = static_cast<unsigned>(Role::up) | static_cast<unsigned>(Role::world);
/// A coordinator gives them to pages that play on its world servers.
constexpr auto pages = here | static_cast<unsigned>(Role::coordinator);
using enum Alias::Part;
constexpr auto world = static_cast<unsigned>(Role::world);

}  // namespace

std::vector<Entry> world_entries() {
    return {
        {.name = "world.modes",
         .flag = "--modes",
         .environment = "MUSTER_WORLD_MODES",
         .type = Type::list,
         .preset = "ctf,tdm,ffa",
         .roles = here,
         .description = "One world for each: `ctf` (capture the flag), `tdm` (team deathmatch), "
                        "`ffa` (free for "
                        "all). People choose among them on the page.",
         .choices = {"ctf", "tdm", "ffa"}},
        {.name = "world.map",
         .flag = "--map",
         .environment = "MUSTER_WORLD_MAP",
         .preset = "classic",
         .roles = here,
         .description = "`classic` (the arena of 1600 x 1200 units), a size as `4000x3000` for a "
                        "generated map, or "
                        "a file (docs/formats/map.md)."},
        {.name = "world.seed",
         .flag = "--seed",
         .environment = "MUSTER_WORLD_SEED",
         .type = Type::number,
         .preset = "0",
         .roles = here,
         .description = "What maps and matches are drawn from; 0: another at each start.",
         .max = 9'007'199'254'740'991},
    };
}

std::vector<Entry> world_place_entries() {
    return {
        {.name = "world.players_max",
         .flag = "--players-max",
         .environment = "MUSTER_WORLD_PLAYERS_MAX",
         .type = Type::number,
         .preset = "400",
         .roles = here,
         .description = "Players in a world, people and bots.",
         .environment_aliases = {{"MGS_MAX_PLAYERS_PER_MATCH"}},
         .min = 2,
         .max = 20'000},
        {.name = "world.bots",
         .flag = "--bots",
         .environment = "MUSTER_WORLD_BOTS",
         .type = Type::number,
         .preset = "200",
         .roles = here,
         .description = "Bots in a world, as far as there are places.",
         .environment_aliases = {{"MGS_TARGET_BOT_COUNT"}},
         .max = 20'000},
        {.name = "world.bot_skill",
         .flag = "--bot-skill",
         .environment = "MUSTER_WORLD_BOT_SKILL",
         .type = Type::number,
         .preset = "50",
         .roles = here,
         .description = "How well bots play, 0 to 100.",
         .max = 100},
        {.name = "world.people_first",
         .flag = "--people-first",
         .environment = "MUSTER_WORLD_PEOPLE_FIRST",
         .type = Type::boolean,
         .preset = "true",
         .roles = here,
         .description = "In a full world a bot goes when a person comes.",
         .environment_aliases = {{"HUMAN_PRIORITY"}}},
        {.name = "world.reserved_slots",
         .flag = "--reserved-slots",
         .environment = "MUSTER_WORLD_RESERVED_SLOTS",
         .type = Type::number,
         .preset = "2",
         .roles = here,
         .description = "Places that bots leave free for people.",
         .environment_aliases = {{"RESERVED_HUMAN_SLOTS"}},
         .max = 1'000},
    };
}

std::vector<Entry> world_match_entries() {
    return {
        {.name = "world.match",
         .flag = "--match",
         .environment = "MUSTER_WORLD_MATCH",
         .type = Type::duration,
         .preset = "5m",
         .roles = here,
         .description = "How long a match lasts.",
         .min = 10'000,
         .max = 86'400'000},
        {.name = "world.friendly_fire",
         .flag = "--friendly-fire",
         .environment = "MUSTER_WORLD_FRIENDLY_FIRE",
         .type = Type::boolean,
         .preset = "false",
         .roles = here,
         .description = "Whether one can hurt one's own team."},
        {.name = "world.sleep",
         .flag = "--sleep",
         .environment = "MUSTER_WORLD_SLEEP",
         .type = Type::duration,
         .preset = "30s",
         .roles = here,
         .description =
             "A world without people stops after so long, until somebody joins; 0: never.",
         .max = 86'400'000},
        {.name = "world.chat_near",
         .flag = "--chat-near",
         .environment = "MUSTER_WORLD_CHAT_NEAR",
         .type = Type::number,
         .preset = "0",
         .roles = here,
         .description = "How far what is said to those near goes, in units of the map; 0: half as "
                        "far as one sees.",
         .max = 10'000},
        {.name = "world.record",
         .flag = "--record",
         .environment = "MUSTER_WORLD_RECORD",
         .preset = "",
         .roles = here,
         .description = "A folder for recordings (docs/formats/recording.md), one file a world and "
                        "start; empty: "
                        "none."},
    };
}

std::vector<Entry> world_server_entries() {
    return {
        {.name = "udp.address",
         .flag = "--udp",
         .environment = "MUSTER_UDP",
         .type = Type::address,
         .preset = "0.0.0.0:7777",
         .roles = here,
         .description = "Where players' browsers send: one UDP port for all worlds of the process.",
         .file_aliases = {{"all.port", port, world}}},
        {.name = "udp.public",
         .flag = "--public-ip",
         .environment = "MUSTER_PUBLIC_IP",
         .type = Type::list,
         .preset = "",
         .roles = here,
         .description = "The numeric addresses that browsers reach it at, when they are others "
                        "than this machine's own "
                        "(behind NAT, in a container)."},
        {.name = "world.tick_rate",
         .flag = "--tick-rate",
         .environment = "MUSTER_WORLD_TICK_RATE",
         .type = Type::number,
         .preset = "60",
         .roles = here,
         .description = "How often a second a world is computed. The game's step stays 1/60 s: at "
                        "30 two are taken at "
                        "a time, at 20 three.",
         .choices = {"60", "30", "20"},
         .environment_aliases = {{"MGS_TICK_RATE"}}},
        {.name = "world.snapshot_rate",
         .flag = "--snapshot-rate",
         .environment = "MUSTER_WORLD_SNAPSHOT_RATE",
         .type = Type::number,
         .preset = "30",
         .roles = here,
         .description = "Snapshots a second to each player, at most `world.tick_rate`.",
         .choices = {"60", "30", "20", "15", "10"}},
        {.name = "world.snapshot_bytes",
         .flag = "--snapshot-bytes",
         .environment = "MUSTER_WORLD_SNAPSHOT_BYTES",
         .type = Type::bytes,
         .preset = "600",
         .roles = here,
         .description =
             "The most that one snapshot may take: times the rate it is what a player costs.",
         .min = 200,
         .max = 1'100},
        {.name = "world.shards",
         .flag = "--shards",
         .environment = "MUSTER_WORLD_SHARDS",
         .type = Type::number,
         .preset = "0",
         .roles = here,
         .description = "Network threads; 0: one a core, four at most.",
         .max = 16},
    };
}

std::vector<Entry> world_plugin_entries() {
    return {
        {.name = "world.plugins",
         .flag = "--plugins",
         .environment = "MUSTER_WORLD_PLUGINS",
         .type = Type::list,
         .preset = "",
         .roles = here,
         .description = "Plugins for all worlds (sdk/plugin/README.md): .so files, and folders of "
                        "them. They run with all that the process may do. What a plugin is told "
                        "itself stands in the table `[plugin.NAME]` of muster.toml."},
        {.name = "world.plugin_budget",
         .flag = "--plugin-budget",
         .environment = "MUSTER_WORLD_PLUGIN_BUDGET",
         .type = Type::duration,
         .preset = "2ms",
         .roles = here,
         .description = "What one plugin may take of a tick before it is called slow.",
         .min = 1,
         .max = 1'000},
        {.name = "world.plugin_strikes",
         .flag = "--plugin-strikes",
         .environment = "MUSTER_WORLD_PLUGIN_STRIKES",
         .type = Type::number,
         .preset = "60",
         .roles = here,
         .description = "So many slow ticks, or failed calls of a kind, in a row switch a plugin "
                        "off in that world; 0: never.",
         .max = 1'000'000},
    };
}

std::vector<Entry> world_limit_entries() {
    return {
        {.name = "world.sessions_max",
         .flag = "--sessions-max",
         .environment = "MUSTER_WORLD_SESSIONS_MAX",
         .type = Type::number,
         .preset = "4096",
         .roles = here,
         .description = "People at once, over all worlds of the process; 0 in "
                        "`all.max_connections` stands for the default.",
         .file_aliases = {{"all.max_connections", whole, world}},
         .min = 1,
         .max = 65'535},
        {.name = "world.sessions_per_address_max",
         .flag = "--sessions-per-address-max",
         .environment = "MUSTER_WORLD_SESSIONS_PER_ADDRESS_MAX",
         .type = Type::number,
         .preset = "64",
         .roles = here,
         .description = "People at once from one address.",
         .min = 1,
         .max = 65'535},
        {.name = "world.joins_per_second",
         .flag = "--joins-per-second",
         .environment = "MUSTER_WORLD_JOINS_PER_SECOND",
         .type = Type::number,
         .preset = "200",
         .roles = here,
         .description = "Joins a second over all.",
         .min = 1,
         .max = 100'000},
        {.name = "world.joins_per_address_per_second",
         .flag = "--joins-per-address-per-second",
         .environment = "MUSTER_WORLD_JOINS_PER_ADDRESS_PER_SECOND",
         .type = Type::number,
         .preset = "20",
         .roles = here,
         .description = "Joins a second from one address.",
         .min = 1,
         .max = 100'000},
        {.name = "world.pin",
         .flag = "--pin",
         .environment = "MUSTER_WORLD_PIN",
         .type = Type::boolean,
         .preset = "false",
         .roles = here,
         .description = "Binds each of its threads to a core of its own.",
         .environment_aliases = {{"MGS_CPU_AFFINITY"}}},
        {.name = "world.single_machine",
         .flag = "--single-machine",
         .environment = "MUSTER_WORLD_SINGLE_MACHINE",
         .type = Type::boolean,
         .preset = "false",
         .roles = here,
         .description = "The profile for a machine that does nothing else: pinned threads, a shard "
                        "for each core but the "
                        "tick's, larger socket buffers. What is set by itself stays.",
         .environment_aliases = {{"MGS_SINGLE_MACHINE_OPT"}}},
    };
}

std::vector<Entry> ice_entries() {
    return {
        {.name = "ice.stun_urls",
         .flag = "--stun-url",
         .environment = "MUSTER_ICE_STUN_URLS",
         .type = Type::list,
         .preset = "",
         .roles = pages,
         .description =
             "STUN servers that the page is told (`stun:host:port`). The server itself needs none.",
         .environment_aliases = {{"MGS_STUN_URLS"}}},
        {.name = "ice.disable_stun",
         .flag = "--disable-stun",
         .environment = "MUSTER_ICE_DISABLE_STUN",
         .type = Type::boolean,
         .preset = "false",
         .roles = pages,
         .description = "Tells the page no STUN server, whatever is listed.",
         .environment_aliases = {{"MGS_DISABLE_STUN"}}},
        {.name = "ice.turn_urls",
         .flag = "--turn-url",
         .environment = "MUSTER_ICE_TURN_URLS",
         .type = Type::list,
         .preset = "",
         .roles = pages,
         .description = "TURN servers that the page is told (`turn:host:port?transport=udp`).",
         .environment_aliases = {{"MGS_TURN_URLS"}}},
        {.name = "ice.turn_username",
         .flag = "--turn-username",
         .environment = "MUSTER_ICE_TURN_USERNAME",
         .preset = "",
         .roles = pages,
         .description = "Who one is to them, with `ice.turn_credential`.",
         .environment_aliases = {{"MGS_TURN_USERNAME"}}},
        {.name = "ice.turn_credential",
         .flag = "--turn-credential",
         .environment = "MUSTER_ICE_TURN_CREDENTIAL",
         .type = Type::secret,
         .preset = "",
         .roles = pages,
         .description =
             "The password to it. Every player's page gets it: prefer `ice.turn_secret`.",
         .environment_aliases = {{"MGS_TURN_CREDENTIAL"}}},
    };
}

std::vector<Entry> ice_turn_entries() {
    return {
        {.name = "ice.turn_secret",
         .flag = "--turn-secret",
         .environment = "MUSTER_ICE_TURN_SECRET",
         .type = Type::secret,
         .preset = "",
         .roles = pages,
         .description = "The secret shared with the TURN server (coturn: `use-auth-secret`): each "
                        "page then gets "
                        "credentials of its own that end after `ice.turn_lifetime`."},
        {.name = "ice.turn_lifetime",
         .flag = "--turn-lifetime",
         .environment = "MUSTER_ICE_TURN_LIFETIME",
         .type = Type::duration,
         .preset = "1h",
         .roles = pages,
         .description = "How long such credentials last.",
         .min = 60'000,
         .max = 86'400'000},
        {.name = "ice.servers",
         .flag = "--ice-servers",
         .environment = "MUSTER_ICE_SERVERS",
         .type = Type::secret,
         .preset = "",
         .roles = pages,
         .description =
             "Further servers, as `urls|username|credential;...`, urls with commas between.",
         .environment_aliases = {{"MGS_ICE_SERVERS"}}},
    };
}

}  // namespace muster::settings
