#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "context.hpp"
#include "join_token.hpp"
#include "muster/http/url.hpp"
#include "world_ping.hpp"
#include "world_plugins.hpp"
#include "world_scale.hpp"

namespace muster::cli {
namespace {

constexpr const char* worlds_path = "/api/v1/worlds";
constexpr const char* servers_path = "/api/v1/world-servers";
constexpr std::chrono::seconds look_again{1};
constexpr std::chrono::milliseconds ping_patience{1'000};

Result<void> list(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->get(worlds_path);
    if (!answer) return std::unexpected(answer.error());
    if (context.printed_json(answer->value("worlds", json::array()))) return {};
    Table table({"WORLD", "MODE", "MAP", "PEOPLE", "BOTS", "PLACES", "STATE"});
    for (const json& world : answer->value("worlds", json::array())) {
        table.add({cell(world, "name"), cell(world, "mode"), cell(world, "map"),
                   cell(world, "people"), cell(world, "bots"), cell(world, "players_max"),
                   world.value("asleep", false) ? "asleep" : "awake"});
    }
    context.out() << table.text();
    return {};
}

Result<void> list_plugins(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->get(std::string(worlds_path) + "/statistics");
    if (!answer) return std::unexpected(answer.error());
    json plugins = plugins_of(*answer);
    if (context.printed_json(plugins)) return {};
    context.out() << plugins_text(plugins);
    return {};
}

std::string percent(const json& value) {
    return fmt::format("{:.0f} %", value.is_number() ? value.get<double>() * 100 : 0.0);
}

std::size_t regions_of(const json& server) {
    return server.value("regions", json::array()).size();
}

Result<void> list_servers(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(servers_path);
    if (!items) return std::unexpected(items.error());
    if (context.printed_json(*items)) return {};
    if (items->empty()) {
        context.out() << "There are no world servers. Add one: muster worlds join-token\n";
        return {};
    }
    Table table({"NAME", "LOCATION", "WORLDS", "REGIONS", "PLAYERS", "LOAD", "TICK P99", "UDP",
                 "STATE", "UP", "VERSION", "ID"});
    for (const json& item : *items) {
        std::string worlds;
        for (const json& world : item.value("worlds", json::array())) {
            worlds += (worlds.empty() ? "" : ",") + cell(world, "name");
        }
        const json addresses = item.value("addresses", json::array());
        const std::string address =
            addresses.empty() ? std::string() : addresses.front().get<std::string>();
        const bool is_v6 = address.find(':') != std::string::npos;
        const std::size_t regions = regions_of(item);
        table.add({cell(item, "name"), cell(item, "location"), worlds,
                   regions == 0 ? "-" : std::to_string(regions),
                   cell(item, "players") + "/" + cell(item, "capacity"),
                   percent(item.value("load", json())), cell(item, "tick_p99_ms") + " ms",
                   (is_v6 ? "[" + address + "]" : address) + ":" + cell(item, "udp_port"),
                   item.value("draining", false) ? "draining" : "open",
                   age_in_words(item.value("started_at", json()), context.now()),
                   cell(item, "version"), cell(item, "id")});
    }
    context.out() << table.text();
    return {};
}

/// Where a server is asked; its first address, as it is the one that it is best known by.
PingTarget target_of(const json& server) {
    const json addresses = server.value("addresses", json::array());
    return {addresses.empty() ? std::string() : addresses.front().get<std::string>(),
            server.value("udp_port", std::uint16_t{0})};
}

bool plays(const json& server, const std::string& world) {
    if (world.empty()) return true;
    const json worlds = server.value("worlds", json::array());
    return std::ranges::any_of(
        worlds, [&](const json& one) { return one.value("name", std::string()) == world; });
}

/// The nearest first, with what cannot be reached at the end.
Result<void> ping_servers(Context& context, const std::string& world) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(servers_path);
    if (!items) return std::unexpected(items.error());
    std::vector<json> servers;
    std::vector<PingTarget> targets;
    for (const json& item : *items) {
        if (!plays(item, world)) continue;
        servers.push_back(item);
        targets.push_back(target_of(item));
    }
    if (servers.empty() && !world.empty()) {
        return fail(Errc::not_found, "no world server plays the world " + world, "world");
    }
    const auto pings = ping_all(targets, ping_patience);
    if (!pings) return std::unexpected(pings.error());
    std::vector<json> rows;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto median = (*pings)[i].median();
        json row{{"id", servers[i]["id"]},
                 {"name", servers[i]["name"]},
                 {"location", servers[i].value("location", json())},
                 {"address", targets[i].address},
                 {"udp_port", targets[i].port},
                 {"answers", (*pings)[i].times.size()},
                 {"rtt_ms", nullptr},
                 {"players", nullptr},
                 {"capacity", nullptr}};
        if (median) {
            row["rtt_ms"] = static_cast<double>(median->count()) / 1'000;
            row["players"] = (*pings)[i].players;
            row["capacity"] = (*pings)[i].capacity;
        }
        rows.push_back(std::move(row));
    }
    std::ranges::sort(rows, {}, [](const json& row) {
        const double rtt = row["rtt_ms"].is_null() ? std::numeric_limits<double>::infinity()
                                                   : row["rtt_ms"].get<double>();
        return std::pair(rtt, row["id"].get<std::string>());
    });
    if (context.printed_json(json(rows))) return {};
    Table table({"NAME", "LOCATION", "RTT", "PLAYERS", "ADDRESS", "ID"});
    for (const json& row : rows) {
        const bool is_here = !row["rtt_ms"].is_null();
        table.add({cell(row, "name"), cell(row, "location"),
                   is_here ? fmt::format("{:.1f} ms", row["rtt_ms"].get<double>()) : "no answer",
                   is_here ? cell(row, "players") + "/" + cell(row, "capacity") : "-",
                   cell(row, "address") + " " + cell(row, "udp_port"), cell(row, "id")});
    }
    context.out() << table.text();
    return {};
}

std::string state_of_region(const json& region) {
    if (region.value("server", json()).is_null()) return region.value("reason", "no owner");
    return region.value("leaving", false) ? "moving" : "owned";
}

/// The servers' names by their ids; those of which nothing is known now are not in it.
std::map<std::string, std::string> names_of_servers(Api& api) {
    std::map<std::string, std::string> out;
    const auto items = api.list(servers_path);
    if (!items) return out;
    for (const json& item : *items) out[item.value("id", "")] = item.value("name", "");
    return out;
}

Result<void> list_regions(Context& context, const std::string& world) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->get(std::string(worlds_path) + "/" + http::percent_encode(world));
    if (!answer) return std::unexpected(answer.error());
    if (!answer->value("spread", false)) {
        return fail(Errc::invalid_argument,
                    "the world " + world +
                        " has no regions: each of its servers plays one of its own (muster world "
                        "--spread makes it one)",
                    "world");
    }
    const json regions = answer->value("regions", json::array());
    if (context.printed_json(regions)) return {};
    const auto names = names_of_servers(**api);
    Table table({"REGION", "AREA", "SERVER", "EPOCH", "PLAYERS", "KEEPER", "STATE"});
    const auto named = [&names](const json& region, const char* member) {
        const json id = region.value(member, json());
        if (!id.is_string()) return std::string("-");
        const auto found = names.find(id.get<std::string>());
        return found == names.end() ? id.get<std::string>() : found->second;
    };
    for (const json& region : regions) {
        const json area = region.value("area", json::object());
        table.add({cell(region, "region"),
                   fmt::format("{},{} to {},{}", cell(area, "left"), cell(area, "top"),
                               cell(area, "right"), cell(area, "bottom")),
                   named(region, "server"), cell(region, "epoch"), cell(region, "players"),
                   named(region, "keeper"), state_of_region(region)});
    }
    context.out() << table.text();
    return {};
}

std::string what_is_left(const json& server) {
    const std::size_t regions = regions_of(server);
    return fmt::format("{}{} people", regions == 0 ? "" : fmt::format("{} regions and ", regions),
                       cell(server, "players"));
}

/// Until nobody is there and nothing is computed there any more.
Result<json> await_empty(Context& context, json server, std::chrono::seconds limit) {
    const std::string path = std::string(servers_path) + "/" + server.value("id", "");
    const auto end = std::chrono::steady_clock::now() + limit;
    const bool is_terminal = context.around().out_is_terminal;
    std::string shown;
    while (regions_of(server) > 0 || server.value("players", 0) > 0) {
        const std::string line = what_is_left(server) + " left";
        if (line != shown && !context.as_json) {
            context.out() << (is_terminal ? "\r\x1b[K" : "") << line << (is_terminal ? "" : "\n")
                          << std::flush;
            shown = line;
        }
        if (!server.value("draining", false)) {
            return fail(Errc::conflict, "somebody has ended its draining");
        }
        if (std::chrono::steady_clock::now() >= end) {
            return fail(Errc::timeout, "it is not empty yet: " + line +
                                           "; it goes on being emptied (--timeout waits longer)");
        }
        std::this_thread::sleep_for(look_again);
        auto fresh = (*context.api())->get(path);
        if (!fresh) return std::unexpected(fresh.error());
        server = std::move(*fresh);
    }
    if (is_terminal && !shown.empty()) context.out() << "\r\x1b[K";
    return server;
}

struct Drain {
    std::string name;
    std::string timeout = "10m";
    bool undo = false;
    bool wait = false;
};

Result<void> drain(Context& context, const Drain& wish) {
    const auto limit = seconds_from_words(wish.timeout);
    if (!limit) return std::unexpected(limit.error());
    auto server = context.resolve(servers_path, wish.name, "world server");
    if (!server) return std::unexpected(server.error());
    auto drained = (*context.api())
                       ->post(std::string(servers_path) + "/" + server->value("id", "") + "/drain",
                              json{{"draining", !wish.undo}});
    if (!drained) return std::unexpected(drained.error());
    if (wish.wait && !wish.undo) {
        drained = await_empty(context, std::move(*drained), std::chrono::seconds(*limit));
        if (!drained) return std::unexpected(drained.error());
    }
    if (context.printed_json(*drained)) return {};
    if (wish.undo) {
        context.out() << "It takes players again.\n";
    } else if (wish.wait) {
        context.out() << "It is empty.\n";
    } else if (regions_of(*drained) > 0) {
        context.out() << fmt::format("It takes nobody new, and {} go to other servers.\n",
                                     what_is_left(*drained));
    } else {
        context.out() << fmt::format("It takes nobody new; {} play on.\n",
                                     cell(*drained, "players"));
    }
    return {};
}

// By its id, for one that is away is in no list.
Result<void> revoke(Context& context, const std::string& id, bool sure) {
    if (!sure) {
        return fail(Errc::invalid_argument,
                    fmt::format("this shuts {} out for good, while its players play on; say --yes "
                                "if that is meant",
                                id));
    }
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto gone = (*api)->remove(std::string(servers_path) + "/" + http::percent_encode(id));
    if (!gone) return std::unexpected(gone.error());
    if (!context.printed_json(*gone))
        context.out() << "Revoked: its certificate is refused from now on.\n";
    return {};
}

Result<void> rotate_key(Context& context, bool end_old) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto key = (*api)->post("/api/v1/ticket-keys/rotate", json{{"end_old", end_old}});
    if (!key) return std::unexpected(key.error());
    if (context.printed_json(*key)) return {};
    context.out() << fmt::format("The key {} signs tickets from now on; {}.\n", cell(*key, "kid"),
                                 end_old ? "those given before are good no more"
                                         : "those given before are good until they end");
    return {};
}

struct Choices {
    std::string name;
    std::string expires = "1h";
    bool sure = false;
    bool end_old = false;
};

}  // namespace

void add_worlds(CLI::App& app, Context& context) {
    CLI::App* worlds = app.add_subcommand("worlds", "real-time worlds, played at /play");
    worlds->require_subcommand(1);
    CLI::App* listing = worlds->add_subcommand("list", "the worlds and who is in them");
    context.on(*listing, [&context] { return list(context); });

    CLI::App* plugins =
        worlds->add_subcommand("plugins", "the plugins of this server's worlds, and how they fare");
    context.on(*plugins, [&context] { return list_plugins(context); });

    const auto choices = std::make_shared<Choices>();
    CLI::App* regions = worlds->add_subcommand(
        "regions", "who owns which region of a world that several servers compute");
    regions->add_option("world", choices->name, "its name")->required();
    context.on(*regions, [&context, choices] { return list_regions(context, choices->name); });
    CLI::App* servers =
        worlds->add_subcommand("servers", "the world servers, and how full they are");
    context.on(*servers, [&context] { return list_servers(context); });
    CLI::App* ping = worlds->add_subcommand("ping", "how far the world servers are from here");
    ping->add_option("world", choices->name, "only those that play it");
    context.on(*ping, [&context, choices] { return ping_servers(context, choices->name); });
    CLI::App* token = worlds->add_subcommand("join-token", "how a further world server joins");
    token->add_option("--name", choices->name, "what it is to be called");
    token->add_option("--expires", choices->expires, "how long the token is good");
    context.on(*token, [&context, choices] {
        return print_join_token(context, "world_server", choices->expires, choices->name);
    });
    add_world_keys(*worlds, context);
    const auto drained = std::make_shared<Drain>();
    CLI::App* draining = worlds->add_subcommand(
        "drain", "takes nobody new, and its regions go to others; who plays, plays on");
    draining->add_option("server", drained->name, "its name or id")->required();
    draining->add_flag("--undo", drained->undo, "takes players again");
    draining->add_flag("--wait", drained->wait, "waits until it is empty, and says what is left");
    draining->add_option("--timeout", drained->timeout, "how long it waits, as 10m");
    context.on(*draining, [&context, drained] { return drain(context, *drained); });
    CLI::App* revoking = worlds->add_subcommand("revoke", "shuts a world server out for good");
    revoking->add_option("id", choices->name, "its id")->required();
    revoking->add_flag("--yes", choices->sure, "it is meant");
    context.on(*revoking,
               [&context, choices] { return revoke(context, choices->name, choices->sure); });
    CLI::App* rotating = worlds->add_subcommand("rotate-key", "another key signs players' tickets");
    rotating->add_flag("--end-old", choices->end_old, "tickets given before are good no more");
    context.on(*rotating, [&context, choices] { return rotate_key(context, choices->end_old); });
    add_world_scale(*worlds, context);
}

}  // namespace muster::cli
