#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "json.hpp"
#include "muster/brain/world_scale.hpp"

/// What people say of how many servers a world has, and how that is kept. Pure.
namespace muster::coordinator {

inline constexpr std::string_view world_game = "muster-world";

/// What the servers of a world are made from: the members of "template".
struct WorldTemplate {
    std::string image;               ///< instead of the game's
    std::string coordinator;         ///< where the servers dial: host:port, or several with commas
    std::vector<std::string> nodes;  ///< ids that they may be placed on; empty: any
    std::map<std::string, std::string> required_labels;
    std::optional<std::int64_t> memory_bytes;
    std::optional<double> cpus;
    std::map<std::string, std::string> variables;
    bool operator==(const WorldTemplate&) const = default;
};

struct ScaledWorld {
    brain::WorldScale scale;
    WorldTemplate made_from;
    std::string by;  ///< who asked last
};

/// A request to scale, on top of what is kept. Absent members change nothing; `template` is a merge
/// patch in which null takes a member back to its default.
struct ScaleWish {
    std::optional<std::uint32_t> count;
    bool force = false;
    WorldTemplate made_from;
};
/// The field of the error is the member's ("count", "template.variables.MUSTER_WORLD_MAP").
[[nodiscard]] Result<ScaleWish> read_scale(const Json& body, const WorldTemplate& kept,
                                           const games::Game& game);

/// Whether servers made from the one could not compute a part of the same spread world as servers
/// made from the other; the name of the variable in which they differ, else empty.
[[nodiscard]] std::string spread_difference(const WorldTemplate& before,
                                            const WorldTemplate& after);
[[nodiscard]] bool is_spread(const WorldTemplate& made_from);

/// The body of a deploy of one server.
[[nodiscard]] Json deploy_body(const std::string& world, const WorldTemplate& made_from,
                               const std::string& name, const std::string& join_token);

/// As it is shown: secrets masked.
[[nodiscard]] Json to_json(const WorldTemplate& made_from, const games::Game* game);

[[nodiscard]] Json record_of(const ScaledWorld& world);
[[nodiscard]] Result<ScaledWorld> read_scaled_world(const std::string& name, const Json& record);

}  // namespace muster::coordinator
