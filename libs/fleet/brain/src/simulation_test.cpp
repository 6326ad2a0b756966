// Goal: the promises of brain.hpp hold whatever happens. Method: small fleets under random faults,
// each from one seed, that heal at the end. A few here, for every save: `./dev test soak` runs
// fifty (muster_brain_sim).
#include "simulation.hpp"

#include <gtest/gtest.h>

namespace muster::brain {
namespace {

TEST(Simulation, EveryPromiseHoldsUnderSeedsOfFaults) {
    SimulationSummary total;
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        const SimulationSummary one = Simulation(seed, 110, Simulation::Disk::copies).run();
        ASSERT_TRUE(one.violations.empty()) << "seed " << seed << ": " << one.violations.front()
                                            << " (and " << one.violations.size() - 1 << " more)";
        total.succeeded += one.succeeded;
        total.coordinator_crashes += one.coordinator_crashes;
        total.broken_sessions += one.broken_sessions;
    }
    // Faults that do not happen and work that is not done would prove nothing.
    EXPECT_GT(total.succeeded, 150U);
    EXPECT_GT(total.coordinator_crashes, 15U);
    EXPECT_GT(total.broken_sessions, 60U);
}

}  // namespace
}  // namespace muster::brain
