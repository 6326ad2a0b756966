#include "muster/lifecycle/lifecycle.hpp"

#include <gtest/gtest.h>

#include "driver.hpp"

namespace muster::lifecycle {
namespace {

using namespace testing_driver;

TEST(Lifecycle, ReadyStaysReadyOverAnEngineThatGoesAway) {
    Driver driver(by_line());
    driver.start_as_new();
    driver.send(event::ReadyLine{1});
    driver.send(event::EngineAway{});
    EXPECT_EQ(driver.state(), State::unknown);
    driver.send(event::EngineBack{Driver::seen(Life::running, 1, 0)});
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, WhatEndedWithTheEngineIsStartedAgain) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::EngineAway{});
    Observation ended = Driver::seen(Life::standing, 1, 0);
    ended.ended_with_engine = true;
    driver.send(event::EngineBack{ended});
    driver.come_up(2);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.server().memory.crashes, 0U);
}

TEST(Lifecycle, ACleanExitInTheEnginesFarewellIsStartedAgain) {
    Driver driver;
    driver.start_as_new();
    driver.look(Life::standing, 1, 0);
    EXPECT_EQ(driver.state(), State::stopped);
    driver.advance(3s);
    driver.send(event::EngineAway{});
    driver.send(event::EngineBack{Driver::seen(Life::standing, 1, 0)});
    driver.come_up(2);
    EXPECT_EQ(driver.state(), State::ready);
}

TEST(Lifecycle, ACommandWaitsForTheEngine) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::EngineAway{});
    driver.send(event::Stop{"stop"});
    EXPECT_TRUE(driver.quiet());
    driver.send(event::EngineBack{Driver::seen(Life::running, 1, 0)});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    EXPECT_EQ(driver.outcome("stop"), "ok");
}

TEST(Lifecycle, ACallThatTheEngineLeftIsMadeAgain) {
    Driver driver;
    driver.send(event::EngineBack{});
    driver.send(event::Deploy{"op", {}, true, false});
    driver.answer(Call::pull);
    driver.answer(Call::install);
    event::Done lost;
    lost.ticket = driver.expect(Call::create);
    lost.result = fail(Errc::unavailable, "the engine does not answer");
    lost.engine_gone = true;
    driver.send(lost);
    EXPECT_EQ(driver.state(), State::unknown);
    driver.send(event::EngineBack{Driver::seen(Life::standing, 0, 0)});  // it had come true
    driver.come_up(3);
    EXPECT_EQ(driver.outcome("op"), "ok");
}

TEST(Lifecycle, TheNodesOwnRestartNeverStopsWhatRuns) {
    for (const bool wanted : {true, false}) {
        Memory memory;
        memory.wanted = wanted;
        memory.state = State::ready;
        memory.ready_run = 5;
        Driver driver(by_line(), memory);
        EXPECT_EQ(driver.state(), State::unknown);
        driver.send(event::EngineBack{Driver::seen(Life::running, 5, 0)});
        EXPECT_EQ(driver.state(), State::ready);
        EXPECT_TRUE(driver.quiet());
    }
}

TEST(Lifecycle, WhatCrashedWhileTheNodeWasAwayIsRestartedByTheRules) {
    Memory memory;
    memory.wanted = true;
    memory.state = State::ready;
    memory.ready_run = 5;
    Driver driver({}, memory);
    driver.send(event::EngineBack{Driver::seen(Life::standing, 5, 1)});
    EXPECT_EQ(driver.state(), State::crashed);
    EXPECT_EQ(driver.server().memory.crashes, 1U);
    driver.fire(Timer::restart);
    driver.come_up(6);
    EXPECT_EQ(driver.state(), State::ready);
}

TEST(Lifecycle, WhatEndedUnseenWhileTheNodeWasAwayIsStartedAgain) {
    Memory memory;
    memory.wanted = true;
    memory.state = State::ready;
    memory.ready_run = 5;
    Driver driver({}, memory);
    driver.send(event::EngineBack{Driver::seen(Life::standing, 5, 0)});
    driver.come_up(6);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_EQ(driver.server().memory.crashes, 0U);
}

TEST(Lifecycle, ACrashIsCountedOnceOverTheNodesRestart) {
    Driver driver;
    driver.start_as_new(5);
    driver.look(Life::standing, 5, 1);
    Driver again({}, driver.server().memory);
    again.send(event::EngineBack{Driver::seen(Life::standing, 5, 1)});
    EXPECT_EQ(again.server().memory.crashes, 1U);
    again.fire(Timer::restart);
    again.come_up(6);
    EXPECT_EQ(again.state(), State::ready);
}

TEST(Lifecycle, WhatWasGivenUpStaysSoOverTheNodesRestart) {
    Rules rules;
    rules.give_up_after = 1;
    Driver driver(rules);
    driver.start_as_new(5);
    driver.look(Life::standing, 5, 3);
    Driver again(rules, driver.server().memory);
    again.send(event::EngineBack{Driver::seen(Life::standing, 5, 3)});
    EXPECT_EQ(again.state(), State::crashed);
    EXPECT_EQ(again.reason(),
              "given up after 1 crashes in a row; the last: it ended with exit code 3");
    EXPECT_TRUE(again.quiet());
}

TEST(Lifecycle, AResumedDeployKeepsWhatIsDone) {
    Driver driver;
    driver.send(event::Deploy{"op", {}, true, true});
    EXPECT_TRUE(driver.quiet());
    driver.send(event::EngineBack{Driver::seen(Life::running, 3, 0)});
    EXPECT_TRUE(driver.quiet());
    EXPECT_EQ(driver.outcome("op"), "ok");
    EXPECT_EQ(driver.state(), State::ready);
}

TEST(Lifecycle, RemoveEndsItInTheOrderlyWayFirst) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Remove{"remove"});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    driver.answer(Call::remove_all);
    EXPECT_TRUE(driver.server().removed);
    EXPECT_EQ(driver.outcome("remove"), "ok");
    driver.send(event::Remove{"again"});
    EXPECT_EQ(driver.outcome("again"), "ok");
    driver.send(event::Start{"start"});
    EXPECT_EQ(driver.outcome("start"), "not_found");
}

TEST(Lifecycle, AStartThatTookTooLongIsReportedAndMayStillComeTrue) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{""});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    driver.send(event::Start{"start"});
    const std::uint64_t start = driver.expect(Call::start);
    driver.send(event::CallOff{Error{Errc::timeout, "it took too long", ""}});
    EXPECT_EQ(driver.outcome("start"), "timeout");
    driver.look(Life::running, 2);
    driver.send(event::Done{start, {}, false});
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, WhatSomebodyElseStartsIsLeftRunning) {
    Driver driver;
    driver.start_as_new();
    driver.send(event::Stop{""});
    driver.answer(Call::signal_stop);
    driver.look(Life::standing, 1, 0);
    driver.look(Life::running, 2);
    EXPECT_EQ(driver.state(), State::ready);
    EXPECT_TRUE(driver.quiet());
}

TEST(Lifecycle, BackOffDoublesUpToTheMostWithJitter) {
    Rules rules;
    rules.backoff_first = 1s;
    rules.backoff_max = 30s;
    for (std::uint32_t crashes = 1; crashes < 80; ++crashes) {
        const milliseconds whole =
            std::min<milliseconds>(1s * (1LL << std::min(crashes - 1, 6U)), 30s);
        for (const std::uint32_t random : {0U, 1U, 499U, 77'777U, 0xffffffffU}) {
            const milliseconds delay = backoff(rules, crashes, random);
            EXPECT_LE(delay, whole);
            EXPECT_GE(delay, whole / 2);
        }
    }
    rules.backoff_first = 0s;
    rules.backoff_max = 0s;
    EXPECT_EQ(backoff(rules, 5, 3), 0s);
}

}  // namespace
}  // namespace muster::lifecycle
