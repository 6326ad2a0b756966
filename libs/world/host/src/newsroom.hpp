#pragma once

#include <map>
#include <utility>
#include <vector>

#include "links.hpp"
#include "muster/replication/messages.hpp"

namespace muster::host {

/// What everybody is told of a world, gathered over a few ticks, so that a big fight costs its
/// players few messages. Objectives, walls and matches are always told. Who was killed, came and
/// left is told to all only as often as people can read; beyond that a kill is told to the people
/// who had a part in it, and nobody else.
class Newsroom {
  public:
    static constexpr sim::Tick issue_every = 4;
    static constexpr std::uint32_t chatter_every = 6;  ///< ticks for one more: ten a second
    static constexpr std::uint32_t chatter_max = 10;   ///< saved up

    /// After each step of the world.
    void gather(const sim::World& world);
    /// A person's connection has come. Before that nobody is told of them, nor that they left:
    /// words alone are no way to be read by everybody.
    void opened(sim::PlayerId player);

    struct Issue {
        replication::Bytes for_all;                                   ///< empty: nothing
        std::vector<std::pair<sim::PlayerId, SharedBytes>> personal;  ///< ascending
    };
    /// What has been gathered, once it is time; empty otherwise.
    [[nodiscard]] Issue publish(const sim::World& world);

  private:
    [[nodiscard]] bool may_chatter();

    std::vector<replication::News> for_all_;
    std::vector<replication::News> personal_;
    std::map<sim::PlayerId, replication::News> unseen_;  ///< people whose coming is not told yet
    std::uint32_t chatter_left_ = chatter_max;
    sim::Tick counted_at_ = 0;
};

}  // namespace muster::host
