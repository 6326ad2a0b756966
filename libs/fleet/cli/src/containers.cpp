#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* containers_path = "/api/v1/containers";

Result<void> list(Context& context, const std::string& node, bool names) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    std::string path = containers_path;
    if (!node.empty()) {
        auto found = context.resolve("/api/v1/nodes", node, "node");
        if (!found) return std::unexpected(found.error());
        path += "?node=" + found->value("id", "");
    }
    auto items = (*api)->list(path);
    if (!items) return std::unexpected(items.error());
    if (names) {
        for (const json& item : *items) context.out() << cell(item, "name") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    Table table({"NAME", "IMAGE", "PHASE", "SERVER", "NODE", "ID"});
    for (const json& item : *items) {
        table.add({cell(item, "name"), cell(item, "image"), cell(item, "phase"),
                   cell(item, "server_id"), cell(item, "node_name"),
                   cell(item, "id").substr(0, 12)});
    }
    context.out() << table.text();
    return {};
}

// Containers of the nodes' engines; an id may be cut short, as docker shows it.
Result<json> find(Context& context, const std::string& name) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(containers_path);
    if (!items) return std::unexpected(items.error());
    std::erase_if(*items, [&](const json& item) {
        return item.value("name", "") != name && !item.value("id", "").starts_with(name);
    });
    if (items->size() == 1) return std::move(items->front());
    if (items->empty()) return fail(Errc::not_found, "there is no container " + name);
    return fail(Errc::conflict,
                fmt::format("{} containers fit {}; say more of its id", items->size(), name));
}

std::string path_of(const json& container) {
    return fmt::format("{}/{}", containers_path, http::percent_encode(container.value("id", "")));
}

}  // namespace

void add_containers(CLI::App& app, Context& context) {
    CLI::App* containers =
        app.add_subcommand("containers", "every container on the nodes, ours or not");
    containers->require_subcommand(1);
    auto node = std::make_shared<std::string>();
    auto names = std::make_shared<bool>(false);
    CLI::App* verb = containers->add_subcommand("list", "all containers");
    verb->add_option("--node", *node, "only of this node");
    verb->add_flag("--names", *names, "names alone, for scripts");
    context.on(*verb, [&context, node, names] { return list(context, *node, *names); });

    auto name = std::make_shared<std::string>();
    verb = containers->add_subcommand("show", "one container");
    verb->add_option("container", *name, "its name or id")->required();
    context.on(*verb, [&context, name]() -> Result<void> {
        auto container = find(context, *name);
        if (!container) return std::unexpected(container.error());
        context.out() << container->dump(2) << "\n";
        return {};
    });
    auto tail = std::make_shared<int>(100);
    verb = containers->add_subcommand("logs", "what a container printed");
    verb->add_option("container", *name, "its name or id")->required();
    verb->add_option("--tail", *tail, "the last so many lines (100)");
    context.on(*verb, [&context, name, tail]() -> Result<void> {
        auto container = find(context, *name);
        if (!container) return std::unexpected(container.error());
        return (*context.api())
            ->stream(fmt::format("{}/logs?tail={}", path_of(*container), *tail),
                     [&](std::string_view piece) { context.out() << piece; });
    });
    for (const char* power : {"start", "stop", "restart", "kill", "pause", "unpause", "remove"}) {
        const bool removes = std::string_view(power) == "remove";
        verb = containers->add_subcommand(power, std::string(power) + " a container");
        verb->add_option("container", *name, "its name or id")->required();
        context.on(*verb, [&context, name, power, removes]() -> Result<void> {
            auto container = find(context, *name);
            if (!container) return std::unexpected(container.error());
            const std::string path = path_of(*container);
            auto answer = removes ? (*context.api())->remove(path)
                                  : (*context.api())->post(path + "/" + power, json::object());
            if (!answer) return std::unexpected(answer.error());
            return context.follow(*answer);
        });
    }
}

}  // namespace muster::cli
