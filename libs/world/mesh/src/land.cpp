#include "land.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace muster::mesh {
namespace {

/// Clients know projectiles by 16 bits: so many servers that are near to each other can be told
/// apart, and each has a thousand projectiles before one is called as another was.
constexpr std::uint16_t projectile_stride = 64;

sim::Length length_of(std::int32_t units) {
    const auto most = std::int64_t{std::numeric_limits<sim::Length>::max()};
    return static_cast<sim::Length>(std::clamp(std::int64_t{units} * sim::unit, -most, most));
}

}  // namespace

sim::Box box_of(const territory::Rectangle& area) {
    return {{length_of(area.left), length_of(area.top)},
            {length_of(area.right), length_of(area.bottom)}};
}

sim::Vec middle_of(const sim::Box& box) {
    return {(box.low.x + box.high.x) / 2, (box.low.y + box.high.y) / 2};
}

std::uint32_t origin_of(std::uint64_t life) {
    return static_cast<std::uint32_t>(life ^ life >> 32U);
}

bool contains(const sim::Box& box, sim::Vec at) {
    return at.x >= box.low.x && at.x < box.high.x && at.y >= box.low.y && at.y < box.high.y;
}

std::int64_t distance(const sim::Box& box, sim::Vec at) {
    const auto along = [](std::int64_t low, std::int64_t high, std::int64_t value) {
        return std::max({low - value, value - (high - 1), std::int64_t{0}});
    };
    return std::max(along(box.low.x, box.high.x, at.x), along(box.low.y, box.high.y, at.y));
}

bool Land::set(const std::map<territory::RegionId, territory::Holdings::Held>& held,
               std::string_view self) {
    std::vector<Region> own;
    std::map<territory::RegionId, Foreign> foreign;
    for (const auto& [id, one] : held) {
        const territory::Grant& grant = one.grant;
        own.push_back({.id = id,
                       .epoch = grant.epoch,
                       .box = box_of(grant.area),
                       .keeper = grant.keeper == self ? std::string() : grant.keeper,
                       .leaves = grant.leave,
                       .successor = grant.successor});
        for (const territory::Neighbour& neighbour : grant.neighbours) {
            if (neighbour.server == self || held.contains(neighbour.region)) continue;
            foreign[neighbour.region] = {neighbour.region, box_of(neighbour.area),
                                         neighbour.server};
        }
    }
    const bool is_same = std::ranges::equal(own, own_, [](const Region& a, const Region& b) {
        return a.id == b.id && a.epoch == b.epoch && a.box == b.box;
    });
    own_ = std::move(own);
    foreign_.clear();
    for (auto& [id, one] : foreign) foreign_.push_back(std::move(one));
    return !is_same;
}

const Land::Region* Land::find(sim::Vec at) const {
    const auto found =
        std::ranges::find_if(own_, [at](const Region& one) { return contains(one.box, at); });
    return found == own_.end() ? nullptr : &*found;
}

std::size_t Land::place_of(sim::Vec at) const {
    const auto nearest = std::ranges::min_element(
        own_, {}, [at](const Region& one) { return distance(one.box, at); });
    return static_cast<std::size_t>(nearest - own_.begin());
}

std::int64_t Land::distance_from_own(sim::Vec at) const {
    std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
    for (const Region& one : own_) nearest = std::min(nearest, distance(one.box, at));
    return nearest;
}

const Land::Foreign* Land::nearest_foreign(sim::Vec at, sim::Length within) const {
    const Foreign* nearest = nullptr;
    std::int64_t least = std::int64_t{within} + 1;
    for (const Foreign& one : foreign_) {
        if (one.server.empty()) continue;
        const std::int64_t far = distance(one.box, at);
        if (far >= least) continue;
        least = far;
        nearest = &one;
    }
    return nearest;
}

std::string_view Land::holder_of(sim::Vec at, std::string_view self) const {
    if (find(at) != nullptr) return self;
    for (const Foreign& one : foreign_) {
        if (contains(one.box, at)) return one.server;
    }
    return {};
}

bool Land::decides_match() const {
    return std::ranges::any_of(own_, [this](const Region& one) {
        return one.box.low.x <= bounds_.low.x && one.box.low.y <= bounds_.low.y;
    });
}

sim::Part Land::part(std::uint64_t life) const {
    sim::Part part{.origin = origin_of(life),
                   .regions = {},
                   .decides_match = decides_match(),
                   .projectile_rest = 0,
                   .projectile_stride = projectile_stride};
    for (const Region& one : own_) part.regions.push_back(one.box);
    if (!own_.empty()) {
        part.projectile_rest = static_cast<std::uint16_t>(own_.front().id % projectile_stride);
    }
    return part;
}

}  // namespace muster::mesh
