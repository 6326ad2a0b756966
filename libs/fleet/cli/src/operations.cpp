#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* operations_path = "/api/v1/operations";

Result<void> list(Context& context, const std::string& state, const std::string& server,
                  bool names) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    std::string path = std::string(operations_path) + "?state=" + http::percent_encode(state);
    if (state.empty()) path = operations_path;
    if (!server.empty()) {
        auto found = context.resolve("/api/v1/servers", server, "server");
        if (!found) return std::unexpected(found.error());
        path += (path.contains('?') ? "&server=" : "?server=") + found->value("id", "");
    }
    auto items = (*api)->list(path);
    if (!items) return std::unexpected(items.error());
    if (names) {
        for (const json& item : *items) context.out() << cell(item, "id") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    Table table({"ID", "KIND", "SERVER", "STATE", "STEP", "AGE", "BY"});
    for (const json& item : *items) {
        std::string step = cell(item, "step");
        if (item.contains("error") && item["error"].is_object())
            step = cell(item["error"], "message");
        table.add({cell(item, "id"), cell(item, "kind"), cell(item, "server_name"),
                   cell(item, "state"), step,
                   age_in_words(item.value("created_at", json()), context.now()),
                   who_in_words(item)});
    }
    context.out() << table.text();
    return {};
}

}  // namespace

void add_operations(CLI::App& app, Context& context) {
    CLI::App* operations =
        app.add_subcommand("operations", "long actions: what runs, what ran, how it ended");
    operations->require_subcommand(1);
    auto state = std::make_shared<std::string>();
    auto server = std::make_shared<std::string>();
    auto names = std::make_shared<bool>(false);
    CLI::App* verb = operations->add_subcommand("list", "all operations, the newest first");
    verb->add_option("--state", *state, "queued, running, succeeded, failed or cancelled");
    verb->add_option("--server", *server, "only of this server");
    verb->add_flag("--names", *names, "ids alone, for scripts");
    context.on(*verb,
               [&context, state, server, names] { return list(context, *state, *server, *names); });

    auto id = std::make_shared<std::string>();
    const auto one = [&context, id](auto action) {
        return [&context, id, action]() -> Result<void> {
            auto api = context.api();
            if (!api) return std::unexpected(api.error());
            return action(**api, std::string(operations_path) + "/" + http::percent_encode(*id));
        };
    };
    verb = operations->add_subcommand("show", "one operation");
    verb->add_option("operation", *id, "its id")->required();
    context.on(*verb, one([&context](Api& api, const std::string& path) -> Result<void> {
        auto operation = api.get(path);
        if (!operation) return std::unexpected(operation.error());
        context.out() << operation->dump(2) << "\n";
        return {};
    }));
    verb = operations->add_subcommand("watch", "follow one to its end");
    verb->add_option("operation", *id, "its id")->required();
    context.on(*verb, one([&context](Api& api, const std::string& path) -> Result<void> {
        auto operation = api.get(path);
        if (!operation) return std::unexpected(operation.error());
        return context.follow(*operation);
    }));
    verb = operations->add_subcommand("cancel", "take back one that has not begun");
    verb->add_option("operation", *id, "its id")->required();
    context.on(*verb, one([&context](Api& api, const std::string& path) -> Result<void> {
        auto cancelled = api.remove(path);
        if (!cancelled) return std::unexpected(cancelled.error());
        if (!context.printed_json(*cancelled)) context.out() << "Cancelled.\n";
        return {};
    }));
}

}  // namespace muster::cli
