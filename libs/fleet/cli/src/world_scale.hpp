#pragma once

#include "context.hpp"

namespace muster::cli {

/// `worlds scale` and `worlds upgrade`.
void add_world_scale(CLI::App& worlds, Context& context);

}  // namespace muster::cli
