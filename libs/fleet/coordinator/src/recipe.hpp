#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "json.hpp"
#include "muster/brain/server.hpp"
#include "muster/games/game.hpp"
#include "muster/games/settings_files.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// What a server is made from beside what the brain reads: brain::ServerSpec::details.
struct Recipe {
    std::string description;
    std::string image;                             ///< instead of the game's; empty: the game's
    std::map<std::string, std::string> variables;  ///< complete
    std::vector<games::Setting> settings;
    bool restart_on_crash = true;
    std::string data;    ///< the name of its data folder on the node
    std::string digest;  ///< of the pinned game

    [[nodiscard]] static Result<Recipe> parse(const std::string& details);
    [[nodiscard]] std::string details() const;

    /// Whether a change from `other` needs the instance to be made anew.
    [[nodiscard]] bool makes_the_same(const Recipe& other) const;
};

/// Everything that the node needs to make and look after the server. `node_address`: where players
/// reach the node.
[[nodiscard]] Result<wire::ServerSpec> specification(const Recipe& recipe,
                                                     const brain::Server& server,
                                                     const games::Game& game,
                                                     const std::string& node_address);

/// The text with the values of the server's secrets masked, for logs.
[[nodiscard]] std::string mask_secrets(const Recipe& recipe, const games::Game* game,
                                       std::string text);

/// The ports that a game wants, with the outside numbers that somebody asked for by name. Field:
/// "ports.NAME".
[[nodiscard]] Result<std::vector<brain::WantedPort>> wanted_ports(const games::Game& game,
                                                                  const Json* asked);

}  // namespace muster::coordinator
