#pragma once

#include <span>
#include <string_view>

namespace muster::settings {

/// A key that another system's file may have and that has no effect here.
struct Retired {
    std::string_view name;
    std::string_view instead;
};
[[nodiscard]] std::span<const Retired> retired();

}  // namespace muster::settings
