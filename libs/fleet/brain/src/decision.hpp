#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/brain/action.hpp"
#include "state_impl.hpp"

namespace muster::brain {

/// One call of decide(): the state it changes and the actions it collects.
class Decision {
  public:
    Decision(State::Impl& changed, Timestamp time) : state(changed), now(time) {}

    void persist(NodeEntry& entry);
    void persist(ServerEntry& entry);
    void persist_observed(ServerEntry& entry);
    void persist(OperationEntry& entry);
    void publish(NodeEntry& entry);
    void publish(ServerEntry& entry);
    void publish(OperationEntry& entry);
    void erase_server(std::string_view id);
    void erase_operation(std::string_view id);

    void send(SendCommand command) { sends_.emplace_back(std::move(command)); }
    void acknowledge(const NodeEntry& node, std::string_view operation_id);
    void ask_inventory(const NodeEntry& node);
    void reject(Errc code, std::string message, std::string field = {});
    void reject(Error error);

    /// At the end of the decision: waiting operations are tried on it; its queue moves on.
    void room_appeared(NodeEntry& node) { with_room_.push_back(&node); }
    void queue_moved(NodeEntry& node) { moved_.push_back(&node); }
    [[nodiscard]] std::vector<NodeEntry*> take_with_room() { return std::exchange(with_room_, {}); }
    [[nodiscard]] std::vector<NodeEntry*> take_moved() { return std::exchange(moved_, {}); }

    [[nodiscard]] std::vector<Action> take_actions();

    State::Impl& state;
    const Timestamp now;

  private:
    void forget(Subject subject, std::string_view id);

    std::vector<Persist> persists_;
    std::vector<Action> sends_;
    std::vector<Publish> publishes_;
    std::vector<Action> rejects_;
    std::vector<NodeEntry*> with_room_;
    std::vector<NodeEntry*> moved_;
};

}  // namespace muster::brain
