#pragma once

#include <cstdint>
#include <vector>

#include "muster/brain/server.hpp"

namespace muster::brain {

/// The outside ports of one node that are taken, sorted. A port may be in it more than once (two
/// old records may claim the same) and then has to be given back as often.
class PortTable {
  public:
    [[nodiscard]] bool has(std::uint16_t number, Protocol protocol) const;
    void take(std::uint16_t number, Protocol protocol);
    void give_back(std::uint16_t number, Protocol protocol);
    void clear() { taken_.clear(); }
    [[nodiscard]] std::size_t size() const { return taken_.size(); }

  private:
    std::vector<std::uint32_t> taken_;  ///< number * 2, + 1 for udp
};

}  // namespace muster::brain
