// muster_mesh_sim SEEDS [FIRST [PLAYER]]: the soak of crossings: servers of one world, over lines
// that lose and delay, with servers killed, drained and cut off. One JSON line; 1 when a promise
// broke.
#include <charconv>
#include <cstdio>
#include <cstring>

#include "simulation.hpp"

namespace {

bool read_number(const char* text, std::uint64_t& number) {
    const char* end = text + std::strlen(text);
    const auto [stopped, wrong] = std::from_chars(text, end, number);
    return wrong == std::errc{} && stopped == end;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seeds = 0;
    std::uint64_t first = 1;
    std::uint64_t watched = muster::sim::no_player;
    if (argc < 2 || argc > 4 || !read_number(argv[1], seeds) ||
        (argc > 2 && !read_number(argv[2], first)) ||
        (argc > 3 && !read_number(argv[3], watched))) {
        std::fprintf(stderr, "usage: %s SEEDS [FIRST [PLAYER]]\n", argv[0]);
        return 2;
    }
    muster::mesh::simulation::Outcome total;
    std::size_t bad = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const auto one =
            muster::mesh::simulation::play_out(seed, static_cast<muster::sim::PlayerId>(watched));
        total.crossings += one.crossings;
        total.connected_crossings += one.connected_crossings;
        total.resumed += one.resumed;
        total.killed += one.killed;
        if (one.wrong.empty()) continue;
        ++bad;
        std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                     one.wrong.c_str());
    }
    std::printf(
        "{\"bench\":\"mesh_sim\",\"metric\":\"seeds_with_a_broken_promise\",\"value\":%zu,"
        "\"unit\":\"seeds\",\"n\":%llu,\"crossings\":%zu,\"with_two_connections\":%zu,"
        "\"resumed\":%zu,\"servers_killed\":%zu}\n",
        bad, static_cast<unsigned long long>(seeds), total.crossings, total.connected_crossings,
        total.resumed, total.killed);
    return bad == 0 ? 0 : 1;
}
