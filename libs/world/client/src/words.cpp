#include "muster/client/words.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace muster::client {
namespace {

using Json = nlohmann::json;

constexpr std::size_t alternatives_max = 64;
constexpr auto replaced = Json::error_handler_t::replace;  // what is no UTF-8

Json parse(std::string_view body) {
    return Json::parse(body, nullptr, false);
}

const Json* member(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

std::string text(const Json& object, const char* key) {
    const auto* found = member(object, key);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint32_t count(const Json& object, const char* key) {
    const auto* found = member(object, key);
    if (found == nullptr || !found->is_number()) return 0;
    return static_cast<std::uint32_t>(std::clamp(found->get<double>(), 0.0, 4e9));
}

bool flag(const Json& object, const char* key) {
    const auto* found = member(object, key);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

template <typename Take>
void each(const Json& object, const char* key, std::size_t most, Take take) {
    const auto* found = member(object, key);
    if (found == nullptr || !found->is_array()) return;
    for (const auto& one : *found) {
        if (most-- == 0) return;
        take(one);
    }
}

Server server_of(const Json& one) {
    Server server;
    server.id = text(one, "id");
    server.name = text(one, "name");
    server.version = text(one, "version");
    server.location = text(one, "location");
    each(one, "addresses", 16, [&](const Json& address) {
        if (address.is_string()) server.addresses.push_back(address.get<std::string>());
    });
    server.udp_port = static_cast<std::uint16_t>(std::min(count(one, "udp_port"), 65'535U));
    server.players = count(one, "players");
    server.capacity = count(one, "capacity");
    const auto* load = member(one, "load");
    if (load != nullptr && load->is_number()) server.load = load->get<float>();
    server.draining = flag(one, "draining");
    return server;
}

}  // namespace

std::string write_join(const JoinWish& wish) {
    Json body{{"sdp", wish.sdp}, {"name", wish.name}};
    const auto say = [&](const char* key, const std::string& value) {
        if (!value.empty()) body[key] = value;
    };
    say("team", wish.team);
    say("resume", wish.resume);
    say("server", wish.server);
    say("strategy", wish.strategy);
    if (!wish.pings.empty()) body["pings"] = wish.pings;
    return body.dump(-1, ' ', false, replaced);
}

std::string write_leave(std::string_view ticket) {
    return Json{{"ticket", ticket}}.dump(-1, ' ', false, replaced);
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if (is_plain) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::string world_path(std::string_view world, std::string_view what) {
    return "/api/v1/worlds/" + percent_encoded(world) + "/" + std::string(what);
}

std::string Refusal::text() const {
    std::string out = std::to_string(status);
    if (!detail.empty()) out += " " + detail;
    if (!field.empty() && !out.contains(field)) out += "; " + field;
    return out;
}

Refusal read_refusal(int status, std::string_view retry_after, std::string_view body) {
    Refusal out;
    out.status = status;
    const auto problem = parse(body);
    out.detail = text(problem, "detail");
    if (out.detail.empty()) out.detail = text(problem, "title");
    out.field = text(problem, "field");
    std::uint32_t seconds = 0;
    std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    out.retry_after = std::chrono::seconds(std::min(seconds, 30U));
    each(problem, "alternatives", alternatives_max, [&](const Json& one) {
        out.alternatives.push_back({text(one, "world"), text(one, "server"), count(one, "people"),
                                    count(one, "players_max")});
    });
    return out;
}

std::expected<Joined, Refusal> read_joined(int status, std::string_view retry_after,
                                           std::string_view body) {
    if (status / 100 != 2) return std::unexpected(read_refusal(status, retry_after, body));
    const auto answer = parse(body);
    Joined joined{text(answer, "sdp"), text(answer, "ticket"), text(answer, "server")};
    if (joined.sdp.empty()) {
        Refusal none;
        none.status = status;
        none.detail = "an answer without an SDP";
        return std::unexpected(std::move(none));
    }
    return joined;
}

std::vector<World> read_worlds(std::string_view body) {
    std::vector<World> out;
    each(parse(body), "worlds", listed_max, [&](const Json& one) {
        World world;
        world.name = text(one, "name");
        if (world.name.empty()) return;
        world.mode = text(one, "mode");
        world.map = text(one, "map");
        world.people = count(one, "people");
        world.bots = count(one, "bots");
        world.players_max = count(one, "players_max");
        world.servers = count(one, "servers");
        world.asleep = flag(one, "asleep");
        world.spread = flag(one, "spread");
        out.push_back(std::move(world));
    });
    return out;
}

ServerPage read_servers(std::string_view body) {
    ServerPage page;
    const auto list = parse(body);
    page.next_cursor = text(list, "next_cursor");
    each(list, "items", listed_max, [&](const Json& one) {
        auto server = server_of(one);
        if (!server.id.empty()) page.servers.push_back(std::move(server));
    });
    return page;
}

}  // namespace muster::client
