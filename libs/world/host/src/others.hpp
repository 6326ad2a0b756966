#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "audience.hpp"
#include "links.hpp"

namespace muster::host {

/// A person of a world, as others may reach them. Views are valid during a call.
struct Contact {
    sim::PlayerId id = sim::no_player;
    std::uint8_t generation = 0;
    sim::Team team = sim::Team::none;
    bool is_away = false;  ///< the page is not connected now
    std::string_view name, party;
};

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
    /// To those in the world whom it is for, here too.
    virtual void said(SharedBytes message, Audience audience) = 0;
    /// The people of the other servers, as these said half a second ago or later; of one who goes
    /// from one to the next maybe two.
    virtual void visit(const std::function<void(const Contact&)>& each) const = 0;
    virtual void page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp) = 0;
    /// The connection of a page whose player is another server's works, or does no longer.
    virtual void guest_changed(sim::PlayerId player, bool is_open) = 0;
};

}  // namespace muster::host
