#include "player_grid.hpp"

namespace muster::sim {

PlayerGrid::PlayerGrid(const Box& bounds, std::size_t players_max) : low_(bounds.low) {
    // Clearing the cells must not cost more than sorting the players.
    const std::size_t cells_max = std::max<std::size_t>(4096, players_max * 4);
    while (true) {
        columns_ = ((bounds.high.x - bounds.low.x) >> shift_) + 1;
        rows_ = ((bounds.high.y - bounds.low.y) >> shift_) + 1;
        if (static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) <= cells_max)
            break;
        ++shift_;
    }
    starts_.resize(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) + 1);
    cells_.resize(players_max);
    living_.resize(players_max);
    entries_.resize(players_max);
}

void PlayerGrid::build(std::span<const PlayerId> present, std::span<const Player> players) {
    std::ranges::fill(starts_, 0);
    std::size_t count = 0;
    for (const PlayerId id : present) {
        const Player& player = players[id];
        if (!player.alive) continue;
        const auto cell =
            static_cast<std::uint32_t>(row(player.at.y) * columns_ + column(player.at.x));
        living_[count] = id;
        cells_[count++] = cell;
        ++starts_[cell];
    }
    std::uint32_t end = 0;
    for (std::uint32_t& start : starts_) {
        end += start;
        start = end;
    }
    // Backwards, so that each start comes to lie at its first and ids ascend within a cell.
    while (count-- > 0) {
        const std::uint32_t place = --starts_[cells_[count]];
        const Player& player = players[living_[count]];
        entries_[place] = {player.at, living_[count], player.team};
    }
}

}  // namespace muster::sim
