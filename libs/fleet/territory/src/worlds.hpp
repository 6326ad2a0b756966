#pragma once

#include "decision.hpp"

namespace muster::territory {

void on(Decision& decision, const DeclareWorld& asked);
void on(Decision& decision, const RemoveWorld& asked);
void on(Decision& decision, const AskDrain& asked);
void on(Decision& decision, const EndDrain& asked);
/// Erases worlds that were removed and that nobody computes any more.
void erase_removed(Decision& decision);

}  // namespace muster::territory
