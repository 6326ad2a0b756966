#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* servers_path = "/api/v1/servers";

std::string state_in_words(const json& server) {
    std::string text = cell(server, "state");
    if (const std::string reason = server.value("reason", ""); !reason.empty() && text != "ready")
        text += ": " + reason;
    return text;
}

struct Filters {
    std::string state, node, game, label;
    bool names = false;
};

Result<void> list(Context& context, const Filters& filters) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    std::string path = servers_path;
    char mark = '?';
    for (const auto& [key, value] : {std::pair<const char*, std::string>{"state", filters.state},
                                     {"node", filters.node},
                                     {"game", filters.game},
                                     {"label", filters.label}}) {
        if (value.empty()) continue;
        path += fmt::format("{}{}={}", mark, key, http::percent_encode(value));
        mark = '&';
    }
    auto items = (*api)->list(path);
    if (!items) return std::unexpected(items.error());
    if (filters.names) {
        for (const json& item : *items) context.out() << cell(item, "name") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    if (items->empty()) {
        context.out()
            << "There are no servers. Deploy one: muster servers deploy NAME --game GAME\n";
        return {};
    }
    Table table({"NAME", "GAME", "STATE", "ADDRESS", "NODE", "CPU", "MEMORY", "ID"});
    for (const json& item : *items) {
        const json usage = item.value("usage", json::object());
        table.add({cell(item, "name"), cell(item, "game"), state_in_words(item),
                   cell(item, "address"), cell(item, "node_name"),
                   usage.is_object() && usage.contains("cpu_percent")
                       ? fmt::format("{:.0f} %", usage.value("cpu_percent", 0.0))
                       : "-",
                   usage.is_object() && usage.contains("memory_bytes")
                       ? bytes_in_words(usage.value("memory_bytes", std::int64_t{0}))
                       : "-",
                   cell(item, "id")});
    }
    context.out() << table.text();
    return {};
}

Result<void> show(Context& context, const std::string& name) {
    auto server = context.resolve(servers_path, name, "server");
    if (!server) return std::unexpected(server.error());
    if (context.printed_json(*server)) return {};
    Table table({"SERVER", server->value("name", "")});
    for (const char* key :
         {"id", "game", "desired", "address", "node_name", "image", "data", "description"})
        table.add({key, cell(*server, key)});
    table.add({"state", state_in_words(*server) + ", for " +
                            age_in_words(server->value("since", json()), context.now())});
    table.add({"ports", ports_in_words(server->value("ports", json()))});
    table.add({"restarts after crashes", cell(*server, "restarts")});
    table.add(
        {"memory limit", server->value("memory_bytes", std::int64_t{0}) == 0
                             ? "none"
                             : bytes_in_words(server->value("memory_bytes", std::int64_t{0}))});
    table.add({"labels", pairs_in_words(server->value("labels", json::object()))});
    table.add({"variables", pairs_in_words(server->value("variables", json::object()))});
    context.out() << table.text();
    return {};
}

// Follows a server that was started until it is ready, and says why when it will not be. Games take
// seconds to minutes; leaving earlier leaves it starting.
Result<json> await_ready(Context& context, const std::string& id) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    const std::string path = std::string(servers_path) + "/" + id;
    json server;
    bool told = false;
    const auto is_settled = [&] {
        const std::string state = server.value("state", "");
        return state != "creating" && state != "installing" && state != "starting" &&
               !state.empty();
    };
    const auto watched = (*api)->watch("/api/v1/events?kinds=server", [&](std::string_view text) {
        const json event = json::parse(text, nullptr, false);
        if (!event.is_object()) return true;
        if (event.value("type", "") == "hello") {
            if (auto fresh = (*api)->get(path)) server = std::move(*fresh);
        } else if (event.contains("object") && event["object"].value("id", "") == id) {
            server = event["object"];
        }
        if (!is_settled() && !std::exchange(told, true) && !context.as_json) {
            context.out() << "waiting for it to be ready\n" << std::flush;
        }
        return !is_settled();
    });
    if (!watched && !is_settled()) return std::unexpected(watched.error());
    const std::string state = server.value("state", "");
    if (state == "crashed" || state == "unhealthy") {
        return fail(
            Errc::unavailable,
            fmt::format("{} is {}: {}. Its output: muster servers logs {}", cell(server, "name"),
                        state, cell(server, "reason"), cell(server, "name")));
    }
    return server;
}

struct DeployWords {
    std::string name, game, node, memory, description, image, data;
    double cpus = 0;
    std::vector<std::string> variables, ports, labels, settings;
    bool stopped = false, no_restart = false;
};

Result<json> deploy_body(const DeployWords& words) {
    json body{{"name", words.name},
              {"game", words.game},
              {"start", !words.stopped},
              {"restart_on_crash", !words.no_restart}};
    if (!words.node.empty()) body["node_id"] = words.node;
    if (!words.description.empty()) body["description"] = words.description;
    if (!words.image.empty()) body["image"] = words.image;
    if (!words.data.empty()) body["data"] = words.data;
    if (words.cpus > 0) body["cpus"] = words.cpus;
    if (!words.memory.empty()) {
        const auto bytes = bytes_from_words(words.memory);
        if (!bytes) return fail(bytes.error().code, bytes.error().message, "memory");
        body["memory_bytes"] = *bytes;
    }
    for (const auto& [key, given] :
         {std::pair<const char*, const std::vector<std::string>*>{"variables", &words.variables},
          {"labels", &words.labels}}) {
        auto object = assignments(*given, key);
        if (!object) return std::unexpected(object.error());
        body[key] = std::move(*object);
    }
    auto ports = assignments(words.ports, "port");
    if (!ports) return std::unexpected(ports.error());
    body["ports"] = json::object();
    for (const auto& [name, number] : ports->items()) {
        const std::string text = number.get<std::string>();
        if (text.empty() || text.size() > 5 ||
            text.find_first_not_of("0123456789") != std::string::npos) {
            return fail(Errc::invalid_argument, fmt::format("'{}' is not a port number", text),
                        "ports." + name);
        }
        body["ports"][name] = std::stoi(text);
    }
    return body;
}

Result<void> deploy(Context& context, DeployWords words) {
    auto body = deploy_body(words);
    if (!body) return std::unexpected(body.error());
    if (!words.node.empty()) {
        auto node = context.resolve("/api/v1/nodes", words.node, "node");
        if (!node) return std::unexpected(node.error());
        (*body)["node_id"] = (*node)["id"];
    }
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->post(servers_path, *body);
    if (!answer) return std::unexpected(answer.error());
    if (auto done = context.follow((*answer)["operation"]); !done) return done;
    if (context.as_json || context.no_wait || words.stopped) return {};
    auto server = await_ready(context, (*answer)["server"].value("id", ""));
    if (!server) return std::unexpected(server.error());
    context.out() << fmt::format("{} is {}; players connect to {}\n", words.name,
                                 cell(*server, "state"), cell(*server, "address"));
    return {};
}

Result<void> act(Context& context, const std::string& name, const std::string& verb) {
    auto server = context.resolve(servers_path, name, "server");
    if (!server) return std::unexpected(server.error());
    auto api = context.api();
    auto answer = (*api)->post(fmt::format("{}/{}/{}", servers_path, server->value("id", ""), verb),
                               json::object());
    if (!answer) return std::unexpected(answer.error());
    if (auto done = context.follow(*answer); !done) return done;
    if (context.as_json || context.no_wait || (verb != "start" && verb != "restart")) return {};
    auto ready = await_ready(context, server->value("id", ""));
    if (!ready) return std::unexpected(ready.error());
    context.out() << fmt::format("{} is {}\n", cell(*ready, "name"), cell(*ready, "state"));
    return {};
}

Result<void> remove(Context& context, const std::string& name, bool with_data, bool sure) {
    auto server = context.resolve(servers_path, name, "server");
    if (!server) return std::unexpected(server.error());
    if (with_data && !sure) {
        return fail(
            Errc::invalid_argument,
            fmt::format("--data deletes the world of {} for good; say --yes too if that is meant",
                        name));
    }
    auto api = context.api();
    auto answer = (*api)->remove(fmt::format("{}/{}?data={}", servers_path, server->value("id", ""),
                                             with_data ? "delete" : "keep"));
    if (!answer) return std::unexpected(answer.error());
    if (auto done = context.follow(*answer); !done) return done;
    if (!with_data && !context.as_json && !context.no_wait) {
        context.out() << fmt::format(
            "Its data is kept as '{}'; deploy with --data {} to use it again.\n",
            cell(*server, "data"), cell(*server, "data"));
    }
    return {};
}

struct SetWords {
    std::string name, new_name, description, memory;
    double cpus = -1;
    std::vector<std::string> variables, labels, unset;
};

Result<void> set(Context& context, const SetWords& words) {
    auto server = context.resolve(servers_path, words.name, "server");
    if (!server) return std::unexpected(server.error());
    json body = json::object();
    if (!words.new_name.empty()) body["name"] = words.new_name;
    if (!words.description.empty()) body["description"] = words.description;
    if (words.cpus >= 0) body["cpus"] = words.cpus;
    if (!words.memory.empty()) {
        const auto bytes = bytes_from_words(words.memory);
        if (!bytes) return fail(bytes.error().code, bytes.error().message, "memory");
        body["memory_bytes"] = *bytes;
    }
    auto variables = assignments(words.variables, "variables");
    if (!variables) return std::unexpected(variables.error());
    for (const auto& name : words.unset) (*variables)[name] = nullptr;
    if (!variables->empty()) body["variables"] = *variables;
    auto labels = assignments(words.labels, "labels");
    if (!labels) return std::unexpected(labels.error());
    if (!labels->empty()) body["labels"] = *labels;
    if (body.empty())
        return fail(Errc::invalid_argument,
                    "nothing to set: say what with NAME=VALUE or an option");
    auto api = context.api();
    auto changed = (*api)->patch(std::string(servers_path) + "/" + server->value("id", ""), body,
                                 server->value("version", ""));
    if (!changed) return std::unexpected(changed.error());
    if (!context.printed_json(*changed))
        context.out() << "Saved. A running server takes it at its next restart.\n";
    return {};
}

void add_deploy(CLI::App& servers, Context& context) {
    auto words = std::make_shared<DeployWords>();
    CLI::App* verb = servers.add_subcommand("deploy", "deploy a new server and start it");
    verb->add_option("name", words->name, "what to call it")->required();
    verb->add_option("--game", words->game, "which game; `muster games list` shows them")
        ->required();
    verb->add_option("--node", words->node, "on this node; else one is chosen");
    verb->add_option("--set", words->variables, "a variable of the game: NAME=VALUE");
    verb->add_option("--port", words->ports, "a port by its name: game=27015; else one is chosen");
    verb->add_option("--memory", words->memory, "at most so much memory: 2G");
    verb->add_option("--cpus", words->cpus, "at most so many cores: 1.5");
    verb->add_option("--label", words->labels, "a label: KEY=VALUE");
    verb->add_option("--description", words->description, "a note for people");
    verb->add_option("--image", words->image, "another image than the game's");
    verb->add_option("--data", words->data,
                     "use the data that a removed server left; `muster data list` shows it");
    verb->add_flag("--stopped", words->stopped, "do not start it yet");
    verb->add_flag("--no-restart", words->no_restart, "leave it down when it crashes");
    context.on(*verb, [&context, words] { return deploy(context, *words); });
}

void add_set(CLI::App& servers, Context& context) {
    auto words = std::make_shared<SetWords>();
    CLI::App* verb = servers.add_subcommand("set", "change a server's settings");
    verb->add_option("server", words->name, "its name or id")->required();
    verb->add_option("variables", words->variables, "NAME=VALUE of its game's variables");
    verb->add_option("--unset", words->unset, "a variable to put back to its default");
    verb->add_option("--name", words->new_name, "another name");
    verb->add_option("--description", words->description, "a note for people");
    verb->add_option("--memory", words->memory, "at most so much memory: 2G");
    verb->add_option("--cpus", words->cpus, "at most so many cores");
    verb->add_option("--label", words->labels, "a label: KEY=VALUE");
    context.on(*verb, [&context, words] { return set(context, *words); });
}

}  // namespace

void add_servers(CLI::App& app, Context& context) {
    CLI::App* servers = app.add_subcommand("servers", "deploy and look after game servers");
    servers->require_subcommand(1);
    auto filters = std::make_shared<Filters>();
    CLI::App* verb = servers->add_subcommand("list", "all servers");
    verb->add_option("--state", filters->state, "only those in this state");
    verb->add_option("--node", filters->node, "only those on this node");
    verb->add_option("--game", filters->game, "only those of this game");
    verb->add_option("--label", filters->label, "only those with this label: key:value");
    verb->add_flag("--names", filters->names, "names alone, for scripts");
    context.on(*verb, [&context, filters] { return list(context, *filters); });

    auto name = std::make_shared<std::string>();
    verb = servers->add_subcommand("show", "one server in full");
    verb->add_option("server", *name, "its name or id")->required();
    context.on(*verb, [&context, name] { return show(context, *name); });

    add_deploy(*servers, context);
    for (const auto& [power, what] : std::initializer_list<std::pair<const char*, const char*>>{
             {"start", "start it"},
             {"stop", "stop it; it saves its world first"},
             {"restart", "stop and start it"},
             {"kill", "end it at once, without saving"},
             {"pause", "freeze it"},
             {"unpause", "let it go on"},
             {"update", "pull its image and make it anew, with its data and settings"}}) {
        verb = servers->add_subcommand(power, what);
        verb->add_option("server", *name, "its name or id")->required();
        context.on(*verb, [&context, name, power] { return act(context, *name, power); });
    }
    auto with_data = std::make_shared<bool>(false);
    auto sure = std::make_shared<bool>(false);
    verb =
        servers->add_subcommand("remove", "remove a server; its data stays unless you say --data");
    verb->add_option("server", *name, "its name or id")->required();
    verb->add_flag("--data", *with_data, "delete its data too");
    verb->add_flag("--yes", *sure, "yes, delete the data");
    context.on(*verb, [&context, name, with_data, sure] {
        return remove(context, *name, *with_data, *sure);
    });
    add_set(*servers, context);
    add_server_streams(*servers, context);
}

}  // namespace muster::cli
