#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/territory/region.hpp"

namespace muster::territory {

/// Loads are in thousandths of what a server can bear: of its capacity in players or of its
/// processors, whichever is more.
struct Config {
    milliseconds lease{4'000};
    /// How much faster or slower than true any clock may run. The coordinator waits longer than a
    /// lease by twice that and `slack`.
    std::uint32_t drift_permille = 20;
    milliseconds slack{5};
    milliseconds contact{1'500};  ///< who was not heard so long is given nothing new
    /// A holder that was asked to leave and has not released is renewed no more after that.
    milliseconds leave_deadline{30'000};
    milliseconds forget{600'000};  ///< a server that has no link and no region

    // Against flapping: a reason must last for `settle`, a region be as old as `age_min`, and a
    // world changes once in `change_interval`. Drains and deaths wait for none of it.
    milliseconds settle{5'000};
    milliseconds age_min{30'000};
    milliseconds change_interval{5'000};
    std::uint32_t move_gap = 300;     ///< between the fullest and the emptiest server
    std::uint32_t move_gain = 100;    ///< what a move must take off the fuller of the two
    std::uint32_t split_above = 600;  ///< one region's share of its server
    std::uint32_t fill_below = 800;   ///< what moves and splits may fill a server to
    std::uint32_t merge_below = 150;  ///< both regions together

    std::size_t worlds_max = 256;
    std::size_t regions_per_world_max = 256;
    std::size_t servers_max = 1'024;  ///< more are ignored
};

/// Who owns a region, for people, players and other servers.
struct Listed {
    std::string world{};
    RegionId region = 0;
    Rectangle area{};
    Epoch epoch = 0;
    std::string server{};  ///< empty: nobody, and `reason` says why
    std::string keeper{};
    std::uint32_t players = 0;
    bool leaving = false;
    std::string reason{};
};
struct ListedServer {
    std::string server{};
    bool connected = false;
    bool draining = false;
    std::uint32_t capacity = 0;
    std::uint64_t players = 0;  ///< of its regions, and of those that are on their way to it
    std::uint32_t load_permille = 0;
    std::size_t regions = 0;
    Instant last_heard{};
};

/// The worlds as the coordinator knows them: a resource, made once, changed by decide() alone, from
/// one thread. One State decides at a time over the same records.
class State {
  public:
    /// `now` is the coordinator's start: leases of restored regions count from it.
    State(Config config, Instant now);
    ~State();
    State(State&&) noexcept;
    State& operator=(State&&) noexcept;

    /// Puts the kept records back before the first event, in any order.
    void restore(Standing standing);
    /// `internal` when it cannot have been ours: its regions do not tile its bounds.
    [[nodiscard]] Result<void> restore(WorldRecord world);

    [[nodiscard]] const Config& config() const;
    /// What Persist speaks of.
    [[nodiscard]] const Standing& standing() const;
    [[nodiscard]] std::optional<WorldRecord> world(std::string_view name) const;

    /// By world, then top, then left.
    [[nodiscard]] std::vector<Listed> list() const;
    [[nodiscard]] std::vector<ListedServer> servers() const;

    struct Impl;  ///< private to this room
    [[nodiscard]] Impl& impl() const { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

/// A lease as the coordinator counts it: not shorter than the holder's on whatever clocks.
[[nodiscard]] milliseconds waited_for(milliseconds lease, const Config& config);

}  // namespace muster::territory
