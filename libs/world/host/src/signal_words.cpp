#include "signal_words.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"

namespace muster::host {
namespace {

std::unexpected<Error> wrong(std::string message, std::string field = {}) {
    return fail(Errc::invalid_argument, std::move(message), std::move(field));
}

// An SDP of 64 KiB with every byte escaped once, and some words beside it.
constexpr std::size_t text_bytes_max = 160UZ << 10U;
constexpr int depth_max = 4;

// Nobody has shown any right yet: what is large or deep is not even built.
Result<Json> read_object(std::string_view text) {
    if (text.size() > text_bytes_max) return fail(Errc::too_large, "more than 160 KiB");
    bool is_too_deep = false;
    const auto shallow = [&is_too_deep](int depth, Json::parse_event_t, const Json&) {
        is_too_deep = is_too_deep || depth > depth_max;
        return depth <= depth_max;
    };
    Json out = Json::parse(text, shallow, false);
    if (is_too_deep) return wrong("nests deeper than 4 levels");
    if (!out.is_object()) return wrong("the body is no JSON object");
    return out;
}

// A text that may be absent or null, then it is empty.
Result<std::string> text_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::string();
    if (!found->is_string()) return wrong("must be a text", name);
    return found->get<std::string>();
}

Result<void> read_wishes(const Json& object, JoinRequest& out) {
    auto name = text_in(object, "name");
    if (!name) return std::unexpected(name.error());
    auto team = text_in(object, "team");
    if (!team) return std::unexpected(team.error());
    auto resume = text_in(object, "resume");
    if (!resume) return std::unexpected(resume.error());
    if (*team == "red") {
        out.team = sim::Team::red;
    } else if (*team == "blue") {
        out.team = sim::Team::blue;
    } else if (!team->empty()) {
        return wrong("`red`, `blue` or absent", "team");
    }
    out.name = std::move(*name);
    out.resume = std::move(*resume);
    return {};
}

Json server(const std::vector<std::string>& urls, const std::string& username,
            const std::string& credential) {
    Json out{{"urls", urls}};
    if (!username.empty()) out["username"] = username;
    if (!credential.empty()) out["credential"] = credential;
    return out;
}

Json to_json(const PluginStatistics& plugin) {
    Json metrics = Json::object();
    for (const auto& [name, value] : plugin.metrics) metrics[name] = value;
    return {
        {"name", plugin.name},       {"version", plugin.version}, {"calls", plugin.calls},
        {"errors", plugin.errors},   {"slow", plugin.slow},       {"refused", plugin.refused},
        {"busy_us", plugin.busy_us}, {"off", plugin.off},         {"metrics", std::move(metrics)}};
}

Json to_json(const mesh::Statistics& spread, std::uint64_t bus_dropped) {
    return {{"regions", spread.regions},
            {"own", spread.own},
            {"ghosts", spread.ghosts},
            {"guests", spread.guests},
            {"under_way", spread.under_way},
            {"peers", spread.peers},
            {"crossings_out", spread.crossings_out},
            {"crossings_in", spread.crossings_in},
            {"crossings_refused", spread.crossings_refused},
            {"orphaned", spread.orphaned},
            {"taken_over", spread.taken_over},
            {"claims", spread.claims},
            {"verdicts", spread.verdicts},
            {"messages_in", spread.messages_in},
            {"messages_bad", spread.messages_bad},
            {"messages_dropped", bus_dropped},
            {"letters_repeated", spread.letters_repeated},
            {"letters_waiting", spread.letters_waiting}};
}

Json to_json(const Stage& stage) {
    return {{"p50_us", stage.p50_us}, {"p99_us", stage.p99_us}, {"max_us", stage.max_us}};
}

std::string_view name_of(Overload overload) {
    switch (overload) {
        case Overload::none:
            return "none";
        case Overload::far_thinned:
            return "far_thinned";
        case Overload::rate_lowered:
            return "rate_lowered";
    }
    return "none";
}

}  // namespace

Result<JoinRequest> read_join(std::string_view body) {
    const auto object = read_object(body);
    if (!object) return std::unexpected(object.error());
    JoinRequest out;
    if (auto wishes = read_wishes(*object, out); !wishes) return std::unexpected(wishes.error());
    auto sdp = text_in(*object, "sdp");
    if (!sdp) return std::unexpected(sdp.error());
    if (sdp->empty()) return wrong("is missing", "sdp");
    out.sdp = std::move(*sdp);
    return out;
}

Result<std::string> read_leave(std::string_view body) {
    const auto object = read_object(body);
    if (!object) return std::unexpected(object.error());
    auto ticket = text_in(*object, "ticket");
    if (!ticket) return ticket;
    if (ticket->empty()) return wrong("is missing", "ticket");
    return ticket;
}

Result<std::variant<JoinRequest, IceMessage>> read_socket_message(std::string_view text) {
    const auto object = read_object(text);
    if (!object) return std::unexpected(object.error());
    if (object->contains("ice")) return IceMessage{};
    const auto description = object->find("sdp");
    if (description == object->end()) return wrong("neither `sdp` nor `ice`");
    if (!description->is_object()) return wrong("must be {\"type\",\"sdp\"}", "sdp");
    const auto type = text_in(*description, "type");
    if (!type || *type != "offer") return wrong("must be `offer`", "sdp.type");
    auto sdp = text_in(*description, "sdp");
    if (!sdp || sdp->empty()) return wrong("is missing", "sdp.sdp");
    JoinRequest out;
    if (auto wishes = read_wishes(*object, out); !wishes) return std::unexpected(wishes.error());
    auto world = text_in(*object, "world");
    if (!world) return std::unexpected(world.error());
    out.sdp = std::move(*sdp);
    out.world = std::move(*world);
    return out;
}

std::string turn_password(std::string_view secret, std::string_view username) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(username.data()), username.size(), digest.data(),
         &length);
    return to_base64({reinterpret_cast<const char*>(digest.data()), length});
}

Json ice_servers(const IceServers& servers, std::chrono::system_clock::time_point now) {
    Json out = Json::array();
    if (!servers.stun_urls.empty()) out.push_back(server(servers.stun_urls, {}, {}));
    if (!servers.turn_urls.empty()) {
        std::string username = servers.turn_username;
        std::string credential = servers.turn_credential;
        if (!servers.turn_secret.empty()) {
            const auto ends = std::chrono::duration_cast<std::chrono::seconds>(
                (now + servers.turn_lifetime).time_since_epoch());
            username = std::to_string(ends.count()) + ":" + random_text(8);
            credential = turn_password(servers.turn_secret, username);
        }
        out.push_back(server(servers.turn_urls, username, credential));
    }
    for (const IceServers::Extra& extra : servers.extra) {
        out.push_back(server(extra.urls, extra.username, extra.credential));
    }
    return out;
}

std::vector<Json> ice_messages(std::string_view answer_sdp) {
    std::vector<Json> out;
    constexpr std::string_view start = "a=candidate:";
    while (!answer_sdp.empty()) {
        const auto end = answer_sdp.find('\n');
        std::string_view line = answer_sdp.substr(0, end);
        answer_sdp.remove_prefix(end == std::string_view::npos ? answer_sdp.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.starts_with(start)) continue;
        out.push_back(
            {{"ice", {{"candidate", line.substr(2)}, {"sdpMid", nullptr}, {"sdpMLineIndex", 0}}}});
    }
    return out;
}

Json summary_of(const WorldStatistics& world) {
    return {{"name", world.world},    {"mode", world.mode}, {"map", world.map},
            {"people", world.people}, {"bots", world.bots}, {"players_max", world.players_max},
            {"asleep", world.asleep}};
}

Json to_json(const WorldStatistics& world) {
    Json stages = Json::object();
    for (const Stage& stage : world.stages) stages[stage.name] = to_json(stage);
    Json plugins = Json::array();
    for (const PluginStatistics& plugin : world.plugins) plugins.push_back(to_json(plugin));
    Json out{{"name", world.world},
             {"mode", world.mode},
             {"map", world.map},
             {"people", world.people},
             {"bots", world.bots},
             {"players_max", world.players_max},
             {"asleep", world.asleep},
             {"tick", world.tick},
             {"ticks_late", world.ticks_late},
             {"ticks_skipped", world.ticks_skipped},
             {"since_tick_ms", world.since_tick.count()},
             {"stages", std::move(stages)},
             {"inputs", world.inputs},
             {"inputs_dropped", world.inputs_dropped},
             {"chats", world.chats},
             {"chats_limited", world.chats_limited},
             {"customs", world.customs},
             {"customs_dropped", world.customs_dropped},
             {"plugins", std::move(plugins)},
             {"inbox_depth", world.inbox_depth},
             {"inbox_max", world.inbox_max}};
    if (world.spread) out["spread"] = to_json(*world.spread, world.bus_dropped);
    return out;
}

Json to_json(const Statistics& all) {
    return {{"sessions", all.sessions},
            {"opening", all.opening},
            {"sessions_max", all.sessions_max},
            {"snapshots", to_json(all.snapshots)},
            {"snapshots_sent", all.snapshots_sent},
            {"snapshots_skipped", all.snapshots_skipped},
            {"snapshot_age_p99_ms", all.snapshot_age_p99_ms},
            {"snapshot_rate", all.snapshot_rate},
            {"overload", name_of(all.overload)},
            {"joins", all.joins},
            {"joins_refused", all.joins_refused},
            {"resumed", all.resumed},
            {"datagrams_in", all.datagrams_in},
            {"datagrams_out", all.datagrams_out},
            {"datagrams_dropped", all.datagrams_dropped},
            {"bytes_in", all.bytes_in},
            {"bytes_out", all.bytes_out},
            {"handshakes", all.handshakes},
            {"handshakes_failed", all.handshakes_failed},
            {"handshakes_refused", all.handshakes_refused},
            {"pings", all.beacons},
            {"pings_limited", all.beacons_limited},
            {"uptime_s", all.uptime.count()},
            {"outbox_depth", all.outbox_depth},
            {"process",
             {{"rss_bytes", all.process_rss_bytes}, {"cpu_seconds", all.process_cpu_seconds}}}};
}

Json to_json(const Witness& witness) {
    std::array<std::byte, 8> hash{};
    for (std::size_t i = 0; i < hash.size(); ++i) {
        hash[i] = static_cast<std::byte>(witness.hash >> (56 - 8 * i));
    }
    const std::string_view entities(reinterpret_cast<const char*>(witness.entities.data()),
                                    witness.entities.size());
    return {{"tick", witness.tick}, {"hash", to_hex(hash)}, {"entities", to_base64(entities)}};
}

}  // namespace muster::host
