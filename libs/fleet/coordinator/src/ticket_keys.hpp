#pragma once

#include <vector>

#include "ledger.hpp"
#include "tickets.hpp"

namespace muster::coordinator {

/// The keys that sign tickets: records of the store, so that whichever coordinator leads has them.
/// One signs; those before it are kept for as long as tickets of theirs may be good.
class TicketKeys {
  public:
    static constexpr std::string_view kind = "ticket_key";
    /// How long a ticket brings its player back. Not the 30 s for which a world keeps who is
    /// silent: these begin when somebody is lost, which the world server alone knows, and it holds
    /// to them. This one is longer than anybody plays at a stretch, and bounds what a stolen ticket
    /// and a retired key are good for.
    static constexpr std::chrono::hours good_for{24};
    static constexpr std::size_t keys_max = 8;

    /// `issuer` is the same for all coordinators of a store.
    TicketKeys(Ledger& ledger, const Clock& clock, std::string issuer)
        : ledger_(ledger), clock_(clock), issuer_(std::move(issuer)) {}
    /// Makes the first one when there is none.
    [[nodiscard]] Result<void> load(store::Store& store);

    /// Issuer and times are filled in here.
    [[nodiscard]] Result<std::string> sign(TicketClaims claims) const;
    /// As tickets.hpp says; `unauthenticated`.
    [[nodiscard]] Result<TicketClaims> read(std::string_view text) const;

    /// Another one signs from now on. The tickets of those before are good until they end, or, with
    /// `end_old`, no more. `conflict` when there are `keys_max` already; gives back the new one.
    [[nodiscard]] Result<TicketKey> rotate(bool end_old);
    void forget_old();
    [[nodiscard]] Json public_keys() const;  ///< the newest first

  private:
    void keep(const TicketKey& key);

    Ledger& ledger_;
    const Clock& clock_;
    std::string issuer_;
    std::vector<TicketKey> keys_;  ///< the newest, which signs, first
};

}  // namespace muster::coordinator
