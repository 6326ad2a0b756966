#pragma once

#include "record.hpp"

namespace muster::runtime_process {

/// Whether the process runtime may keep this capability for a server; `unsupported` names those
/// that would reach the host.
[[nodiscard]] Result<void> check_capability(const std::string& name);

/// Gives up all that the program shall not have: becomes its user, keeps only its capabilities,
/// lowers limits, forbids system calls. What is executed then cannot get any of it back.
[[nodiscard]] Result<void> give_up_privileges(const Record& record);

}  // namespace muster::runtime_process
