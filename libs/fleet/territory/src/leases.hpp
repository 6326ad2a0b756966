#pragma once

#include <string_view>

#include "decision.hpp"

namespace muster::territory {

/// Gives a region that nobody has to the server that should have it, if there is one. tally()
/// first.
void assign(Decision& decision, World& world, Region& region);
void assign_all(Decision& decision);
/// Nobody owns it any more: it was released, or its lease is over.
void set_free(Decision& decision, World& world, Region& region);
/// Asks the holder to hand over to the successor and release.
void ask_to_leave(Decision& decision, Region& region, const Server& successor);
void let_stay(Region& region);
/// All that the server has, with leases that count from now.
[[nodiscard]] Answer renew(Decision& decision, Server& server);
/// Frees what is over, and what may be shorter when an earlier configuration's leases are over.
void end_leases(Decision& decision);
[[nodiscard]] Epoch next_epoch(Decision& decision);
[[nodiscard]] RegionId next_region(Decision& decision);

}  // namespace muster::territory
