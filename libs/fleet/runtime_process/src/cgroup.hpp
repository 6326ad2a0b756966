#pragma once

#include <string>

#include "muster/runtime/runtime.hpp"

/// Control groups of versions 1 and 2, also mixed, as systems have them. Each instance has the
/// group muster/ID in every hierarchy that is used.
namespace muster::runtime_process {

/// Makes the groups and sets the limits; `unsupported` names a limit that this system cannot hold.
[[nodiscard]] Result<void> make_group(const std::string& id, const runtime::ResourceLimits& limits);
/// Moves this process into the groups.
[[nodiscard]] Result<void> join_group(const std::string& id);
/// Moves this process out of the group of the service that started it, so that a service manager
/// that stops the service whole leaves it alone. As well as can be.
void leave_service_group();
/// Kills what is left in them, frozen or not.
void kill_group(const std::string& id);
/// Removes them once they are empty.
void remove_group(const std::string& id);
[[nodiscard]] bool can_freeze();
[[nodiscard]] Result<void> freeze_group(const std::string& id, bool frozen);

struct GroupUsage {
    std::int64_t cpu_microseconds = 0;
    std::int64_t memory_bytes = 0;  ///< without the cache that the kernel can drop
    std::int64_t pids = 0;
    std::int64_t read_bytes = 0;
    std::int64_t written_bytes = 0;
    std::int64_t oom_kills = 0;
};
[[nodiscard]] GroupUsage usage_of_group(const std::string& id);

}  // namespace muster::runtime_process
