#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/territory/state.hpp"

namespace muster::territory {

/// Where a player may go.
struct Place {
    std::string world{};
    RegionId region = 0;
    Rectangle area{};
    std::string server{};
    Epoch epoch = 0;
    bool operator==(const Place&) const = default;
};
/// Another world or server with room, and how full it is.
struct Alternative {
    std::string world{};
    std::string server{};
    std::uint64_t players = 0;
    std::uint32_t capacity = 0;
    bool operator==(const Alternative&) const = default;
};
/// not_found: no such world. unavailable: nobody owns it now, try again soon. exhausted: it is
/// full.
struct Refusal {
    Error error{};
    std::vector<Alternative> alternatives{};  ///< those with most room first, at most eight
};

/// Without a point: the region in `world` whose server has most room. With one: the region it is
/// in, when its server has room. Servers out of contact or about to be empty take nobody.
[[nodiscard]] std::expected<Place, Refusal> find_place(const State& state, Instant now,
                                                       std::string_view world,
                                                       std::optional<Point> at = {});

}  // namespace muster::territory
