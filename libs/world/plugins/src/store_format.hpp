#pragma once

#include <map>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/plugin.h"

/// What a plugin stores, as a file. Pure.
namespace muster::plugins {

using Entries = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t store_file_bytes_max =
    MUSTER_STORE_MAX + std::size_t{MUSTER_KEYS_MAX} * 8 + 16;

/// "MKV1", the number of entries, each as the sizes of key and value (4 bytes each) and the two,
/// and FNV-1a of all before; numbers are little-endian.
[[nodiscard]] std::string write_entries(const Entries& entries);
/// `invalid_argument` for what write_entries() does not write: cut off, changed, a key twice, over
/// a maximum of plugin.h.
[[nodiscard]] Result<Entries> read_entries(std::string_view bytes);

}  // namespace muster::plugins
