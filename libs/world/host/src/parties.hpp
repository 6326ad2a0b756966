#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "muster/sim/state.hpp"

namespace muster::host {

/// What the members of a world's parties have been told of each other. Pure.
class Parties {
  public:
    struct Member {
        sim::PlayerId id = sim::no_player;
        std::string name;
        bool operator==(const Member&) const = default;
    };
    /// By code; members by ascending id.
    using Rosters = std::map<std::string, std::vector<Member>, std::less<>>;

    /// Those of `now` that are other than they were told, to be told. Who is missing for the first
    /// time counts as there: it may be on its way from one server to the next.
    [[nodiscard]] Rosters changed(Rosters now);

  private:
    struct Told {
        std::vector<Member> members;
        bool misses_somebody = false;
    };
    std::map<std::string, Told, std::less<>> told_;
};

}  // namespace muster::host
