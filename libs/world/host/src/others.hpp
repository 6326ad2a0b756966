#pragma once

#include <cstdint>
#include <string>

#include "links.hpp"

namespace muster::host {

/// The other servers of a world that is spread over several, as the people of this one's part meet
/// them. The world's thread.
class Others {
  public:
    virtual ~Others() = default;
    /// Whether somebody may join here now.
    [[nodiscard]] virtual bool takes_players() const = 0;
    /// Whether this id is one of another server's players, or was one a moment ago.
    [[nodiscard]] virtual bool has(sim::PlayerId player) const = 0;
    virtual void joined(sim::PlayerId player) = 0;
    /// It has a page from now on, or another one.
    virtual void page_came(sim::PlayerId player) = 0;
    /// To everybody in the world, here too.
    virtual void said(SharedBytes message, sim::Team team) = 0;
    virtual void page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp) = 0;
    /// The connection of a page whose player is another server's works, or does no longer.
    virtual void guest_changed(sim::PlayerId player, bool is_open) = 0;
};

}  // namespace muster::host
