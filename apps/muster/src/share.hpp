#pragma once

#include <filesystem>
#include <string_view>

namespace muster {

/// A folder that came along with the executable ("web", "games"): of an installation, beside it in
/// ../share/muster/, or of the source tree that it was built in. Empty when there is none.
[[nodiscard]] std::filesystem::path share_folder(std::string_view name);

}  // namespace muster
