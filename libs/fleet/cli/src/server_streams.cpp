#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "context.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {
namespace {

constexpr const char* servers_path = "/api/v1/servers";

Result<std::string> path_of(Context& context, const std::string& name) {
    auto server = context.resolve(servers_path, name, "server");
    if (!server) return std::unexpected(server.error());
    return std::string(servers_path) + "/" + server->value("id", "");
}

struct LogWords {
    std::string name;
    int tail = 100;
    std::string since;
    bool follow = false;
};

Result<void> logs(Context& context, const LogWords& words) {
    auto path = path_of(context, words.name);
    if (!path) return std::unexpected(path.error());
    std::string target = fmt::format("{}/logs?tail={}&follow={}", *path, words.tail, words.follow);
    if (!words.since.empty()) {
        const auto seconds = seconds_from_words(words.since);
        if (!seconds) return fail(seconds.error().code, seconds.error().message, "since");
        target += "&since=" +
                  http::percent_encode(to_rfc3339(context.now() - std::chrono::seconds(*seconds)));
    }
    return (*context.api())->stream(target, [&](std::string_view piece) {
        context.out() << piece << std::flush;
    });
}

Result<void> type(Context& context, const std::string& name, const std::string& line) {
    auto path = path_of(context, name);
    if (!path) return std::unexpected(path.error());
    auto typed = (*context.api())->post(*path + "/console", json{{"line", line}});
    if (!typed) return std::unexpected(typed.error());
    return {};
}

Result<void> console(Context& context, const std::string& name) {
    auto path = path_of(context, name);
    if (!path) return std::unexpected(path.error());
    if (context.around().out_is_terminal)
        context.err() << "The console of " << name
                      << ". What you type goes to the server; leave with Ctrl-C.\n";
    return (*context.api())
        ->converse(
            *path + "/console", STDIN_FILENO,
            [&](std::string_view text) {
                context.out() << text << std::flush;
                return true;
            },
            false);
}

Result<void> exec(Context& context, const std::string& name,
                  const std::vector<std::string>& command) {
    auto path = path_of(context, name);
    if (!path) return std::unexpected(path.error());
    std::string target = *path + "/exec?tty=false";
    for (const auto& word : command) target += "&command=" + http::percent_encode(word);
    int exit_code = 0;
    const auto done = (*context.api())
                          ->converse(
                              target, STDIN_FILENO,
                              [&](std::string_view text) {
                                  const json last = text.starts_with("{\"exit_code\"")
                                                        ? json::parse(text, nullptr, false)
                                                        : json();
                                  if (last.is_object() && last["exit_code"].is_number_integer()) {
                                      exit_code = last["exit_code"].get<int>();
                                      return false;
                                  }
                                  context.out() << text << std::flush;
                                  return true;
                              },
                              true);
    if (!done) return done;
    if (exit_code != 0)
        return fail(Errc::conflict,
                    fmt::format("{} ended with exit code {}", command.front(), exit_code));
    return {};
}

Result<void> stats(Context& context, const std::string& name, int seconds) {
    auto path = path_of(context, name);
    if (!path) return std::unexpected(path.error());
    auto answer = (*context.api())->get(fmt::format("{}/stats?seconds={}", *path, seconds));
    if (!answer) return std::unexpected(answer.error());
    if (context.printed_json(*answer)) return {};
    Table table({"TIME", "CPU", "MEMORY", "RECEIVED", "SENT", "READ", "WRITTEN"});
    for (const json& sample : (*answer)["items"]) {
        const auto bytes = [&](const char* key) {
            return bytes_in_words(sample.value(key, std::int64_t{0}));
        };
        table.add({cell(sample, "time"), fmt::format("{:.1f} %", sample.value("cpu_percent", 0.0)),
                   bytes("memory_bytes"), bytes("network_received_bytes"),
                   bytes("network_sent_bytes"), bytes("disk_read_bytes"),
                   bytes("disk_written_bytes")});
    }
    context.out() << table.text();
    return {};
}

}  // namespace

void add_server_streams(CLI::App& servers, Context& context) {
    auto words = std::make_shared<LogWords>();
    CLI::App* verb = servers.add_subcommand("logs", "what a server printed");
    verb->add_option("server", words->name, "its name or id")->required();
    verb->add_option("--tail", words->tail, "the last so many lines (100); -1 for all")
        ->check(CLI::Range(-1, 1'000'000));
    verb->add_option("--since", words->since, "only the last 90s, 5m, 2h");
    verb->add_flag("-f,--follow", words->follow, "go on as it prints more");
    context.on(*verb, [&context, words] { return logs(context, *words); });

    auto name = std::make_shared<std::string>();
    auto line = std::make_shared<std::string>();
    verb = servers.add_subcommand("console", "watch a server's console and type into it");
    verb->add_option("server", *name, "its name or id")->required();
    verb->add_option("--send", *line, "type this one line and leave");
    context.on(*verb, [&context, name, line] {
        return line->empty() ? console(context, *name) : type(context, *name, *line);
    });

    auto command = std::make_shared<std::vector<std::string>>();
    verb = servers.add_subcommand("exec", "run a program inside a server's container");
    verb->add_option("server", *name, "its name or id")->required();
    verb->add_option("command", *command, "the program and its words, after --")->required();
    context.on(*verb, [&context, name, command] { return exec(context, *name, *command); });

    auto seconds = std::make_shared<int>(10);
    verb = servers.add_subcommand("stats", "what a server used, a line a second");
    verb->add_option("server", *name, "its name or id")->required();
    verb->add_option("--seconds", *seconds, "so far back, an hour at most (10)")
        ->check(CLI::Range(1, 3600));
    context.on(*verb, [&context, name, seconds] { return stats(context, *name, *seconds); });
}

}  // namespace muster::cli
