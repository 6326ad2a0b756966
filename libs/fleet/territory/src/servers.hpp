#pragma once

#include "decision.hpp"

namespace muster::territory {

void on(Decision& decision, const ServerCame& came);
void on(Decision& decision, const ServerHeard& heard);
void on(Decision& decision, const RegionReleased& released);
void on(Decision& decision, const ServerGone& gone);
void on(Decision& decision, const ServerDied& died);
/// Those without link and region for long.
void forget_servers(Decision& decision);

}  // namespace muster::territory
