#pragma once

#include <cstdint>
#include <string_view>

#include "state_impl.hpp"

namespace muster::territory {

/// Sums up what each server has.
void tally(State::Impl& state);
/// In thousandths of what the server can bear, at most 1,000,000.
[[nodiscard]] std::uint64_t load_of(const Server& server);
/// The same without the regions that it was asked to leave.
[[nodiscard]] std::uint64_t load_that_stays(const Server& server);
/// What the region would be, or is, of that server's load.
[[nodiscard]] std::uint64_t share_of(const Region& region, const Server& server);

/// May be given a region of that world now: in contact, not draining, and it takes the world.
[[nodiscard]] bool may_take(const State::Impl& state, const Server& server, const World& world,
                            Instant now);
[[nodiscard]] bool has_room(const Server& server, const Region& region);

/// Who should have the region: with room before without; the successor that its players were handed
/// to; who keeps its copy; who wishes for it; the least loaded. nullptr: nobody may. tally() first.
[[nodiscard]] Server* choose(State::Impl& state, const World& world, const Region& region,
                             std::string_view except, Instant now);
/// Who should keep the region's copy: with room before without; who does already; a neighbour; the
/// least loaded. Empty: nobody. tally() first.
[[nodiscard]] std::string choose_keeper(State::Impl& state, const World& world,
                                        const Region& region, Instant now);

}  // namespace muster::territory
