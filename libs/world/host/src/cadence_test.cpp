#include "cadence.hpp"

#include <gtest/gtest.h>

namespace muster::host {
namespace {

/// A client whose inputs come in ticks that are `at` modulo the period, and are applied `later`
/// ticks after; counts how long the newest input waited for its snapshot at the end.
struct Client {
    sim::Tick period;
    sim::Tick at;
    sim::Tick later = 1;
    std::uint32_t moves = 0;

    sim::Tick wait_after(Cadence& cadence, sim::Tick ticks) {
        sim::Tick heard = 0;
        sim::Tick waited = 0;
        bool is_told = true;
        for (sim::Tick tick = 120; tick < 120 + ticks; ++tick) {
            if (cadence.has_turn(tick, period) && heard != 0) {
                const bool is_acknowledged = tick >= heard + later;
                if (is_acknowledged && !is_told) waited = tick - heard - later;
                is_told = is_told || is_acknowledged;
                const auto move = cadence.observe(tick, heard, is_acknowledged, period);
                if (move != 0) {
                    cadence.move(move);
                    ++moves;
                }
            }
            if (tick % period == at) {
                heard = tick;
                is_told = false;
            }
        }
        return waited;
    }
};

TEST(Cadence, GivesEachSessionOneTickOfThePeriod) {
    for (const sim::Tick period : {1U, 2U, 3U, 4U, 6U}) {
        for (std::uint8_t phase = 0; phase < Cadence::phases; ++phase) {
            const Cadence cadence(phase);
            unsigned turns = 0;
            for (sim::Tick tick = 1'000; tick < 1'000 + period; ++tick)
                turns += cadence.has_turn(tick, period) ? 1U : 0U;
            EXPECT_EQ(turns, 1U);
        }
    }
}

TEST(Cadence, MovesToTheTickInWhichInputsAreAppliedWhereverItBegan) {
    for (const sim::Tick period : {2U, 3U, 4U, 6U}) {
        for (sim::Tick at = 0; at < period; ++at) {
            for (std::uint8_t phase = 0; phase < period; ++phase) {
                for (const sim::Tick later : {1U, 2U}) {
                    Cadence cadence(phase);
                    Client client{.period = period, .at = at, .later = later};
                    EXPECT_EQ(client.wait_after(cadence, 1'000), 0U)
                        << "period " << period << ", inputs at " << at << ", phase " << int{phase}
                        << ", applied after " << later;
                    EXPECT_LE(client.moves, 2U);
                }
            }
        }
    }
}

TEST(Cadence, StaysWhereInputsComeWithoutARhythm) {
    Cadence cadence(0);
    std::uint32_t random = 1;
    for (sim::Tick tick = 0; tick < 20'000; tick += 2) {
        random = random * 1'664'525U + 1'013'904'223U;
        const auto heard = tick - 1 - (random >> 31U);
        EXPECT_EQ(cadence.observe(tick, heard, true, 2), 0U);
    }
}

TEST(Cadence, ComesATickLaterForInputsThatAreOftenALittleLate) {
    Cadence cadence(0);
    std::uint32_t random = 1;
    std::uint32_t late = 0;
    for (sim::Tick tick = 100; tick < 20'000; ++tick) {
        if (!cadence.has_turn(tick, 2)) continue;
        // They come in even ticks; one in four is taken in the odd tick after the next frame.
        random = random * 1'664'525U + 1'013'904'223U;
        const bool is_slow = random >> 30U == 0;
        const auto heard = (tick - 1) / 2 * 2;
        const bool is_acknowledged = tick >= heard + (is_slow ? 2U : 1U);
        if (tick > 10'000 && !is_acknowledged) ++late;
        if (const auto move = cadence.observe(tick, heard, is_acknowledged, 2); move != 0)
            cadence.move(move);
    }
    EXPECT_LT(late * 40, 5'000U) << "of 5,000";
}

TEST(Cadence, MovesEverLessReadilyForAClientWhoseInputsAlwaysWait) {
    Cadence cadence(0);
    std::uint32_t moves = 0;
    for (sim::Tick tick = 10; tick < 40'000; ++tick) {
        if (!cadence.has_turn(tick, 2)) continue;
        // Its clock hurries: what it sent last is never taken yet.
        if (const auto move = cadence.observe(tick, tick - 1, false, 2); move != 0) {
            cadence.move(move);
            ++moves;
        }
    }
    EXPECT_LE(moves, 26U);
}

}  // namespace
}  // namespace muster::host
