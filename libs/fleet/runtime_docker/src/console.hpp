#pragma once

#include "engine.hpp"

namespace muster::runtime_docker {

/// A console over a connection that was taken over. `exec_id` is empty for an instance's own.
std::unique_ptr<runtime::Console> make_console(EnginePtr engine,
                                               std::unique_ptr<http::RawConnection> connection,
                                               bool tty, std::string exec_id);

}  // namespace muster::runtime_docker
