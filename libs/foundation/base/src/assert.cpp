#include "muster/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace muster {

void assertion_failed(const char* what, std::source_location where) {
    std::fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(), what);
    std::abort();
}

}  // namespace muster
