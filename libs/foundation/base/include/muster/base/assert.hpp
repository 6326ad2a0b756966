#pragma once

#include <source_location>

namespace muster {

/// Says where and ends the process with abort(): a bug was found, and going on would hide it.
[[noreturn]] void assertion_failed(const char* what,
                                   std::source_location where = std::source_location::current());

}  // namespace muster

/// Always on, in every build. For bugs only; what a user or a peer can cause is an Error.
#define MUSTER_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::muster::assertion_failed(#condition))
