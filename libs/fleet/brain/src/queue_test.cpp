#include "fleet_fixture.hpp"

namespace muster::brain {
namespace {

class Queue : public Fleet {
  protected:
    using Fleet::Fleet;
};

class Small : public Fleet {
  protected:
    Small()
        : Fleet([] {
              Config config;
              config.queued_per_server_max = 2;
              config.operations_kept_max = 3;
              config.queued_max = 4;
              return config;
          }()) {}
};

TEST_F(Queue, WhatIsSentIsPersistedBeforeInTheSameDecision) {
    connect("a");
    deploy("1");
    ASSERT_EQ(sent(), Ids{"deploy-1"});
    EXPECT_TRUE(persists(Subject::server, "1"));
    EXPECT_TRUE(persists(Subject::operation, "deploy-1"));
    bool sent_already = false;
    for (const Action& action : actions) {
        sent_already = sent_already || std::holds_alternative<SendCommand>(action);
        EXPECT_FALSE(sent_already && std::holds_alternative<Persist>(action));
    }
    const auto command = all<SendCommand>().front();
    EXPECT_EQ(command.kind, CommandKind::deploy);
    EXPECT_TRUE(command.start);
    EXPECT_EQ(command.generation, state.server("1")->generation);
}

TEST_F(Queue, OneOperationAtATimeForAServerInOrderOfAsking) {
    connect("a");
    run("1");
    power(OperationKind::stop, "1", "stop");
    EXPECT_EQ(sent(), Ids{"stop"});
    power(OperationKind::start, "1", "start");
    power(OperationKind::restart, "1", "restart");
    EXPECT_TRUE(sent().empty());
    finish("stop");
    EXPECT_EQ(sent(), Ids{"start"});
    EXPECT_EQ(all<AcknowledgeResult>().size(), 1U);
    finish("start");
    EXPECT_EQ(sent(), Ids{"restart"});
}

TEST_F(Queue, ANodeRunsFourAtOnceAndTheRestInOrder) {
    connect("a");
    for (int index = 0; index < 7; ++index) {
        deploy(std::to_string(index));
        EXPECT_EQ(sent().size(), index < 4 ? 1U : 0U);
    }
    finish("deploy-2");
    EXPECT_EQ(sent(), Ids{"deploy-4"});
    finish("deploy-0", Error{Errc::internal, "no", ""});
    EXPECT_EQ(sent(), Ids{"deploy-5"});
}

TEST_F(Queue, AKillIsNeverHeldUp) {
    connect("a");
    for (int index = 0; index < 6; ++index) {
        run(std::to_string(index));
    }
    for (int index = 0; index < 5; ++index) {
        power(OperationKind::stop, std::to_string(index), "stop-" + std::to_string(index));
    }
    EXPECT_EQ(state_of("stop-4"), OperationState::queued) << "four run";
    power(OperationKind::kill, "0", "kill-0");
    EXPECT_EQ(sent(), Ids{"kill-0"}) << "beside its own stop";
    power(OperationKind::kill, "4", "kill-4");
    EXPECT_EQ(sent(), Ids{"kill-4"});
    EXPECT_EQ(state_of("stop-4"), OperationState::cancelled);
    EXPECT_EQ(state.server("4")->desired, Desired::stopped);
}

TEST_F(Queue, AKillCancelsWhatItMakesPointlessAndNothingElse) {
    connect("a");
    run("1");
    power(OperationKind::restart, "1", "running");
    power(OperationKind::stop, "1", "stop");
    tell(UpdateServer{"update", "1", "ann"});
    power(OperationKind::pause, "1", "pause");
    power(OperationKind::start, "1", "start");
    power(OperationKind::kill, "1", "kill");
    EXPECT_EQ(sent(), Ids{"kill"});
    EXPECT_EQ(state_of("running"), OperationState::running);
    EXPECT_EQ(state_of("stop"), OperationState::cancelled);
    EXPECT_EQ(state_of("pause"), OperationState::cancelled);
    EXPECT_EQ(state_of("start"), OperationState::cancelled);
    EXPECT_EQ(state_of("update"), OperationState::queued);
    finish("running", Error{Errc::cancelled, "killed", ""});
    EXPECT_TRUE(sent().empty()) << "the kill goes on";
    finish("kill");
    EXPECT_EQ(sent(), Ids{"update"});
    EXPECT_FALSE(all<SendCommand>().front().start) << "it is desired to be stopped";
    EXPECT_TRUE(all<SendCommand>().front().pull_always);
}

TEST_F(Queue, ANameHasOneServer) {
    connect("a");
    const auto named = [](const char* name) {
        ServerSpec spec;
        spec.name = name;
        return spec;
    };
    run("1", named("friday"));
    deploy("2", named("friday"));
    EXPECT_EQ(rejected().code, Errc::conflict);
    EXPECT_EQ(rejected().field, "name");
    EXPECT_EQ(state.server("2"), nullptr);
    run("3", named("Friday"));
    tell(ChangeServer{"3", named("friday"), false});
    EXPECT_EQ(rejected().field, "name");
    tell(ChangeServer{"3", named("Friday"), false});
    EXPECT_TRUE(all<Reject>().empty()) << "it may keep its own";
    tell(ChangeServer{"1", named("saturday"), false});
    tell(ChangeServer{"3", named("friday"), false});
    EXPECT_EQ(state.server("3")->spec.name, "friday");
    tell(RemoveServer{"remove-3", "3", false, "ann"});
    deploy("4", named("friday"));
    EXPECT_EQ(rejected().field, "name") << "it is not gone yet";
    finish("remove-3");
    deploy("4", named("friday"));
    EXPECT_NE(state.server("4"), nullptr);
}

TEST_F(Queue, NamesAreKnownAfterARestart) {
    Server kept;
    kept.id = "1";
    kept.generation = 1;
    kept.spec.name = "friday";
    state.restore(kept);
    kept.id = "2";  // from before names were unique: both stay
    state.restore(kept);
    ServerSpec spec;
    spec.name = "friday";
    deploy("3", spec);
    EXPECT_EQ(rejected().field, "name");
    tell(RemoveServer{"remove-1", "1", false, "ann"});
    deploy("3", spec);
    EXPECT_EQ(rejected().field, "name");
    tell(RemoveServer{"remove-2", "2", false, "ann"});
    deploy("3", spec);
    EXPECT_NE(state.server("3"), nullptr);
}

TEST_F(Queue, ARefusedUpdateLeavesTheSpecificationAsItWas) {
    connect("a");
    run("1");
    ServerSpec newer = state.server("1")->spec;
    newer.details = "newer";
    tell(RemoveServer{"remove", "1", false, "ann"});
    tell(UpdateServer{"update", "1", "ann", newer});
    EXPECT_EQ(rejected().code, Errc::conflict);
    EXPECT_EQ(state.server("1")->spec.details, "");
    finish("remove", Error{Errc::internal, "no", ""});
    const auto before = state.server("1")->spec_generation;
    tell(UpdateServer{"update", "1", "ann", newer});
    EXPECT_EQ(state.server("1")->spec.details, "newer");
    EXPECT_GT(state.server("1")->spec_generation, before);
    EXPECT_EQ(sent(), Ids{"update"});
    EXPECT_TRUE(persists(Subject::server, "1"));
    newer.memory_bytes = 1024 * gib;
    tell(UpdateServer{"update-2", "1", "ann", newer});
    EXPECT_EQ(rejected().field, "memory_bytes");
    EXPECT_EQ(state.operation("update-2"), nullptr);
}

TEST_F(Queue, StoppingAWaitingDeployCancelsIt) {
    deploy("1");
    power(OperationKind::stop, "1", "stop");
    EXPECT_EQ(state_of("deploy-1"), OperationState::cancelled);
    EXPECT_EQ(state_of("stop"), OperationState::succeeded);
    EXPECT_EQ(shown("1"), ServerState::stopped);
    connect("a");
    EXPECT_TRUE(sent().empty());
    power(OperationKind::start, "1", "start");
    ASSERT_EQ(sent(), Ids{"start"}) << "it is placed and made then";
    EXPECT_EQ(all<SendCommand>().front().kind, CommandKind::deploy);
    EXPECT_TRUE(all<SendCommand>().front().start);
}

TEST_F(Queue, KillingADeployThatIsQueuedOnItsNodeCancelsIt) {
    connect("a");
    for (int index = 0; index < 5; ++index) {
        deploy(std::to_string(index));
    }
    power(OperationKind::kill, "4", "kill");
    EXPECT_EQ(state_of("deploy-4"), OperationState::cancelled);
    EXPECT_EQ(state_of("kill"), OperationState::succeeded);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Queue, AskingTwiceWithOneIdIsAskingOnce) {
    connect("a");
    run("1");
    power(OperationKind::stop, "1", "stop");
    power(OperationKind::stop, "1", "stop");
    EXPECT_TRUE(actions.empty());
    finish("stop");
    power(OperationKind::stop, "1", "stop");
    EXPECT_TRUE(actions.empty());
    deploy("1");
    EXPECT_TRUE(actions.empty());
}

TEST_F(Queue, ARepeatedResultIsAcknowledgedAndChangesNothing) {
    const auto session = connect("a");
    run("1");
    tell(OperationFinished{"a", session, "deploy-1", Error{Errc::internal, "late", ""}});
    EXPECT_EQ(actions.size(), 1U);
    EXPECT_EQ(all<AcknowledgeResult>().size(), 1U);
    EXPECT_EQ(state_of("deploy-1"), OperationState::succeeded);
    tell(OperationFinished{"a", session, "never-heard-of", std::nullopt});
    EXPECT_EQ(all<AcknowledgeResult>().size(), 1U);
    EXPECT_EQ(actions.size(), 1U);
}

TEST_F(Queue, AnotherNodesWordDoesNotCount) {
    connect("a");
    run("1");
    power(OperationKind::stop, "1", "stop");
    const auto session = connect("b");
    tell(OperationFinished{"b", session, "stop", std::nullopt});
    EXPECT_EQ(state_of("stop"), OperationState::running);
    tell(ServerObserved{"b", session, "1", Observed{}, true});
    EXPECT_EQ(shown("1"), ServerState::ready);
}

TEST_F(Queue, EachOperationHasAGenerationThatRisesInTheOrderOfSending) {
    connect("a");
    run("1");
    std::uint64_t last = 0;
    for (const char* id : {"s1", "s2", "s3"}) {
        power(OperationKind::restart, "1", id);
        const auto command = all<SendCommand>().front();
        EXPECT_GT(command.generation, last);
        last = command.generation;
        finish(id);
    }
}

TEST_F(Queue, OnlyWhatHasNotBegunCanBeCancelled) {
    connect("a");
    run("1");
    power(OperationKind::stop, "1", "stop");
    power(OperationKind::start, "1", "start");
    tell(CancelOperation{"stop"});
    EXPECT_EQ(rejected().code, Errc::conflict);
    tell(CancelOperation{"start"});
    EXPECT_EQ(state_of("start"), OperationState::cancelled);
    EXPECT_EQ(state.operation("start")->error->code, Errc::cancelled);
    tell(CancelOperation{"nothing"});
    EXPECT_EQ(rejected().code, Errc::not_found);
    finish("stop");
    tell(CancelOperation{"stop"});
    EXPECT_EQ(rejected().code, Errc::conflict);
}

TEST_F(Small, EveryQueueHasAMaximum) {
    connect("a");
    run("1");
    for (const char* id : {"r1", "r2", "r3"}) {
        power(OperationKind::restart, "1", id);
    }
    power(OperationKind::restart, "1", "r4");
    EXPECT_EQ(rejected().code, Errc::exhausted);
    power(OperationKind::kill, "1", "kill");
    EXPECT_EQ(sent(), Ids{"kill"});
}

TEST_F(Small, EndedOperationsAreForgottenTheOldestFirst) {
    connect("a");
    run("1");
    for (const char* id : {"r1", "r2", "r3"}) {
        power(OperationKind::restart, "1", id);
        finish(id);
    }
    EXPECT_EQ(state.operation("deploy-1"), nullptr);
    EXPECT_TRUE(persists(Subject::operation, "deploy-1", true));
    EXPECT_NE(state.operation("r1"), nullptr);
}

TEST_F(Queue, AServersRecordGoesOnlyWhenItsNodeConfirmed) {
    connect("a");
    run("1");
    power(OperationKind::restart, "1", "restart");
    power(OperationKind::start, "1", "start");
    tell(RemoveServer{"remove", "1", true, "ann"});
    EXPECT_EQ(state_of("start"), OperationState::cancelled);
    power(OperationKind::start, "1", "later");
    EXPECT_EQ(rejected().code, Errc::conflict);
    finish("restart");
    EXPECT_EQ(sent(), Ids{"remove"});
    EXPECT_EQ(shown("1"), ServerState::removing);
    finish("remove", Error{Errc::internal, "busy", ""});
    EXPECT_NE(state.server("1"), nullptr) << "it was not removed";
    tell(RemoveServer{"again", "1", true, "ann"});
    finish("again");
    EXPECT_EQ(state.server("1"), nullptr);
    EXPECT_TRUE(persists(Subject::server, "1", true));
    EXPECT_TRUE(persists(Subject::observed, "1", true));
    EXPECT_EQ(state.servers_on("a"), 0U);
}

TEST_F(Queue, AServerOnNoNodeIsRemovedAtOnce) {
    deploy("1");
    tell(RemoveServer{"remove", "1", false, "ann"});
    EXPECT_EQ(state.server("1"), nullptr);
    EXPECT_EQ(state_of("remove"), OperationState::succeeded);
    EXPECT_EQ(state_of("deploy-1"), OperationState::cancelled);
}

TEST_F(Queue, ARevokedNodesServersAreRemovedByForce) {
    connect("a");
    run("1");
    run("2");
    tell(RemoveServer{"remove-1", "1", false, "ann"});
    power(OperationKind::stop, "2", "stop");
    tell(RevokeNode{"a"});
    EXPECT_EQ(state.server("1"), nullptr) << "its removal was under way";
    EXPECT_EQ(state_of("remove-1"), OperationState::succeeded);
    EXPECT_EQ(state_of("stop"), OperationState::failed);
    EXPECT_EQ(state.operation("stop")->error->code, Errc::unavailable);
    EXPECT_EQ(shown("2"), ServerState::unknown);
    power(OperationKind::start, "2", "start");
    EXPECT_EQ(rejected().code, Errc::conflict);
    tell(RemoveServer{"remove-2", "2", false, "ann"});
    EXPECT_EQ(state.server("2"), nullptr);
    tell(NodeConnected{"a", 99, "a", facts()});
    EXPECT_EQ(rejected().code, Errc::permission_denied);
}

TEST_F(Queue, AChangedSpecificationTouchesNothingThatRuns) {
    connect("a");
    run("1");
    ServerSpec next;
    next.details = R"({"motd":"hello"})";
    tell(ChangeServer{"1", next, true});
    EXPECT_TRUE(sent().empty());
    EXPECT_TRUE(persists(Subject::server, "1"));
    power(OperationKind::start, "1", "start");
    EXPECT_EQ(all<SendCommand>().front().kind, CommandKind::power) << "it runs";
    finish("start");
    power(OperationKind::stop, "1", "stop");
    observe("1", ServerState::stopped, state.server("1")->observed.generation);
    finish("stop");
    power(OperationKind::start, "1", "start again");
    EXPECT_EQ(all<SendCommand>().front().kind, CommandKind::deploy);
    observe("1", ServerState::ready);
    finish("start again");
    power(OperationKind::restart, "1", "restart");
    EXPECT_EQ(all<SendCommand>().front().kind, CommandKind::power) << "it is up to date";
}

TEST_F(Queue, ChangesThatCannotBeAreRefused) {
    connect("a", facts(4 * gib));
    ServerSpec spec;
    spec.memory_bytes = gib;
    run("1", spec);
    run("2", spec);
    spec.memory_bytes = 3 * gib;
    tell(ChangeServer{"1", spec, true});
    EXPECT_TRUE(all<Reject>().empty());
    tell(ChangeServer{"2", spec, true});
    EXPECT_EQ(rejected().field, "memory_bytes");
    spec.memory_bytes = gib;
    spec.ports = {{"game", 1, 0, Protocol::udp, false}};
    tell(ChangeServer{"2", spec, true});
    EXPECT_EQ(rejected().field, "ports");
    EXPECT_EQ(state.server("2")->spec.memory_bytes, gib);
}

TEST_F(Queue, ContainersAndPullsCountAmongANodesOperations) {
    connect("a");
    for (int index = 0; index < 5; ++index) {
        CommandNode pull{"pull-" + std::to_string(index), "a"};
        pull.image = "game:latest";
        tell(pull);
    }
    EXPECT_EQ(state_of("pull-3"), OperationState::running);
    EXPECT_EQ(state_of("pull-4"), OperationState::queued);
    CommandNode kill{"kill", "a", OperationKind::container_kill};
    kill.container_id = "c1";
    tell(kill);
    EXPECT_EQ(sent(), Ids{"kill"});
    CommandNode wrong{"wrong", "b", OperationKind::container_stop};
    tell(wrong);
    EXPECT_EQ(rejected().field, "container_id");
    wrong.container_id = "c1";
    tell(wrong);
    EXPECT_EQ(rejected().code, Errc::not_found);
}

}  // namespace
}  // namespace muster::brain
