#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "link_sim.hpp"

namespace muster::sctp::sim {

/// Who talks to whom; usrsctp is the oracle.
enum class Ends : std::uint8_t { ours, we_start, usrsctp_starts, both_start };

struct Case {
    Ends ends = Ends::ours;
    Conditions conditions;
    std::uint32_t size_max = 1'000;
    std::uint64_t seed = 1;
    int ticks = 120;  ///< of traffic both ways, before it is drained
};

struct Outcome {
    std::string broken;           ///< empty when every promise was kept
    bool oracle_stalled = false;  ///< all of usrsctp's was acknowledged, and it sends no more
};

/// All kinds of reliability at once, both ways, on a bad wire. The promises: reliable messages
/// arrive exactly once, ordered ones in order, others whole or not at all; the association stays
/// open and every stream still carries afterwards.
[[nodiscard]] Outcome run_case(const Case& which);
[[nodiscard]] std::string describe(const Case& which);

/// Losses of 0 to 20 %, with and without reordering and duplication, sizes of 40 to 60,000, every
/// pair of ends.
[[nodiscard]] std::vector<Case> matrix(std::uint64_t seed);

}  // namespace muster::sctp::sim
