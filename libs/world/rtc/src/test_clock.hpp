#pragma once

#include "muster/sctp/association.hpp"

namespace muster::rtc {

/// What OpenSSL believes the time to be in this room's tests (test_clock.cpp): its DTLS timer asks
/// gettimeofday, for which the test program has its own. So handshakes with loss take no time.
extern sctp::Instant test_clock;

}  // namespace muster::rtc
