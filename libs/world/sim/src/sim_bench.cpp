#include <benchmark/benchmark.h>

#include <cmath>

#include "muster/sim/recording.hpp"
#include "muster/sim/world.hpp"
#include "scripted_players.hpp"

namespace muster::sim {
namespace {

/// One step of a match in which everybody runs, turns and shoots; thinking is not measured. Up to
/// 2,000 players on the arena of 1600 x 1200, more on a map with the same room for each.
void step(benchmark::State& state) {
    const auto count = static_cast<std::uint16_t>(state.range(0));
    const auto lag = static_cast<Tick>(state.range(1));
    const double scale = count <= 2000 ? 1 : std::sqrt(count / 2000.0);
    Map map = scale == 1 ? classic_arena(1)
                         : generate_map(static_cast<std::uint32_t>(1600 * scale),
                                        static_cast<std::uint32_t>(1200 * scale), 1)
                               .value();
    World world(std::move(map), {.mode = Mode::team_deathmatch, .players_max = count}, 1);
    ScriptedPlayers players(world, 1);
    players.join(count);
    const auto warm_up = [&] {
        for (int i = 0; i < 900; ++i) {
            players.think(lag);
            world.step();
        }
    };
    warm_up();
    double projectiles = 0;
    double shots = 0;
    double alive = 0;
    for (auto _ : state) {
        state.PauseTiming();
        players.think(lag);
        state.ResumeTiming();
        world.step();
        state.PauseTiming();
        projectiles += static_cast<double>(world.projectiles().size());
        for (const Event& event : world.events()) shots += event.kind == Event::Kind::shot;
        for (const Player& player : world.players()) alive += player.alive;
        state.ResumeTiming();
    }
    const auto a_step = [&](double sum) {
        return benchmark::Counter(sum, benchmark::Counter::kAvgIterations);
    };
    state.counters["projectiles"] = a_step(projectiles);
    state.counters["shots"] = a_step(shots);
    state.counters["alive"] = a_step(alive);
}
BENCHMARK(step)
    ->ArgNames({"players", "lag"})
    ->Args({400, 0})
    ->Args({2000, 0})
    ->Args({2000, 6})
    ->Args({10'000, 0})
    ->Args({10'000, 6})
    ->Unit(benchmark::kMicrosecond);

void think(benchmark::State& state) {
    World world(classic_arena(1), {.players_max = 2000}, 1);
    ScriptedPlayers players(world, 1);
    players.join(2000);
    for (auto _ : state) players.think(0);
}
BENCHMARK(think)->Unit(benchmark::kMicrosecond);

void hash(benchmark::State& state) {
    World world(classic_arena(1), {.players_max = 2000}, 1);
    ScriptedPlayers players(world, 1);
    players.join(2000);
    for (auto _ : state) benchmark::DoNotOptimize(world.hash());
}
BENCHMARK(hash)->Unit(benchmark::kMicrosecond);

void make_map(benchmark::State& state) {
    const auto side = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(generate_map(side, side, 1));
}
BENCHMARK(make_map)->Arg(3500)->Arg(32'768)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::sim

BENCHMARK_MAIN();
