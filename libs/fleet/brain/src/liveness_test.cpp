#include "fleet_fixture.hpp"

namespace muster::brain {
namespace {

class Liveness : public Fleet {
  protected:
    using Fleet::Fleet;
    /// What a coordinator that died finds in its store.
    [[nodiscard]] State restarted() const {
        State next(state.config(), now);
        state.each_operation([&](const Operation& one) { next.restore(Operation(one)); });
        state.each_server([&](const Server& one) {
            Server bare = one;
            bare.observed = {};
            next.restore_observed(one.id, one.observed);
            next.restore(std::move(bare));
        });
        state.each_node([&](const Node& one) { next.restore(Node(one)); });
        return next;
    }
};

TEST_F(Liveness, TheRuntimeIsLearntWhenItAnswersLater) {
    NodeFacts said = facts();
    said.runtime.clear();
    InventoryReported inventory;
    inventory.runtime_answers = false;
    const auto session = connect("a", said, inventory);
    const auto version = state.node("a")->version;
    inventory.node_id = "a";
    inventory.session = session;
    inventory.runtime_answers = true;
    inventory.runtime = "docker";
    inventory.runtime_version = "20.10";
    tell(inventory);
    EXPECT_EQ(state.node("a")->facts.runtime, "docker");
    EXPECT_EQ(state.node("a")->facts.runtime_version, "20.10");
    EXPECT_GT(state.node("a")->version, version);
    EXPECT_TRUE(persists(Subject::node, "a"));
    tell(inventory);
    EXPECT_FALSE(persists(Subject::node, "a")) << "nothing new";
}

TEST_F(Liveness, ANodeOutOfContactIsUnreachableOnlyAfterItsLease) {
    tick(milliseconds(120'000));  // the grace is over
    const auto session = connect("a");
    run("1");
    tell(NodeSessionEnded{"a", session});
    EXPECT_FALSE(state.node("a")->connected);
    tick(milliseconds(14'999));
    EXPECT_EQ(state.node("a")->state, NodeState::online);
    EXPECT_EQ(shown("1"), ServerState::ready);
    tick(milliseconds(1));
    EXPECT_EQ(state.node("a")->state, NodeState::unreachable);
    EXPECT_EQ(shown("1"), ServerState::unknown);
    EXPECT_TRUE(persists(Subject::node, "a"));
    EXPECT_EQ(all<Publish>().size(), 2U);
}

TEST_F(Liveness, NothingIsDoneAboutServersOfAnUnreachableNode) {
    tick(milliseconds(120'000));
    const auto session = connect("a");
    connect("b");
    ServerSpec spec;
    spec.node_id = "a";
    run("1", spec);
    tell(NodeLostContact{"a", session});
    for (int hour = 0; hour < 48; ++hour) {
        tick(milliseconds(3'600'000));
        EXPECT_TRUE(sent().empty());
    }
    EXPECT_EQ(state.server("1")->node_id, "a");
    EXPECT_EQ(state.server("1")->desired, Desired::running);
    InventoryReported inventory;
    inventory.servers.push_back({"1", state.server("1")->observed});
    connect("a", facts(), inventory);
    EXPECT_EQ(shown("1"), ServerState::ready);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Liveness, OnReturnTheInventoryIsTheTruth) {
    tick(milliseconds(120'000));
    const auto session = connect("a");
    run("1");
    run("2");
    tell(NodeSessionEnded{"a", session});
    tick(milliseconds(20'000));
    tell(NodeConnected{"a", 50, "a", facts()});
    EXPECT_EQ(state.node("a")->state, NodeState::online);
    EXPECT_EQ(shown("1"), ServerState::unknown) << "it has not said yet";
    InventoryReported inventory;
    inventory.node_id = "a";
    inventory.session = 50;
    inventory.servers.push_back({"1", state.server("1")->observed});
    inventory.servers.back().observed.state = ServerState::crashed;
    inventory.servers.push_back({"stranger", Observed{}});
    tell(inventory);
    EXPECT_EQ(shown("1"), ServerState::crashed);
    EXPECT_EQ(shown("2"), ServerState::stopped);
    EXPECT_NE(state.shown_reason(*state.server("2")).find("does not have it"), std::string::npos);
    EXPECT_TRUE(sent().empty()) << "neither what is gone is made nor what is unknown killed";
    power(OperationKind::start, "2", "start");
    EXPECT_EQ(all<SendCommand>().front().kind, CommandKind::deploy);
}

TEST_F(Liveness, AnInventoryWhileTheEngineIsSilentSaysNothing) {
    connect("a");
    run("1");
    InventoryReported silent;
    silent.runtime_answers = false;
    connect("a", facts(), silent);
    EXPECT_EQ(shown("1"), ServerState::ready);
    tick(milliseconds(10'000));
    EXPECT_EQ(all<AskInventory>().size(), 1U);
}

TEST_F(Liveness, ASilentNodeThatSpeaksAgainInItsSessionIsBack) {
    tick(milliseconds(120'000));
    const auto session = connect("a");
    run("1");
    tell(NodeLostContact{"a", session});
    power(OperationKind::stop, "1", "stop");
    EXPECT_TRUE(sent().empty());
    tick(milliseconds(15'000));
    EXPECT_EQ(shown("1"), ServerState::unknown);
    tell(NodeSeen{"a", session});
    EXPECT_EQ(shown("1"), ServerState::ready);
    EXPECT_EQ(sent(), Ids{"stop"});
}

TEST_F(Liveness, AnOlderSessionIsNotHeard) {
    const auto old = connect("a");
    run("1");
    const auto session = connect("a");
    tell(NodeSessionEnded{"a", old});
    EXPECT_TRUE(state.node("a")->connected);
    EXPECT_TRUE(actions.empty());
    tell(NodeConnected{"a", old, "a", facts()});
    EXPECT_EQ(state.node("a")->session, session);
    power(OperationKind::stop, "1", "stop");
    tell(OperationFinished{"a", old, "stop", std::nullopt});
    EXPECT_EQ(state_of("stop"), OperationState::running);
}

TEST_F(Liveness, WhatTheNodeDoesNotKnowIsSentAgainOnceWithTheSameId) {
    connect("a");
    run("1");
    run("2");
    power(OperationKind::stop, "1", "stop-1");
    power(OperationKind::stop, "2", "stop-2");
    const auto generation = state.operation("stop-1")->generation;
    InventoryReported inventory;
    inventory.known_operations = {"stop-2"};
    const auto session = connect("a", facts(), inventory);
    ASSERT_EQ(sent(), Ids{"stop-1"});
    EXPECT_EQ(all<SendCommand>().front().generation, generation);
    inventory.node_id = "a";
    inventory.session = session;
    tell(inventory);
    EXPECT_TRUE(sent().empty()) << "once in a session";
}

TEST_F(Liveness, AQueuedOperationFailsWhenItsNodeStaysAway) {
    tick(milliseconds(120'000));
    const auto session = connect("a");
    run("1");
    power(OperationKind::stop, "1", "running");
    tell(NodeSessionEnded{"a", session});
    power(OperationKind::start, "1", "queued");
    power(OperationKind::kill, "1", "kill");
    EXPECT_EQ(state_of("queued"), OperationState::cancelled);
    tick(milliseconds(599'999));
    EXPECT_EQ(state_of("kill"), OperationState::queued);
    tick(milliseconds(1));
    EXPECT_EQ(state_of("kill"), OperationState::failed);
    EXPECT_EQ(state.operation("kill")->error->code, Errc::unavailable);
    tick(milliseconds(3'600'000));
    EXPECT_EQ(state_of("running"), OperationState::running) << "only its node can say";
    connect("a");
    EXPECT_EQ(sent(), Ids{"running"});
}

TEST_F(Liveness, ANodeThatReturnsBeforeTheDeadlineGetsWhatIsQueued) {
    const auto session = connect("a");
    run("1");
    tell(NodeSessionEnded{"a", session});
    power(OperationKind::stop, "1", "stop");
    tick(milliseconds(500'000));
    connect("a");
    EXPECT_EQ(sent(), Ids{"stop"});
    tick(milliseconds(600'000));
    EXPECT_EQ(state_of("stop"), OperationState::running);
}

TEST_F(Liveness, NoCommandGoesBeforeTheInventory) {
    deploy("1");
    tell(NodeConnected{"a", 1, "a", facts()});
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(shown("1"), ServerState::waiting);
    InventoryReported inventory;
    inventory.node_id = "a";
    inventory.session = 1;
    tell(inventory);
    EXPECT_EQ(sent(), Ids{"deploy-1"});
}

TEST_F(Liveness, AfterTheCoordinatorsStartNodesHaveALongGrace) {
    connect("a");
    run("1");
    power(OperationKind::stop, "1", "stop");
    state = restarted();
    tick(milliseconds(59'999));
    EXPECT_EQ(state.node("a")->state, NodeState::online);
    EXPECT_EQ(shown("1"), ServerState::ready);
    tick(milliseconds(1));
    EXPECT_EQ(state.node("a")->state, NodeState::unreachable);
    EXPECT_EQ(state_of("stop"), OperationState::running);
}

TEST_F(Liveness, ACoordinatorThatStartsAgainGoesOnWhereItWas) {
    connect("a");
    ServerSpec spec;
    spec.memory_bytes = 4 * gib;
    spec.ports = {{"game", 2456, 2456, Protocol::udp, false}};
    run("1", spec);
    power(OperationKind::stop, "1", "stop");
    power(OperationKind::start, "1", "start");
    state = restarted();
    InventoryReported inventory;
    inventory.servers.push_back({"1", state.server("1")->observed});
    connect("a", facts(), inventory);
    EXPECT_EQ(sent(), Ids{"stop"});
    finish("stop");
    EXPECT_EQ(sent(), Ids{"start"});
    deploy("2", spec);
    EXPECT_EQ(shown("2"), ServerState::waiting) << "the port is still taken";
    power(OperationKind::stop, "1", "stop");
    EXPECT_TRUE(actions.empty()) << "asked before the restart";
}

TEST_F(Liveness, ProgressIsShownAndNotStored) {
    const auto session = connect("a");
    deploy("1");
    tell(OperationProgressed{"a", session, "deploy-1", "pulling the image", 0.3, "12 of 40 MB"});
    EXPECT_EQ(state.operation("deploy-1")->progress, 0.3);
    EXPECT_TRUE(all<Persist>().empty());
    EXPECT_EQ(all<Publish>().size(), 1U);
    tell(OperationProgressed{"a", session, "deploy-1", "pulling the image", 0.3, "12 of 40 MB"});
    EXPECT_TRUE(actions.empty());
    finish("deploy-1");
    tell(OperationProgressed{"a", session, "deploy-1", "late", 0.5, ""});
    EXPECT_TRUE(actions.empty());
    EXPECT_EQ(state.operation("deploy-1")->progress, 1.0);
}

TEST_F(Liveness, ALateObservationOfAnOlderInstanceIsNotBelieved) {
    connect("a");
    run("1");
    const auto old = state.server("1")->observed.generation;
    tell(UpdateServer{"update", "1", "ann"});
    observe("1", ServerState::ready);
    observe("1", ServerState::crashed, old);
    EXPECT_EQ(shown("1"), ServerState::ready);
}

TEST_F(Liveness, ManyNodesThatGoAtOnceAreTakenInPortions) {
    tick(milliseconds(120'000));
    for (int index = 0; index < 1'000; ++index) {
        const std::string id = "node-" + std::to_string(index);
        tell(NodeSessionEnded{id, connect(id)});
    }
    tick(milliseconds(15'000));
    const auto first = all<Publish>().size();
    EXPECT_LE(first, 500U);
    std::size_t total = first;
    for (int turn = 0; turn < 4; ++turn) {
        tick(milliseconds(1));
        total += all<Publish>().size();
    }
    EXPECT_EQ(total, 1'000U);
}

}  // namespace
}  // namespace muster::brain
