#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/territory/geometry.hpp"

namespace muster::territory {

/// Time of one process's own clock, which never goes back and goes on while the machine sleeps
/// (CLOCK_BOOTTIME). Those of two processes have nothing to do with each other.
using Instant = milliseconds;

/// Of all worlds together; never used again, and never 0.
using RegionId = std::uint64_t;
/// One count for all worlds: whoever was granted a point later has the greater epoch, whatever
/// regions it belonged to. Never 0.
using Epoch = std::uint64_t;

struct WorldSpec {
    std::string name{};
    Rectangle bounds{};
    std::uint32_t regions_min = 1;  ///< it is cut into so many at once, and never into fewer
    /// How far players of one region are seen in the next. No region is narrower, so that what is
    /// within a strip of a region belongs to regions that touch it.
    std::int32_t strip = 1;
    bool operator==(const WorldSpec&) const = default;
};

/// A region as it is kept: what a coordinator must know after a restart.
struct RegionRecord {
    RegionId id = 0;
    Rectangle area{};
    Epoch epoch = 0;         ///< of the latest grant; 0: never granted
    std::string server{};    ///< that may own it; empty: surely nobody does
    std::uint64_t life = 0;  ///< of that server
    std::string keeper{};    ///< the server that its holder was told to give copies to
    bool operator==(const RegionRecord&) const = default;
};

/// `regions` in order of top, then left. The first is the one with the world's top left corner: the
/// world's match, scores and flags are its.
struct WorldRecord {
    WorldSpec spec{};
    bool removing = false;
    std::vector<RegionRecord> regions{};
    bool operator==(const WorldRecord&) const = default;
};

/// What belongs to no single world. It outlives them all.
struct Standing {
    Epoch epoch = 0;                   ///< the greatest given
    RegionId region = 0;               ///< the greatest given
    std::uint64_t version = 0;         ///< of the list of who owns what
    milliseconds lease{0};             ///< no lease that may still run was longer
    std::set<std::string> draining{};  ///< servers that somebody wants empty
    bool operator==(const Standing&) const = default;
};

}  // namespace muster::territory
