#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace muster::load {
namespace {

const std::map<std::string, Pattern> patterns{{"uniform", Pattern::uniform},
                                              {"crowd", Pattern::crowd},
                                              {"storm", Pattern::storm},
                                              {"walk", Pattern::walk}};

constexpr const char* about =
    "Plays in a world as many players, over the real protocol (ICE, DTLS, SCTP data channels), "
    "and says what they got: snapshots, bytes, latency, freezes. Holds what they decoded against "
    "what the server says it holds, so that starving its clients makes no server look fast.";

constexpr const char* footer =
    "Exit codes: 0 all is well; 1 clients decoded something else than the server holds, did not "
    "know who was in view, lost a reliable message or got one twice, or came out of a crossing as "
    "somebody else or twice; or, but for storm, not all of them played within --join-patience, or "
    "some were dropped and did not come back; 2 wrong usage; 3 the world cannot be played.\n"
    "A run whose generator used more than 80 % of a core measures the generator, and says so.\n"
    "Every player needs a file descriptor: raise `ulimit -n` for thousands.";

// CLI11's own check would print the numbers behind the names.
Pattern pattern_of(const std::string& word) {
    const auto found = patterns.find(word);
    if (found == patterns.end())
        throw CLI::ValidationError("--pattern",
                                   "must be uniform, crowd, storm or walk, not '" + word + "'");
    return found->second;
}

void add_flags(CLI::App& app, Options& options, double& loss, double& delay, double& jitter,
               bool& blind) {
    app.add_option("--url", options.url,
                   "of a Muster that serves worlds, or of a coordinator: http://HOST:PORT")
        ->required();
    app.add_option("--world", options.world, "its name; without it, the first");
    app.add_option("--clients", options.clients, "how many players")
        ->check(CLI::Range(1U, clients_max))
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "how long to measure, after all have joined")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    app.add_option_function<std::string>(
           "--pattern", [&options](const std::string& word) { options.pattern = pattern_of(word); },
           "uniform: walk about; crowd: everybody to the middle; storm: join, play two "
           "seconds, leave, join again; walk: straight across the map, to and fro, over the "
           "borders "
           "of a world that several servers compute [uniform]")
        ->type_name("uniform|crowd|storm|walk");
    app.add_option("--loss", loss, "datagrams lost, each way, in per cent")
        ->check(CLI::Range(0.0, 90.0))
        ->capture_default_str();
    app.add_option("--delay", delay, "of datagrams, each way, in ms")
        ->check(CLI::Range(0.0, 5'000.0))
        ->capture_default_str();
    app.add_option("--jitter", jitter, "the delay varies by so much up and down, in ms")
        ->check(CLI::Range(0.0, 5'000.0))
        ->capture_default_str();
    app.add_option("--rate", options.rate, "inputs a second")
        ->check(CLI::IsMember({10, 15, 20, 30, 60}))
        ->capture_default_str();
    app.add_option("--threads", options.threads, "the players are spread over")
        ->check(CLI::Range(1U, threads_max))
        ->capture_default_str();
    app.add_option("--joins-at-once", options.joins_at_once, "requests to join under way, a thread")
        ->check(CLI::Range(1U, 1'024U))
        ->capture_default_str();
    app.add_option("--join-patience", options.join_patience,
                   "seconds until it measures without those that could not join yet")
        ->check(CLI::Range(1.0, 3'600.0))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "of walks and of the network's weather")
        ->capture_default_str();
    app.add_option("--ca", options.ca_file, "certificates to trust for https, PEM")
        ->check(CLI::ExistingFile);
    app.add_flag("--blind", blind, "do not ask the server for the truth of its ticks");
    app.add_flag("--json", options.json, "one JSON object instead of the table");
    app.add_flag("--quiet", options.quiet, "no progress on the standard error");
}

}  // namespace

const char* name_of(Pattern pattern) {
    for (const auto& [name, value] : patterns) {
        if (value == pattern) return name.c_str();
    }
    return "?";
}

Result<Told> read_options(std::vector<std::string> words) {
    Told told;
    double loss = 0, delay = 0, jitter = 0;
    bool blind = false;
    CLI::App app(about, "muster-load");
    app.footer(footer);
    app.set_version_flag("--version", "muster-load " MUSTER_VERSION);
    app.get_formatter()->column_width(34);
    add_flags(app, told.options, loss, delay, jitter, blind);
    try {
        std::ranges::reverse(words);  // CLI11 takes its arguments from the back
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        told.text = app.help();
    } catch (const CLI::CallForVersion&) {
        told.text = "muster-load " MUSTER_VERSION "\n";
    } catch (const CLI::ParseError& error) {
        return fail(Errc::invalid_argument, error.what());
    }
    auto& options = told.options;
    const auto in_us = [](double ms) { return Instant(static_cast<Instant::rep>(ms * 1'000)); };
    options.weather = {loss / 100, in_us(delay), in_us(jitter)};
    options.witness = !blind;
    if (options.weather.jitter > options.weather.delay) {
        return fail(Errc::invalid_argument, "--jitter: at most as much as --delay", "jitter");
    }
    options.threads = std::min(options.threads, options.clients);
    return told;
}

}  // namespace muster::load
