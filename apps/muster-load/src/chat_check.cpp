#include "chat_check.hpp"

#include <algorithm>
#include <charconv>

namespace muster::load {

std::optional<std::uint32_t> ChatCheck::number_of(std::string_view text) const {
    if (!text.starts_with(prefix_)) return std::nullopt;
    text.remove_prefix(prefix_.size());
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0) {
        return std::nullopt;
    }
    return number;
}

void ChatCheck::heard(Ear& ear, std::uint32_t number, bool may_overtake) {
    ++deliveries_;
    heard_.insert(number);
    if (number <= ear.last) {
        const bool is_late = std::erase(ear.skipped, number) != 0 || number < ear.first;
        if (!is_late) ++doubled_;
        if (is_late && !may_overtake) ++out_of_order_;
        ear.first = std::min(ear.first, number);
        return;
    }
    // Before the first there is nothing to miss: the player may have joined between the two.
    for (auto n = ear.last + 1; ear.last != 0 && n < number; ++n) {
        if (ear.skipped.size() < skipped_max) ear.skipped.push_back(n);
    }
    if (ear.first == 0) ear.first = number;
    ear.last = number;
}

void ChatCheck::ended(const Ear& ear, std::uint32_t until, bool from_first) {
    skipped_.insert(skipped_.end(), ear.skipped.begin(), ear.skipped.end());
    if (ear.last == 0 && !from_first) return;
    for (auto n = ear.last + 1; n <= until; ++n) skipped_.push_back(n);
}

void ChatCheck::merge(const ChatCheck& other) {
    heard_.insert(other.heard_.begin(), other.heard_.end());
    skipped_.insert(skipped_.end(), other.skipped_.begin(), other.skipped_.end());
    deliveries_ += other.deliveries_;
    out_of_order_ += other.out_of_order_;
    doubled_ += other.doubled_;
}

std::uint64_t ChatCheck::lost() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(skipped_, [&](auto number) { return heard_.count(number) != 0; }));
}

}  // namespace muster::load
