#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "simulated_node.hpp"

namespace muster::brain {

struct SimulationSummary {
    std::size_t decisions = 0;
    std::size_t asked = 0;      ///< operations that people asked for
    std::size_t succeeded = 0;  ///< of those that are remembered at the end
    std::size_t coordinator_crashes = 0;
    std::size_t broken_sessions = 0;
    std::vector<std::string> violations;
};

/// A coordinator, a few nodes and people, under lost, repeated and reordered messages and crashes
/// of everything, all from one seed; in the end everything heals and must come to rest.
class Simulation {
  public:
    enum class Disk { copies, json };  ///< how records are kept: JSON is slower and nearer to life
    Simulation(std::uint64_t seed, std::size_t steps, Disk kind);
    [[nodiscard]] SimulationSummary run();

  private:
    using Kept = std::variant<Node, Server, Observed, Operation>;
    struct ToNode {
        std::uint64_t session = 0;
        std::variant<SentCommand, AcknowledgeResult, AskInventory> what;
    };
    struct Link {
        std::unique_ptr<SimulatedNode> node;
        bool is_up = false;           ///< messages travel
        std::uint64_t told_end = 0;   ///< a session whose end the coordinator has yet to be told
        bool inventory_came = false;  ///< the coordinator had it in this session
        std::deque<ToNode> to_node;
        std::deque<SimulatedNode::Said> to_coordinator;
    };

    void complain(const std::string& what) {
        summary_.violations.push_back("coordinator: " + what);
    }
    void step();
    void tell(SimulatedNode::Said what);
    [[nodiscard]] Kept kept(const Persist& one) const;
    void persist(const std::vector<Action>& actions);
    void perform(const std::vector<Action>& actions);
    void send(const SendCommand& command);
    void crash();
    void connect(Link& link);
    void cut(Link& link);
    void deliver(Link& link);
    void disturb(Link& link);
    void collect(Link& link, std::vector<SimulatedNode::Said>& said);
    void ask();
    void ask_power(const std::string& server);
    void check();
    void heal();
    void check_at_rest();
    std::string some_server();
    std::string new_operation(OperationKind kind);

    Chance chance_;
    std::size_t steps_;
    Timestamp now_{};
    State state_;
    Disk disk_kind_;
    std::map<std::pair<Subject, std::string>, Kept> disk_;
    std::vector<Link> links_;
    std::uint64_t sessions_ = 0;
    std::uint64_t ids_ = 0;
    bool faults_ = true;
    std::map<std::string, OperationKind> asked_;
    std::map<std::string, std::uint64_t> generation_of_;
    std::set<std::pair<std::uint64_t, std::string>> sent_in_;
    SimulationSummary summary_;
};

}  // namespace muster::brain
