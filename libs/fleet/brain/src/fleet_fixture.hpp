#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "muster/brain/brain.hpp"

namespace muster::brain {

/// A small fleet to ask things of, for tests: it keeps the time and the last actions.
class Fleet : public testing::Test {
  protected:
    static constexpr std::int64_t gib = 1'073'741'824;

    explicit Fleet(Config config = {}) : state(config, Timestamp{}) {}

    void tell(decltype(Event::what) what) { actions = decide(state, {now, std::move(what)}); }
    void tick(milliseconds later = milliseconds(1'000)) {
        now += later;
        tell(Tick{});
    }

    static NodeFacts facts(std::int64_t memory = 16 * gib, double cpus = 8) {
        NodeFacts said;
        said.runtime = "docker";
        said.memory_bytes = memory;
        said.cpus = cpus;
        said.ports = {20'000, 20'099};
        return said;
    }
    /// A session and its inventory; the number of the session.
    std::uint64_t connect(const std::string& id, NodeFacts said = facts(),
                          InventoryReported inventory = {}) {
        const std::uint64_t session = ++sessions_;
        tell(NodeConnected{id, session, id, std::move(said)});
        inventory.node_id = id;
        inventory.session = session;
        tell(std::move(inventory));
        return session;
    }
    void deploy(const std::string& server, ServerSpec spec = {}, bool start = true) {
        tell(DeployServer{"deploy-" + server, server, std::move(spec), start, "ann"});
    }
    void power(OperationKind kind, const std::string& server, const std::string& operation) {
        tell(PowerServer{operation, server, kind, "ann"});
    }
    /// The node says how its operation ended.
    void finish(const std::string& operation, std::optional<Error> error = std::nullopt) {
        const Operation* found = state.operation(operation);
        ASSERT_NE(found, nullptr) << operation;
        const std::string node = found->node_id;
        tell(OperationFinished{node, state.node(node)->session, operation, std::move(error)});
    }
    void observe(const std::string& server, ServerState seen, std::uint64_t generation = 0) {
        const Server* found = state.server(server);
        ASSERT_NE(found, nullptr);
        Observed observed;
        observed.state = seen;
        observed.generation = generation != 0 ? generation : found->generation;
        const std::string node = found->node_id;
        tell(ServerObserved{node, state.node(node)->session, server, observed, false});
    }
    /// A server that was deployed and is ready.
    void run(const std::string& server, ServerSpec spec = {}) {
        deploy(server, std::move(spec));
        observe(server, ServerState::ready);
        finish("deploy-" + server);
    }

    template <typename Kind>
    [[nodiscard]] std::vector<Kind> all() const {
        std::vector<Kind> found;
        for (const Action& action : actions) {
            if (const auto* one = std::get_if<Kind>(&action)) {
                found.push_back(*one);
            }
        }
        return found;
    }
    [[nodiscard]] std::vector<std::string> sent() const {
        std::vector<std::string> ids;
        for (const SendCommand& command : all<SendCommand>()) {
            ids.push_back(command.operation_id);
        }
        return ids;
    }
    [[nodiscard]] Error rejected() const {
        const auto found = all<Reject>();
        EXPECT_EQ(found.size(), 1U);
        EXPECT_EQ(actions.size(), 1U) << "a rejected event changes nothing";
        return found.empty() ? Error{} : found.front().error;
    }
    [[nodiscard]] OperationState state_of(const std::string& operation) const {
        const Operation* found = state.operation(operation);
        EXPECT_NE(found, nullptr) << operation;
        return found != nullptr ? found->state : OperationState::failed;
    }
    [[nodiscard]] ServerState shown(const std::string& server) const {
        const Server* found = state.server(server);
        EXPECT_NE(found, nullptr) << server;
        return found != nullptr ? state.shown_state(*found) : ServerState::removing;
    }
    [[nodiscard]] bool persists(Subject subject, const std::string& id, bool erase = false) const {
        for (const Persist& one : all<Persist>()) {
            if (one.subject == subject && one.id == id && one.erase == erase) {
                return true;
            }
        }
        return false;
    }

    Timestamp now{};
    State state;
    std::vector<Action> actions;

  private:
    std::uint64_t sessions_ = 0;
};

using Ids = std::vector<std::string>;

}  // namespace muster::brain
