#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "histogram.hpp"
#include "memory.hpp"

namespace muster::load {

/// What the server itself says of one tick: every entity that is alive, as the wire has it.
class Truth {
  public:
    Truth() = default;
    Truth(sim::Tick tick, std::vector<EntityRecord> records);
    [[nodiscard]] sim::Tick tick() const { return tick_; }
    [[nodiscard]] std::span<const EntityRecord> records() const { return records_; }
    [[nodiscard]] const EntityRecord* find(sim::PlayerId id) const;

  private:
    sim::Tick tick_ = 0;
    std::vector<EntityRecord> records_;
    std::vector<std::uint16_t> place_;  ///< by id: 1 + the index into records_, or 0
};

/// What a comparison of clients with the truth found.
struct Verdict {
    std::uint64_t clients = 0;          ///< that were compared
    std::uint64_t records = 0;          ///< decoded ones that were held against the truth
    std::uint64_t records_wrong = 0;    ///< that differ from it
    std::uint64_t in_view = 0;          ///< entities that a client had to know
    std::uint64_t in_view_unknown = 0;  ///< that it did not know
    std::uint64_t in_view_stale = 0;    ///< that it knew, but older than allowed
    [[nodiscard]] std::uint64_t mismatches() const {
        return records_wrong + in_view_unknown + in_view_stale;
    }
    Verdict& operator+=(const Verdict& other);
};

/// Compares what clients decoded with the truth. A client must have decoded exactly what the
/// server's tick held, and must know everybody who has been within its view for half a second, no
/// older than `age_max`: a server that starves its clients cannot look fast.
class Examiner {
  public:
    struct Options {
        std::int64_t view_steps = 0;  ///< the view, less a margin, in steps of the wire's positions
        sim::Tick age_max = 30;       ///< ticks
        /// In a denser crowd the view shrinks: of those in view only so many nearest must be known.
        std::size_t nearest_max = 400;
    };
    /// `ages`: of what is in view, in milliseconds.
    Examiner(const Options& options, Verdict& verdict, Histogram& ages);

    /// `before`: the truth at least `age_max` ticks earlier, to tell who has been in view for so
    /// long; may be null, then only the records are compared.
    void examine(const Memory& memory, sim::PlayerId self, const Truth* before, const Truth& now);

  private:
    void compare_records(const Memory& memory, const Truth& now);
    void compare_view(const Memory& memory, sim::PlayerId self, const Truth& before,
                      const Truth& now);

    Options options_;
    Verdict& verdict_;
    Histogram& ages_;
    struct Near {
        std::int64_t distance_squared;
        sim::PlayerId id;
    };
    std::vector<Near> near_;         ///< of one comparison
    std::vector<sim::Tick> newest_;  ///< by id: the newest snapshot that had it; 0 none
};

}  // namespace muster::load
