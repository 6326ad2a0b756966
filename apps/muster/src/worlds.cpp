#include "worlds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "muster/plugins/plugins.hpp"
#include "spread.hpp"

namespace muster {
namespace {

// A tick that is away for so long is not coming (DESIGN, /healthz).
constexpr std::chrono::milliseconds tick_overdue{2'000};
constexpr std::size_t map_bytes_max = 16U << 20U;

struct ModeName {
    std::string_view word;
    sim::Mode mode;
};
constexpr std::array<ModeName, 3> modes{{{"ctf", sim::Mode::capture_the_flag},
                                         {"tdm", sim::Mode::team_deathmatch},
                                         {"ffa", sim::Mode::free_for_all}}};

// "4000x3000" -> its two numbers.
std::optional<std::pair<std::uint32_t, std::uint32_t>> read_size(std::string_view text) {
    const std::vector<std::string> sides = split_list(text, 'x');
    if (sides.size() != 2) return std::nullopt;
    std::array<std::uint32_t, 2> numbers{};
    for (std::size_t i = 0; i < 2; ++i) {
        if (sides[i].empty() || sides[i].size() > 6 ||
            sides[i].find_first_not_of("0123456789") != std::string::npos) {
            return std::nullopt;
        }
        numbers[i] = static_cast<std::uint32_t>(std::stoul(sides[i]));
    }
    return std::pair(numbers[0], numbers[1]);
}

Result<sim::Map> map_from(const settings::Settings& given, std::uint64_t seed) {
    const std::string& wanted = given.text("world.map");
    if (wanted == "classic") return sim::classic_arena(seed);
    if (const auto size = read_size(wanted)) {
        auto map = sim::generate_map(size->first, size->second, seed);
        if (!map)
            return fail(Errc::invalid_argument,
                        given.source("world.map") + ": " + map.error().message, "world.map");
        return map;
    }
    auto text = read_file(wanted, map_bytes_max);
    if (!text) {
        return fail(
            Errc::invalid_argument,
            fmt::format("{}: '{}' is neither `classic`, nor a size as 4000x3000, nor a file that "
                        "can be read: {}",
                        given.source("world.map"), wanted, text.error().message),
            "world.map");
    }
    auto map = sim::parse_map(*text);
    if (!map) {
        return fail(Errc::invalid_argument,
                    fmt::format("{}: {}: {}", wanted, map.error().field, map.error().message),
                    "world.map");
    }
    return map;
}

sim::Rules rules_from(const settings::Settings& given, sim::Mode mode) {
    sim::Rules rules;
    rules.mode = mode;
    rules.players_max = static_cast<std::uint16_t>(given.number("world.players_max"));
    rules.match_length =
        sim::ticks_of_ms(static_cast<std::uint32_t>(given.duration("world.match").count()));
    rules.friendly_fire = given.boolean("world.friendly_fire");
    return rules;
}

bots::Options bots_from(const settings::Settings& given) {
    bots::Options options;
    options.wanted = static_cast<std::uint16_t>(given.number("world.bots"));
    options.people_first = given.boolean("world.people_first");
    options.reserved = options.people_first
                           ? static_cast<std::uint16_t>(given.number("world.reserved_slots"))
                           : std::uint16_t{0};
    options.skill = static_cast<std::uint8_t>(given.number("world.bot_skill"));
    return options;
}

Result<std::vector<host::WorldOptions>> worlds_from(const settings::Settings& given,
                                                    std::uint64_t seed) {
    const std::string& record = given.text("world.record");
    if (!record.empty()) {
        if (auto made = make_folder(record, 0755); !made) {
            return fail(Errc::invalid_argument,
                        given.source("world.record") + ": " + made.error().message, "world.record");
        }
    }
    auto map = map_from(given, seed);
    if (!map) return std::unexpected(map.error());
    std::vector<host::WorldOptions> worlds;
    for (const std::string& word : given.list("world.modes")) {
        const auto known = std::ranges::find(modes, word, &ModeName::word);
        if (known == modes.end()) continue;  // settings refuse others
        host::WorldOptions world;
        world.name = word;
        world.map = *map;
        world.rules = rules_from(given, known->mode);
        world.seed = seed + worlds.size();
        world.bots = bots_from(given);
        world.sleep_after = given.duration("world.sleep");
        world.chat_near = static_cast<sim::Length>(given.number("world.chat_near")) * sim::unit;
        if (!record.empty())
            world.recording_file = fmt::format("{}/{}-{}.rec", record, word, new_id("match"));
        worlds.push_back(std::move(world));
    }
    if (worlds.empty())
        return fail(Errc::invalid_argument, given.source("world.modes") + ": names no mode",
                    "world.modes");
    return worlds;
}

void set_network(const settings::Settings& given, host::Options& options) {
    options.udp_host = given.address("udp.address").host;
    options.udp_port = given.address("udp.address").port;
    options.public_addresses = given.list("udp.public");
    options.shards = static_cast<std::uint16_t>(given.number("world.shards"));
    options.pin = given.boolean("world.pin");
    if (given.boolean("world.single_machine")) {
        // The first core is the ticks', each other one a shard's.
        const unsigned cores = std::max(2U, std::thread::hardware_concurrency());
        if (!given.is_given("world.pin")) options.pin = true;
        if (!given.is_given("world.shards")) options.shards = static_cast<std::uint16_t>(cores - 1);
    }
    options.tick_rate = static_cast<std::uint8_t>(given.number("world.tick_rate"));
    // The default follows a lower rate of ticks; a given one has been held against it.
    options.snapshot_rate = static_cast<std::uint8_t>(
        std::min(given.number("world.snapshot_rate"), given.number("world.tick_rate")));
    options.snapshot_bytes = static_cast<std::size_t>(given.number("world.snapshot_bytes"));
    options.sessions_max = static_cast<std::uint16_t>(given.number("world.sessions_max"));
    options.sessions_per_address_max =
        static_cast<std::uint16_t>(given.number("world.sessions_per_address_max"));
    options.joins_per_second = static_cast<double>(given.number("world.joins_per_second"));
    options.joins_per_address_per_second =
        static_cast<double>(given.number("world.joins_per_address_per_second"));
}

using HostLog = std::function<void(host::LogLevel, std::string_view)>;

// Null when there are none. What they store is of this data folder.
Result<std::shared_ptr<plugins::Plugins>> plugins_from(const Role& role, const HostLog& log) {
    const settings::Settings& given = role.settings;
    if (given.list("world.plugins").empty()) return nullptr;
    return plugins::Plugins::load(
        {.files = given.list("world.plugins"),
         .folder = role.data_dir / "plugins",
         .settings = given.plugins(),
         .budget = given.duration("world.plugin_budget"),
         .strikes = static_cast<std::uint32_t>(given.number("world.plugin_strikes")),
         .log = log,
         .clock = {}});
}

std::vector<host::IceServers::Extra> extra_servers(const std::string& text) {
    std::vector<host::IceServers::Extra> servers;
    for (const std::string& one : split_list(text, ';')) {
        // Not split_list: a username may be empty, and its place must stay.
        host::IceServers::Extra server;
        const auto first = one.find('|');
        const auto second = first == std::string::npos ? first : one.find('|', first + 1);
        server.urls = split_list(one.substr(0, first));
        if (first != std::string::npos) server.username = one.substr(first + 1, second - first - 1);
        if (second != std::string::npos) server.credential = one.substr(second + 1);
        if (!server.urls.empty()) servers.push_back(std::move(server));
    }
    return servers;
}

}  // namespace

Result<OpenedWorlds> open_worlds(Role& role, Ready& ready) {
    const settings::Settings& given = role.settings;
    const bool is_spread = given.boolean("world.spread");
    auto seed = static_cast<std::uint64_t>(given.number("world.seed"));
    // All servers of a spread world draw alike.
    if (seed == 0) seed = is_spread ? 1 : std::uint64_t{random_below(0xffff'ffff)} + 1;
    auto worlds = worlds_from(given, seed);
    if (!worlds) return std::unexpected(worlds.error());
    host::Options options;
    options.worlds = std::move(*worlds);
    set_network(given, options);
    OpenedWorlds out;
    if (is_spread) {
        auto ends = make_spread(role, options.worlds.front(), options.tick_rate);
        if (!ends) return std::unexpected(ends.error());
        options.worlds.front().spread = std::move(ends->host);
        out.spread = std::move(ends->link);
    }
    const HostLog say = [log = role.log](host::LogLevel level, std::string_view text) {
        log.say(level == host::LogLevel::error     ? Level::error
                : level == host::LogLevel::warning ? Level::warning
                                                   : Level::info,
                text);
    };
    options.log = say;
    auto plugins = plugins_from(role, say);
    if (!plugins) return std::unexpected(plugins.error());
    if (*plugins) {
        for (host::WorldOptions& world : options.worlds) {
            world.extension = (*plugins)->extension(world.name);
        }
        options.log = [say, plugins = *plugins](host::LogLevel level, std::string_view text) {
            say(level, text);
            plugins->tap(level, text);
        };
    }
    auto server = host::WorldServer::open(std::move(options));
    if (!server) return std::unexpected(server.error());
    out.server = std::move(*server);
    ready["udp"] = local_address(given.address("udp.address"), out.server->udp_port());
    if (out.spread) {
        out.spread->on_decision = [worlds = out.server](const mesh::Decision& decision) {
            worlds->decided(decision);
        };
        out.spread->on_withdraw = [worlds = out.server](const territory::Withdraw& withdraw) {
            worlds->withdrawn(withdraw);
        };
    }
    return out;
}

Result<host::RouteOptions> route_options(const settings::Settings& given) {
    host::RouteOptions options;
    options.origin = given.text("web.origin");
    if (!given.boolean("ice.disable_stun")) options.ice.stun_urls = given.list("ice.stun_urls");
    options.ice.turn_urls = given.list("ice.turn_urls");
    options.ice.turn_username = given.text("ice.turn_username");
    options.ice.turn_credential = given.text("ice.turn_credential");
    options.ice.turn_secret = given.text("ice.turn_secret");
    options.ice.turn_lifetime =
        std::chrono::duration_cast<std::chrono::seconds>(given.duration("ice.turn_lifetime"));
    options.ice.extra = extra_servers(given.text("ice.servers"));
    return options;
}

std::string failing(const host::WorldServer& worlds) {
    for (const host::WorldStatistics& world : worlds.statistics().worlds) {
        if (world.since_tick > tick_overdue) {
            return fmt::format("the world {} has not ticked for {} ms", world.world,
                               world.since_tick.count());
        }
    }
    return "";
}

}  // namespace muster
