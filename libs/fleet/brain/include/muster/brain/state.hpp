#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/brain/node.hpp"
#include "muster/brain/operation.hpp"
#include "muster/brain/server.hpp"

namespace muster::brain {

/// `packed` fills the fullest node that has room; `spread` takes the emptiest.
enum class PlacementPolicy { packed, spread };

struct Config {
    PlacementPolicy placement = PlacementPolicy::spread;
    std::uint64_t seed = 0;  ///< breaks ties between equal nodes
    /// Running on one node at once. A kill does not count.
    std::size_t running_per_node_max = 4;
    std::size_t queued_per_server_max = 16;  ///< then `exhausted`; a kill always has a place
    std::size_t queued_max = 20'000;  ///< of all together, waiting ones too; then `exhausted`
    std::size_t operations_kept_max = 10'000;  ///< that have ended; the oldest go
    milliseconds lease{15'000};                ///< out of contact so long: unreachable
    milliseconds grace{60'000};  ///< after the coordinator's start nothing is unreachable before
    /// A queued operation whose node is out of contact so long fails.
    milliseconds queue_deadline{600'000};
    /// Limits of CPU may add up to this many times what the node has; memory never to more than it
    /// has.
    double cpu_overcommit = 2.0;
};

/// The fleet as the coordinator knows it: a resource, made once, changed by decide() alone, from
/// one thread. The pointers it gives are good until the next decide().
class State {
  public:
    /// `now` is the coordinator's start: the grace begins.
    State(Config config, Timestamp now);
    ~State();
    State(State&&) noexcept;
    State& operator=(State&&) noexcept;

    /// Puts the kept records back before the first event, in any order: what they say of each other
    /// is bound together by the first decide(). A record whose id is there already is dropped.
    void restore(Node node);
    void restore(Server server);
    void restore_observed(std::string server_id, Observed observed);
    void restore(Operation operation);

    [[nodiscard]] const Config& config() const;
    [[nodiscard]] const Node* node(std::string_view id) const;
    [[nodiscard]] const Server* server(std::string_view id) const;
    [[nodiscard]] const Operation* operation(std::string_view id) const;

    [[nodiscard]] std::size_t node_count() const;
    [[nodiscard]] std::size_t server_count() const;
    [[nodiscard]] std::size_t operation_count() const;
    /// In no particular order. The visited must not be kept beyond the call.
    void each_node(const std::function<void(const Node&)>& visit) const;
    void each_server(const std::function<void(const Server&)>& visit) const;
    void each_operation(const std::function<void(const Operation&)>& visit) const;

    /// What people are shown: `waiting` without a node, `unknown` when its node is out of contact
    /// or revoked, `removing` while a remove is under way, else what was observed.
    [[nodiscard]] ServerState shown_state(const Server& server) const;
    /// A sentence: why; may be empty.
    [[nodiscard]] std::string shown_reason(const Server& server) const;
    /// Its operation that runs, else the first that is queued; nullptr: none.
    [[nodiscard]] const Operation* current_operation(std::string_view server_id) const;
    [[nodiscard]] std::size_t servers_on(std::string_view node_id) const;

    struct Impl;  ///< private to this room
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::brain
