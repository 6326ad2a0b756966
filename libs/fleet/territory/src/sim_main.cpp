// muster_territory_sim SEEDS [FIRST [SECONDS]]: the soak of the territory, so many simulated
// seconds of faults each. One JSON line; 1 when a promise broke.
#include <charconv>
#include <cstdio>
#include <cstring>

#include "simulation.hpp"

namespace {

bool read_number(const char* text, std::uint64_t& number) {
    const char* end = text + std::strlen(text);
    const auto [stopped, wrong] = std::from_chars(text, end, number);
    return wrong == std::errc{} && stopped == end && number > 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seeds = 0;
    std::uint64_t first = 1;
    std::uint64_t seconds = 20;
    if (argc < 2 || argc > 4 || !read_number(argv[1], seeds) ||
        (argc > 2 && !read_number(argv[2], first)) ||
        (argc > 3 && !read_number(argv[3], seconds)) || seconds > 100'000) {
        std::fprintf(stderr, "usage: %s SEEDS [FIRST [SECONDS]]\n", argv[0]);
        return 2;
    }
    muster::territory::SimulationSummary total;
    std::size_t bad = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const auto one =
            muster::territory::Simulation(seed, muster::milliseconds(seconds * 1'000)).run();
        total.add(one);
        bad += one.violations.empty() ? 0U : 1U;
        if (!one.violations.empty()) {
            std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                         one.violations.front().c_str());
        }
    }
    std::printf(
        "{\"bench\":\"territory_sim\",\"metric\":\"seeds_with_a_broken_promise\",\"value\":%zu,"
        "\"unit\":\"seeds\",\"n\":%llu,\"decisions\":%zu,\"grants_gained\":%zu,"
        "\"withdrawals\":%zu,\"splits\":%zu,\"merges\":%zu,\"stale_answers\":%zu,"
        "\"leases_run_out\":%zu,\"taken_over_by_keepers\":%zu,\"servers_drained\":%zu,"
        "\"coordinator_crashes\":%zu,\"server_crashes\":%zu,\"messages_lost\":%zu}\n",
        bad, static_cast<unsigned long long>(seeds), total.decisions, total.gained,
        total.withdrawals, total.splits, total.merges, total.stale, total.ran_out, total.to_keepers,
        total.drained, total.coordinator_crashes, total.server_crashes, total.messages_lost);
    return bad == 0 ? 0 : 1;
}
