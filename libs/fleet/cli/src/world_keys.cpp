#include <fmt/format.h>

#include "context.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/base/text.hpp"
#include "muster/http/url.hpp"

// `muster worlds keys`: what world servers may join with, many with the same.
namespace muster::cli {
namespace {

constexpr const char* keys_path = "/api/v1/cluster-keys";
constexpr std::size_t file_max = 256;
constexpr std::size_t key_bytes = 32;

std::string path_of(const std::string& name) {
    return std::string(keys_path) + "/" + http::percent_encode(name);
}

Result<void> list(Context& context) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto items = (*api)->list(keys_path);
    if (!items) return std::unexpected(items.error());
    if (context.printed_json(*items)) return {};
    if (items->empty()) {
        context.out() << "There are no keys. Make one: muster worlds keys add NAME\n";
        return {};
    }
    Table table({"NAME", "FROM", "SERVERS", "CREATED", "ROTATED", "OLD ONE GOOD UNTIL"});
    for (const json& item : *items) {
        table.add({cell(item, "name"), cell(item, "source"), cell(item, "servers"),
                   cell(item, "created_at"), cell(item, "rotated_at"), cell(item, "old_until")});
    }
    context.out() << table.text();
    return {};
}

void show(Context& context, const json& made) {
    const json key = made.value("key", json());
    const std::string name = cell(made, "name");
    if (!key.is_string()) {
        context.out() << fmt::format("World servers may join with the key {} now.\n", name);
        return;
    }
    context.out() << key.get<std::string>() << "\n";
    context.err() << fmt::format(
        "It is shown this once. On each world server put it into keys/{} of its data folder "
        "(chmod 600), then: muster world --coordinator HOST:PORT --key-name {}\n",
        name, name);
}

/// A file of 32 bytes, or of the text that one is shown as.
Result<std::string> key_in(const std::string& file) {
    auto content = read_file(file, file_max);
    if (!content) {
        return fail(content.error().code, file + ": " + content.error().message, "file");
    }
    if (content->size() == key_bytes) return "mck1-" + to_base64url(*content);
    return std::string(trim(*content));
}

Result<void> add(Context& context, const std::string& name, const std::string& file) {
    json body{{"name", name}};
    if (!file.empty()) {
        auto key = key_in(file);
        if (!key) return std::unexpected(key.error());
        body["key"] = std::move(*key);
    }
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto made = (*api)->post(keys_path, body);
    if (!made) return std::unexpected(made.error());
    if (!context.printed_json(*made)) show(context, *made);
    return {};
}

Result<void> rotate(Context& context, const std::string& name, const std::string& grace) {
    const auto seconds = seconds_from_words(grace);
    if (!seconds) return std::unexpected(seconds.error());
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto made = (*api)->post(path_of(name) + "/rotate", json{{"grace_seconds", *seconds}});
    if (!made) return std::unexpected(made.error());
    if (context.printed_json(*made)) return {};
    show(context, *made);
    const json until = made->value("old_until", json());
    context.err() << (until.is_string()
                          ? "The old one is good until " + until.get<std::string>() + ".\n"
                          : std::string("The old one is good no more.\n"));
    return {};
}

Result<void> revoke(Context& context, const std::string& name, bool servers, bool sure) {
    if (!sure) {
        return fail(
            Errc::invalid_argument,
            fmt::format("this makes the key {} good for nothing{}; say --yes if that is "
                        "meant",
                        name,
                        servers ? " and shuts out every world server that joined with it" : ""));
    }
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto gone = (*api)->remove(path_of(name) + (servers ? "?servers=true" : ""));
    if (!gone) return std::unexpected(gone.error());
    if (context.printed_json(*gone)) return {};
    context.out() << fmt::format("Revoked. World servers shut out with it: {}; that stay: {}.\n",
                                 cell(*gone, "servers_revoked"), cell(*gone, "servers_left"));
    return {};
}

struct Choices {
    std::string name;
    std::string file;
    std::string grace = "1d";
    bool servers = false;
    bool sure = false;
};

}  // namespace

void add_world_keys(CLI::App& worlds, Context& context) {
    CLI::App* keys = worlds.add_subcommand("keys", "named keys that many world servers join with");
    keys->require_subcommand(1);
    const auto choices = std::make_shared<Choices>();
    CLI::App* verb =
        keys->add_subcommand("list", "the keys, and how many servers joined with each");
    context.on(*verb, [&context] { return list(context); });
    verb = keys->add_subcommand("add", "makes a key and shows it once, or takes the one of a file");
    verb->add_option("name", choices->name, "its name")->required();
    verb->add_option("--file", choices->file, "a world server's keys/NAME");
    context.on(*verb, [&context, choices] { return add(context, choices->name, choices->file); });
    verb = keys->add_subcommand("rotate", "another key of that name");
    verb->add_option("name", choices->name, "its name")->required();
    verb->add_option("--grace", choices->grace, "how long the old one is good, as 12h; or 0");
    context.on(*verb,
               [&context, choices] { return rotate(context, choices->name, choices->grace); });
    verb = keys->add_subcommand("revoke", "it is never good again");
    verb->add_option("name", choices->name, "its name")->required();
    verb->add_flag("--servers", choices->servers, "and shuts out who joined with it");
    verb->add_flag("--yes", choices->sure, "it is meant");
    context.on(*verb, [&context, choices] {
        return revoke(context, choices->name, choices->servers, choices->sure);
    });
}

}  // namespace muster::cli
