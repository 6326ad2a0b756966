#include <fmt/format.h>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* worlds_path = "/api/v1/worlds";

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

}  // namespace

void add_worlds(CLI::App& app, Context& context) {
    CLI::App* worlds = app.add_subcommand("worlds", "real-time worlds, played at /play");
    worlds->require_subcommand(1);
    CLI::App* listing = worlds->add_subcommand("list", "the worlds and who is in them");
    context.on(*listing, [&context] { return list(context); });
}

}  // namespace muster::cli
