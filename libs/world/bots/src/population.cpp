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
// Bots walk over borders all the time, to and fro: who is missing or too many most likely has a
// counterpart under way.
constexpr sim::Tick border_patience = 5 * sim::tick_rate;

}  // namespace

void Crowd::set_wanted(std::uint16_t wanted) {
    options_.wanted = wanted;
    surplus_until_ = shortage_until_ = 0;
}

/// How many there may be at most, so that the reserved places stay free.
std::size_t Crowd::room() const {
    const std::size_t all = count() + world_.places_left();
    return all - std::min<std::size_t>(all, options_.reserved);
}

bool Crowd::must_make_place() const {
    return world_.places_left() < options_.reserved;
}

void Crowd::keep_population() {
    know_own();
    const sim::Tick tick = world_.tick();
    const std::size_t wanted = options_.wanted;
    if (count() <= wanted) surplus_until_ = 0;
    if (count() >= wanted) shortage_until_ = 0;
    for (std::size_t left = 0; left < leaves_max; ++left) {
        std::size_t index = nobody;
        if (must_make_place()) index = lowest_of(larger_team(), Whose::gives_place);
        if (index == nobody && count() > wanted && tick >= surplus_until_) {
            index = lowest_of(larger_team(), Whose::any);
        }
        if (index == nobody) break;
        leave(index);
    }
    if (count() < std::min(wanted, room())) {
        if (tick >= shortage_until_) join_some(std::min(wanted, room()));
    } else {
        balance_teams();
    }
}

/// Which bots are this world's own: those that joined here or came over a border, and have not gone
/// over one since.
void Crowd::know_own() {
    forget_departed();
    meet_arrived();
}

void Crowd::forget_departed() {
    const auto players = world_.players();
    for (std::size_t i = 0; i < minds_.size();) {
        const sim::Player& player = players[minds_[i].id];
        const bool is_same = player.present && player.bot && !player.ghost;
        if (is_same && player.generation == minds_[i].generation) {
            ++i;
            continue;
        }
        if (player.ghost && shortage_until_ == 0) {
            shortage_until_ = world_.tick() + border_patience;
        }
        is_own_[minds_[i].id] = 0;
        minds_[i] = minds_.back();
        minds_.pop_back();
    }
}

void Crowd::meet_arrived() {
    const auto players = world_.players();
    has_ghosts_ = false;
    for (const sim::PlayerId id : world_.present()) {
        const sim::Player& player = players[id];
        has_ghosts_ = has_ghosts_ || player.ghost;
        const bool is_new = player.bot && !player.ghost && is_own_[id] == 0;
        if (!is_new || !options_.adopts) continue;
        take_up(id);
        if (surplus_until_ == 0) surplus_until_ = world_.tick() + border_patience;
    }
}

void Crowd::take_up(sim::PlayerId id) {
    const sim::Player& player = world_.players()[id];
    Mind mind;
    mind.id = id;
    mind.generation = player.generation;
    mind.sequence = player.acknowledged;
    minds_.push_back(mind);
    is_own_[id] = 1;
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
        take_up(*id);
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

// When people leave one team, a bot of the other goes, and joins where somebody is missing. Not in
// a part of a world: there the teams are where the fights are, and this is not the whole of them.
void Crowd::balance_teams() {
    const sim::Tick tick = world_.tick();
    if (tick < balance_again_at_ || minds_.empty() || has_ghosts_) return;
    balance_again_at_ = tick + balance_again_after;
    const Team larger = larger_team();
    if (larger == Team::none) return;
    std::size_t many = 0;
    std::size_t few = 0;
    for (const sim::PlayerId id : world_.present()) {
        ++(world_.players()[id].team == larger ? many : few);
    }
    if (many < few + 2) return;
    const std::size_t index = lowest_of(larger, Whose::any);
    if (world_.players()[minds_[index].id].team == larger) leave(index);
}

// Of the team, or of all when it has no bot; who carries a flag goes last, and of equals the one
// that came last.
std::size_t Crowd::lowest_of(Team team, Whose whose) const {
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
        if (whose == Whose::gives_place && !world_.gives(minds_[i].id)) continue;
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
    is_own_[minds_[index].id] = 0;
    world_.leave(minds_[index].id);
    minds_[index] = minds_.back();
    minds_.pop_back();
}

sim::PlayerId Crowd::make_room(Team for_team) {
    know_own();
    if (!options_.people_first || world_.places_left() > 0) return sim::no_player;
    // Who joins no team in particular is put into the smaller one.
    const Team team = for_team != Team::none ? for_team : larger_team();
    const std::size_t index = lowest_of(team, Whose::gives_place);
    if (index == nobody) return sim::no_player;
    const sim::PlayerId id = minds_[index].id;
    leave(index);
    return id;
}

}  // namespace muster::bots
