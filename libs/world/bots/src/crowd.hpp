#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "atlas.hpp"
#include "fields.hpp"
#include "grid.hpp"
#include "mind.hpp"
#include "muster/bots/bots.hpp"

namespace muster::bots {

/// All there is behind Bots; tests look inside through it.
class Crowd {
  public:
    Crowd(sim::World& world, Options options, std::uint64_t seed);

    void think();
    sim::PlayerId make_room(sim::Team for_team);
    void set_wanted(std::uint16_t wanted);
    [[nodiscard]] std::size_t count() const { return minds_.size(); }
    [[nodiscard]] std::span<const Mind> minds() const { return minds_; }
    [[nodiscard]] const Grid& grid() const { return grid_; }

  private:
    // population.cpp
    void keep_population();
    void know_own();
    void forget_departed();
    void meet_arrived();
    void join_some(std::size_t wanted);
    void balance_teams();
    void take_up(sim::PlayerId id);
    [[nodiscard]] std::size_t room() const;
    [[nodiscard]] bool must_make_place() const;
    enum class Whose : std::uint8_t { any, gives_place };
    [[nodiscard]] std::size_t lowest_of(sim::Team team, Whose whose) const;
    [[nodiscard]] sim::Team larger_team() const;
    void leave(std::size_t index);

    void see_walls();
    void see_flags();
    void think_of(Mind& mind);

    sim::World& world_;
    Options options_;
    sim::Random random_;
    Grid grid_;
    Fields fields_;
    Atlas atlas_;
    Scene scene_;
    std::vector<Mind> minds_;           ///< of the world's own bots, whoever made them
    std::vector<std::uint8_t> is_own_;  ///< by id: has a mind
    bool has_ghosts_ = false;
    std::vector<std::uint16_t> destructible_;
    std::size_t next_wall_ = 0;
    std::uint32_t next_name_ = 0;
    std::uint32_t field_budget_ = 0;
    /// Since bots came or went over a border there are more or fewer than wanted: no need to act
    /// before then. 0: they did not.
    sim::Tick surplus_until_ = 0;
    sim::Tick shortage_until_ = 0;
    sim::Tick join_again_at_ = 0;
    sim::Tick balance_again_at_ = 0;
};

}  // namespace muster::bots
