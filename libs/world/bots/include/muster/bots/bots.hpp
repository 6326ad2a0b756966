#pragma once

#include <cstdint>
#include <memory>

#include "muster/sim/world.hpp"

/// Players whose inputs come from code. They see what a player sees and act through World::submit,
/// like everybody; deterministic by the seed and the world.
namespace muster::sim {
class Recorder;
}

namespace muster::bots {

struct Options {
    std::uint16_t wanted = 0;  ///< so many own bots, as far as places allow
    /// Places that bots leave free for people.
    std::uint16_t reserved = 2;
    /// A person who finds no place gets that of the lowest-scoring bot of the team they join.
    bool people_first = true;
    /// Steers every own bot of the world, whoever made it: who came over a border. Else those alone
    /// that it made itself.
    bool adopts = true;
    /// 0 the easiest to 100: aim error, reaction time, how often it shoots.
    std::uint8_t skill = 50;
};

/// All bots of one world. In a world that is one of several they come and go over its borders: who
/// was adopted is steered from the next think() on, who was released, or is a ghost, is not. One
/// thread, the world's; the world must outlive it. Flow fields towards shared goals (bases, flags,
/// pickups, regions) are computed a slice a tick and shared by all bots.
class Bots {
  public:
    Bots(sim::World& world, Options options, std::uint64_t seed);
    ~Bots();
    Bots(Bots&&) noexcept;

    /// Before each World::step(): joins or leaves bots towards `wanted` (a few a tick; 5 s later
    /// when it was crossings that made them too many or too few), and submits one input for each
    /// bot. Does not allocate in the steady state.
    void think();
    /// Before a person's World::join(): frees a place when none is left (World::places_left()) and
    /// people go first. Only an own bot goes, whose place is then given here.
    /// The bot that left, or no_player.
    sim::PlayerId make_room(sim::Team for_team);
    void set_wanted(std::uint16_t wanted);
    [[nodiscard]] std::size_t count() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::bots
