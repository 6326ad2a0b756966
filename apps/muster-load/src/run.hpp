#pragma once

#include <atomic>

#include "options.hpp"
#include "report.hpp"

namespace muster::load {

/// The whole run: joins, measures, says goodbye. `stop` ends it early. `unavailable` when the
/// server does not answer or has no such world.
[[nodiscard]] Result<Findings> run(const Options& options, const std::atomic<bool>& stop);

}  // namespace muster::load
