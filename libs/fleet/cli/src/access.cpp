#include <fmt/format.h>

#include <iostream>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* tokens_path = "/api/v1/tokens";

Result<void> list(Context& context, bool names) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(tokens_path);
    if (!items) return std::unexpected(items.error());
    if (names) {
        for (const json& item : *items) context.out() << cell(item, "id") << "\n";
        return {};
    }
    if (context.printed_json(*items)) return {};
    Table table({"NAME", "ROLE", "SERVERS", "EXPIRES", "LAST USED", "ID"});
    for (const json& item : *items) {
        const json servers = item.value("servers", json());
        table.add({cell(item, "name"), cell(item, "role"),
                   servers.is_array() ? fmt::format("{}", servers.size()) : "all",
                   cell(item, "expires_at"),
                   age_in_words(item.value("last_used_at", json()), context.now()),
                   cell(item, "id")});
    }
    context.out() << table.text();
    return {};
}

struct TokenWords {
    std::string name, role = "viewer", expires;
    std::vector<std::string> servers;
};

Result<void> create(Context& context, const TokenWords& words) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    json body{{"name", words.name}, {"role", words.role}};
    if (!words.expires.empty()) {
        const auto seconds = seconds_from_words(words.expires);
        if (!seconds) return fail(seconds.error().code, seconds.error().message, "expires");
        body["expires_in_seconds"] = *seconds;
    }
    for (const std::string& name : words.servers) {
        auto server = context.resolve("/api/v1/servers", name, "server");
        if (!server) return std::unexpected(server.error());
        body["servers"].push_back((*server)["id"]);
    }
    auto made = (*api)->post(tokens_path, body);
    if (!made) return std::unexpected(made.error());
    if (!context.printed_json(*made)) context.out() << cell(*made, "token") << "\n";
    if (!context.as_json) context.err() << "This is the only time it is shown.\n";
    return {};
}

Result<void> audit_list(Context& context, int limit) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->get(fmt::format("/api/v1/audit?limit={}", limit));
    if (!answer) return std::unexpected(answer.error());
    if (context.printed_json(*answer)) return {};
    Table table({"#", "TIME", "BY", "ACTION", "OBJECT", "DETAIL"});
    for (const json& item : (*answer)["items"]) {
        table.add({cell(item, "sequence"), cell(item, "time"), who_in_words(item),
                   cell(item, "action"), cell(item, "object"), cell(item, "detail")});
    }
    context.out() << table.text();
    return {};
}

Result<void> audit_verify(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto answer = (*api)->get("/api/v1/audit/verify");
    if (!answer) return std::unexpected(answer.error());
    const bool valid = answer->value("valid", false);
    if (!context.printed_json(*answer) && valid)
        context.out() << fmt::format("The audit log is whole: {} entries.\n",
                                     cell(*answer, "entries"));
    if (!valid)
        return fail(
            Errc::conflict,
            fmt::format("the audit log was changed: entry {} does not follow from the one before",
                        cell(*answer, "first_bad")));
    return {};
}

}  // namespace

void add_access(CLI::App& app, Context& context) {
    CLI::App* tokens = app.add_subcommand("tokens", "who may sign in");
    tokens->require_subcommand(1);
    auto names = std::make_shared<bool>(false);
    CLI::App* verb = tokens->add_subcommand("list", "all tokens");
    verb->add_flag("--names", *names, "ids alone, for scripts");
    context.on(*verb, [&context, names] { return list(context, *names); });
    auto words = std::make_shared<TokenWords>();
    verb = tokens->add_subcommand("create", "make a token; it is shown once");
    verb->add_option("name", words->name, "whose it is")->required();
    verb->add_option("--role", words->role,
                     "viewer (default), operator, admin; allocator is reserved");
    verb->add_option("--server", words->servers, "only for this server; may be repeated");
    verb->add_option("--expires", words->expires, "how long it works: 7d; for ever when not said");
    context.on(*verb, [&context, words] { return create(context, *words); });
    auto id = std::make_shared<std::string>();
    verb = tokens->add_subcommand("revoke", "end a token and its open streams at once");
    verb->add_option("token", *id, "its id")->required();
    context.on(*verb, [&context, id]() -> Result<void> {
        auto api = context.api();
        if (!api) return std::unexpected(api.error());
        auto gone = (*api)->remove(std::string(tokens_path) + "/" + http::percent_encode(*id));
        if (!gone) return std::unexpected(gone.error());
        if (!context.printed_json(*gone)) context.out() << "Revoked.\n";
        return {};
    });

    CLI::App* audit =
        app.add_subcommand("audit", "who did what, and whether anybody changed that record");
    audit->require_subcommand(1);
    auto limit = std::make_shared<int>(100);
    verb = audit->add_subcommand("list", "the newest entries");
    verb->add_option("--limit", *limit, "so many (100)")->check(CLI::Range(1, 500));
    context.on(*verb, [&context, limit] { return audit_list(context, *limit); });
    verb = audit->add_subcommand("verify", "check the chain of hashes over all entries");
    context.on(*verb, [&context] { return audit_verify(context); });
}

}  // namespace muster::cli
