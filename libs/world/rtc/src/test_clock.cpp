#include "test_clock.hpp"

#include <sys/time.h>

namespace muster::rtc {

sctp::Instant test_clock{1'000'000'000};

}  // namespace muster::rtc

// The program's symbol comes before libc's for libssl too.
extern "C" int gettimeofday(timeval* time, void*) noexcept {
    const auto now = muster::rtc::test_clock.count();
    time->tv_sec = static_cast<time_t>(now / 1'000'000);
    time->tv_usec = static_cast<suseconds_t>(now % 1'000'000);
    return 0;
}
