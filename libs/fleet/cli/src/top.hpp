#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace muster::cli {

/// What `muster top` saw at one moment: GET /api/v1/worlds/statistics, and of each server that runs
/// its name, node and last sample.
struct TopSample {
    nlohmann::json statistics;  ///< null when there are no worlds
    nlohmann::json servers =
        nlohmann::json::array();  ///< {"name","state","cpu_percent","memory_bytes"}
    double seconds = 0;           ///< on any clock that does not jump
};

/// The screen, as text without colours, for `now`; rates are since `before`.
[[nodiscard]] std::string render_top(const TopSample& before, const TopSample& now);

}  // namespace muster::cli
