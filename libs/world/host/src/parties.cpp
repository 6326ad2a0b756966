#include "parties.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace muster::host {

Parties::Rosters Parties::changed(Rosters now) {
    std::erase_if(told_, [&now](const auto& one) { return !now.contains(one.first); });
    Rosters out;
    for (auto& [code, members] : now) {
        Told& told = told_[code];
        std::vector<Member> missing;
        std::ranges::set_difference(told.members, members, std::back_inserter(missing), {},
                                    &Member::id, &Member::id);
        if (!std::exchange(told.misses_somebody, !missing.empty()) && !missing.empty()) {
            members.insert(members.end(), missing.begin(), missing.end());
            std::ranges::sort(members, {}, &Member::id);
        }
        if (told.members == members) continue;
        told.members = members;
        out.emplace(code, std::move(members));
    }
    return out;
}

}  // namespace muster::host
