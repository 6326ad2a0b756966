#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "muster/cli/cli.hpp"
#include "muster/runtime_process/process.hpp"
#include "role.hpp"
#include "system_command.hpp"

namespace {

constexpr const char* usage =
    "Muster turns machines into a place where games run.\n\n"
    "  muster up                  a coordinator, a node and worlds on this machine\n"
    "  muster coordinator         the control plane alone\n"
    "  muster node                an agent on a further machine\n"
    "  muster world               worlds alone, played at /play\n"
    "  muster system check|apply  what the kernel should be set to for many players\n"
    "  muster top                 a live view of worlds and servers\n"
    "  muster <noun> <verb>       the command line: servers, nodes, games, operations, "
    "containers,\n"
    "                             images, volumes, networks, data, tokens, audit, events, backup, "
    "login\n\n"
    "  muster <anything> --help   what it takes\n"
    "  muster --version\n";

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const std::string first = words.empty() ? "" : words.front();
    if (first.empty() || first == "--help" || first == "-h" || first == "help") {
        std::fputs(usage, first.empty() ? stderr : stdout);
        return first.empty() ? 2 : 0;
    }
    if (first == "--version") {
        std::puts("muster " MUSTER_VERSION);
        return 0;
    }
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    // What the process runtime starts for each server; not for people, so in no list.
    if (first == "process-shim") return muster::runtime_process::shim_main(rest);
    using muster::settings::Role;
    // gRPC's threads come and go with the cores, and each would keep an arena of its own.
    ::mallopt(M_ARENA_MAX, 2);
    if (first == "up") return muster::run_role(Role::up, first, rest);
    if (first == "coordinator") return muster::run_role(Role::coordinator, first, rest);
    if (first == "node") return muster::run_role(Role::node, first, rest);
    if (first == "world") return muster::run_role(Role::world, first, rest);
    if (first == "system") return muster::system_command(rest);
    return muster::cli::run(
        words, {std::cin, std::cout, std::cerr, ::isatty(STDOUT_FILENO) == 1, muster::environment(),
                muster::default_data_dir(), MUSTER_VERSION});
}
