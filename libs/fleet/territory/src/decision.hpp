#pragma once

#include <string>
#include <vector>

#include "muster/territory/action.hpp"
#include "state_impl.hpp"

namespace muster::territory {

/// One call of decide(): the state it changes and the actions it collects.
class Decision {
  public:
    Decision(State::Impl& changed, Instant time) : state(changed), now(time) {}

    void persist(World& world) { world.is_marked = true; }
    void persist_standing() { is_standing_marked_ = true; }
    void erase(const std::string& world) { erased_.push_back(world); }
    /// The list is new: its version rises, once in a decision.
    void publish();
    /// At the end it is told all that it has, and all that is renewed. It must have asked.
    void answer(Server& server) { server.is_marked = true; }
    void withdraw(const Server& server, const Region& region);
    void reject(Errc code, std::string message, std::string field);

    [[nodiscard]] std::vector<Action> take_actions();

    State::Impl& state;
    const Instant now;

  private:
    std::vector<std::string> erased_;
    std::vector<Action> withdrawals_;
    std::vector<Action> rejects_;
    bool is_standing_marked_ = false;
    bool is_published_ = false;
};

}  // namespace muster::territory
