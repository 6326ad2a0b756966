// What a tick of replication costs: a frame, and snapshots for everybody who is due.
#include <benchmark/benchmark.h>

#include <ctime>
#include <vector>

#include "crowd.hpp"
#include "muster/replication/mirror.hpp"
#include "muster/replication/viewer.hpp"

namespace muster::replication {
namespace {

// Of this thread only, so that what else the machine does counts as little as it can.
double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::vector<Viewer> viewers_of(const sim::World& world) {
    std::vector<Viewer> viewers;
    for (const auto id : world.present()) viewers.emplace_back(id, world.players()[id].generation);
    return viewers;
}

// `every`: of the viewers one in so many is written to in each tick.
void whole_tick(benchmark::State& state, std::uint16_t players, std::size_t every) {
    Crowd crowd(players, 5);
    Frame frame(crowd.world, {});
    auto viewers = viewers_of(crowd.world);
    std::uint64_t writes = 0, bytes = 0, visible = 0, stalest = 0;
    double building = 0;
    const auto tick = [&](bool counts) {
        crowd.step();
        const auto begin = cpu_seconds();
        frame.build(crowd.world);
        const auto built = cpu_seconds();
        for (std::size_t n = crowd.world.tick() % every; n < viewers.size(); n += every) {
            const auto snapshot = viewers[n].write(frame, {});
            if (!counts) continue;
            bytes += snapshot.size();
            visible += viewers[n].visible();
            stalest = std::max<std::uint64_t>(stalest, viewers[n].stalest());
            ++writes;
        }
        const auto end = cpu_seconds();
        for (auto& viewer : viewers) viewer.acknowledge(crowd.world.tick() - 1, 0);
        building += counts ? built - begin : 0;
        return end - begin;
    };
    for (int n = 0; n < 120; ++n) tick(false);
    double total = 0;
    for (auto _ : state) {
        const auto seconds = tick(true);
        total += seconds;
        state.SetIterationTime(seconds);
    }
    const auto of = [&](double sum) { return sum / static_cast<double>(writes); };
    state.counters["frame_us"] = building * 1e6 / static_cast<double>(state.iterations());
    state.counters["ns_a_write"] = of((total - building) * 1e9);
    state.counters["bytes"] = of(static_cast<double>(bytes));
    state.counters["visible"] = of(static_cast<double>(visible));
    state.counters["stalest_ticks"] = static_cast<double>(stalest);
}

void BM_400Of400EachTick(benchmark::State& state) {
    whole_tick(state, 400, 1);
}
BENCHMARK(BM_400Of400EachTick)->UseManualTime()->Unit(benchmark::kMicrosecond);

void BM_400Of400EachSecondTick(benchmark::State& state) {
    whole_tick(state, 400, 2);
}
BENCHMARK(BM_400Of400EachSecondTick)->UseManualTime()->Unit(benchmark::kMicrosecond);

void BM_2000Of2000EachSecondTick(benchmark::State& state) {
    whole_tick(state, 2'000, 2);
}
BENCHMARK(BM_2000Of2000EachSecondTick)->UseManualTime()->Unit(benchmark::kMicrosecond);

void BM_MirrorReceive(benchmark::State& state) {
    Crowd crowd(400, 5);
    Frame frame(crowd.world, {});
    Viewer viewer(3, crowd.world.players()[3].generation);
    Mirror mirror;
    std::vector<Bytes> snapshots;
    for (int n = 0; n < 240; ++n) {
        crowd.step();
        frame.build(crowd.world);
        const auto bytes = viewer.write(frame, {});
        snapshots.emplace_back(bytes.begin(), bytes.end());
    }
    std::size_t n = 0;
    for (auto _ : state) {
        if (n == snapshots.size()) {
            mirror = Mirror();
            n = 0;
        }
        benchmark::DoNotOptimize(mirror.receive(snapshots[n++]));
    }
}
BENCHMARK(BM_MirrorReceive);

}  // namespace
}  // namespace muster::replication

BENCHMARK_MAIN();
