#pragma once

#include <string>

#include "context.hpp"

namespace muster::cli {

/// Makes a one-use token for a "node" or a "world_server", and prints the command that uses it.
Result<void> print_join_token(Context& context, const std::string& kind, const std::string& expires,
                              const std::string& name);

}  // namespace muster::cli
