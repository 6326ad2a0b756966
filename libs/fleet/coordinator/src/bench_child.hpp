#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

/// A coordinator in a process of its own, for benchmarks that measure it from outside.
namespace muster::coordinator::bench {

[[noreturn]] void give_up(const std::string& why);

struct Child {
    pid_t pid = 0;
    std::uint16_t http = 0;
    std::uint16_t grpc = 0;
    std::filesystem::path folder;
};
/// What main() does when its arguments are "--coordinator FOLDER": serves, and never returns.
int run_coordinator(const std::string& folder);
/// Runs this program again in that role; `game` is the definition of one game, or empty.
[[nodiscard]] Child start_coordinator(const char* self, const std::string& game);
void stop(const Child& child);
[[nodiscard]] std::size_t resident_bytes(pid_t pid);

}  // namespace muster::coordinator::bench
