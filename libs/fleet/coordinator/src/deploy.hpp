#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "json.hpp"
#include "muster/brain/state.hpp"
#include "recipe.hpp"

namespace muster::coordinator {

/// A deploy body, read and checked against its game.
struct Deploy {
    brain::ServerSpec spec;  ///< but for its details, which are the recipe's
    Recipe recipe;           ///< but for its digest
    GamePtr game;
    bool start = true;
};
[[nodiscard]] Result<Deploy> read_deploy(const Json& body, const Catalogue& catalogue,
                                         const std::string& server_id);

/// A merge patch on a server. A secret that comes back masked keeps its value.
struct Change {
    brain::ServerSpec spec;
    bool remake = false;
};
[[nodiscard]] Result<Change> read_change(const Json& patch, const brain::Server& server,
                                         const Catalogue& catalogue);

/// The specification with the game as it is defined now, which is pinned; nothing when that is what
/// it has, is gone or does not take its variables.
struct Renewed {
    brain::ServerSpec spec;
    std::string digest;     ///< of the game
    bool is_first = false;  ///< nobody had pinned it before
};
[[nodiscard]] std::optional<Renewed> renew_game(const brain::Server& server, Catalogue& catalogue);

[[nodiscard]] std::vector<std::string> servers_with_data(const brain::State& state,
                                                         const std::string& data);
[[nodiscard]] bool is_server_state(std::string_view name);
/// Labels of people: at most 64, short names and values. Field: "labels".
inline constexpr std::size_t labels_max = 64;
inline constexpr std::size_t label_bytes_max = 256;

}  // namespace muster::coordinator
