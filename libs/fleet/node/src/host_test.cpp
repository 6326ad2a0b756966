#include "host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scene.hpp"

namespace muster::node {
namespace {

using namespace scene;

constexpr const char* name = "muster-srv-a";

TEST(Host, DeploysAServerUntilItIsReady) {
    Scene scene;
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wanted.mutable_deploy()->mutable_spec()->mutable_ready()->set_pattern("^ready on [0-9]+$");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-1"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::STARTING);
    scene.runtime.print(name, "loading");
    scene.settle();
    EXPECT_EQ(scene.state("srv-a"), wire::STARTING);
    scene.runtime.print(name, "\x1b[32mready on 7777\x1b[0m");
    scene.settle();
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
    EXPECT_EQ(scene.runtime.starts(name), 1);
    const runtime::InstanceSpec* spec = scene.runtime.spec(name);
    ASSERT_NE(spec, nullptr);
    EXPECT_EQ(spec->labels.at("muster.server"), "srv-a");
    EXPECT_EQ(spec->labels.at("muster.fleet"), "node-test");
    ASSERT_EQ(spec->mounts.size(), 1U);
    EXPECT_TRUE(std::filesystem::is_directory(spec->mounts[0].source));
}

TEST(Host, FetchesAnImageThatIsNotHereAndTellsHowFar) {
    Scene scene;
    scene.runtime.offer_image("far", Scene::program());
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wanted.mutable_deploy()->mutable_spec()->set_image("far");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-1"), "ok");
    EXPECT_TRUE(std::ranges::any_of(scene.said, [](const wire::FromNode& message) {
        return message.has_progress() && message.progress().step() == "fetching the image" &&
               message.progress().operation_id() == "op-1";
    }));
}

TEST(Host, AnImageThatNobodyHasFailsTheDeployWithTheReason) {
    Scene scene;
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wanted.mutable_deploy()->mutable_spec()->set_image("nowhere");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-1"), "not_found");
    EXPECT_EQ(scene.state("srv-a"), wire::CRASHED);
}

TEST(Host, ARepeatedCommandIsExecutedOnceAndAnsweredAgain) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    const std::size_t said = scene.said.size();
    scene.give(deploy("op-1", "srv-a"));
    EXPECT_EQ(scene.runtime.starts(name), 1);
    ASSERT_EQ(scene.said.size(), said + 1);
    EXPECT_EQ(scene.said.back().result().operation_id(), "op-1");
}

TEST(Host, AnOlderGenerationIsRefused) {
    Scene scene;
    scene.begin();
    wire::Command newer = deploy("op-1", "srv-a");
    newer.set_generation(5);
    scene.give(newer);
    wire::Command older = power("op-2", "srv-a", wire::STOP);
    older.set_generation(4);
    scene.give(older);
    EXPECT_EQ(scene.outcome("op-2"), "conflict");
    EXPECT_EQ(scene.result("op-2")->error_field(), "generation");
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
}

TEST(Host, AHopelessSpecificationIsRefusedAndLeavesNothing) {
    Scene scene;
    scene.begin();
    wire::Command bad = deploy("op-1", "srv-a");
    bad.mutable_deploy()->mutable_spec()->mutable_ready()->set_pattern("(");
    scene.give(bad);
    EXPECT_EQ(scene.outcome("op-1"), "invalid_argument");
    EXPECT_EQ(scene.result("op-1")->error_field(), "ready.pattern");
    wire::Command escaping = deploy("op-2", "../../etc");
    scene.give(escaping);
    EXPECT_EQ(scene.result("op-2")->error_field(), "server_id");
    EXPECT_TRUE(std::filesystem::is_empty(scene.folder.path() / "servers"));
    EXPECT_EQ(scene.host->inventory().servers_size(), 0);
}

TEST(Host, StopTypesTheCommandIntoTheConsole) {
    Scene scene;
    runtime::FakeProgram program;
    program.on_line = [](runtime::FakeProcess& process, std::string_view line) {
        if (line == "quit") process.exit(0);
    };
    scene.runtime.add_image("game", program);
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wanted.mutable_deploy()->mutable_spec()->mutable_stop()->set_console_command("quit");
    scene.give(wanted);
    scene.give(power("op-2", "srv-a", wire::STOP));
    EXPECT_EQ(scene.outcome("op-2"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
    EXPECT_THAT(scene.runtime.typed(name), testing::ElementsAre("quit"));
}

TEST(Host, AStopThatIsIgnoredEndsInAKillAfterItsGrace) {
    Scene scene;
    runtime::FakeProgram deaf;
    deaf.on_start = [](runtime::FakeProcess& process) { process.ignores_signals = true; };
    scene.runtime.add_image("game", deaf);
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.give(power("op-2", "srv-a", wire::STOP));
    scene.pass(29s);
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPING);
    scene.pass(2s);
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
    EXPECT_EQ(scene.outcome("op-2"), "ok");
}

TEST(Host, KillWhileAStopWaitsWorksAtOnceAndCallsOffWhatWaitsBehindIt) {
    Scene scene;
    runtime::FakeProgram deaf;
    deaf.on_start = [](runtime::FakeProcess& process) { process.ignores_signals = true; };
    scene.runtime.add_image("game", deaf);
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.give(power("op-2", "srv-a", wire::STOP));
    scene.give(power("op-3", "srv-a", wire::START));
    scene.give(power("op-4", "srv-a", wire::KILL));
    EXPECT_EQ(scene.outcome("op-2"), "cancelled");
    EXPECT_EQ(scene.outcome("op-3"), "cancelled");
    EXPECT_EQ(scene.outcome("op-4"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
    EXPECT_EQ(scene.runtime.starts(name), 1);
}

TEST(Host, AStartThatComesTrueAfterAKillIsEnded) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a", false));
    scene.runtime.hold("start");
    scene.give(power("op-2", "srv-a", wire::START));
    scene.give(power("op-3", "srv-a", wire::KILL));
    EXPECT_EQ(scene.outcome("op-2"), "cancelled");
    scene.runtime.release("start");
    scene.settle();
    EXPECT_EQ(scene.outcome("op-3"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
    EXPECT_EQ(scene.host->inventory().containers(0).phase(), "exited");
}

TEST(Host, ACrashLoopBacksOffAndIsGivenUpWithItsReason) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    for (int crash = 1; crash <= 3; ++crash) {
        scene.runtime.exit(name, 139);
        scene.settle();
        EXPECT_EQ(scene.state("srv-a"), wire::CRASHED);
        EXPECT_EQ(scene.server("srv-a").restarts(), static_cast<unsigned>(crash));
        scene.pass(5s);
    }
    EXPECT_EQ(scene.state("srv-a"), wire::CRASHED);
    EXPECT_THAT(scene.server("srv-a").reason(), testing::HasSubstr("exit code 139 (signal 11)"));
    EXPECT_EQ(scene.runtime.starts(name), 3);
    scene.pass(300s);
    EXPECT_EQ(scene.runtime.starts(name), 3);
}

TEST(Host, ACleanExitIsLeftAlone) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.runtime.exit(name, 0);
    scene.pass(60s);
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
    EXPECT_EQ(scene.runtime.starts(name), 1);
}

TEST(Host, AnEngineThatGoesAwayIsWaitedForAndNothingIsStopped) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.runtime.set_available(false);
    scene.pass(1s);
    EXPECT_EQ(scene.state("srv-a"), wire::UNKNOWN);
    EXPECT_FALSE(scene.host->inventory().runtime_answers());
    scene.give(power("op-2", "srv-a", wire::RESTART));
    EXPECT_EQ(scene.outcome("op-2"), "open");
    scene.runtime.set_available(true);
    scene.pass(20s);
    EXPECT_EQ(scene.outcome("op-2"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
    EXPECT_EQ(scene.runtime.starts(name), 2);
}

TEST(Host, WhatEndedWithTheEngineIsStartedAgain) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.runtime.set_available(false);
    scene.pass(1s);
    scene.runtime.exit(name, 0);
    scene.pass(5s);
    scene.runtime.set_available(true);
    scene.pass(20s);
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
    EXPECT_EQ(scene.runtime.starts(name), 2);
}

TEST(Host, ANewProcessOnTheSameFolderKnowsEverythingAndStopsNothing) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.end();
    scene.said.clear();
    scene.begin();
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
    EXPECT_EQ(scene.runtime.starts(name), 1);
    // What was not acknowledged is told again.
    const auto again = scene.host->unacknowledged();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].operation_id(), "op-1");
    scene.host->acknowledge("op-1");
    EXPECT_TRUE(scene.host->unacknowledged().empty());
    scene.give(deploy("op-1", "srv-a"));
    EXPECT_EQ(scene.runtime.starts(name), 1);
}

TEST(Host, AContainerThatTheEngineCannotStartAnyMoreIsMadeAnew) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.give(power("op-2", "srv-a", wire::STOP));
    scene.runtime.fail_next("start", Error{Errc::conflict, "task 1: already exists", ""});
    scene.give(power("op-3", "srv-a", wire::START));
    EXPECT_EQ(scene.outcome("op-3"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::READY);
    EXPECT_EQ(std::ranges::count(scene.runtime.calls(), "create " + std::string(name)), 2);
}

TEST(Host, WhatWasEndedIsNoCrashToANewProcess) {
    for (const wire::PowerKind kind : {wire::KILL, wire::STOP}) {
        SCOPED_TRACE(wire::PowerKind_Name(kind));
        Scene scene;
        runtime::FakeProgram program = Scene::program();
        program.on_signal = [](runtime::FakeProcess& process, std::string_view) {
            process.exit(143);
        };
        scene.runtime.add_image("game", program);
        scene.begin();
        scene.give(deploy("op-1", "srv-a"));
        scene.pass(1s);
        scene.give(power("op-2", "srv-a", kind));
        EXPECT_EQ(scene.outcome("op-2"), "ok");
        EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
        scene.end();
        scene.begin();
        EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
        EXPECT_EQ(scene.runtime.starts(name), 1);
    }
}

TEST(Host, AnOperationThatACrashInterruptedIsFinishedAndNotDoneTwice) {
    for (const std::string held : {"create", "start", "inspect"}) {
        SCOPED_TRACE(held);
        Scene scene;
        scene.begin();
        scene.runtime.hold(held);
        scene.give(deploy("op-1", "srv-a"));
        EXPECT_EQ(scene.outcome("op-1"), "open");
        scene.end();
        EXPECT_EQ(scene.outcome("op-1"), "open");
        scene.begin();
        EXPECT_EQ(scene.outcome("op-1"), "ok");
        EXPECT_EQ(scene.state("srv-a"), wire::READY);
        EXPECT_EQ(scene.runtime.starts(name), 1);
    }
}

TEST(Host, ARestartThatACrashInterruptedAfterItCameTrueIsNotDoneAgain) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    scene.clock.advance(1s);
    scene.runtime.hold("start");
    scene.give(power("op-2", "srv-a", wire::RESTART));
    scene.runtime.hold("inspect");
    scene.runtime.release("start");
    scene.settle();
    const int starts = scene.runtime.starts(name);
    EXPECT_EQ(starts, 2);
    EXPECT_EQ(scene.outcome("op-2"), "open");
    scene.end();
    scene.begin();
    EXPECT_EQ(scene.outcome("op-2"), "ok");
    EXPECT_EQ(scene.runtime.starts(name), starts);
}

TEST(Host, ContainersOfOthersAreListedAndNotTouched) {
    Scene scene;
    runtime::InstanceSpec stranger;
    stranger.name = "postgres";
    stranger.image = "game";
    const auto id = runtime::await_result(scene.loop, scene.runtime.instances().create(stranger));
    ASSERT_TRUE(id);
    runtime::InstanceSpec other;
    other.name = "muster-srv-z";
    other.image = "game";
    other.labels = {{"muster.server", "srv-z"}, {"muster.fleet", "node-other"}};
    ASSERT_TRUE(runtime::await_result(scene.loop, scene.runtime.instances().create(other)));
    scene.begin();
    EXPECT_EQ(scene.host->inventory().containers_size(), 2);
    EXPECT_EQ(scene.host->inventory().servers_size(), 0);
    scene.give(deploy("op-1", "srv-z"));
    EXPECT_EQ(scene.outcome("op-1"), "conflict");
    wire::Command start = command("op-2", "");
    start.mutable_container_power()->set_container_id(*id);
    start.mutable_container_power()->set_kind(wire::START);
    scene.give(start);
    EXPECT_EQ(scene.outcome("op-2"), "ok");
    wire::Command remove = command("op-3", "");
    remove.mutable_remove_container()->set_container_id(*id);
    scene.give(remove);
    EXPECT_EQ(scene.outcome("op-3"), "conflict");
    remove.set_operation_id("op-4");
    remove.mutable_remove_container()->set_force(true);
    scene.give(remove);
    EXPECT_EQ(scene.outcome("op-4"), "ok");
    EXPECT_EQ(scene.host->inventory().containers_size(), 1);
}

TEST(Host, AContainerCommandOnAServersContainerGoesThroughItsLifecycle) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    wire::Command stop = command("op-2", "");
    stop.mutable_container_power()->set_container_id(scene.server("srv-a").instance_id());
    stop.mutable_container_power()->set_kind(wire::STOP);
    scene.give(stop);
    EXPECT_EQ(scene.outcome("op-2"), "ok");
    EXPECT_EQ(scene.state("srv-a"), wire::STOPPED);
}

TEST(Host, RemoveKeepsTheDataUnlessItIsAskedFor) {
    for (const bool with_data : {false, true}) {
        Scene scene;
        scene.begin();
        scene.give(deploy("op-1", "srv-a"));
        wire::Command remove = command("op-2", "srv-a");
        remove.mutable_remove()->set_with_data(with_data);
        scene.give(remove);
        EXPECT_EQ(scene.outcome("op-2"), "ok");
        EXPECT_EQ(scene.host->inventory().servers_size(), 0);
        EXPECT_EQ(scene.host->inventory().containers_size(), 0);
        EXPECT_EQ(std::filesystem::exists(scene.folder.path() / "data" / "srv-a"), !with_data);
        EXPECT_FALSE(std::filesystem::exists(scene.folder.path() / "servers" / "srv-a"));
        scene.end();
        scene.begin();
        EXPECT_EQ(scene.host->inventory().servers_size(), 0);
    }
}

TEST(Host, OnlySoManyOperationsRunAtATimeAndAKillIsNotHeldUp) {
    Scene scene;
    scene.operations_max = 2;
    scene.begin();
    scene.runtime.hold("create");
    for (int i = 0; i < 4; ++i) {
        const std::string number = std::to_string(i);
        scene.give(deploy("op-" + number, "srv-" + number));
    }
    const auto creates = [&] {
        return std::ranges::count_if(scene.runtime.calls(), [](const std::string& call) {
            return call.starts_with("create ");
        });
    };
    EXPECT_EQ(creates(), 2);
    scene.give(power("op-kill", "srv-3", wire::KILL));
    EXPECT_EQ(scene.outcome("op-3"), "cancelled");
    scene.runtime.release("create");
    scene.settle();
    EXPECT_EQ(creates(), 3);
    for (const char* operation : {"op-0", "op-1", "op-2"})
        EXPECT_EQ(scene.outcome(operation), "ok");
}

TEST(Host, ATakenPortFailsTheDeployAndNamesWhoHasIt) {
    Scene scene;
    scene.begin();
    const Listener listener(SOCK_DGRAM);
    wire::Command wanted = deploy("op-1", "srv-a");
    wire::Port& port = *wanted.mutable_deploy()->mutable_spec()->add_ports();
    port.set_name("game");
    port.set_inside(7777);
    port.set_outside(listener.port());
    port.set_protocol("udp");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-1"), "conflict");
    EXPECT_EQ(scene.result("op-1")->error_field(), "ports.game");
    EXPECT_THAT(scene.server("srv-a").reason(), testing::HasSubstr("is taken by"));
    EXPECT_EQ(scene.runtime.starts(name), 0);
}

TEST(Host, PortsThatTheNodeChoseStayTheSame) {
    Scene scene;
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wire::Port& port = *wanted.mutable_deploy()->mutable_spec()->add_ports();
    port.set_name("game");
    port.set_inside(7777);
    port.set_protocol("udp");
    scene.give(wanted);
    const std::uint32_t chosen = scene.server("srv-a").ports(0).outside();
    EXPECT_GE(chosen, 20'000U);
    wanted.set_server_id("srv-b");
    wanted.set_operation_id("op-2");
    scene.give(wanted);
    EXPECT_NE(scene.server("srv-b").ports(0).outside(), chosen);
    wanted.set_server_id("srv-a");
    wanted.set_operation_id("op-3");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-3"), "ok");
    EXPECT_EQ(scene.server("srv-a").ports(0).outside(), chosen);
    scene.end();
    scene.begin();
    EXPECT_EQ(scene.server("srv-a").ports(0).outside(), chosen);
}

TEST(Host, AFileThatWouldLieOutsideItsVolumeIsRefused) {
    Scene scene;
    scene.begin();
    wire::Command wanted = deploy("op-1", "srv-a");
    wire::File& file = *wanted.mutable_deploy()->mutable_spec()->add_files();
    file.set_volume("data");
    file.set_path("../../servers/srv-a/spec");
    file.set_content("evil");
    scene.give(wanted);
    EXPECT_EQ(scene.outcome("op-1"), "invalid_argument");
    EXPECT_EQ(scene.runtime.starts(name), 0);
}

TEST(Host, TakesSamplesOfWhatRuns) {
    Scene scene;
    scene.begin();
    scene.give(deploy("op-1", "srv-a"));
    runtime::Stats stats;
    stats.memory_bytes = 12'345;
    stats.cpu_percent = 50;
    scene.runtime.push_stats(name, stats);
    scene.settle();
    const wire::Samples samples = scene.host->sample();
    EXPECT_GT(samples.node().memory_bytes(), 0);
    ASSERT_EQ(samples.servers_size(), 1);
    EXPECT_EQ(samples.servers(0).server_id(), "srv-a");
    EXPECT_EQ(samples.servers(0).memory_bytes(), 12'345);
    EXPECT_EQ(scene.host->find("srv-a")->history().size(), 1U);
    scene.give(power("op-2", "srv-a", wire::STOP));
    EXPECT_EQ(scene.host->sample().servers_size(), 0);
}

TEST(Host, ADeadlineEndsTheOperationWithTimeout) {
    Scene scene;
    scene.begin();
    scene.runtime.hold("start");
    wire::Command wanted = deploy("op-1", "srv-a");
    wanted.set_deadline_seconds(20);
    scene.give(wanted);
    scene.pass(21s);
    EXPECT_EQ(scene.outcome("op-1"), "timeout");
}

}  // namespace
}  // namespace muster::node
