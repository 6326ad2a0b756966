#include "wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace muster::host {

Wake::Wake() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Wake::~Wake() {
    if (descriptor_ >= 0) close(descriptor_);
}

// Neither can fail in a way that matters: a counter that is full wakes, too.
void Wake::signal() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
}

void Wake::clear() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(descriptor_, &count, sizeof count);
}

}  // namespace muster::host
