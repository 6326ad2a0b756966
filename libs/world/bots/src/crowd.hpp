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
    void set_wanted(std::uint16_t wanted) { options_.wanted = wanted; }
    [[nodiscard]] std::size_t count() const { return minds_.size(); }
    [[nodiscard]] std::span<const Mind> minds() const { return minds_; }
    [[nodiscard]] const Grid& grid() const { return grid_; }

  private:
    // population.cpp
    void keep_population();
    void forget_departed();
    void join_some(std::size_t wanted);
    void balance_teams();
    [[nodiscard]] std::size_t places() const;
    [[nodiscard]] std::size_t lowest_of(sim::Team team) const;
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
    std::vector<Mind> minds_;
    std::vector<std::uint16_t> destructible_;
    std::size_t next_wall_ = 0;
    std::uint32_t next_name_ = 0;
    std::uint32_t field_budget_ = 0;
    sim::Tick join_again_at_ = 0;
    sim::Tick balance_again_at_ = 0;
};

}  // namespace muster::bots
