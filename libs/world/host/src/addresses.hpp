#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/rtc/sdp.hpp"

namespace muster::host {

/// Where players may reach a socket that is bound to `host`: that address, or for "0.0.0.0" and
/// "::" those of this machine's interfaces that are up, loopback only when there is no other.
[[nodiscard]] std::vector<rtc::Candidate> candidates_of(const std::string& host,
                                                        std::uint16_t port);

}  // namespace muster::host
