#include "world_scale.hpp"

#include <fmt/format.h>

#include <thread>

#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr std::chrono::seconds look_again{1};

struct Wish {
    std::string world;
    std::optional<int> count;
    bool force = false;
    bool wait = false;
    std::string timeout = "10m";
    // What servers are made from; what is not given stays as it is.
    bool spread = false;
    bool alone = false;
    std::map<std::string, std::string> variables;  ///< of the flags that are one each
    std::vector<std::string> set;                  ///< NAME=VALUE
    std::vector<std::string> nodes;
    std::vector<std::string> labels;
    std::string coordinator, image, memory;
    std::optional<double> cpus;
};

std::string path_of(const std::string& world, const char* verb) {
    return "/api/v1/worlds/" + http::percent_encode(world) + "/" + verb;
}

Result<json> template_of(Context& context, const Wish& wish) {
    json out = json::object();
    json variables(wish.variables);
    if (wish.spread) variables["MUSTER_WORLD_SPREAD"] = "true";
    if (wish.alone) variables["MUSTER_WORLD_SPREAD"] = "false";
    auto more = assignments(wish.set, "set");
    if (!more) return std::unexpected(more.error());
    variables.update(*more);
    if (!variables.empty()) out["variables"] = std::move(variables);
    if (!wish.labels.empty()) {
        auto labels = assignments(wish.labels, "label");
        if (!labels) return std::unexpected(labels.error());
        out["required_labels"] = std::move(*labels);
    }
    for (const std::string& name : wish.nodes) {
        auto node = context.resolve("/api/v1/nodes", name, "node");
        if (!node) return std::unexpected(node.error());
        out["nodes"].push_back(node->value("id", ""));
    }
    if (!wish.coordinator.empty()) out["coordinator"] = wish.coordinator;
    if (!wish.image.empty()) out["image"] = wish.image;
    if (wish.cpus) out["cpus"] = *wish.cpus;
    if (!wish.memory.empty()) {
        const auto bytes = bytes_from_words(wish.memory);
        if (!bytes) return fail(bytes.error().code, bytes.error().message, "memory");
        out["memory_bytes"] = *bytes;
    }
    return out;
}

std::string state_of(const json& server) {
    const std::string state = cell(server, "state");
    if (server.value("leaving", false)) return server.value("draining", false) ? "leaving" : state;
    if (server.value("outdated", false)) return "to be replaced";
    if (state == "ready" && !server.value("listed", false)) return "not linked";
    const json operation = server.value("operation", json());
    const std::string step = operation.is_object() ? operation.value("step", "") : std::string();
    return step.empty() ? state : state + ": " + step;
}

std::string summary(const json& scale) {
    std::size_t open = 0;
    std::size_t leaving = 0;
    std::int64_t people = 0;
    for (const json& server : scale.value("servers", json::array())) {
        const bool leaves = server.value("leaving", false);
        leaving += leaves ? 1U : 0U;
        open += !leaves && server.value("listed", false) ? 1U : 0U;
        if (leaves && server["people"].is_number()) people += server["people"].get<std::int64_t>();
    }
    std::string out = fmt::format("{} of {} open", open, cell(scale, "count"));
    if (leaving > 0) out += fmt::format(", {} leaving with {} people", leaving, people);
    const std::string problem = scale.value("problem", "");
    return problem.empty() ? out : out + "; " + problem;
}

void print(Context& context, const json& scale) {
    Table table({"NAME", "STATE", "PEOPLE", "REGIONS", "NODE", "WORLD SERVER", "REASON"});
    for (const json& server : scale.value("servers", json::array())) {
        table.add({cell(server, "name"), state_of(server), cell(server, "people"),
                   cell(server, "regions"), cell(server, "node_id"),
                   cell(server, "world_server_id"), cell(server, "reason")});
    }
    context.out() << table.text() << summary(scale) << ".\n";
    if (scale.value("count", 1) == 0 && !scale.value("settled", false)) {
        context.out() << "It takes nobody new; each server goes when the last of its people has. "
                         "--force ends it for them now.\n";
    }
}

Result<json> await_settled(Context& context, const std::string& world, json scale,
                           std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::string shown;
    while (!scale.value("settled", false)) {
        const std::string line = summary(scale);
        if (line != shown && !context.as_json) context.out() << line << "\n" << std::flush;
        shown = line;
        if (std::chrono::steady_clock::now() >= end) {
            return fail(Errc::timeout,
                        "it is not so far yet: " + line + "; it goes on (--timeout waits longer)");
        }
        std::this_thread::sleep_for(look_again);
        auto fresh = (*context.api())->get(path_of(world, "scale"));
        if (!fresh) return fresh;
        scale = std::move(*fresh);
    }
    return scale;
}

Result<void> answer(Context& context, const Wish& wish, Result<json> scale) {
    if (!scale) return std::unexpected(scale.error());
    const auto limit = seconds_from_words(wish.timeout);
    if (!limit) return std::unexpected(limit.error());
    if (wish.wait) {
        scale = await_settled(context, wish.world, std::move(*scale), std::chrono::seconds(*limit));
        if (!scale) return std::unexpected(scale.error());
    }
    if (!context.printed_json(*scale)) print(context, *scale);
    return {};
}

Result<void> scale(Context& context, const Wish& wish) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto made_from = template_of(context, wish);
    if (!made_from) return std::unexpected(made_from.error());
    const std::string path = path_of(wish.world, "scale");
    if (!wish.count && made_from->empty() && !wish.force) {
        return answer(context, wish, (*api)->get(path));
    }
    json body{{"force", wish.force}};
    if (wish.count) body["count"] = *wish.count;
    if (!made_from->empty()) body["template"] = std::move(*made_from);
    auto text = (*api)->send("PUT", path, body.dump(), "application/json");
    if (!text) return std::unexpected(text.error());
    return answer(context, wish, json::parse(*text, nullptr, false));
}

Result<void> upgrade(Context& context, const Wish& wish) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    json body = json::object();
    if (!wish.image.empty()) body["image"] = wish.image;
    return answer(context, wish, (*api)->post(path_of(wish.world, "upgrade"), body));
}

void add_waiting(CLI::App& verb, Wish& wish) {
    verb.add_option("world", wish.world, "its name: ctf, tdm or ffa")->required();
    verb.add_option("--image", wish.image, "instead of muster:latest");
    verb.add_flag("--wait", wish.wait, "waits until it is so, and says how far it is");
    verb.add_option("--timeout", wish.timeout, "how long it waits, as 10m");
}

}  // namespace

void add_world_scale(CLI::App& worlds, Context& context) {
    const auto wish = std::make_shared<Wish>();
    CLI::App* verb = worlds.add_subcommand(
        "scale", "how many servers a world has; without COUNT and flags it shows them");
    add_waiting(*verb, *wish);
    verb->add_option("count", wish->count, "so many; 0 ends it once nobody plays");
    verb->add_flag("--force", wish->force, "those that are too many go now, whoever plays there");
    verb->add_flag("--spread", wish->spread, "they compute one world together");
    verb->add_flag("--no-spread", wish->alone, "each has a world of its own")->excludes("--spread");
    for (const auto& [flag, name, what] :
         {std::tuple{"--regions", "MUSTER_WORLD_REGIONS", "of a spread world, at least"},
          {"--bus-url", "MUSTER_BUS_URL", "the NATS servers they talk over"},
          {"--map", "MUSTER_WORLD_MAP", "classic, or a size as 4000x3000"},
          {"--seed", "MUSTER_WORLD_SEED", "what map and matches are drawn from"},
          {"--players-max", "MUSTER_WORLD_PLAYERS_MAX", "people and bots in the world"},
          {"--bots", "MUSTER_WORLD_BOTS", "bots"}}) {
        verb->add_option_function<std::string>(
            flag,
            [wish, variable = std::string(name)](const std::string& value) {
                wish->variables[variable] = value;
            },
            what);
    }
    verb->add_option("--set", wish->set, "any other variable of muster-world, as NAME=VALUE");
    verb->add_option("--node", wish->nodes, "a node that they may be on; again for more");
    verb->add_option("--label", wish->labels, "a label that their nodes must have, as key=value");
    verb->add_option("--memory", wish->memory, "of each, as 512M");
    verb->add_option("--cpus", wish->cpus, "of each");
    verb->add_option("--coordinator", wish->coordinator,
                     "where they reach the coordinator's gRPC port");
    context.on(*verb, [&context, wish] { return scale(context, *wish); });

    const auto newer = std::make_shared<Wish>();
    CLI::App* upgrading = worlds.add_subcommand(
        "upgrade", "replaces a scaled world's servers one by one; nobody is thrown out");
    add_waiting(*upgrading, *newer);
    context.on(*upgrading, [&context, newer] { return upgrade(context, *newer); });
}

}  // namespace muster::cli
