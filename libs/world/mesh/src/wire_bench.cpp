// What a server does thirty times a second for each of its regions, and for each of its
// neighbours'.
#include <benchmark/benchmark.h>

#include "muster/mesh/wire.hpp"
#include "wire_values.hpp"

namespace muster::mesh {
namespace {

Message strip_of(std::size_t players) {
    values::Chance chance(1);
    Strip strip{.region = 1, .epoch = 1};
    for (std::size_t i = 0; i < players; ++i) {
        strip.players.push_back(values::posed(chance));
        if (i % 30 != 0) strip.players.back().name.clear();
        if (i % 3 == 0) strip.events.push_back(values::event(chance));
    }
    return {.server = "s-1", .life = 1, .body = strip};
}

void encode_strip(benchmark::State& state) {
    const Message message = strip_of(static_cast<std::size_t>(state.range(0)));
    std::size_t size = 0;
    for (auto _ : state) size = encode(message).size();
    state.counters["bytes"] = static_cast<double>(size);
}

void decode_strip(benchmark::State& state) {
    const auto bytes = encode(strip_of(static_cast<std::size_t>(state.range(0))));
    for (auto _ : state) benchmark::DoNotOptimize(decode(bytes));
}

BENCHMARK(encode_strip)->Arg(300)->Arg(2'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(decode_strip)->Arg(300)->Arg(2'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace muster::mesh

BENCHMARK_MAIN();
