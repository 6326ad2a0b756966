#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "play.hpp"

namespace {
// One thread: the tests'.
std::size_t allocations = 0;
}  // namespace

// The whole test program counts, whoever allocates.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace muster::bots {
namespace {

TEST(Bots, DoNotAllocateInTheSteadyState) {
    for (const sim::Mode mode :
         {sim::Mode::free_for_all, sim::Mode::team_deathmatch, sim::Mode::capture_the_flag}) {
        Play play(sim::classic_arena(4), mode, 30, 4);
        play.run(60);
        ASSERT_EQ(play.crowd.count(), 30U);
        std::size_t in_think = 0;
        for (int i = 0; i < 900; ++i) {
            const std::size_t before = allocations;
            play.crowd.think();
            in_think += allocations - before;
            play.world.step();
        }
        EXPECT_EQ(in_think, 0U) << static_cast<int>(mode);
    }
    EXPECT_GT(allocations, 0U);
}

}  // namespace
}  // namespace muster::bots
