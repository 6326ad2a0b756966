#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace muster::cli {

/// The plugins in GET /api/v1/worlds/statistics, as one list: each with its `world`.
[[nodiscard]] nlohmann::json plugins_of(const nlohmann::json& statistics);
/// That list as a table, or what to do when it is empty.
[[nodiscard]] std::string plugins_text(const nlohmann::json& plugins);

}  // namespace muster::cli
