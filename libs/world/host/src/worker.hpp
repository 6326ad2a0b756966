#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "muster/base/error.hpp"

namespace muster::host {

/// Starts a thread under a name (15 characters show), on core `core` modulo those there are when
/// given. `unavailable` when the system has no thread left.
[[nodiscard]] Result<std::thread> start_thread(const std::string& name,
                                               std::optional<unsigned> core,
                                               std::function<void()> body);

}  // namespace muster::host
