// muster_brain_sim SEEDS [FIRST [STEPS]]: the soak of the brain. One JSON line; 1 when a promise
// broke.
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
    std::uint64_t steps = 400;
    if (argc < 2 || argc > 4 || !read_number(argv[1], seeds) ||
        (argc > 2 && !read_number(argv[2], first)) || (argc > 3 && !read_number(argv[3], steps))) {
        std::fprintf(stderr, "usage: %s SEEDS [FIRST [STEPS]]\n", argv[0]);
        return 2;
    }
    muster::brain::SimulationSummary total;
    std::size_t bad = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const auto one =
            muster::brain::Simulation(seed, steps, muster::brain::Simulation::Disk::json).run();
        total.decisions += one.decisions;
        total.asked += one.asked;
        total.succeeded += one.succeeded;
        total.coordinator_crashes += one.coordinator_crashes;
        total.broken_sessions += one.broken_sessions;
        bad += one.violations.empty() ? 0U : 1U;
        if (!one.violations.empty()) {
            std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                         one.violations.front().c_str());
        }
    }
    std::printf(
        "{\"bench\":\"brain_sim\",\"metric\":\"seeds_with_a_broken_promise\",\"value\":%zu,"
        "\"unit\":\"seeds\",\"n\":%llu,\"decisions\":%zu,\"operations_asked\":%zu,"
        "\"operations_succeeded\":%zu,\"coordinator_crashes\":%zu,\"broken_sessions\":%zu}\n",
        bad, static_cast<unsigned long long>(seeds), total.decisions, total.asked, total.succeeded,
        total.coordinator_crashes, total.broken_sessions);
    return bad == 0 ? 0 : 1;
}
