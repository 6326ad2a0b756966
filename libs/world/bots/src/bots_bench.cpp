// Whole ticks of a world of bots in full fight. Budget: think() 1 us a bot on average; measured
// 0.2 to 0.35 (README).

#include <benchmark/benchmark.h>

#include "play.hpp"

namespace {

using muster::bots::Play;
namespace sim = muster::sim;

void ticks(benchmark::State& state, const sim::Map& map, sim::Mode mode, bool thinking_only) {
    const auto bots = static_cast<std::uint16_t>(state.range(0));
    Play play(map, mode, bots, 1);
    // All there, spread and fighting.
    play.run(900);
    for (auto _ : state) {
        play.crowd.think();
        if (thinking_only) state.PauseTiming();
        play.world.step();
        if (thinking_only) state.ResumeTiming();
    }
    const double done = static_cast<double>(state.iterations()) * static_cast<double>(bots);
    state.counters["s_per_bot"] =
        benchmark::Counter(done, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void think(benchmark::State& state, sim::Mode mode) {
    ticks(state, sim::classic_arena(1), mode, true);
}
void think_and_step(benchmark::State& state, sim::Mode mode) {
    ticks(state, sim::classic_arena(1), mode, false);
}
// 10,000 on 8000 x 6000 units: as dense as 400 on the classic arena.
void think_large(benchmark::State& state, sim::Mode mode) {
    ticks(state, *sim::generate_map(8000, 6000, 1), mode, true);
}
void think_and_step_large(benchmark::State& state, sim::Mode mode) {
    ticks(state, *sim::generate_map(8000, 6000, 1), mode, false);
}

constexpr auto flags = sim::Mode::capture_the_flag;
constexpr auto each_against_all = sim::Mode::free_for_all;

BENCHMARK_CAPTURE(think, ctf, flags)->Arg(400)->Arg(2000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think, ffa, each_against_all)->Arg(400)->Arg(2000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think_and_step, ctf, flags)->Arg(400)->Arg(2000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think_large, ctf, flags)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think_large, ffa, each_against_all)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think_and_step_large, ctf, flags)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(think_and_step_large, ffa, each_against_all)
    ->Arg(10'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
