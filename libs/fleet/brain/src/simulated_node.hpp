#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "chance.hpp"
#include "muster/brain/brain.hpp"

namespace muster::brain {

/// A command as it travels: with what the coordinator knew when it was sent.
struct SentCommand {
    SendCommand command;
    OperationKind kind = OperationKind::deploy;
    std::vector<GivenPort> ports;
};

/// A node as simple as it can be: a durable log of operations, servers that are a word, and
/// everything that must never happen to it said in `violations`.
class SimulatedNode {
  public:
    using Said = decltype(Event::what);

    SimulatedNode(std::string name, std::vector<std::string>& broken)
        : id(std::move(name)), violations(broken) {}

    void receive(const SentCommand& sent, std::vector<Said>& out);
    void acknowledged(const std::string& operation_id);
    /// Lets what runs go on by one step.
    void work(Chance& chance, std::vector<Said>& out);
    /// Things that happen by themselves: a crash, a container removed by hand.
    void misfortune(Chance& chance, std::vector<Said>& out);
    /// What it says when a session begins.
    void hello(std::vector<Said>& out) const;
    [[nodiscard]] InventoryReported inventory() const;
    [[nodiscard]] bool is_idle() const { return log_.empty(); }
    [[nodiscard]] const std::map<std::string, Observed>& servers() const { return servers_; }

    std::string id;
    std::uint64_t session = 0;

  private:
    struct Logged {
        SentCommand sent;
        bool done = false;
        std::optional<Error> error;
    };

    void complain(const std::string& what) { violations.push_back(id + ": " + what); }
    void say(std::vector<Said>& out, const std::string& server) const;
    void say_result(std::vector<Said>& out, const std::string& operation) const;
    void execute(const SentCommand& sent);
    void apply(Logged& entry, std::vector<Said>& out);
    void deploy(const SentCommand& sent);

    std::map<std::string, Logged> log_;      ///< not acknowledged
    std::set<std::string> executed_;         ///< for ever, to see what is executed twice
    std::set<std::string> containers_done_;  ///< acknowledged commands that have no generation
    std::map<std::string, std::uint64_t> generation_seen_;
    std::map<std::string, Observed> servers_;  ///< durable
    std::vector<std::string>& violations;
};

}  // namespace muster::brain
