#include "muster/territory/id_ledger.hpp"

#include <algorithm>
#include <utility>

namespace muster::territory {

IdLedger::IdLedger(std::uint32_t ids, Config config)
    : config_(config), slots_(std::min<std::uint32_t>(ids, 65'535)) {}

IdLedger::IdLedger(std::uint32_t ids, Config config, Instant now, std::set<std::string> expected)
    : IdLedger(ids, config) {
    restarted_ = quiet_from_ = now;
    expected_ = std::move(expected);
}

void IdLedger::came(const std::string& server, Instant now) {
    Party& party = parties_[server];
    party.is_here = true;
    party.reported_at = now;
    party.lent_at.reset();
}

void IdLedger::gone(const std::string& server, Instant now) {
    const auto found = parties_.find(server);
    if (found == parties_.end()) {
        return;
    }
    found->second.is_here = false;
    found->second.gone_at = now;
    found->second.lent_at.reset();
    if (found->second.owned == 0) {
        parties_.erase(found);
    }
}

void IdLedger::hold(Instant now) {
    for (auto& [name, party] : parties_) {
        if (!party.is_here) {
            party.gone_at = now;
        }
    }
}

void IdLedger::reported(const std::string& server, std::span<const PlayerId> used,
                        std::span<const PlayerId> spare, Instant now) {
    const auto found = parties_.find(server);
    if (found == parties_.end() || !found->second.is_here) {
        return;
    }
    Party& party = found->second;
    if (restarted_ && heard_.insert(server).second) {
        expected_.erase(server);
        quiet_from_ = now;  // what it let go just before is reported by another soon
    }
    for (const PlayerId id : spare) {
        claim(party, id, false, now);
    }
    for (const PlayerId id : used) {
        claim(party, id, true, now);
    }
    party.reported_at = now;
    if (party.lent_at && now - *party.lent_at > config_.forget) {
        party.lent_at.reset();
    }
}

void IdLedger::claim(Party& party, PlayerId id, bool is_used, Instant now) {
    if (id >= slots_.size()) {
        return;
    }
    Slot& slot = slots_[id];
    if (slot.owner != nullptr && slot.owner != &party) {
        // A player crosses: one reports it no more, and the other reports it, in either order. What
        // somebody plays with is that one's; what lies spare remains with who had it.
        const Party& other = *slot.owner;
        const bool is_claimed = other.is_here && slot.seen >= other.reported_at;
        contested_ += is_claimed && is_used == slot.is_used ? 1U : 0U;
        if (is_claimed && !is_used) {
            return;
        }
    }
    if (slot.owner == &party && slot.is_fresh) {
        party.lent_at.reset();  // the loan has arrived
    }
    give(party, slot, now);
    slot.is_used = is_used;
    slot.is_fresh = false;
}

void IdLedger::give(Party& party, Slot& slot, Instant now) {
    if (slot.owner != &party) {
        if (slot.owner != nullptr) {
            --slot.owner->owned;
        }
        ++party.owned;
        slot.owner = &party;
    }
    slot.seen = now;
}

bool IdLedger::is_free(const Slot& slot, Instant now) const {
    if (slot.owner == nullptr) {
        return true;
    }
    const Party& owner = *slot.owner;
    const Instant since = owner.is_here ? owner.reported_at - slot.seen : now - owner.gone_at;
    return since > config_.forget;
}

bool IdLedger::may_lend(Instant now) const {
    if (!restarted_) {
        return true;
    }
    const milliseconds passed = now - *restarted_;
    return passed >= config_.forget || (expected_.empty() && now - quiet_from_ >= config_.quiet);
}

std::vector<IdLoan> IdLedger::lend(const std::string& server, Instant now) {
    const auto found = parties_.find(server);
    if (found == parties_.end() || !found->second.is_here || found->second.lent_at ||
        !may_lend(now)) {
        return {};
    }
    Party& party = found->second;
    // Half of what is left, among all who are here: the last ids are not one server's.
    const auto here =
        std::ranges::count_if(parties_, [](const auto& one) { return one.second.is_here; });
    const std::size_t share = counts(now).free / (2 * static_cast<std::size_t>(here));
    std::size_t wanted = std::clamp<std::size_t>(share, 1, config_.block);
    std::vector<IdLoan> loans;
    for (std::size_t id = 0; id < slots_.size() && wanted > 0; ++id) {
        Slot& slot = slots_[id];
        if (!is_free(slot, now)) {
            continue;
        }
        give(party, slot, now);
        slot.is_used = false;
        slot.is_fresh = true;
        if (!loans.empty() && loans.back().first + loans.back().count == static_cast<int>(id)) {
            ++loans.back().count;
        } else {
            loans.push_back({static_cast<PlayerId>(id), 1});
        }
        --wanted;
    }
    if (!loans.empty()) {
        party.lent_at = now;
    }
    std::erase_if(parties_,
                  [](const auto& one) { return !one.second.is_here && one.second.owned == 0; });
    return loans;
}

IdLedger::Counts IdLedger::counts(Instant now) const {
    const auto free =
        std::ranges::count_if(slots_, [&](const Slot& slot) { return is_free(slot, now); });
    return {static_cast<std::size_t>(free), contested_};
}

}  // namespace muster::territory
