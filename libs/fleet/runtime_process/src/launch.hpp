#pragma once

#include "record.hpp"

namespace muster::runtime_process {

/// Starts the supervisor of an instance and waits until its program runs, or why not. Blocks.
[[nodiscard]] Result<void> launch_shim(const std::vector<std::string>& command,
                                       const std::string& state_dir, const std::string& id);

/// Whether somebody on this host uses the port already.
[[nodiscard]] bool is_port_taken(const runtime::PortBinding& port);

}  // namespace muster::runtime_process
