#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "muster/sim/world.hpp"

namespace muster::host {

/// Whom words are for, as every server of a world can tell of its own players.
namespace audience {
struct All {};
struct Team {
    sim::Team team = sim::Team::none;
};
/// Whoever is there when the words come: a player who crosses a border is where it is.
struct Near {
    sim::Vec at{};
    sim::Length within = 0;
};
struct Party {
    std::string code;
};
/// One alone, and who says it. The generation keeps it from whoever has the id next.
struct Person {
    sim::PlayerId from = sim::no_player;
    sim::PlayerId whom = sim::no_player;
    std::uint8_t generation = 0;
};
}  // namespace audience
using Audience =
    std::variant<audience::All, audience::Team, audience::Near, audience::Party, audience::Person>;

/// `party`: the player's code, empty when it is in none.
[[nodiscard]] bool is_for(const Audience& audience, sim::PlayerId id, const sim::Player& player,
                          std::string_view party);

}  // namespace muster::host
