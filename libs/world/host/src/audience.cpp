#include "audience.hpp"

namespace muster::host {
namespace {

bool reaches(const audience::All&, sim::PlayerId, const sim::Player&, std::string_view) {
    return true;
}

bool reaches(const audience::Team& to, sim::PlayerId, const sim::Player& player, std::string_view) {
    return player.team == to.team;
}

bool reaches(const audience::Near& to, sim::PlayerId, const sim::Player& player, std::string_view) {
    const std::int64_t x = std::int64_t{player.at.x} - to.at.x;
    const std::int64_t y = std::int64_t{player.at.y} - to.at.y;
    const std::int64_t within = to.within;
    return x * x + y * y <= within * within;
}

bool reaches(const audience::Party& to, sim::PlayerId, const sim::Player&, std::string_view party) {
    return !party.empty() && party == to.code;
}

bool reaches(const audience::Person& to, sim::PlayerId id, const sim::Player& player,
             std::string_view) {
    return id == to.from || (id == to.whom && player.generation == to.generation);
}

}  // namespace

bool is_for(const Audience& audience, sim::PlayerId id, const sim::Player& player,
            std::string_view party) {
    return std::visit([&](const auto& to) { return reaches(to, id, player, party); }, audience);
}

}  // namespace muster::host
