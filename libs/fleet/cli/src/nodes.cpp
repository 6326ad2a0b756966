#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "join_token.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* nodes_path = "/api/v1/nodes";

Result<void> list(Context& context, bool names) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(nodes_path);
    if (!items) return std::unexpected(items.error());
    if (names) {
        for (const json& item : *items) context.out() << cell(item, "name") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    if (items->empty()) {
        context.out() << "There are no nodes. Add one: muster nodes join-token\n";
        return {};
    }
    Table table(
        {"NAME", "STATE", "SERVERS", "RUNTIME", "ADDRESS", "MEMORY", "CPUS", "LAST SEEN", "ID"});
    for (const json& item : *items) {
        table.add({cell(item, "name"),
                   cell(item, "state") + (item.value("cordoned", false) ? ", cordoned" : ""),
                   cell(item, "servers"), cell(item, "runtime"), cell(item, "address"),
                   bytes_in_words(item.value("memory_bytes", std::int64_t{0})), cell(item, "cpus"),
                   item.value("state", "") == "online"
                       ? "now"
                       : age_in_words(item.value("last_seen", json()), context.now()) + " ago",
                   cell(item, "id")});
    }
    context.out() << table.text();
    return {};
}

Result<void> show(Context& context, const std::string& name) {
    auto node = context.resolve(nodes_path, name, "node");
    if (!node) return std::unexpected(node.error());
    if (context.printed_json(*node)) return {};
    Table table({"NODE", node->value("name", "")});
    for (const char* key : {"id", "state", "cordoned", "hostname", "address", "version", "runtime",
                            "runtime_version", "servers", "cpus"})
        table.add({key, cell(*node, key)});
    table.add({"memory", bytes_in_words(node->value("memory_bytes", std::int64_t{0}))});
    table.add({"disk", bytes_in_words(node->value("disk_bytes", std::int64_t{0}))});
    table.add({"labels", pairs_in_words(node->value("labels", json::object()))});
    context.out() << table.text();
    return {};
}

Result<void> change(Context& context, const std::string& name, const json& body) {
    auto node = context.resolve(nodes_path, name, "node");
    if (!node) return std::unexpected(node.error());
    auto changed = (*context.api())
                       ->patch(std::string(nodes_path) + "/" + node->value("id", ""), body,
                               node->value("resource_version", ""));
    if (!changed) return std::unexpected(changed.error());
    if (!context.printed_json(*changed)) context.out() << "Saved.\n";
    return {};
}

Result<void> revoke(Context& context, const std::string& name, bool sure) {
    auto node = context.resolve(nodes_path, name, "node");
    if (!node) return std::unexpected(node.error());
    if (!sure)
        return fail(
            Errc::invalid_argument,
            fmt::format(
                "this shuts {} out for good, while its servers run on; say --yes if that is meant",
                name));
    auto gone = (*context.api())->remove(std::string(nodes_path) + "/" + node->value("id", ""));
    if (!gone) return std::unexpected(gone.error());
    if (!context.printed_json(*gone))
        context.out() << "Revoked: its certificate is refused from now on.\n";
    return {};
}

Result<void> data_list(Context& context, const std::string& name) {
    auto nodes = name.empty() ? (*context.api())->list(nodes_path)
                              : Result<std::vector<json>>(std::vector<json>());
    if (!name.empty()) {
        auto node = context.resolve(nodes_path, name, "node");
        if (!node) return std::unexpected(node.error());
        nodes->push_back(std::move(*node));
    }
    if (!nodes) return std::unexpected(nodes.error());
    json all = json::array();
    Table table({"DATA", "NODE", "SERVER", "SIZE"});
    for (const json& node : *nodes) {
        auto folders =
            (*context.api())->get(std::string(nodes_path) + "/" + node.value("id", "") + "/data");
        if (!folders && nodes->size() == 1) return std::unexpected(folders.error());
        if (!folders) {  // an absent node does not hide what the others have
            context.err() << fmt::format("{}: {}\n", cell(node, "name"), folders.error().message);
            continue;
        }
        for (json& folder : (*folders)["items"]) {
            table.add({cell(folder, "name"), cell(node, "name"), cell(folder, "server_id"),
                       bytes_in_words(folder.value("size_bytes", std::int64_t{0}))});
            folder["node_id"] = node.value("id", "");
            all.push_back(folder);
        }
    }
    if (!context.printed_json(all)) context.out() << table.text();
    return {};
}

Result<void> data_remove(Context& context, const std::string& node_name, const std::string& data,
                         bool sure) {
    auto node = context.resolve(nodes_path, node_name, "node");
    if (!node) return std::unexpected(node.error());
    if (!sure)
        return fail(Errc::invalid_argument,
                    fmt::format("this deletes '{}' for good; say --yes if that is meant", data));
    auto gone = (*context.api())
                    ->remove(fmt::format("{}/{}/data/{}", nodes_path, node->value("id", ""),
                                         http::percent_encode(data)));
    if (!gone) return std::unexpected(gone.error());
    if (!context.printed_json(*gone)) context.out() << "Deleted.\n";
    return {};
}

void add_data(CLI::App& app, Context& context) {
    CLI::App* data = app.add_subcommand("data", "data folders that servers keep on their nodes");
    data->require_subcommand(1);
    auto node = std::make_shared<std::string>();
    auto name = std::make_shared<std::string>();
    auto sure = std::make_shared<bool>(false);
    CLI::App* verb = data->add_subcommand("list", "all folders, also of removed servers");
    verb->add_option("--node", *node, "only of this node");
    context.on(*verb, [&context, node]() -> Result<void> {
        if (auto api = context.api(); !api) return std::unexpected(api.error());
        return data_list(context, *node);
    });
    verb = data->add_subcommand("remove", "delete the data that a removed server left");
    verb->add_option("data", *name, "the folder")->required();
    verb->add_option("--node", *node, "on this node")->required();
    verb->add_flag("--yes", *sure, "yes, delete it");
    context.on(*verb,
               [&context, node, name, sure] { return data_remove(context, *node, *name, *sure); });
}

}  // namespace

Result<void> print_join_token(Context& context, const std::string& kind, const std::string& expires,
                              const std::string& name) {
    const auto seconds = seconds_from_words(expires);
    if (!seconds) return fail(seconds.error().code, seconds.error().message, "expires");
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    json body{{"kind", kind}, {"expires_in_seconds", *seconds}};
    if (!name.empty()) body["name"] = name;
    auto made = (*api)->post("/api/v1/join-tokens", body);
    if (!made) return std::unexpected(made.error());
    if (context.printed_json(*made)) return {};
    context.out() << fmt::format("Run this on the new {}, within {}; it works once:\n\n    {}\n\n",
                                 kind == "node" ? "node" : "world server",
                                 duration_in_words(std::chrono::seconds(*seconds)),
                                 cell(*made, "command"));
    if (made->contains("warning") && (*made)["warning"].is_string())
        context.err() << "Note: " << cell(*made, "warning") << "\n";
    return {};
}

void add_nodes(CLI::App& app, Context& context) {
    CLI::App* nodes = app.add_subcommand("nodes", "the hosts that servers run on");
    nodes->require_subcommand(1);
    auto names = std::make_shared<bool>(false);
    CLI::App* verb = nodes->add_subcommand("list", "all nodes");
    verb->add_flag("--names", *names, "names alone, for scripts");
    context.on(*verb, [&context, names] { return list(context, *names); });

    auto name = std::make_shared<std::string>();
    verb = nodes->add_subcommand("show", "one node in full");
    verb->add_option("node", *name, "its name or id")->required();
    context.on(*verb, [&context, name] { return show(context, *name); });

    auto expires = std::make_shared<std::string>("1h");
    verb = nodes->add_subcommand("join-token",
                                 "a one-use token, and the command that joins a new node");
    verb->add_option("--expires", *expires, "how long it works (1h)");
    verb->add_option("--name", *name, "what to call the node");
    context.on(*verb, [&context, expires, name] {
        return print_join_token(context, "node", *expires, *name);
    });

    for (const bool cordoned : {true, false}) {
        verb = nodes->add_subcommand(
            cordoned ? "cordon" : "uncordon",
            cordoned ? "place no new servers there" : "place servers there again");
        verb->add_option("node", *name, "its name or id")->required();
        context.on(*verb, [&context, name, cordoned] {
            return change(context, *name, json{{"cordoned", cordoned}});
        });
    }
    auto sure = std::make_shared<bool>(false);
    verb = nodes->add_subcommand("revoke", "shut a node out for good");
    verb->add_option("node", *name, "its name or id")->required();
    verb->add_flag("--yes", *sure, "yes, shut it out");
    context.on(*verb, [&context, name, sure] { return revoke(context, *name, *sure); });
    add_data(app, context);
}

}  // namespace muster::cli
