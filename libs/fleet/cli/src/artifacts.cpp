#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

// "?node=ID", or nothing when no node was named: the coordinator then takes the only one.
Result<std::string> of_node(Context& context, const std::string& name) {
    if (name.empty()) return std::string();
    auto node = context.resolve("/api/v1/nodes", name, "node");
    if (!node) return std::unexpected(node.error());
    return "?node=" + node->value("id", "");
}

Result<void> list(Context& context, const std::string& noun, const std::string& node) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto query = of_node(context, node);
    if (!query) return std::unexpected(query.error());
    auto page = (*api)->get("/api/v1/" + noun + *query);  // whole: a node's answer has no pages
    if (!page) return std::unexpected(page.error());
    const json items = page->value("items", json::array());
    if (context.printed_json(items)) return {};
    Table table({"NAME", "SIZE", "DRIVER", "AGE", "ID"});
    for (const json& item : items) {
        std::string names;
        for (const json& name : item.value("names", json::array()))
            names += (names.empty() ? "" : ", ") + name.get<std::string>();
        const auto size = item.value("size_bytes", std::int64_t{0});
        table.add({names.empty() ? "-" : names, size > 0 ? bytes_in_words(size) : "-",
                   cell(item, "driver"),
                   age_in_words(item.value("created_at", json()), context.now()),
                   cell(item, "id").substr(0, 24)});
    }
    context.out() << table.text();
    return {};
}

Result<void> create(Context& context, const std::string& noun, const std::string& node,
                    const std::string& what) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    json body = noun == "images" ? json{{"image", what}} : json{{"name", what}};
    if (!node.empty()) {
        auto found = context.resolve("/api/v1/nodes", node, "node");
        if (!found) return std::unexpected(found.error());
        body["node_id"] = (*found)["id"];
    }
    auto made = (*api)->post("/api/v1/" + noun, body);
    if (!made) return std::unexpected(made.error());
    if (noun == "images") return context.follow(*made);
    if (!context.printed_json(*made)) context.out() << "Created: " << what << "\n";
    return {};
}

Result<void> remove(Context& context, const std::string& noun, const std::string& node,
                    const std::string& what) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto query = of_node(context, node);
    if (!query) return std::unexpected(query.error());
    auto gone = (*api)->remove("/api/v1/" + noun + "/" + http::percent_encode(what) + *query);
    if (!gone) return std::unexpected(gone.error());
    if (!context.printed_json(*gone)) context.out() << "Removed: " << what << "\n";
    return {};
}

}  // namespace

void add_artifacts(CLI::App& app, Context& context) {
    for (const std::string noun : {"images", "volumes", "networks"}) {
        CLI::App* group = app.add_subcommand(noun, "the " + noun + " on a node");
        group->require_subcommand(1);
        auto node = std::make_shared<std::string>();
        auto what = std::make_shared<std::string>();
        CLI::App* verb = group->add_subcommand("list", "all of them");
        verb->add_option("--node", *node, "on this node; not needed when there is one");
        context.on(*verb, [&context, noun, node] { return list(context, noun, *node); });
        verb = noun == "images" ? group->add_subcommand("pull", "fetch an image from its registry")
                                : group->add_subcommand("create", "make one");
        verb->add_option("name", *what,
                         noun == "images" ? "its reference, such as itzg/minecraft-server:latest"
                                          : "its name")
            ->required();
        verb->add_option("--node", *node, "on this node; not needed when there is one");
        context.on(*verb,
                   [&context, noun, node, what] { return create(context, noun, *node, *what); });
        verb = group->add_subcommand("remove", "remove one that nothing uses");
        verb->add_option("name", *what, "its name or id")->required();
        verb->add_option("--node", *node, "on this node; not needed when there is one");
        context.on(*verb,
                   [&context, noun, node, what] { return remove(context, noun, *node, *what); });
    }
}

}  // namespace muster::cli
