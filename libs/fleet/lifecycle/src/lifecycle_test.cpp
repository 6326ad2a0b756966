#include "muster/lifecycle/lifecycle.hpp"

#include <gtest/gtest.h>

#include "driver.hpp"

namespace muster::lifecycle {
namespace {

using namespace testing_driver;

TEST(Lifecycle, DeployFetchesInstallsCreatesStartsAndIsReady) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, true, false});
    EXPECT_EQ(driver.state(), State::installing);
    driver.answer(Call::pull);
    driver.answer(Call::install);
    driver.answer(Call::create);
    EXPECT_EQ(driver.state(), State::starting);
    EXPECT_EQ(driver.outcome("op"), "open");
    driver.come_up(5);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.outcome("op"), "ok");
}

TEST(Lifecycle, DeployWithoutStartEndsStopped) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, false, false});
    driver.answer(Call::pull);
    driver.answer(Call::install);
    driver.answer(Call::create);
    EXPECT_TRUE(driver.quiet());
    EXPECT_EQ(driver.state(), State::stopped);
    EXPECT_EQ(driver.outcome("op"), "ok");
}

TEST(Lifecycle, DeployOfARunningServerFetchesFirstThenReplacesIt) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Deploy{"again", {}, true, false});
    EXPECT_EQ(driver.state(), State::ready);  // it plays on while the image is fetched
    driver.answer(Call::pull);
    EXPECT_EQ(driver.state(), State::stopping);
    driver.answer(Call::signal_stop);
    Observation old = Driver::seen(Life::standing, 1, 143);
    old.outdated = true;
    driver.send(event::Observed{old});
    driver.answer(Call::remove);
    driver.answer(Call::install);
    driver.answer(Call::create);
    driver.come_up(2);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.outcome("again"), "ok");
}

TEST(Lifecycle, ANewSpecificationWithoutStartDoesNotDisturbWhatRuns) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Deploy{"again", {}, false, false});
    EXPECT_TRUE(driver.quiet());
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.outcome("again"), "ok");
    // And is taken at the next start.
    driver.send(event::Restart{"restart"});
    driver.answer(Call::signal_stop);
    Observation old = Driver::seen(Life::standing, 1, 0);
    old.outdated = true;
    driver.send(event::Observed{old});
    driver.answer(Call::pull);
    driver.answer(Call::remove);
    driver.answer(Call::install);
    driver.answer(Call::create);
    driver.come_up(2);
    EXPECT_EQ(driver.outcome("restart"), "ok");
}

TEST(Lifecycle, AFailedPullLeavesTheOldOneRunning) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Deploy{"again", {}, true, false});
    driver.answer(Call::pull, fail(Errc::not_found, "no such image"));
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.outcome("again"), "not_found");
    EXPECT_TRUE(driver.server().memory.wanted);
}

TEST(Lifecycle, AFailedStartSaysWhyAndIsNotTriedAgain) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, true, false});
    driver.answer(Call::pull);
    driver.answer(Call::install, fail(Errc::conflict, "port 25565/tcp is taken by java", "ports"));
    EXPECT_EQ(driver.state(), State::crashed);
    EXPECT_EQ(driver.reason(), "port 25565/tcp is taken by java");
    EXPECT_EQ(driver.outcome("op"), "conflict");
    EXPECT_FALSE(driver.server().memory.wanted);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, ReadyComesWithTheLineOfThisRunOnly) {
    Driver driver(by_line());
    driver.start_as_new(4);
    EXPECT_EQ(driver.state(), State::starting);
    driver.send(event::ReadyLine{3});
    EXPECT_EQ(driver.state(), State::starting);
    driver.send(event::ReadyLine{4});
    EXPECT_EQ(driver.state(), State::ready);
}

TEST(Lifecycle, WithoutTheLineItIsUnhealthyAndMayRecover) {
    Driver driver(by_line());
    driver.start_as_new();
    driver.fire(Timer::ready);
    EXPECT_EQ(driver.state(), State::unhealthy);
    driver.send(event::ReadyLine{1});
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, StopTypesThenSignalsThenKills) {
    Rules rules;
    rules.stop_by_console = true;
    rules.grace = 20s;
    Driver driver(rules);
    driver.start_as_new();
    driver.send(event::Stop{"stop"});
    EXPECT_EQ(driver.last_timer(), 20s);
    driver.answer(Call::type_stop);
    driver.fire(Timer::grace);
    EXPECT_EQ(driver.last_timer(), signal_grace_max);
    driver.answer(Call::signal_stop);
    EXPECT_EQ(driver.state(), State::stopping);
    driver.fire(Timer::grace);
    driver.answer(Call::kill);
    EXPECT_EQ(driver.state(), State::stopped);
    EXPECT_EQ(driver.reason(), "it did not stop in time and was killed");
    EXPECT_EQ(driver.outcome("stop"), "ok");
    driver.look(Life::standing, 1, 137);
    EXPECT_EQ(driver.state(), State::stopped);
    EXPECT_EQ(driver.server().memory.exit_code, 137);
}

TEST(Lifecycle, StopGoesOnWithTheSignalWhenTheConsoleIsClosed) {
    Rules rules;
    rules.stop_by_console = true;
    Driver driver(rules);
    driver.start_as_new();
    driver.send(event::Stop{"stop"});
    driver.answer(Call::type_stop, fail(Errc::unavailable, "no console"));
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    EXPECT_EQ(driver.outcome("stop"), "ok");
    EXPECT_EQ(driver.state(), State::stopped);
}

TEST(Lifecycle, AnExitThatWasAskedForIsNoCrashWhateverItsCode) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{"stop"});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 1);
    EXPECT_EQ(driver.state(), State::stopped);
    EXPECT_EQ(driver.server().memory.crashes, 0U);
}

TEST(Lifecycle, ACleanExitIsNoCrash) {
    Driver driver;
    driver.start_as_new();
    driver.look(Life::standing, 1, 0);
    EXPECT_EQ(driver.state(), State::stopped);
    EXPECT_EQ(driver.reason(), "it ended by itself (exit code 0)");
    EXPECT_FALSE(driver.server().memory.wanted);
}

TEST(Lifecycle, ACrashIsRestartedLaterEachTimeAndGivenUpWithTheReason) {
    Rules rules;
    rules.give_up_after = 3;
    rules.backoff_first = 2s;
    Driver driver(rules);
    driver.start_as_new(1);
    driver.look(Life::standing, 1, 139);
    EXPECT_EQ(driver.state(), State::crashed);
    EXPECT_EQ(driver.reason(), "it ended with exit code 139 (signal 11)");
    EXPECT_GE(driver.last_timer(), 1s);
    EXPECT_LE(driver.last_timer(), 2s);
    driver.fire(Timer::restart);
    driver.come_up(2);
    EXPECT_EQ(driver.state(), State::ready);
    Observation out_of_memory = Driver::seen(Life::standing, 2, 137);
    out_of_memory.out_of_memory = true;
    driver.send(event::Observed{out_of_memory});
    EXPECT_EQ(driver.reason(), "it ended with out of memory");
    EXPECT_GE(driver.last_timer(), 2s);
    driver.fire(Timer::restart);
    driver.come_up(3);
    driver.look(Life::standing, 3, 1);
    EXPECT_EQ(driver.reason(),
              "given up after 3 crashes in a row; the last: it ended with exit code 1");
    EXPECT_FALSE(driver.server().memory.wanted);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, RunningLongEnoughEndsTheRowOfCrashes) {
    Driver driver;
    driver.start_as_new(1);
    driver.look(Life::standing, 1, 1);
    driver.fire(Timer::restart);
    driver.come_up(2);
    EXPECT_EQ(driver.server().memory.crashes, 1U);
    driver.fire(Timer::healthy);
    EXPECT_EQ(driver.server().memory.crashes, 0U);
}

TEST(Lifecycle, WithoutRestartACrashStaysCrashed) {
    Rules rules;
    rules.restart_on_crash = false;
    Driver driver(rules);
    driver.start_as_new();
    driver.look(Life::standing, 1, 2);
    EXPECT_EQ(driver.state(), State::crashed);
    EXPECT_FALSE(driver.server().memory.wanted);
}

TEST(Lifecycle, ARunThatEndsBeforeItsStartIsAnsweredIsACrash) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, true, false});
    driver.answer(Call::pull);
    driver.answer(Call::install);
    driver.answer(Call::create);
    driver.look(Life::standing, 9, 127);
    driver.answer(Call::start);
    EXPECT_EQ(driver.outcome("op"), "ok");
    EXPECT_EQ(driver.state(), State::crashed);
    driver.fire(Timer::restart);
    driver.come_up(10);
    EXPECT_EQ(driver.state(), State::ready);
}

TEST(Lifecycle, AStopDuringTheBackOffEndsTheRestarting) {
    Driver driver;
    driver.start_as_new();
    driver.look(Life::standing, 1, 1);
    driver.send(event::Stop{"stop"});
    EXPECT_EQ(driver.outcome("stop"), "ok");
    driver.fire(Timer::restart);
    EXPECT_TRUE(driver.quiet());
    EXPECT_EQ(driver.state(), State::stopped);
}

TEST(Lifecycle, KillDuringAPullCancelsItAndStopsAtOnce) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, true, false});
    const std::uint64_t pull = driver.expect(Call::pull);
    driver.send(event::Kill{"kill"});
    EXPECT_TRUE(driver.was_cancelled(pull));
    EXPECT_EQ(driver.outcome("op"), "cancelled");
    EXPECT_EQ(driver.outcome("kill"), "ok");
    EXPECT_EQ(driver.state(), State::stopped);
}

TEST(Lifecycle, KillWhileAStopWaitsKillsAtOnce) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{"stop"});
    driver.answer(Call::signal_stop);
    driver.send(event::Kill{"kill"});
    EXPECT_EQ(driver.outcome("stop"), "cancelled");
    driver.answer(Call::kill);
    EXPECT_EQ(driver.outcome("kill"), "ok");
    EXPECT_EQ(driver.state(), State::stopped);
}

TEST(Lifecycle, AStartThatComesTrueAfterAKillIsEnded) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{""});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    driver.send(event::Start{"start"});
    const std::uint64_t start = driver.expect(Call::start);
    driver.send(event::Kill{"kill"});
    driver.answer(Call::kill);
    EXPECT_EQ(driver.outcome("kill"), "open");  // the start is still in the air
    EXPECT_EQ(driver.state(), State::stopped);
    driver.look(Life::running, 2);
    driver.answer(Call::kill);
    driver.send(event::Done{start, {}, false});
    EXPECT_EQ(driver.outcome("kill"), "ok");
    EXPECT_EQ(driver.outcome("start"), "cancelled");
    EXPECT_EQ(driver.state(), State::stopped);
}

TEST(Lifecycle, ASecondKillWaitsForTheFirst) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Kill{"one"});
    driver.send(event::Kill{"two"});
    driver.answer(Call::kill);
    EXPECT_EQ(driver.outcome("one"), "ok");
    EXPECT_EQ(driver.outcome("two"), "ok");
}

TEST(Lifecycle, PauseAndUnpauseKeepWhetherItWasReady) {
    Driver driver(by_line());
    driver.start_as_new();
    driver.send(event::ReadyLine{1});
    driver.send(event::Pause{"pause"});
    driver.answer(Call::pause);
    EXPECT_EQ(driver.state(), State::paused);
    driver.send(event::Unpause{"unpause"});
    driver.answer(Call::unpause);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.outcome("unpause"), "ok");
}

TEST(Lifecycle, StopOfAPausedServerLetsItRunFirst) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Pause{""});
    driver.answer(Call::pause);
    driver.send(event::Stop{"stop"});
    driver.answer(Call::unpause);
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    EXPECT_EQ(driver.outcome("stop"), "ok");
}

TEST(Lifecycle, PauseOfWhatStandsIsRefused) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Pause{"pause"});
    EXPECT_EQ(driver.outcome("pause"), "conflict");
}

TEST(Lifecycle, TwoCommandsAtATimeAreRefused) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{"stop"});
    driver.send(event::Start{"start"});
    EXPECT_EQ(driver.outcome("start"), "conflict");
    EXPECT_EQ(driver.outcome("stop"), "open");
}

}  // namespace
}  // namespace muster::lifecycle
