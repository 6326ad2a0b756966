#include "port_table.hpp"

#include <algorithm>

namespace muster::brain {

namespace {

std::uint32_t key_of(std::uint16_t number, bool udp) {
    return std::uint32_t{number} * 2U + (udp ? 1U : 0U);
}

bool contains(const std::vector<std::uint32_t>& taken, std::uint32_t key) {
    return std::ranges::binary_search(taken, key);
}

}  // namespace

bool PortTable::has(std::uint16_t number, Protocol protocol) const {
    return (protocol != Protocol::udp && contains(taken_, key_of(number, false))) ||
           (protocol != Protocol::tcp && contains(taken_, key_of(number, true)));
}

void PortTable::take(std::uint16_t number, Protocol protocol) {
    for (const bool udp : {false, true}) {
        if (protocol == (udp ? Protocol::tcp : Protocol::udp)) {
            continue;
        }
        const std::uint32_t key = key_of(number, udp);
        taken_.insert(std::ranges::upper_bound(taken_, key), key);
    }
}

void PortTable::give_back(std::uint16_t number, Protocol protocol) {
    for (const bool udp : {false, true}) {
        if (protocol == (udp ? Protocol::tcp : Protocol::udp)) {
            continue;
        }
        const auto found = std::ranges::lower_bound(taken_, key_of(number, udp));
        if (found != taken_.end() && *found == key_of(number, udp)) {
            taken_.erase(found);
        }
    }
}

}  // namespace muster::brain
