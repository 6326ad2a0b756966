#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::host {

/// What somebody says or is called, as others may be shown it: without control characters (also
/// those of Unicode, and those that turn the direction of text), without spaces at its ends.
/// Nothing when it is not UTF-8, longer than `characters_max`, or nothing is left.
[[nodiscard]] std::optional<std::string> clean_text(std::string_view text,
                                                    std::size_t characters_max);

}  // namespace muster::host
