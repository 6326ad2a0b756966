#pragma once

#include <map>

#include "house.hpp"
#include "regions.hpp"
#include "world_servers.hpp"

/// What the handlers of the players' routes share.
namespace muster::coordinator {

/// As players name the worlds of the coordinator's own process.
inline constexpr std::string_view local_name = "local";

struct Lobby {
    House& house;
    WorldServers& servers;
    Regions& regions;

    [[nodiscard]] std::vector<WorldFacts> local() const {
        const auto& gate = house.options.worlds;
        return gate ? gate->worlds() : std::vector<WorldFacts>();
    }
};

/// For pages of another origin, as their files are.
[[nodiscard]] http::Answer for_origin(const Lobby& lobby, http::Response response);
/// A player's refusal; when it is soon over, with Retry-After.
[[nodiscard]] http::Response refusal(const Error& error);
[[nodiscard]] Error no_such_world(const std::string& name);
/// All of one name, wherever they run, are one world to who plays.
[[nodiscard]] std::map<std::string, Json> worlds_of(const Lobby& lobby);

}  // namespace muster::coordinator
