#include "muster/territory/holdings.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster::territory {

Holdings::Request Holdings::ask(Instant now) {
    Request request{.number = ++asked_};
    sent_.push_back({asked_, now});
    if (sent_.size() > requests_max) {
        sent_.pop_front();
    }
    for (const auto& [region, held] : held_) {
        if (now < held.until) {
            request.holds.push_back({region, held.grant.epoch});
        }
    }
    for (const Released& one : released_) {
        request.released.push_back(one.what);
    }
    return request;
}

Holdings::Change Holdings::arrived(const Answer& answer, Instant now) {
    Change change;
    const auto sent = std::ranges::find(sent_, answer.request, &Sent::number);
    change.is_stale =
        answer.life != life_ || sent == sent_.end() ||
        std::tie(answer.request, answer.number) <= std::tie(answered_request_, answered_number_);
    if (change.is_stale) {
        return change;
    }
    answered_request_ = answer.request;
    answered_number_ = answer.number;
    const Instant until = sent->at + answer.lease;
    sent_.erase(sent_.begin(), sent);
    // Who answered that request knew of these; what was answered before is stale from now on.
    std::erase_if(released_, [&](const Released& one) { return one.since <= answer.request; });
    for (const Grant& grant : answer.grants) {
        take(grant, until, now, change);
    }
    return change;
}

void Holdings::take(const Grant& grant, Instant until, Instant now, Change& change) {
    const bool is_given_up = std::ranges::any_of(released_, [&](const Released& one) {
        return one.what.region == grant.region && grant.epoch <= one.what.epoch;
    });
    const auto covers = [&](const Grant& other) {
        return other.region == grant.region ||
               (other.world == grant.world && overlap(other.area, grant.area));
    };
    const bool is_older = std::ranges::any_of(held_, [&](const auto& one) {
        return covers(one.second.grant) && one.second.grant.epoch > grant.epoch;
    });
    if (is_given_up || is_older || until <= now) {
        return;
    }
    const auto found = held_.find(grant.region);
    if (found != held_.end() && found->second.grant.epoch == grant.epoch) {
        found->second.until = std::max(found->second.until, until);
        found->second.grant = grant;
        return;
    }
    for (auto other = held_.begin(); other != held_.end();) {
        if (covers(other->second.grant)) {
            change.lost.push_back(std::move(other->second.grant));
            other = held_.erase(other);
        } else {
            ++other;
        }
    }
    held_.insert_or_assign(grant.region, Held{grant, until});
    change.gained.push_back(grant);
}

void Holdings::arrived(const Withdraw& withdraw) {
    const auto found = held_.find(withdraw.region);
    if (withdraw.life == life_ && found != held_.end() &&
        found->second.grant.epoch == withdraw.epoch) {
        found->second.grant.leave = true;
        found->second.grant.successor = withdraw.successor;
    }
}

std::optional<Holding> Holdings::release(RegionId region) {
    const auto found = held_.find(region);
    if (found == held_.end()) {
        return std::nullopt;
    }
    const Holding what{region, found->second.grant.epoch};
    held_.erase(found);
    released_.push_back({what, asked_ + 1});
    return what;
}

std::vector<Grant> Holdings::time_passed(Instant now) {
    std::vector<Grant> over;
    for (auto one = held_.begin(); one != held_.end();) {
        if (one->second.until <= now) {
            over.push_back(std::move(one->second.grant));
            one = held_.erase(one);
        } else {
            ++one;
        }
    }
    return over;
}

std::optional<Epoch> Holdings::owns(RegionId region, Instant now) const {
    const auto found = held_.find(region);
    if (found == held_.end() || found->second.until <= now) {
        return std::nullopt;
    }
    return found->second.grant.epoch;
}

}  // namespace muster::territory
