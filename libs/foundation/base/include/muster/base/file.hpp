#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace muster {

/// The whole file; not_found when there is none, too_large when it is longer than `max_bytes`.
/// Works for files of /proc and /sys, whose size the kernel does not say.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t max_bytes = 16U << 20U);

/// Replaces the file at once and durably: a temporary beside it, fsync, rename, fsync of the
/// folder. Who reads at any moment, also after a power cut, sees the old or the new content whole.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                                      mode_t mode = 0644);

/// Makes the folder and its parents; what is made gets `mode`.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& path, mode_t mode = 0755);

}  // namespace muster
