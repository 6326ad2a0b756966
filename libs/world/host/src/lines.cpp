#include "lines.hpp"

#include <algorithm>

namespace muster::host {

void Lines::note(Numbers& numbers, std::uint64_t origin, std::uint64_t number) {
    const auto known = numbers.find(origin);
    if (known != numbers.end()) {
        known->second = std::max(known->second, number);
        return;
    }
    // Processes come and go; whose numbers are forgotten has not been heard of for long, or its
    // next line brings them back.
    if (numbers.size() >= talk::origins_max) numbers.erase(numbers.begin());
    numbers.emplace(origin, number);
}

Lines::Line Lines::say(SharedBytes message, Audience audience, Instant now) {
    return {origin_, ++said_, std::move(audience), std::move(message), now};
}

std::vector<sim::PlayerId> Lines::heard(const Line& line) {
    note(newest_, line.origin, line.number);
    if (kept_.size() >= kept_max) kept_.pop_front();
    kept_.push_back(line);
    std::vector<sim::PlayerId> out;
    for (const auto& [player, arrival] : arrivals_) {
        const auto told = arrival.told.find(line.origin);
        const bool was_told = told != arrival.told.end() && line.number <= told->second;
        if (!arrival.is_known || was_told) out.push_back(player);
    }
    return out;
}

std::vector<Lines::Line> Lines::arrived(sim::PlayerId player, Instant now) {
    arrivals_[player] = {newest_, now, false};
    const auto word = words_.extract(player);
    if (word.empty()) return {};
    return told(player, word.mapped().told, now);
}

std::vector<Lines::Line> Lines::missed(const Numbers& told, Instant now) const {
    std::vector<Line> out;
    for (const Line& line : kept_) {
        const auto known = told.find(line.origin);
        if (known != told.end() && line.number <= known->second) continue;
        if (now - line.at < kept_for) out.push_back(line);
    }
    if (out.size() > missed_max) out.erase(out.begin(), out.end() - missed_max);
    return out;
}

std::vector<Lines::Line> Lines::told(sim::PlayerId player, const talk::Told& told, Instant now) {
    const auto arrival = arrivals_.find(player);
    if (arrival == arrivals_.end() || arrival->second.is_known) {
        if (words_.size() < words_max) words_[player] = {told, now};
        return {};
    }
    arrival->second.is_known = true;
    arrival->second.told.clear();
    for (const auto& [origin, number] : told) note(arrival->second.told, origin, number);
    return missed(arrival->second.told, now);
}

std::vector<std::pair<sim::PlayerId, Lines::Line>> Lines::expire(Instant now) {
    std::erase_if(words_, [now](const auto& one) { return now - one.second.at >= kept_for; });
    std::vector<std::pair<sim::PlayerId, Line>> out;
    for (auto at = arrivals_.begin(); at != arrivals_.end();) {
        const Arrival& arrival = at->second;
        if (!arrival.is_known && now - arrival.at >= patience) {
            for (Line& line : missed(arrival.told, now))
                out.emplace_back(at->first, std::move(line));
            at = arrivals_.erase(at);
        } else if (now - arrival.at >= kept_for) {
            at = arrivals_.erase(at);  // what was under way then has come
        } else {
            ++at;
        }
    }
    return out;
}

talk::Told Lines::departed(sim::PlayerId player) {
    Numbers out = newest_;
    if (const auto arrival = arrivals_.find(player); arrival != arrivals_.end()) {
        // Whose word is still waited for was told nothing here, and what it was told before is not
        // known: what has come since it is here counts as missed.
        if (!arrival->second.is_known) out.clear();
        for (const auto& [origin, number] : arrival->second.told) note(out, origin, number);
        arrivals_.erase(arrival);
    }
    return {out.begin(), out.end()};
}

}  // namespace muster::host
