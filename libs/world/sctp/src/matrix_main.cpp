// The matrix of loss, reordering, duplication and sizes, ours against ours and against usrsctp,
// for as many seeds as asked for: muster_sctp_matrix SEEDS [FIRST_SEED]
#include <cstdio>
#include <cstdlib>

#include "matrix_sim.hpp"

int main(int argc, char** argv) {
    using namespace muster::sctp::sim;
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    std::size_t ran = 0, broken = 0, stalled = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        for (const Case& which : matrix(seed)) {
            ++ran;
            const auto [why, oracle_stalled] = run_case(which);
            stalled += oracle_stalled ? 1 : 0;
            if (why.empty()) continue;
            ++broken;
            std::printf("%s: %s\n", describe(which).c_str(), why.c_str());
            std::fflush(stdout);
        }
    }
    std::printf("%zu cases, %zu broken; in %zu usrsctp stopped sending\n", ran, broken, stalled);
    return broken == 0 ? 0 : 1;
}
