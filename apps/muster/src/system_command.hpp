#pragma once

#include <string>
#include <vector>

namespace muster {

/// `muster system check|apply [--json]`. The exit code: 0 all is well, 1 something is wanting or
/// could not be set, 2 the words are wrong.
[[nodiscard]] int system_command(const std::vector<std::string>& words);

}  // namespace muster
