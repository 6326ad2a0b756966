#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/mesh/member.hpp"
#include "muster/sim/border.hpp"
#include "muster/territory/holdings.hpp"

namespace muster::mesh {

/// Which part of the world is whose, as the grants of this server say: its own regions, and those
/// of others around them.
class Land {
  public:
    struct Region {
        territory::RegionId id = 0;
        territory::Epoch epoch = 0;
        sim::Box box{};
        std::string keeper{};
        bool leaves = false;
        std::string successor{};
    };
    struct Foreign {
        territory::RegionId id = 0;
        sim::Box box{};
        std::string server{};  ///< empty: nobody's now
    };

    explicit Land(sim::Box bounds) : bounds_(bounds) {}

    /// From the grants that are held. Whether the own regions are others than before.
    bool set(const std::map<territory::RegionId, territory::Holdings::Held>& held,
             std::string_view self);

    [[nodiscard]] const std::vector<Region>& own() const { return own_; }
    [[nodiscard]] const std::vector<Foreign>& foreign() const { return foreign_; }
    /// The own region that a point is in; nullptr: none.
    [[nodiscard]] const Region* find(sim::Vec at) const;
    /// The place in own(), which is not empty, of the region that it is in, or beyond them all the
    /// nearest: whoever stands there is copied with it, and goes where it goes.
    [[nodiscard]] std::size_t place_of(sim::Vec at) const;
    /// How far it is to the nearest own region; 0 within.
    [[nodiscard]] std::int64_t distance_from_own(sim::Vec at) const;
    /// The nearest region that another server holds and that is at most `within` away.
    [[nodiscard]] const Foreign* nearest_foreign(sim::Vec at, sim::Length within) const;
    /// Whose a point is: empty when nobody's, or when it is not known.
    [[nodiscard]] std::string_view holder_of(sim::Vec at, std::string_view self) const;
    /// Whether somebody else's region is at most `within` away.
    [[nodiscard]] bool is_seen_from_abroad(sim::Vec at, sim::Length within) const {
        return nearest_foreign(at, within) != nullptr;
    }
    [[nodiscard]] bool decides_match() const;
    [[nodiscard]] sim::Part part(std::uint64_t life) const;

  private:
    sim::Box bounds_;
    std::vector<Region> own_;
    std::vector<Foreign> foreign_;
};

[[nodiscard]] sim::Box box_of(const territory::Rectangle& area);
[[nodiscard]] sim::Vec middle_of(const sim::Box& box);
/// What a process calls itself in claims: sim::Part::origin.
[[nodiscard]] std::uint32_t origin_of(std::uint64_t life);
[[nodiscard]] bool contains(const sim::Box& box, sim::Vec at);
/// The greater of the distances along both axes; 0 within.
[[nodiscard]] std::int64_t distance(const sim::Box& box, sim::Vec at);

}  // namespace muster::mesh
