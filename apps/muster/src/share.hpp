#pragma once

#include <filesystem>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/settings/settings.hpp"

namespace muster {

/// A folder that came along with the executable ("web", "games"): of an installation, beside it in
/// ../share/muster/, or of the source tree that it was built in. Empty when there is none.
[[nodiscard]] std::filesystem::path share_folder(std::string_view name);

/// The pages that the settings name, or else those that came along; empty: none are here.
[[nodiscard]] Result<std::filesystem::path> web_folder(const settings::Settings& given);

}  // namespace muster
