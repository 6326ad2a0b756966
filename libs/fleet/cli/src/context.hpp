#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api.hpp"
#include "muster/cli/cli.hpp"
#include "words.hpp"

namespace muster::cli {

/// What one run of the command line carries from the words to the answer. The nouns' files add
/// their verbs to a CLI::App; a verb's action runs after the words are parsed.
class Context {
  public:
    explicit Context(Surroundings surroundings) : around_(std::move(surroundings)) {}

    using Action = std::function<Result<void>()>;
    /// The verb's action; only one runs.
    void on(CLI::App& verb, Action action);
    [[nodiscard]] int finish();

    /// The coordinator: --url and --token, MUSTER_URL and MUSTER_TOKEN, what `muster login` kept,
    /// or the `muster up` of this machine, in this order.
    Result<Api*> api();

    [[nodiscard]] std::ostream& out() { return around_.out; }
    [[nodiscard]] std::ostream& err() { return around_.err; }
    [[nodiscard]] std::istream& in() { return around_.in; }
    [[nodiscard]] const Surroundings& around() const { return around_; }
    [[nodiscard]] Timestamp now() const { return SystemClock().now(); }

    /// As JSON when --json was given (returns true), else the caller prints for people.
    bool printed_json(const json& value);
    /// Follows an operation to its end with a progress bar, unless --no-wait; its error is the
    /// command's.
    /// `answer` is the operation, or an object that has it as "operation".
    Result<void> follow(const json& answer);
    /// The object whose id or unique name it is. `path`: "/api/v1/servers".
    Result<json> resolve(const std::string& path, const std::string& name_or_id,
                         std::string_view noun);

    bool as_json = false;
    bool no_wait = false;
    std::string url;
    std::string token;
    std::string ca_file;

  private:
    struct Login {
        std::string url, token, ca_pem;
    };
    Result<Login> login() const;

    Surroundings around_;
    Action action_;
    std::unique_ptr<Api> api_;
};

/// Where `muster login` keeps what it was told (0600).
[[nodiscard]] std::string login_file(const Surroundings& around);

void add_session(CLI::App& app,
                 Context& context);  // login, logout, whoami, backup, events, completion
void add_servers(CLI::App& app, Context& context);
void add_server_streams(CLI::App& servers, Context& context);  // logs, console, exec, stats
void add_nodes(CLI::App& app, Context& context);
void add_games(CLI::App& app, Context& context);
void add_containers(CLI::App& app, Context& context);
void add_artifacts(CLI::App& app, Context& context);  // images, volumes, networks
void add_operations(CLI::App& app, Context& context);
void add_access(CLI::App& app, Context& context);  // tokens, audit
void add_worlds(CLI::App& app, Context& context);
void add_world_keys(CLI::App& worlds, Context& context);
void add_top(CLI::App& app, Context& context);

/// The whole tree, for running and for completion.
void add_all(CLI::App& app, Context& context);

}  // namespace muster::cli
