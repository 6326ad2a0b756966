#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of the few requests of joining (docs/api.md, Worlds), in JSON: pure.
namespace muster::client {

/// What POST /api/v1/worlds/{world}/join asks for. What is empty is not said.
struct JoinWish {
    std::string sdp{};
    std::string name{};
    std::string team{};                     ///< red, blue
    std::string resume{};                   ///< the ticket of the player that comes back
    std::string server{};                   ///< an id, or `local`
    std::map<std::string, double> pings{};  ///< milliseconds to servers, by id
    std::string strategy{};                 ///< how a server is chosen
};
[[nodiscard]] std::string write_join(const JoinWish& wish);
[[nodiscard]] std::string write_leave(std::string_view ticket);
/// "/api/v1/worlds/{world}/" and `what`, the name percent-encoded.
[[nodiscard]] std::string world_path(std::string_view world, std::string_view what);

[[nodiscard]] std::string percent_encoded(std::string_view text);

struct Joined {
    std::string sdp, ticket;
    std::string server;  ///< which one took the player; empty: the one that was asked
};

/// Where there is room, when a world is full.
struct Alternative {
    std::string world, server;
    std::uint32_t people = 0, players_max = 0;
};
/// Why a request was not granted, in the server's words.
struct Refusal {
    int status = 0;  ///< 0: nobody answered; 200: the answer was no answer
    std::string detail, field;
    std::chrono::milliseconds retry_after{0};  ///< at most 30 s
    std::vector<Alternative> alternatives;
    /// Whether asking again later may help.
    [[nodiscard]] bool is_passing() const { return status == 0 || status == 429 || status >= 500; }
    /// "429 too many sessions from this address; sdp".
    [[nodiscard]] std::string text() const;
};
/// `retry_after`: the header's value, or empty.
[[nodiscard]] Refusal read_refusal(int status, std::string_view retry_after, std::string_view body);
[[nodiscard]] std::expected<Joined, Refusal> read_joined(int status, std::string_view retry_after,
                                                         std::string_view body);

/// One of GET /api/v1/worlds.
struct World {
    std::string name, mode, map;
    std::uint32_t people = 0, bots = 0, players_max = 0, servers = 0;
    bool asleep = false, spread = false;
};
/// At most `listed_max`; what is no world is left out.
[[nodiscard]] std::vector<World> read_worlds(std::string_view body);

/// One of GET /api/v1/world-servers.
struct Server {
    std::string id, name, version, location;
    std::vector<std::string> addresses;  ///< numeric ones, or names
    std::uint16_t udp_port = 0;
    std::uint32_t players = 0, capacity = 0;
    float load = 0;
    bool draining = false;
};
struct ServerPage {
    std::vector<Server> servers;
    std::string next_cursor;  ///< empty: it was the last
};
[[nodiscard]] ServerPage read_servers(std::string_view body);

inline constexpr std::size_t listed_max = 4'096;

}  // namespace muster::client
