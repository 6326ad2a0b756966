#include "muster/cli/cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "context.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

// Options that every command takes, wherever they stand.
void add_shared(CLI::App& app, Context& context) {
    app.add_flag("--json", context.as_json, "print JSON instead of tables");
    app.add_flag("--no-wait", context.no_wait, "do not wait for a long action to end");
    app.add_option("--url", context.url, "the coordinator's address (MUSTER_URL)");
    app.add_option("--token", context.token, "the token to sign in with (MUSTER_TOKEN)");
    app.add_option("--ca", context.ca_file, "the authority to trust, a PEM file, for https");
}

// The help of a noun or a verb shows its own options only.
constexpr const char* shared_words =
    "Every command takes, too: --url URL (or MUSTER_URL), --token TOKEN (or MUSTER_TOKEN), --ca "
    "FILE "
    "for https, --json, --no-wait.";

void fall_through(CLI::App& app) {
    app.fallthrough();
    if (app.get_parent() != nullptr) app.footer(shared_words);
    for (CLI::App* sub : app.get_subcommands({})) fall_through(*sub);
}

std::vector<std::string> names_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
    return names;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

// A wrong verb in our words: CLI11 would pass it up to the noun's parent and miss something else
// there. Only where the words come first; an option before them may have a value that looks like a
// word.
std::string wrong_verb(const CLI::App& app, const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments[0].starts_with('-')) return {};
    const auto nouns = app.get_subcommands({});
    const auto noun = std::ranges::find(nouns, arguments[0], &CLI::App::get_name);
    if (noun == nouns.end()) {
        return fmt::format("there is no command '{}'; {}", arguments[0],
                           suggestion(arguments[0], names_of(app)));
    }
    const auto verbs = names_of(**noun);
    if (verbs.empty() || arguments.size() < 2 || arguments[1].starts_with('-') ||
        std::ranges::find(verbs, arguments[1]) != verbs.end()) {
        return {};
    }
    return fmt::format("there is no '{} {}'; {}", arguments[0], arguments[1],
                       suggestion(arguments[1], verbs));
}

}  // namespace

void add_all(CLI::App& app, Context& context) {
    add_session(app, context);
    add_servers(app, context);
    add_nodes(app, context);
    add_games(app, context);
    add_containers(app, context);
    add_artifacts(app, context);
    add_operations(app, context);
    add_access(app, context);
    add_worlds(app, context);
    add_top(app, context);
    add_shared(app, context);
    fall_through(app);
}

bool is_noun(std::string_view word) {
    std::ostringstream nowhere;
    std::istringstream nothing;
    Context context({nothing, nowhere, nowhere, false, {}, {}, {}});
    CLI::App app;
    add_all(app, context);
    const auto names = names_of(app);
    return std::ranges::find(names, word) != names.end();
}

int run(std::vector<std::string> arguments, Surroundings surroundings) {
    Context context(std::move(surroundings));
    CLI::App app("Muster: the command line of a fleet of game servers", "muster");
    app.require_subcommand(1);
    add_all(app, context);
    if (const std::string wrong = wrong_verb(app, arguments); !wrong.empty()) {
        context.err() << "muster: " << wrong << "\n";
        return 2;
    }
    try {
        std::ranges::reverse(arguments);  // CLI11 takes its arguments from the back
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error, context.out(), context.err());
        app.exit(error, context.out(), context.err());
        return 2;
    }
    return context.finish();
}

std::string completion(std::string_view shell) {
    if (shell != "bash" && shell != "zsh") return {};
    std::ostringstream nowhere;
    std::istringstream nothing;
    Context context({nothing, nowhere, nowhere, false, {}, {}, {}});
    CLI::App app;
    add_all(app, context);
    std::string cases;
    for (const CLI::App* noun : app.get_subcommands({})) {
        const auto verbs = names_of(*noun);
        if (!verbs.empty())
            cases += fmt::format("        {}) words=\"{}\" ;;\n", noun->get_name(), joined(verbs));
    }
    std::string script = shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
    script += fmt::format(
        "_muster() {{\n"
        "    local words=\"\" word=${{COMP_WORDS[COMP_CWORD]}}\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"up coordinator node {}\"\n"
        "    elif [ \"$COMP_CWORD\" -eq 2 ]; then case ${{COMP_WORDS[1]}} in\n{}        esac\n"
        "    elif [ \"$COMP_CWORD\" -eq 3 ]; then case ${{COMP_WORDS[1]}} in\n"
        "        servers|nodes|games|containers|operations|tokens)\n"
        "            words=$(muster \"${{COMP_WORDS[1]}}\" list --names 2>/dev/null) ;;\n"
        "        esac\n"
        "    fi\n"
        "    case $word in -*) words=\"--json --no-wait --url --token --ca --help\" ;; esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "}}\n"
        "complete -F _muster muster\n",
        joined(names_of(app)), cases);
    return script;
}

}  // namespace muster::cli
