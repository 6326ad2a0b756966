// Goal: the promises of territory.hpp hold whatever happens. Method: worlds on a few servers under
// random faults, each from one seed, that heal at the end; muster_territory_sim runs more of them.
#include "simulation.hpp"

#include <gtest/gtest.h>

namespace muster::territory {
namespace {

TEST(Simulation, EveryPromiseHoldsUnderTwoHundredSeedsOfFaults) {
    SimulationSummary total;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const SimulationSummary one = Simulation(seed, milliseconds(1'500)).run();
        ASSERT_TRUE(one.violations.empty()) << "seed " << seed << ": " << one.violations.front()
                                            << " (and " << one.violations.size() - 1 << " more)";
        total.add(one);
    }
    // Faults that do not happen and work that is not done would prove nothing.
    EXPECT_GT(total.coordinator_crashes, 50U);
    EXPECT_GT(total.server_crashes, 50U);
    EXPECT_GT(total.messages_lost, 200U);
    EXPECT_GT(total.gained, 500U);
    EXPECT_GT(total.withdrawals, 30U);
    EXPECT_GT(total.ran_out, 20U);
    EXPECT_GT(total.to_keepers, 20U);
    EXPECT_GT(total.splits, 5U);
    EXPECT_GT(total.stale, 50U);
    EXPECT_GT(total.drained, 10U);
}

}  // namespace
}  // namespace muster::territory
