#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "muster/base/file.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* games_path = "/api/v1/games";

Result<void> list(Context& context, bool names) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(games_path);
    if (!items) return std::unexpected(items.error());
    if (names) {
        for (const json& item : *items) context.out() << cell(item, "id") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    Table table({"GAME", "NAME", "IMAGE", "VARIABLES"});
    for (const json& item : *items) {
        std::size_t required = 0;
        const json variables = item.value("variables", json::array());
        for (const json& variable : variables)
            required += variable.value("required", false) ? 1U : 0U;
        table.add({cell(item, "id"), cell(item, "name"), cell(item, "image"),
                   fmt::format("{} ({} required)", variables.size(), required)});
    }
    context.out() << table.text();
    return {};
}

Result<void> show(Context& context, const std::string& id) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto game = (*api)->get(std::string(games_path) + "/" + http::percent_encode(id));
    if (!game) return std::unexpected(game.error());
    if (context.printed_json(*game)) return {};
    context.out() << fmt::format("{}: {}\nimage {}\n\n", cell(*game, "name"),
                                 cell(*game, "description"), cell(*game, "image"));
    Table ports({"PORT", "NUMBER", "PROTOCOL"});
    for (const json& port : game->value("ports", json::array()))
        ports.add({cell(port, "name"), cell(port, "number"), cell(port, "protocol")});
    Table variables({"VARIABLE", "TYPE", "DEFAULT", "WHAT"});
    for (const json& variable : game->value("variables", json::array())) {
        variables.add({cell(variable, "name") + (variable.value("required", false) ? " *" : ""),
                       cell(variable, "type"), cell(variable, "default"),
                       cell(variable, "description")});
    }
    context.out() << ports.text() << "\n" << variables.text() << "\n* must be given\n";
    if (const std::string notes = game->value("notes", ""); !notes.empty())
        context.out() << "\n" << notes << "\n";
    return {};
}

Result<void> add(Context& context, const std::string& file) {
    auto toml = read_file(file, 1U << 20U);
    if (!toml) return std::unexpected(toml.error());
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    const auto slash = file.find_last_of('/');
    std::string id = file.substr(slash == std::string::npos ? 0 : slash + 1);
    if (id.ends_with(".toml")) id.resize(id.size() - 5);
    auto answer = (*api)->send("PUT", std::string(games_path) + "/" + http::percent_encode(id),
                               std::move(*toml), "application/toml");
    if (!answer) return std::unexpected(answer.error());
    if (context.as_json) {
        context.out() << *answer << "\n";
    } else {
        context.out() << fmt::format("The game {} can be deployed now.\n", id);
    }
    return {};
}

}  // namespace

void add_games(CLI::App& app, Context& context) {
    CLI::App* games = app.add_subcommand("games", "what can be deployed");
    games->require_subcommand(1);
    auto names = std::make_shared<bool>(false);
    CLI::App* verb = games->add_subcommand("list", "all games");
    verb->add_flag("--names", *names, "ids alone, for scripts");
    context.on(*verb, [&context, names] { return list(context, *names); });
    auto id = std::make_shared<std::string>();
    verb = games->add_subcommand("show", "a game's ports and variables");
    verb->add_option("game", *id, "its id")->required();
    context.on(*verb, [&context, id] { return show(context, *id); });
    verb = games->add_subcommand(
        "add", "add or replace a game from a TOML file, named after the game's id");
    verb->add_option("file", *id, "the file")->required();
    context.on(*verb, [&context, id] { return add(context, *id); });
    verb = games->add_subcommand("remove", "remove a game that was added");
    verb->add_option("game", *id, "its id")->required();
    context.on(*verb, [&context, id]() -> Result<void> {
        auto api = context.api();
        if (!api) return std::unexpected(api.error());
        auto gone = (*api)->remove(std::string(games_path) + "/" + http::percent_encode(*id));
        if (!gone) return std::unexpected(gone.error());
        if (!context.printed_json(*gone)) context.out() << "Removed.\n";
        return {};
    });
}

}  // namespace muster::cli
