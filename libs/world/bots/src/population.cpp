#include <algorithm>

#include "crowd.hpp"
#include "names.hpp"

namespace muster::bots {
namespace {

using sim::Team;

constexpr std::size_t nobody = static_cast<std::size_t>(-1);
// So many leave a tick at most; and join, plus one in 128 of those that are missing: a crowd of
// ten thousand is there within ten seconds and no tick pays for all of them.
constexpr std::size_t leaves_max = 4;
constexpr std::size_t joins_max = 4;
constexpr std::size_t joins_share = 128;
// When there is no place (ids rest after a leave), and between two moves from team to team.
constexpr sim::Tick join_again_after = 30;
constexpr sim::Tick balance_again_after = 60;

}  // namespace

std::size_t Crowd::places() const {
    const std::size_t people =
        world_.players_present() - std::min(world_.players_present(), count());
    const std::size_t taken = people + options_.reserved;
    const std::size_t all = world_.rules().players_max;
    return std::min<std::size_t>(options_.wanted, all - std::min(all, taken));
}

void Crowd::keep_population() {
    forget_departed();
    const std::size_t wanted = places();
    for (std::size_t left = 0; count() > wanted && left < leaves_max; ++left) {
        leave(lowest_of(larger_team()));
    }
    if (count() < wanted) {
        join_some(wanted);
    } else {
        balance_teams();
    }
}

void Crowd::forget_departed() {
    const auto players = world_.players();
    for (std::size_t i = 0; i < minds_.size();) {
        const sim::Player& player = players[minds_[i].id];
        if (player.present && player.bot && player.generation == minds_[i].generation) {
            ++i;
            continue;
        }
        minds_[i] = minds_.back();
        minds_.pop_back();
    }
}

void Crowd::join_some(std::size_t wanted) {
    const sim::Tick tick = world_.tick();
    if (tick < join_again_at_) return;
    const std::size_t missing = wanted - count();
    const std::size_t joins = std::min(missing, joins_max + missing / joins_share);
    for (std::size_t i = 0; i < joins; ++i) {
        const auto id =
            world_.join({.name = bot_name(next_name_), .team = Team::none, .bot = true});
        if (!id) {
            join_again_at_ = tick + join_again_after;
            return;
        }
        ++next_name_;
        const sim::Player& player = world_.players()[*id];
        Mind mind;
        mind.id = *id;
        mind.generation = player.generation;
        mind.sequence = player.acknowledged;
        minds_.push_back(mind);
    }
}

Team Crowd::larger_team() const {
    if (world_.rules().mode == sim::Mode::free_for_all) return Team::none;
    std::size_t red = 0;
    std::size_t blue = 0;
    for (const sim::PlayerId id : world_.present()) {
        const Team team = world_.players()[id].team;
        red += team == Team::red ? 1 : 0;
        blue += team == Team::blue ? 1 : 0;
    }
    return red > blue ? Team::red : blue > red ? Team::blue : Team::none;
}

// When people leave one team, a bot of the other goes, and joins where somebody is missing.
void Crowd::balance_teams() {
    const sim::Tick tick = world_.tick();
    if (tick < balance_again_at_ || minds_.empty()) return;
    balance_again_at_ = tick + balance_again_after;
    const Team larger = larger_team();
    if (larger == Team::none) return;
    std::size_t many = 0;
    std::size_t few = 0;
    for (const sim::PlayerId id : world_.present()) {
        ++(world_.players()[id].team == larger ? many : few);
    }
    if (many < few + 2) return;
    const std::size_t index = lowest_of(larger);
    if (world_.players()[minds_[index].id].team == larger) leave(index);
}

// Of the team, or of all when it has no bot; who carries a flag goes last, and of equals the one
// that came last.
std::size_t Crowd::lowest_of(Team team) const {
    const auto players = world_.players();
    const auto later_goes_first = [&](const sim::Player& a, const sim::Player& b) {
        if ((a.carries == Team::none) != (b.carries == Team::none)) {
            return a.carries == Team::none;
        }
        return a.score != b.score ? a.score < b.score : a.joined_at > b.joined_at;
    };
    std::size_t lowest = nobody;
    bool lowest_of_team = false;
    for (std::size_t i = 0; i < minds_.size(); ++i) {
        const sim::Player& player = players[minds_[i].id];
        const bool of_team = team == Team::none || player.team == team;
        if (lowest != nobody) {
            if (lowest_of_team && !of_team) continue;
            if (lowest_of_team == of_team &&
                !later_goes_first(player, players[minds_[lowest].id])) {
                continue;
            }
        }
        lowest = i;
        lowest_of_team = of_team;
    }
    return lowest;
}

void Crowd::leave(std::size_t index) {
    world_.leave(minds_[index].id);
    minds_[index] = minds_.back();
    minds_.pop_back();
}

sim::PlayerId Crowd::make_room(Team for_team) {
    forget_departed();
    if (!options_.people_first || minds_.empty() ||
        world_.players_present() < world_.rules().players_max) {
        return sim::no_player;
    }
    // Who joins no team in particular is put into the smaller one.
    const std::size_t index = lowest_of(for_team != Team::none ? for_team : larger_team());
    const sim::PlayerId id = minds_[index].id;
    leave(index);
    return id;
}

}  // namespace muster::bots
