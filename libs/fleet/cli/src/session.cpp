#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "context.hpp"
#include "muster/base/file.hpp"

namespace muster::cli {
namespace {

Result<void> login(Context& context) {
    if (context.url.empty())
        return fail(Errc::invalid_argument, "say where the coordinator is: --url http://HOST:8080",
                    "url");
    if (context.token.empty()) {
        context.err() << "Token: " << std::flush;
        std::getline(context.in(), context.token);
    }
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto who = (*api)->get("/api/v1/whoami");
    if (!who) return std::unexpected(who.error());
    json kept{{"url", context.url}, {"token", context.token}};
    if (!context.ca_file.empty()) {
        auto pem = read_file(context.ca_file);
        if (!pem) return std::unexpected(pem.error());
        kept["ca_pem"] = *pem;
    }
    const std::string file = login_file(context.around());
    if (auto made = make_folder(std::filesystem::path(file).parent_path(), 0700); !made)
        return made;
    if (auto written = write_file(file, kept.dump(2), 0600); !written) return written;
    context.out() << fmt::format("Signed in as {} ({}).\n", cell(*who, "name"), cell(*who, "role"));
    return {};
}

Result<void> whoami(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto who = (*api)->get("/api/v1/whoami");
    if (!who) return std::unexpected(who.error());
    if (!context.printed_json(*who))
        context.out() << fmt::format("{} ({})\n", cell(*who, "name"), cell(*who, "role"));
    return {};
}

Result<void> events(Context& context, const std::string& kinds) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    return (*api)->watch(
        "/api/v1/events" + (kinds.empty() ? "" : "?kinds=" + kinds), [&](std::string_view text) {
            const json event = json::parse(text, nullptr, false);
            if (context.as_json || !event.is_object()) {
                context.out() << text << "\n" << std::flush;
                return true;
            }
            const json object = event.value("object", json::object());
            context.out() << fmt::format("{} {} {} {} {}\n", to_rfc3339(context.now()),
                                         cell(event, "type"), cell(event, "action"),
                                         cell(object, object.contains("name") ? "name" : "id"),
                                         object.contains("state") ? cell(object, "state") : "")
                          << std::flush;
            return true;
        });
}

Result<void> backup(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto made = (*api)->post("/api/v1/backup", json::object());
    if (!made) return std::unexpected(made.error());
    if (!context.printed_json(*made)) {
        context.out() << fmt::format("{} ({})\n", cell(*made, "path"),
                                     bytes_in_words(made->value("size_bytes", std::int64_t{0})));
    }
    return {};
}

}  // namespace

void add_session(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("login", "sign in to a coordinator and stay signed in");
    context.on(*verb, [&context] { return login(context); });
    verb = app.add_subcommand("logout", "forget what login kept");
    context.on(*verb, [&context]() -> Result<void> {
        std::error_code ignored;
        std::filesystem::remove(login_file(context.around()), ignored);
        context.out() << "Signed out.\n";
        return {};
    });
    verb = app.add_subcommand("whoami", "whose token this is");
    context.on(*verb, [&context] { return whoami(context); });
    auto kinds = std::make_shared<std::string>();
    verb = app.add_subcommand("events", "watch everything as it happens");
    verb->add_option("--kinds", *kinds, "only these, with commas: server,node,operation,container");
    context.on(*verb, [&context, kinds] { return events(context, *kinds); });
    verb =
        app.add_subcommand("backup", "a consistent copy of the coordinator's store, while it runs");
    context.on(*verb, [&context] { return backup(context); });
    auto shell = std::make_shared<std::string>();
    verb =
        app.add_subcommand("completion", "a completion script: source <(muster completion bash)");
    verb->add_option("shell", *shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    context.on(*verb, [&context, shell]() -> Result<void> {
        context.out() << completion(*shell);
        return {};
    });
}

}  // namespace muster::cli
