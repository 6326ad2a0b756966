#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// What own players did to what others decide upon, and what became of it.
namespace muster::mesh {
namespace {

constexpr milliseconds claim_asks_again{500};
constexpr milliseconds claim_given_up{10'000};
constexpr std::size_t claims_max = 8'192;
constexpr milliseconds verdict_given_up{3'000};
constexpr std::size_t verdicts_max = 4'096;

}  // namespace

std::string Member::Impl::owner_of(sim::PlayerId player) const {
    if (player >= abouts.size()) return {};
    const About& about = abouts[player];
    if (about.is_own) return self;
    return peers[about.owner].server;
}

std::string Member::Impl::judge_of(const sim::Claim& claim) const {
    using Kind = sim::Claim::Kind;
    const sim::Map& map = world.map();
    switch (claim.kind) {
        case Kind::hit:
            return owner_of(claim.victim);
        case Kind::wall: {
            const sim::Vec middle = middle_of(map.walls[claim.index].box);
            return std::string(land.holder_of(middle, self));
        }
        case Kind::pickup:
            return std::string(land.holder_of(map.pickups[claim.index].at, self));
        default:
            return land.decides_match() ? self : peers[match_decider].server;
    }
}

void Member::Impl::ask_for(OpenClaim& open) {
    open.asked = now;
    const std::string judge = judge_of(open.claim);
    if (judge != self) return send(judge, open.claim);
    // It has come here since.
    if (const auto verdict = world.judge(open.claim)) settle(*verdict);
}

void Member::Impl::carry_claims() {
    for (const sim::Claim& claim : world.claims()) {
        if (open_claims.size() >= claims_max) open_claims.erase(open_claims.begin());
        ++counts.claims;
        OpenClaim& open = open_claims[claim.number];
        open = {claim, now, now};
        ask_for(open);
    }
    std::vector<std::uint32_t> again;
    for (const auto& [number, open] : open_claims) {
        if (now - open.asked > claim_asks_again) again.push_back(number);
    }
    for (const std::uint32_t number : again) {
        const auto found = open_claims.find(number);
        if (found == open_claims.end()) continue;
        if (now - found->second.since > claim_given_up) {
            open_claims.erase(found);
        } else {
            ask_for(found->second);
        }
    }
    for (const sim::Verdict& verdict : world.verdicts()) settle(verdict);
    auto loose = std::exchange(loose_verdicts, {});
    for (const auto& [verdict, since] : loose) {
        if (now - since > verdict_given_up) continue;
        const std::string owner = owner_of(verdict.player);
        if (owner == self) {
            static_cast<void>(world.settle(verdict));
        } else if (!owner.empty() && !departures.contains(verdict.player)) {
            send(owner, verdict);
        } else {
            loose_verdicts.emplace_back(verdict, since);
        }
    }
}

void Member::Impl::hear(PeerIndex from, const sim::Claim& claim) {
    const auto verdict = world.judge(claim);
    // Not ours to judge (any more): the claimant asks whoever it is by then.
    if (!verdict) return;
    ++counts.verdicts;
    send(peers[from].server, *verdict);
}

void Member::Impl::hear(PeerIndex, const sim::Verdict& verdict) {
    settle(verdict);
}

void Member::Impl::settle(const sim::Verdict& verdict) {
    if (verdict.origin == origin_of(options.life)) open_claims.erase(verdict.number);
    const auto settled = world.settle(verdict);
    if (!settled || *settled != sim::Settled::elsewhere) return;
    if (loose_verdicts.size() < verdicts_max) loose_verdicts.emplace_back(verdict, now);
}

}  // namespace muster::mesh
