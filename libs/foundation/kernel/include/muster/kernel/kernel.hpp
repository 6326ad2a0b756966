#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"

/// The kernel's settings that a machine with thousands of players wants: `muster system`.
namespace muster::kernel {

/// One setting of the machine, and what it should be.
struct Finding {
    enum class State : std::uint8_t {
        good,
        wanting,  ///< and apply() can set it, as root
        advice,   ///< wanting, but nothing that we set: the text says how
        absent,   ///< this kernel has no such setting
    };
    std::string name;    ///< "net.core.rmem_max"
    std::string now;     ///< empty when absent
    std::string wanted;  ///< "at least 16777216"
    std::string why;
    State state = State::absent;
};

/// Reads below `root` (the file system's, or a test's). Fails for nothing: what cannot be read is
/// absent.
[[nodiscard]] std::vector<Finding> check(const std::filesystem::path& root = "/");

/// Sets what check() finds wanting, and keeps it over a restart in /etc/sysctl.d/90-muster.conf.
/// Gives back what it set. `permission_denied` when it may not; what was set before that stays.
[[nodiscard]] Result<std::vector<Finding>> apply(const std::filesystem::path& root = "/");

}  // namespace muster::kernel
