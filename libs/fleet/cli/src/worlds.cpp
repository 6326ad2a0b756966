#include <fmt/format.h>

#include "context.hpp"
#include "join_token.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* worlds_path = "/api/v1/worlds";
constexpr const char* servers_path = "/api/v1/world-servers";

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

std::string percent(const json& value) {
    return fmt::format("{:.0f} %", value.is_number() ? value.get<double>() * 100 : 0.0);
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
    Table table({"NAME", "WORLDS", "PLAYERS", "LOAD", "TICK P99", "UDP", "STATE", "VERSION", "ID"});
    for (const json& item : *items) {
        std::string worlds;
        for (const json& world : item.value("worlds", json::array())) {
            worlds += (worlds.empty() ? "" : ",") + cell(world, "name");
        }
        const json addresses = item.value("addresses", json::array());
        const std::string address =
            addresses.empty() ? std::string() : addresses.front().get<std::string>();
        const bool is_v6 = address.find(':') != std::string::npos;
        table.add({cell(item, "name"), worlds, cell(item, "players") + "/" + cell(item, "capacity"),
                   percent(item.value("load", json())), cell(item, "tick_p99_ms") + " ms",
                   (is_v6 ? "[" + address + "]" : address) + ":" + cell(item, "udp_port"),
                   item.value("draining", false) ? "draining" : "open", cell(item, "version"),
                   cell(item, "id")});
    }
    context.out() << table.text();
    return {};
}

Result<void> drain(Context& context, const std::string& name, bool undo) {
    auto server = context.resolve(servers_path, name, "world server");
    if (!server) return std::unexpected(server.error());
    auto drained = (*context.api())
                       ->post(std::string(servers_path) + "/" + server->value("id", "") + "/drain",
                              json{{"draining", !undo}});
    if (!drained) return std::unexpected(drained.error());
    if (context.printed_json(*drained)) return {};
    context.out() << (undo ? "It takes players again.\n"
                           : fmt::format("It takes nobody new; {} play on.\n",
                                         cell(*drained, "players")));
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

struct Choices {
    std::string name;
    std::string expires = "1h";
    bool undo = false;
    bool sure = false;
};

}  // namespace

void add_worlds(CLI::App& app, Context& context) {
    CLI::App* worlds = app.add_subcommand("worlds", "real-time worlds, played at /play");
    worlds->require_subcommand(1);
    CLI::App* listing = worlds->add_subcommand("list", "the worlds and who is in them");
    context.on(*listing, [&context] { return list(context); });

    const auto choices = std::make_shared<Choices>();
    CLI::App* servers =
        worlds->add_subcommand("servers", "the world servers, and how full they are");
    context.on(*servers, [&context] { return list_servers(context); });
    CLI::App* token = worlds->add_subcommand("join-token", "how a further world server joins");
    token->add_option("--name", choices->name, "what it is to be called");
    token->add_option("--expires", choices->expires, "how long the token is good");
    context.on(*token, [&context, choices] {
        return print_join_token(context, "world_server", choices->expires, choices->name);
    });
    CLI::App* draining = worlds->add_subcommand("drain", "takes nobody new; who plays, plays on");
    draining->add_option("server", choices->name, "its name or id")->required();
    draining->add_flag("--undo", choices->undo, "takes players again");
    context.on(*draining,
               [&context, choices] { return drain(context, choices->name, choices->undo); });
    CLI::App* revoking = worlds->add_subcommand("revoke", "shuts a world server out for good");
    revoking->add_option("id", choices->name, "its id")->required();
    revoking->add_flag("--yes", choices->sure, "it is meant");
    context.on(*revoking,
               [&context, choices] { return revoke(context, choices->name, choices->sure); });
}

}  // namespace muster::cli
