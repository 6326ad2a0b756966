// Goal: frames and snapshots of the steady state allocate nothing, since a tick may not wait for
// the heap. Method: operator new of this program counts.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <vector>

#include "crowd.hpp"
#include "muster/replication/viewer.hpp"

namespace {

bool counts = false;
std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    if (counts) ++allocations;
    if (void* place = std::malloc(size)) return place;
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t /*size*/) noexcept {
    std::free(place);
}

namespace muster::replication {
namespace {

TEST(Allocation, TheSteadyStateHasNone) {
    Crowd crowd(150, 4);
    Frame frame(crowd.world, {});
    std::vector<Viewer> viewers;
    for (sim::PlayerId id = 0; id < 20; ++id)
        viewers.emplace_back(id, crowd.world.players()[id].generation);
    std::array<sim::PlayerId, 16> strangers;
    const auto tick = [&] {
        crowd.step();
        counts = true;
        frame.build(crowd.world);
        for (auto& viewer : viewers) {
            static_cast<void>(viewer.write(frame, {}));
            viewer.acknowledge(frame.tick(), 0);
            static_cast<void>(viewer.take_strangers(frame, strangers));
        }
        counts = false;
    };
    for (int n = 0; n < 300; ++n) tick();
    EXPECT_GT(allocations, 0U) << "it counts";
    allocations = 0;
    for (int n = 0; n < 200; ++n) tick();
    EXPECT_EQ(allocations, 0U);
}

}  // namespace
}  // namespace muster::replication
