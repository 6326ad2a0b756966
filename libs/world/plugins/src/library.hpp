#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/plugin.h"

namespace muster::plugins {

/// A shared library that is a plugin of our ABI. It stays loaded for ever.
struct Library {
    std::string name, version;
    std::filesystem::path file;
    muster_plugin calls{};  ///< what it did not know yet is null
};

/// The files that `wanted` (files and folders) names, in order. `invalid_argument` for what is not
/// there, and for a folder without a .so.
[[nodiscard]] Result<std::vector<std::filesystem::path>> find_files(
    const std::vector<std::string>& wanted);

/// Loads it and checks that it is one of ours: see Plugins::load.
[[nodiscard]] Result<Library> load_library(const std::filesystem::path& file);

}  // namespace muster::plugins
