#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "muster/replication/frame.hpp"
#include "records.hpp"

namespace muster::replication {

/// Shots and effects are kept so long: a viewer of 10 Hz sees six ticks' at once, and shots twice.
inline constexpr sim::Tick recent_ticks = 12;
inline constexpr std::uint16_t nowhere = 0xffff;
inline constexpr std::int32_t reach_max = 15;  ///< cells that a view goes each way
inline constexpr std::uint32_t passes_here = 1U << 31U;
inline constexpr std::uint32_t no_moment = 0xffffffff;

/// A shot or an effect of the last ticks.
struct Moment {
    sim::Vec at;
    sim::Tick tick = 0;
    sim::PlayerId player = sim::no_player;
    sim::PlayerId other = sim::no_player;
    /// Cells that a shot flies on to, a point in each half view, as far as no wall stops it.
    std::array<std::uint32_t, 3> passes{};
    std::uint8_t pass_count = 0;
    bool is_shot = false;
    union {
        ShotRecord shot{};
        EffectRecord effect;
    };
};

struct Grid {
    sim::Vec low;
    sim::Length cell = 1;
    std::int32_t columns = 1, rows = 1;
    [[nodiscard]] std::int32_t column_of(sim::Length x) const;
    [[nodiscard]] std::int32_t row_of(sim::Length y) const;
    [[nodiscard]] std::uint32_t cell_of(sim::Vec at) const;
};

/// Squared distances from a point to the columns and rows of cells round it: their sum is that to
/// the nearest point of a cell. Infinite beyond the grid.
struct CellDistances {
    std::array<float, 2 * reach_max + 1> columns, rows;
    std::int32_t own = 0;  ///< the point's cell
};

struct Frame::Parts {
    FrameOptions options;
    Scale scale;
    Grid grid;
    sim::Tick tick = 0;
    std::vector<sim::Player> players;  ///< by id, a copy: the world goes on while viewers read

    // Entities, sorted by cell.
    std::vector<EntityRecord> records;
    std::vector<sim::PlayerId> ids;
    std::vector<float> x, y;                ///< lengths; a map's fit a float exactly
    std::vector<std::uint32_t> cell_start;  ///< one more than cells
    std::vector<std::uint16_t> place;       ///< by id: where in the above, or nowhere
    std::array<sim::PlayerId, 2> carriers{sim::no_player, sim::no_player};

    /// Who was alive in the frame before and is not now, over the last ticks; the oldest first.
    struct Vanished {
        sim::PlayerId id;
        sim::Tick tick;
    };
    std::vector<Vanished> vanished;

    std::vector<Moment> moments;  ///< the oldest first
    // Moments by cell, in each the newest first.
    std::vector<std::uint32_t> moment_order;  ///< with `passes_here`, if it began elsewhere
    std::vector<std::uint32_t> moment_start;
    // Moments by whom they concern, the newest first: a list through 2 * moment + (0: player, 1:
    // other).
    std::vector<std::uint32_t> personal_first;
    std::vector<std::uint32_t> personal_next;

    /// Cells round one's own, the nearest first.
    struct Step {
        std::uint8_t column, row;  ///< 0 is `reach` to the left, or above
        std::int32_t cell;         ///< from one's own
    };
    std::vector<Step> around;
    std::int32_t reach = 1;

    std::vector<std::uint32_t> keys;  ///< of those to be sorted: their cells
    std::vector<sim::PlayerId> living;

    [[nodiscard]] float distance_squared(std::size_t index, sim::Vec at) const {
        const float dx = x[index] - static_cast<float>(at.x);
        const float dy = y[index] - static_cast<float>(at.y);
        return dx * dx + dy * dy;
    }
    [[nodiscard]] CellDistances distances_from(sim::Vec at) const;
    void take_vanished(const sim::World& world, const Parts& before);
    void sort_entities(const sim::World& world);
    void take_moments(const sim::World& world, const Parts& before);
    void add_passes(const sim::World& world, const sim::Event& event, Moment& moment) const;
    void sort_moments();
    void link_moments();
};

}  // namespace muster::replication
