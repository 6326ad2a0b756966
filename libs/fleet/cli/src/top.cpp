#include "top.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "context.hpp"

namespace muster::cli {
namespace {

constexpr std::size_t servers_shown_max = 20;
constexpr const char* clear_screen = "\x1b[H\x1b[2J";
constexpr const char* hide_cursor = "\x1b[?25l";
constexpr const char* show_cursor = "\x1b[?25h";

double number(const json& object, std::string_view key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string milliseconds_text(double microseconds) {
    return fmt::format("{:.2f} ms", microseconds / 1000);
}

// How much a counter grows in a second. A restart of the server makes it shorter, not negative.
double rate(const TopSample& before, const TopSample& now, std::string_view key) {
    const double passed = now.seconds - before.seconds;
    if (passed <= 0 || !before.statistics.is_object()) return 0;
    return std::max(0.0, number(now.statistics, key) - number(before.statistics, key)) / passed;
}

const json* stage_of(const json& world, std::string_view name) {
    const auto stages = world.find("stages");
    if (stages == world.end() || !stages->is_object()) return nullptr;
    const auto found = stages->find(name);
    return found == stages->end() ? nullptr : &*found;
}

std::string worlds_text(const json& statistics) {
    Table table(
        {"WORLD", "MODE", "PEOPLE", "BOTS", "TICK", "P50", "P99", "MAX", "LATE", "SKIPPED"});
    for (const json& world : statistics.value("worlds", json::array())) {
        std::vector<std::string> row{cell(world, "name"), cell(world, "mode"),
                                     cell(world, "people"), cell(world, "bots")};
        if (world.value("asleep", false)) {
            row.emplace_back("asleep");
        } else {
            row.push_back(cell(world, "tick"));
        }
        const json* tick = stage_of(world, "tick");
        for (const char* key : {"p50_us", "p99_us", "max_us"}) {
            row.push_back(tick == nullptr ? "-" : milliseconds_text(number(*tick, key)));
        }
        row.push_back(cell(world, "ticks_late"));
        row.push_back(cell(world, "ticks_skipped"));
        table.add(std::move(row));
    }
    return table.text();
}

std::string stages_text(const json& statistics) {
    std::string out;
    for (const json& world : statistics.value("worlds", json::array())) {
        if (world.value("asleep", false)) continue;
        out += fmt::format("{:<8}", cell(world, "name"));
        for (const auto& [name, stage] : world.value("stages", json::object()).items()) {
            out += fmt::format("  {} {:.0f}/{:.0f} us", name, number(stage, "p50_us"),
                               number(stage, "p99_us"));
        }
        out += "\n";
    }
    return out;
}

std::string network_text(const TopSample& before, const TopSample& now) {
    const json& all = now.statistics;
    const auto per_second = [&](std::string_view key) {
        return bytes_in_words(std::llround(rate(before, now, key))) + "/s";
    };
    std::string out = fmt::format(
        "sessions {} of {}, {} opening    snapshots {:.0f}/s at {} Hz    "
        "oldest in view p99 {:.0f} ms\n",
        cell(all, "sessions"), cell(all, "sessions_max"), cell(all, "opening"),
        rate(before, now, "snapshots_sent"), cell(all, "snapshot_rate"),
        number(all, "snapshot_age_p99_ms"));
    out += fmt::format(
        "in {} ({:.0f} packets/s)    out {} ({:.0f} packets/s)    dropped {:.0f}/s\n",
        per_second("bytes_in"), rate(before, now, "datagrams_in"), per_second("bytes_out"),
        rate(before, now, "datagrams_out"), rate(before, now, "datagrams_dropped"));
    const std::string overload = all.value("overload", "none");
    if (overload != "none") out += "OVERLOAD: " + overload + "\n";
    return out;
}

std::string process_text(const TopSample& before, const TopSample& now) {
    const auto process = now.statistics.find("process");
    if (process == now.statistics.end()) return "";
    double percent = 0;
    const double passed = now.seconds - before.seconds;
    if (passed > 0 && before.statistics.is_object() && before.statistics.contains("process")) {
        percent = (number(*process, "cpu_seconds") -
                   number(before.statistics["process"], "cpu_seconds")) /
                  passed * 100;
    }
    return fmt::format("muster   CPU {:.1f} %   memory {}\n", std::max(0.0, percent),
                       bytes_in_words(std::llround(number(*process, "rss_bytes"))));
}

std::string servers_text(const json& servers) {
    Table table({"SERVER", "STATE", "CPU", "MEMORY"});
    for (const json& server : servers) {
        table.add({cell(server, "name"), cell(server, "state"),
                   server.contains("cpu_percent")
                       ? fmt::format("{:.1f} %", number(server, "cpu_percent"))
                       : "-",
                   server.contains("memory_bytes")
                       ? bytes_in_words(std::llround(number(server, "memory_bytes")))
                       : "-"});
    }
    return table.text();
}

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// The servers that run, with what they used last. A world server alone has none, and no such API.
json servers_now(Api& api) {
    json shown = json::array();
    auto servers = api.list("/api/v1/servers");
    if (!servers) return shown;
    for (const json& server : *servers) {
        if (shown.size() == servers_shown_max) break;
        json line{{"name", server.value("name", "")}, {"state", server.value("state", "")}};
        const std::string state = server.value("state", "");
        if (state == "ready" || state == "starting" || state == "running") {
            auto stats = api.get("/api/v1/servers/" + server.value("id", "") + "/stats?seconds=2");
            if (stats && !stats->value("items", json::array()).empty()) {
                const json& last = (*stats)["items"].back();
                for (const char* key : {"cpu_percent", "memory_bytes"}) {
                    if (last.contains(key)) line[key] = last[key];
                }
            }
        }
        shown.push_back(std::move(line));
    }
    return shown;
}

Result<TopSample> look(Api& api) {
    TopSample sample;
    auto statistics = api.get("/api/v1/worlds/statistics");
    if (!statistics && statistics.error().code != Errc::not_found)
        return std::unexpected(statistics.error());
    if (statistics) sample.statistics = std::move(*statistics);
    sample.servers = servers_now(api);
    sample.seconds = seconds_now();
    return sample;
}

// Keys without Enter and without echo, for as long as it lives.
class RawKeys {
  public:
    RawKeys() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (!is_terminal_) return;
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    ~RawKeys() {
        if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    RawKeys(const RawKeys&) = delete;
    RawKeys& operator=(const RawKeys&) = delete;

    /// Waits so long for q or Ctrl-D; whether one came.
    [[nodiscard]] bool quits_within(std::chrono::milliseconds wait) const {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        if (::poll(&input, is_terminal_ ? 1 : 0, static_cast<int>(wait.count())) <= 0) return false;
        char key = 0;
        return ::read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == '\x04';
    }

  private:
    termios before_{};
    bool is_terminal_;
};

Result<void> watch(Context& context, std::chrono::milliseconds interval, bool once) {
    auto api = context.api();
    if (!api) return std::unexpected(api.error());
    auto before = look(**api);
    if (!before) return std::unexpected(before.error());
    if (context.as_json) {
        json all{{"worlds", before->statistics}, {"servers", before->servers}};
        (void)context.printed_json(all);
        return {};
    }
    const bool live = context.around().out_is_terminal && !once;
    const RawKeys keys;
    if (live) context.out() << hide_cursor;
    Result<void> result;
    for (bool going_on = true; going_on;) {
        going_on = !keys.quits_within(interval) && live;
        auto now = look(**api);
        if (!now) {
            result = std::unexpected(now.error());
            break;
        }
        context.out() << (live ? clear_screen : "") << render_top(*before, *now);
        if (live) context.out() << "\nq ends it\n" << std::flush;
        *before = std::move(*now);
    }
    if (live) context.out() << show_cursor << std::flush;
    return result;
}

}  // namespace

std::string render_top(const TopSample& before, const TopSample& now) {
    std::string out;
    if (now.statistics.is_object()) {
        out += worlds_text(now.statistics) + "\n" + stages_text(now.statistics) + "\n" +
               network_text(before, now) + process_text(before, now);
    } else {
        out += "There are no worlds here.\n";
    }
    if (!now.servers.empty()) out += "\n" + servers_text(now.servers);
    return out;
}

void add_top(CLI::App& app, Context& context) {
    CLI::App* top = app.add_subcommand("top", "a live view of worlds and servers");
    auto interval = std::make_shared<double>(1.0);
    auto once = std::make_shared<bool>(false);
    top->add_option("--interval", *interval, "seconds between two looks")
        ->check(CLI::Range(0.2, 60.0));
    top->add_flag("--once", *once, "print it once, for scripts");
    context.on(*top, [&context, interval, once] {
        return watch(context, std::chrono::milliseconds(std::llround(*interval * 1000)), *once);
    });
}

}  // namespace muster::cli
