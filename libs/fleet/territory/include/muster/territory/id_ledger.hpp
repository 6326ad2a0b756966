#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "muster/territory/region.hpp"

namespace muster::territory {

using PlayerId = std::uint16_t;

/// Some ids in a row.
struct IdLoan {
    PlayerId first = 0;
    std::uint16_t count = 0;
    bool operator==(const IdLoan&) const = default;
};

/// Who has which ids of one world's players. Ids are lent to servers, so that joining asks nobody;
/// an id goes with its player to the next server, which then reports it. Nothing is kept: what is
/// known is what was lent and what servers report.
///
/// What holds: no id is lent while somebody may have it, if servers do as they must:
///  - one that was not answered for `keep` forgets the ids that nobody uses there, and takes no
///    answer that is older;
///  - the players of one whose lease is over are no longer its own, nor are their ids.
class IdLedger {
  public:
    static constexpr milliseconds keep{30'000};
    struct Config {
        /// An id comes back when nobody has reported it for so long: its server away, or here and
        /// reporting without it. Longer than `keep`, and than any crossing takes.
        milliseconds forget{35'000};
        /// A ledger that does not know what was lent lends nothing before everybody expected has
        /// reported and nobody has for the first time for so long, or `forget` has passed.
        milliseconds quiet{5'000};
        std::uint16_t block = 64;  ///< ids lent at once, fewer when few are left
    };
    struct Counts {
        std::size_t free = 0;
        std::uint64_t contested = 0;  ///< ids that two servers reported to have at the same time
    };

    /// Ids are 0 ... `ids` - 1; at most 65,535. A new world's: nobody can have any.
    IdLedger(std::uint32_t ids, Config config);
    /// After a restart of the coordinator, at `now`. `expected`: who may have some.
    IdLedger(std::uint32_t ids, Config config, Instant now, std::set<std::string> expected);

    /// A session of the server began: what was lent in an earlier one and not reported yet may or
    /// may not have arrived.
    void came(const std::string& server, Instant now);
    void gone(const std::string& server, Instant now);
    /// All ids that it has: `used` by its players, and `spare`. Those beyond the world's do not
    /// count.
    void reported(const std::string& server, std::span<const PlayerId> used,
                  std::span<const PlayerId> spare, Instant now);
    /// Something of the world has no owner: players may come back from copies with their ids, so
    /// that those of servers that are away are kept on.
    void hold(Instant now);

    /// For a server that is here and is running out of them. Nothing while an earlier loan has not
    /// been reported.
    [[nodiscard]] std::vector<IdLoan> lend(const std::string& server, Instant now);

    [[nodiscard]] Counts counts(Instant now) const;

  private:
    struct Party {
        bool is_here = false;
        Instant gone_at{};
        Instant reported_at{};
        std::optional<Instant> lent_at{};  ///< a loan that it has not reported yet
        std::size_t owned = 0;
    };
    struct Slot {
        Party* owner = nullptr;
        Instant seen{};  ///< lent, or reported by the owner
        bool is_used = false;
        bool is_fresh = false;  ///< lent and not reported yet
    };
    void claim(Party& party, PlayerId id, bool is_used, Instant now);
    void give(Party& party, Slot& slot, Instant now);
    [[nodiscard]] bool is_free(const Slot& slot, Instant now) const;
    [[nodiscard]] bool may_lend(Instant now) const;

    Config config_;
    std::vector<Slot> slots_;
    std::map<std::string, Party> parties_;  ///< who is here, or has ids
    std::optional<Instant> restarted_{};
    Instant quiet_from_{};
    std::set<std::string> expected_{};
    std::set<std::string> heard_{};  ///< since the restart
    std::uint64_t contested_ = 0;
};

}  // namespace muster::territory
