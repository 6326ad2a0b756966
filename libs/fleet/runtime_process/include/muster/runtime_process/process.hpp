#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "muster/runtime/runtime.hpp"

/// The runtime without an engine: Linux namespaces, cgroups and a small supervisor for each
/// instance, which outlives this process.
namespace muster::runtime_process {

struct Options {
    std::filesystem::path
        state_dir;  ///< absolute; what is known of instances; one process at a time
    std::filesystem::path images_dir;  ///< folders in it are images by their name; may be missing
    /// The words that run shim_main() with the words after them, e.g. {"/usr/bin/muster",
    /// "process-shim"}.
    std::vector<std::string> shim_command;
    /// Absolute. An image "muster:TAG" that is no folder of images_dir is the host with this
    /// program to run, so that Muster's own servers need no image. Empty: there is none.
    std::filesystem::path own_program{};
    /// Each instance runs under a user id of its own, out of these.
    std::uint32_t uid_first = 1'900'000'000;
    std::uint32_t uid_count = 65'536;
    std::int64_t log_bytes_max = 16 << 20;  ///< of each of the two files of an instance's log
};

/// `permission_denied` says what is missing when this is not root; `conflict` when another process
/// uses the state folder. Instances that run there are found again. Everything the runtime gives
/// is used on the executor; blocking work is done on a few threads of its own.
[[nodiscard]] Result<std::unique_ptr<runtime::Runtime>> open(boost::asio::any_io_executor executor,
                                                             Options options);

/// What the shim command runs: supervises one instance until it ends. The exit status of a
/// process.
[[nodiscard]] int shim_main(std::span<const std::string> words);

}  // namespace muster::runtime_process
