#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <utility>

#include "muster/host/routes.hpp"

namespace muster::host {
namespace {

// One family of Prometheus' text format.
void family(std::ostream& out, const char* name, const char* type, const char* help) {
    out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

void quantiles(std::ostream& out, const std::string& name, const std::string& labels,
               const Stage& stage) {
    const auto line = [&](const char* quantile, double microseconds) {
        out << name << '{' << labels << "quantile=\"" << quantile << "\"} " << microseconds / 1e6
            << '\n';
    };
    line("0.5", stage.p50_us);
    line("0.99", stage.p99_us);
    line("1", stage.max_us);
}

template <typename Value>
void each_world(std::ostream& out, const Statistics& statistics, const char* name, Value value) {
    for (const WorldStatistics& world : statistics.worlds) {
        out << name << "{world=\"" << world.world << "\"} " << value(world) << '\n';
    }
}

void worlds(std::ostream& out, const Statistics& statistics) {
    family(out, "muster_world_tick_seconds", "gauge",
           "Time of a tick's stages, of the last ten seconds.");
    for (const WorldStatistics& world : statistics.worlds) {
        for (const Stage& stage : world.stages) {
            quantiles(out, "muster_world_tick_seconds",
                      "world=\"" + world.world + "\",stage=\"" + stage.name + "\",", stage);
        }
    }
    family(out, "muster_world_players", "gauge", "Players who are there.");
    for (const WorldStatistics& world : statistics.worlds) {
        const std::string begin = "muster_world_players{world=\"" + world.world + "\",kind=\"";
        out << begin << "person\"} " << world.people << '\n';
        out << begin << "bot\"} " << world.bots << '\n';
    }
    const auto counter = [&](const char* name, const char* help, auto value) {
        family(out, name, "counter", help);
        each_world(out, statistics, name, value);
    };
    const auto gauge = [&](const char* name, const char* help, auto value) {
        family(out, name, "gauge", help);
        each_world(out, statistics, name, value);
    };
    using World = WorldStatistics;
    gauge("muster_world_asleep", "1 while nobody is there and nothing ticks.",
          [](const World& world) { return world.asleep ? 1 : 0; });
    counter("muster_world_ticks_total", "Steps of the simulation.",
            [](const World& world) { return world.tick; });
    counter("muster_world_ticks_late_total", "Ticks that began a period late or later.",
            [](const World& world) { return world.ticks_late; });
    counter("muster_world_ticks_skipped_total", "Ticks that were not made up for.",
            [](const World& world) { return world.ticks_skipped; });
    counter("muster_world_inputs_total", "Inputs that reached the world.",
            [](const World& world) { return world.inputs; });
    counter("muster_world_inputs_dropped_total", "Inputs over a limit.",
            [](const World& world) { return world.inputs_dropped; });
    counter("muster_world_chats_total", "Chat messages.",
            [](const World& world) { return world.chats; });
    counter("muster_world_chats_limited_total", "Chat messages over the limit.",
            [](const World& world) { return world.chats_limited; });
    counter("muster_world_customs_total", "Messages of players to plugins.",
            [](const World& world) { return world.customs; });
    counter("muster_world_customs_dropped_total", "Messages to plugins over a limit.",
            [](const World& world) { return world.customs_dropped; });
    gauge("muster_world_inbox_depth", "Inputs that wait for the next tick.",
          [](const World& world) { return world.inbox_depth; });
}

// Of worlds that are spread over several servers.
void spread(std::ostream& out, const Statistics& statistics) {
    if (std::ranges::none_of(statistics.worlds,
                             [](const auto& world) { return world.spread.has_value(); }))
        return;
    const auto each =
        [&](const char* name, const char* type, const char* help,
            std::initializer_list<std::pair<const char*, std::uint64_t mesh::Statistics::*>> values,
            const char* label) {
            family(out, name, type, help);
            for (const WorldStatistics& world : statistics.worlds) {
                if (!world.spread) continue;
                for (const auto& [which, value] : values) {
                    out << name << "{world=\"" << world.world << '"';
                    if (*which != '\0') out << ',' << label << "=\"" << which << '"';
                    out << "} " << (*world.spread).*value << '\n';
                }
            }
        };
    const auto gauge = [&](const char* name, const char* help,
                           std::size_t mesh::Statistics::* value) {
        family(out, name, "gauge", help);
        for (const WorldStatistics& world : statistics.worlds) {
            if (world.spread)
                out << name << "{world=\"" << world.world << "\"} " << (*world.spread).*value
                    << '\n';
        }
    };
    using Mesh = mesh::Statistics;
    gauge("muster_world_regions", "Regions that this server computes.", &Mesh::regions);
    gauge("muster_world_own", "Players and bots that are this server's.", &Mesh::own);
    gauge("muster_world_ghosts", "Players of other servers that are seen here.", &Mesh::ghosts);
    gauge("muster_world_guests", "Of those, whose pages are connected here, too.", &Mesh::guests);
    gauge("muster_world_under_way", "Players who have gone and are not known to have come.",
          &Mesh::under_way);
    gauge("muster_world_peers", "Other servers of the world.", &Mesh::peers);
    each("muster_world_crossings_total", "counter", "Players who changed servers.",
         {{"out", &Mesh::crossings_out},
          {"in", &Mesh::crossings_in},
          {"refused", &Mesh::crossings_refused}},
         "direction");
    each("muster_world_orphaned_total", "counter", "Players whose region was lost.",
         {{"", &Mesh::orphaned}}, "");
    each("muster_world_taken_over_total", "counter", "Players who went on from a copy.",
         {{"", &Mesh::taken_over}}, "");
    each("muster_world_claims_total", "counter",
         "What was done to others' players, and what they said of it.",
         {{"claims", &Mesh::claims}, {"verdicts", &Mesh::verdicts}}, "kind");
    each("muster_world_mesh_messages_total", "counter", "Messages of other servers.",
         {{"read", &Mesh::messages_in}, {"bad", &Mesh::messages_bad}}, "outcome");
    each("muster_world_letters_repeated_total", "counter", "Letters that were said again.",
         {{"", &Mesh::letters_repeated}}, "");
    gauge("muster_world_letters_waiting", "Letters that are not acknowledged.",
          &Mesh::letters_waiting);
    family(out, "muster_world_bus_dropped_total", "counter",
           "Messages that gave way before they were read.");
    for (const WorldStatistics& world : statistics.worlds) {
        if (world.spread)
            out << "muster_world_bus_dropped_total{world=\"" << world.world << "\"} "
                << world.bus_dropped << '\n';
    }
}

void plugins(std::ostream& out, const Statistics& statistics) {
    const auto each = [&](const char* name, const char* type, const char* help, auto value) {
        family(out, name, type, help);
        for (const WorldStatistics& world : statistics.worlds) {
            for (const PluginStatistics& plugin : world.plugins) {
                out << name << "{world=\"" << world.world << "\",plugin=\"" << plugin.name << "\"} "
                    << value(plugin) << '\n';
            }
        }
    };
    using Plugin = PluginStatistics;
    each("muster_world_plugin_calls_total", "counter", "Calls of a plugin.",
         [](const Plugin& plugin) { return plugin.calls; });
    each("muster_world_plugin_errors_total", "counter", "Calls of a plugin that failed.",
         [](const Plugin& plugin) { return plugin.errors; });
    each("muster_world_plugin_slow_total", "counter", "Ticks in which it was over its budget.",
         [](const Plugin& plugin) { return plugin.slow; });
    each("muster_world_plugin_refused_total", "counter", "Messages of a plugin over a limit.",
         [](const Plugin& plugin) { return plugin.refused; });
    each("muster_world_plugin_busy_seconds_total", "counter", "Time spent in a plugin.",
         [](const Plugin& plugin) { return static_cast<double>(plugin.busy_us) / 1e6; });
    each("muster_world_plugin_off", "gauge", "1: it was switched off and is called no more.",
         [](const Plugin& plugin) { return plugin.off ? 1 : 0; });
    family(out, "muster_world_plugin_metric", "gauge", "What a plugin says of itself.");
    for (const WorldStatistics& world : statistics.worlds) {
        for (const PluginStatistics& plugin : world.plugins) {
            for (const auto& [name, value] : plugin.metrics) {
                out << "muster_world_plugin_metric{world=\"" << world.world << "\",plugin=\""
                    << plugin.name << "\",name=\"" << name << "\"} " << value << '\n';
            }
        }
    }
}

}  // namespace

std::string metrics_text(const Statistics& statistics) {
    std::ostringstream out;
    worlds(out, statistics);
    spread(out, statistics);
    plugins(out, statistics);
    const auto one = [&](const char* name, const char* type, const char* help, auto value) {
        family(out, name, type, help);
        out << name << ' ' << value << '\n';
    };
    const auto several = [&](const char* name, const char* help, const char* label,
                             std::initializer_list<std::pair<const char*, std::uint64_t>> values) {
        family(out, name, "counter", help);
        for (const auto& [which, value] : values) {
            out << name << '{' << label << "=\"" << which << "\"} " << value << '\n';
        }
    };
    family(out, "muster_world_snapshots_seconds", "gauge",
           "Time of a shard's round of snapshots, of the last ten seconds.");
    quantiles(out, "muster_world_snapshots_seconds", "", statistics.snapshots);
    one("muster_world_sessions", "gauge", "Connections that play.", statistics.sessions);
    one("muster_world_sessions_opening", "gauge", "Connections that do not play yet.",
        statistics.opening);
    several("muster_world_snapshots_total", "Snapshots, by what became of them.", "outcome",
            {{"sent", statistics.snapshots_sent}, {"skipped", statistics.snapshots_skipped}});
    one("muster_world_snapshot_age_seconds", "gauge",
        "Age of the stalest entity that somebody sees, p99.", statistics.snapshot_age_p99_ms / 1e3);
    several("muster_world_joins_total", "Joins, by what became of them.", "outcome",
            {{"accepted", statistics.joins},
             {"refused", statistics.joins_refused},
             {"resumed", statistics.resumed}});
    several("muster_world_bytes_total", "UDP payload.", "direction",
            {{"in", statistics.bytes_in}, {"out", statistics.bytes_out}});
    several("muster_world_datagrams_total", "Datagrams.", "direction",
            {{"in", statistics.datagrams_in},
             {"out", statistics.datagrams_out},
             {"dropped", statistics.datagrams_dropped}});
    several("muster_world_handshakes_total", "DTLS handshakes, by what became of them.", "outcome",
            {{"done", statistics.handshakes},
             {"failed", statistics.handshakes_failed},
             {"refused", statistics.handshakes_refused}});
    several("muster_world_pings_total", "Beacons and STUN requests, by what became of them.",
            "outcome", {{"answered", statistics.beacons}, {"limited", statistics.beacons_limited}});
    one("muster_world_outbox_depth", "gauge", "Control messages that wait.",
        statistics.outbox_depth);
    one("muster_world_overload", "gauge", "0 none, 1 what is far comes less often, 2 snapshots do.",
        static_cast<int>(statistics.overload));
    one("muster_world_snapshot_rate", "gauge", "Snapshots a second to each.",
        static_cast<int>(statistics.snapshot_rate));
    return out.str();
}

}  // namespace muster::host
