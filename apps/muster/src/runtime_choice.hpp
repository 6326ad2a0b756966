#pragma once

#include <filesystem>
#include <string>

#include "muster/runtime_docker/docker.hpp"

namespace muster {

/// What `--runtime auto` means on this host: "docker" or "process". Docker when it answers within
/// three seconds; and whatever servers were started with before, so that an engine that is slow to
/// come up does not make a node forget them. Blocks for as long.
[[nodiscard]] std::string choose_runtime(const runtime_docker::Options& docker,
                                         const std::filesystem::path& data_dir);

}  // namespace muster
