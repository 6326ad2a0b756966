#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "muster/base/time.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::node {

/// What this machine is.
struct HostFacts {
    std::string hostname;
    std::int64_t memory_bytes = 0;
    double cpus = 0;
    std::int64_t disk_bytes = 0;  ///< of the file system with the node's data
    Timestamp booted_at{};
};
[[nodiscard]] HostFacts host_facts(const std::filesystem::path& data);

/// What it is doing, from /proc and statvfs. Remembers the last look for the differences.
class HostMeter {
  public:
    [[nodiscard]] muster::node::v1::Sample sample(const std::filesystem::path& data, Timestamp now);

  private:
    std::int64_t busy_ = 0;
    std::int64_t total_ = 0;
};

/// The bytes of the files in a folder, links not followed. Stops counting after `entries_max`.
[[nodiscard]] std::int64_t folder_bytes(const std::filesystem::path& folder,
                                        std::size_t entries_max = 500'000);

}  // namespace muster::node
