#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace muster::load {
namespace {

constexpr std::uint64_t ip_udp_bytes = 28;  // IPv4 and UDP headers

double ms(std::uint64_t microseconds) {
    return static_cast<double>(microseconds) / 1'000;
}

nlohmann::ordered_json quantiles(const Histogram& histogram, double scale) {
    const auto scaled = [&](std::uint64_t value) { return static_cast<double>(value) * scale; };
    return {{"n", histogram.count()},
            {"mean", histogram.mean() * scale},
            {"p50", scaled(histogram.at(0.5))},
            {"p90", scaled(histogram.at(0.9))},
            {"p99", scaled(histogram.at(0.99))},
            {"p999", scaled(histogram.at(0.999))},
            {"max", scaled(histogram.max())}};
}

struct Rates {
    double player_seconds, snapshots, entities, bytes_down, bytes_up, ip_down, ip_up;
};

// A player-second is a second that a player was due to send inputs in.
Rates rates_of(const Options& options, const Measured& m) {
    const double player_seconds =
        std::max(1e-9, static_cast<double>(m.client_ticks) / options.rate);
    const auto per = [&](std::uint64_t count) {
        return static_cast<double>(count) / player_seconds;
    };
    return {
        player_seconds,
        per(m.snapshots),
        m.snapshots == 0 ? 0 : static_cast<double>(m.entities) / static_cast<double>(m.snapshots),
        per(m.bytes_down),
        per(m.bytes_up),
        per(m.bytes_down + m.datagrams_down * ip_udp_bytes),
        per(m.bytes_up + m.datagrams_up * ip_udp_bytes)};
}

std::string line(std::string_view name, std::string text) {
    return fmt::format("{:<18}{}\n", name, text);
}

std::string times(const Histogram& histogram) {
    return fmt::format("p50 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f} ms", ms(histogram.at(0.5)),
                       ms(histogram.at(0.99)), ms(histogram.at(0.999)), ms(histogram.max()));
}

std::string joining(const Options& options, const Findings& f) {
    const auto& j = f.joins;
    std::string out = line(
        "joined", fmt::format("{} connections for {} players; {} put off, {} failed, {} dropped",
                              j.playing, options.clients, j.put_off, j.failed, j.dropped));
    out += line("  all playing",
                f.all_playing_seconds > 0
                    ? fmt::format("{:.2f} s after the first request", f.all_playing_seconds)
                    : "never");
    out += line("  answer", times(j.answer));
    out += line("  first snapshot", times(j.first));
    for (const auto& [reason, count] : j.reasons) {
        out += line("  why not", fmt::format("{} x {}", count, reason));
    }
    if (!j.last_refusal.empty()) out += line("  last refusal", j.last_refusal);
    return out;
}

std::string truth(const Options& options, const Findings& f) {
    const auto& m = f.measured;
    if (!options.witness) return line("truth", "not asked for (--blind)");
    const auto& v = m.verdict;
    std::string out =
        line("truth", fmt::format("{} ticks asked ({} failed), {} comparisons of a client",
                                  m.witnesses, m.witnesses_failed, v.clients));
    out += line("  records", fmt::format("{} compared, {} wrong", v.records, v.records_wrong));
    out +=
        line("  in view", fmt::format("{} entities, {} unknown, {} too old; age p50 {}  p99 {}  "
                                      "max {} ms",
                                      v.in_view, v.in_view_unknown, v.in_view_stale,
                                      m.seen_age.at(0.5), m.seen_age.at(0.99), m.seen_age.max()));
    return out;
}

double a_second(std::uint64_t count, const Measured& m) {
    return static_cast<double>(count) / std::max(1e-9, m.seconds);
}

std::uint64_t falls_of(const Crossings& crossings) {
    std::uint64_t sum = 0;
    for (const auto& [why, count] : crossings.falls) sum += count;
    return sum;
}

// Of a world that one server computes there is nothing to say.
std::string crossings(const Findings& f) {
    const auto& c = f.measured.crossings;
    const auto falls = falls_of(c);
    if (c.count + c.unconnected + c.refused + falls == 0) return "";
    std::string out = line(
        "crossings", fmt::format("{} ({:.1f} a second); {} without a second connection, {} "
                                 "invitations refused",
                                 c.count, a_second(c.count, f.measured), c.unconnected, c.refused));
    out += line("  gap", fmt::format("p50 {:.1f}  p99 {:.1f}  max {:.1f} ms between snapshots",
                                     ms(c.gap.at(0.5)), ms(c.gap.at(0.99)), ms(c.gap.max())));
    out +=
        line("  resumed", fmt::format("{} of {} that were lost; gap p50 {:.1f}  max {:.1f} ms",
                                      c.back.count(), falls, ms(c.back.at(0.5)), ms(c.back.max())));
    for (const auto& [why, count] : c.falls) {
        out += line("  why lost", fmt::format("{} x {}", count, why));
    }
    return out + line("  players", fmt::format("{} came out as somebody else, {} were double",
                                               c.strangers, f.players_doubled()));
}

std::string verdict(const Options& options, const Findings& f) {
    if (f.is_wrong())
        return "NOT AS THE SERVER HOLDS IT: see truth, reliable, crossings, broken messages\n";
    if (f.is_short(options)) return "NOT ALL OF THEM PLAYED TO THE END: see joined, why not\n";
    if (f.is_generator_bound()) {
        return "generator-bound: this run measures the generator; use more --threads\n";
    }
    return "";
}

nlohmann::ordered_json reliable_json(const ChatCheck& chats) {
    return {{"lines", chats.newest()},
            {"deliveries", chats.deliveries()},
            {"lost", chats.lost()},
            {"out_of_order", chats.out_of_order()},
            {"doubled", chats.doubled()}};
}

nlohmann::ordered_json crossings_json(const Findings& f) {
    const auto& c = f.measured.crossings;
    return {{"total", c.count},
            {"per_second", a_second(c.count, f.measured)},
            {"gap_ms", quantiles(c.gap, 1e-3)},
            {"without_second_connection", c.unconnected},
            {"invitations", c.invitations},
            {"refused", c.refused},
            {"lost", falls_of(c)},
            {"why_lost", c.falls},
            {"resumes", c.back.count()},
            {"resume_gap_ms", quantiles(c.back, 1e-3)},
            {"players_lost", c.strangers},
            {"players_doubled", f.players_doubled()}};
}

}  // namespace

std::uint64_t Findings::players_doubled() const {
    auto all = measured.identities;
    std::ranges::sort(all);
    const auto again = std::ranges::unique(all);
    return measured.crossings.doubles + static_cast<std::uint64_t>(again.size());
}

std::string to_json(const Options& options, const Findings& f) {
    const auto& m = f.measured;
    const auto& v = m.verdict;
    const auto rates = rates_of(options, m);
    nlohmann::ordered_json out;
    out["tool"] = "muster-load";
    out["version"] = MUSTER_VERSION;
    out["url"] = options.url;
    out["world"] = f.world;
    out["pattern"] = name_of(options.pattern);
    out["clients"] = options.clients;
    out["threads"] = options.threads;
    out["rate"] = options.rate;
    out["loss"] = options.weather.loss;
    out["delay_ms"] = ms(static_cast<std::uint64_t>(options.weather.delay.count()));
    out["jitter_ms"] = ms(static_cast<std::uint64_t>(options.weather.jitter.count()));
    out["seconds"] = m.seconds;
    out["interrupted"] = f.interrupted;
    out["playing"] = m.players;
    out["joins"] = {{"asked", f.joins.asked},
                    {"playing", f.joins.playing},
                    {"put_off", f.joins.put_off},
                    {"failed", f.joins.failed},
                    {"dropped", f.joins.dropped},
                    {"all_playing_s", f.all_playing_seconds},
                    {"answer_ms", quantiles(f.joins.answer, 1e-3)},
                    {"first_snapshot_ms", quantiles(f.joins.first, 1e-3)},
                    {"reasons", f.joins.reasons},
                    {"last_refusal", f.joins.last_refusal}};
    out["client_ticks"] = m.client_ticks;
    out["snapshots"] = {{"total", m.snapshots},
                        {"per_player_second", rates.snapshots},
                        {"entities_each", rates.entities},
                        {"out_of_order", m.stale_snapshots},
                        {"gap_ms", quantiles(m.gap, 1e-3)},
                        {"freezes", m.freezes}};
    out["inputs"] = {{"sent", m.inputs},
                     {"unsent", m.inputs_unsent},
                     {"to_ack_ms", quantiles(m.input_to_ack, 1e-3)}};
    out["bytes_per_player_second"] = {{"down", rates.bytes_down},
                                      {"up", rates.bytes_up},
                                      {"down_ip", rates.ip_down},
                                      {"up_ip", rates.ip_up}};
    out["datagrams"] = {{"down", m.datagrams_down},
                        {"up", m.datagrams_up},
                        {"socket_drops", m.socket_drops},
                        {"relay_lost", f.relayed.lost},
                        {"relay_overflowed", f.relayed.overflowed}};
    out["reliable"] = reliable_json(f.chats);
    out["crossings"] = crossings_json(f);
    out["witness"] = {{"ticks", m.witnesses},
                      {"failed", m.witnesses_failed},
                      {"clients", v.clients},
                      {"records", v.records},
                      {"records_wrong", v.records_wrong},
                      {"in_view", v.in_view},
                      {"in_view_unknown", v.in_view_unknown},
                      {"in_view_stale", v.in_view_stale},
                      {"age_ms", quantiles(m.seen_age, 1)}};
    out["bad_messages"] = m.bad_messages;
    out["notices"] = {{"overload", m.notices_overload}, {"chat_limited", m.notices_chat}};
    out["generator"] = {{"cpu_seconds", m.cpu_seconds},
                        {"cpu_share_max", m.cpu_share_max},
                        {"bound", f.is_generator_bound()}};
    out["ok"] = !f.is_wrong() && !f.is_short(options);
    return out.dump() + "\n";
}

std::string to_table(const Options& options, const Findings& f) {
    const auto& m = f.measured;
    const auto rates = rates_of(options, m);
    std::string out =
        fmt::format("{} players in '{}', {}, {} inputs a second, {:.1f} s measured\n",
                    options.clients, f.world, name_of(options.pattern), options.rate, m.seconds);
    if (!options.weather.is_calm()) {
        out += fmt::format("through {:.1f} % loss and {:.0f} +- {:.0f} ms each way\n",
                           options.weather.loss * 100,
                           ms(static_cast<std::uint64_t>(options.weather.delay.count())),
                           ms(static_cast<std::uint64_t>(options.weather.jitter.count())));
    }
    out += "\n" + joining(options, f);
    out += line("playing",
                fmt::format("{} at the end, {} freezes of more than 500 ms", m.players, m.freezes));
    out += line("snapshots", fmt::format("{:.1f} a second and player, {:.1f} entities each, {} "
                                         "overtaken",
                                         rates.snapshots, rates.entities, m.stale_snapshots));
    out += line("  gap", times(m.gap));
    out += line("input to ack", times(m.input_to_ack));
    out += line("bytes a second",
                fmt::format("{:.0f} down, {:.0f} up a player; with IP {:.0f} and "
                            "{:.0f}",
                            rates.bytes_down, rates.bytes_up, rates.ip_down, rates.ip_up));
    out += truth(options, f);
    out +=
        line("reliable", fmt::format("{} numbered lines, {} deliveries, {} lost, {} out of order, "
                                     "{} twice",
                                     f.chats.newest(), f.chats.deliveries(), f.chats.lost(),
                                     f.chats.out_of_order(), f.chats.doubled()));
    out += crossings(f);
    if (m.bad_messages > 0) out += line("broken messages", fmt::format("{}", m.bad_messages));
    if (m.notices_overload > 0) {
        out += line("overload", fmt::format("{} notices", m.notices_overload));
    }
    out += line("generator", fmt::format("{:.0f} % of a core on its busiest of {} threads; {} "
                                         "datagrams not taken by the system",
                                         m.cpu_share_max * 100, options.threads, m.socket_drops));
    return out + verdict(options, f);
}

}  // namespace muster::load
