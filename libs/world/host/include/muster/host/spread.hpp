#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "muster/bus/bus.hpp"
#include "muster/mesh/member.hpp"

namespace muster::host {

/// A world of which this process computes only some regions: those that the coordinator leases to
/// it. The others are on the same bus. Everything about it but this is `mesh`'s.
struct Spread {
    std::shared_ptr<bus::Bus> bus{};
    std::uint64_t life = 0;               ///< of this process: mesh::Options
    sim::Length strip = 700 * sim::unit;  ///< likewise
    /// For the coordinator, a few times a second; from the world's thread, must not wait. The
    /// answers go to WorldServer::decided() and withdrawn().
    std::function<void(const mesh::Question&)> ask{};
    /// Whether there is a link to the coordinator now: asked in every tick. Empty: always.
    std::function<bool()> is_linked{};
};

}  // namespace muster::host
