// Goal: a plugin hears what happens, does what plugin.h promises, and cannot hurt its world by
// failing, being slow or talking too much.
#include "muster/plugins/plugins.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/bench.hpp"

namespace muster::plugins {
namespace {

using testing::Bench;
using testing::test_plugin;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// The bench with the puppet in it, and what it tells.
struct Puppet : Bench {
    Puppet() { open_with({}); }
    void open_with(PluginSettings settings) {
        Options wanted = options({test_plugin("puppet")});
        wanted.settings["puppet"] = std::move(settings);
        const auto opened = open(std::move(wanted));
        EXPECT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(told(), Texts{"made in bench"});
    }
    std::string ask(char command, const std::string& payload) {
        send_to_plugins(sim::no_player, static_cast<std::uint8_t>(command), payload);
        const Texts out = told();
        return out.size() == 1 ? out[0] : std::to_string(out.size()) + " answers";
    }
};

TEST(Plugins, HearWhoJoinsAndLeaves) {
    Puppet puppet;
    const auto ann = puppet.join("Ann");
    EXPECT_EQ(puppet.told(), Texts{"joined Ann"});
    puppet.tick();
    EXPECT_EQ(puppet.told(), Texts{"came Ann"});
    EXPECT_EQ(puppet.ask('p', ""), "Ann;");
    puppet.leave(ann);
    EXPECT_EQ(puppet.told(), Texts{"left Ann"});
    EXPECT_EQ(puppet.ask('p', ""), "");
}

TEST(Plugins, KnowAPlayersMessageFromTheCoordinators) {
    Puppet puppet;
    const auto ann = puppet.join("Ann");
    (void)puppet.told();
    EXPECT_EQ(puppet.ask('f', ""), "from the coordinator");
    puppet.send_to_plugins(ann, 'f', "");
    EXPECT_EQ(puppet.told(), Texts{"from Ann"});
}

TEST(Plugins, SpeakInTheirOwnName) {
    Puppet puppet;
    const auto ann = puppet.join("Ann");
    (void)puppet.told();
    puppet.send_to_plugins(ann, 'y', "hello");
    EXPECT_EQ(puppet.told(), Texts{"said"});
    EXPECT_EQ(puppet.chats, Texts{"puppet to " + std::to_string(ann) + ": hello"});
}

TEST(Plugins, ReportToThoseWhoRunTheWorld) {
    Puppet puppet;
    EXPECT_EQ(puppet.ask('o', "how it goes"), "reported");
    EXPECT_EQ(puppet.reports, Texts{"puppet 9 how it goes"});
    EXPECT_EQ(puppet.ask('o', std::string(1'025, 'x')), "not reported");
}

TEST(Plugins, HaveTimersThatGoOffInTicks) {
    Puppet puppet;
    const std::string once = puppet.ask('t', "30 0");
    ASSERT_TRUE(once.starts_with("started ")) << once;
    puppet.tick(16ms);
    EXPECT_EQ(puppet.told(), Texts{});
    puppet.tick(16ms);
    EXPECT_EQ(puppet.told(), Texts{"timer " + once.substr(8)});
    const std::string often = puppet.ask('t', "16 16").substr(8);
    puppet.tick(16ms);
    puppet.tick(16ms);
    EXPECT_EQ(puppet.told(), (Texts{"timer " + often, "timer " + often}));
    EXPECT_EQ(puppet.ask('e', often), "stopped");
    EXPECT_EQ(puppet.ask('e', often), "not stopped");
    puppet.tick(100ms);
    EXPECT_EQ(puppet.told(), Texts{});
    for (unsigned i = 0; i < MUSTER_TIMERS_MAX; ++i) (void)puppet.ask('t', "1000 0");
    EXPECT_EQ(puppet.ask('t', "1000 0"), "started 0") << "one too many";
}

TEST(Plugins, StoreWhatOutlivesThem) {
    Puppet puppet;
    EXPECT_EQ(puppet.ask('l', "best"), "nothing");
    EXPECT_EQ(puppet.ask('s', "best " + std::string(900, '7')), "stored");
    EXPECT_EQ(puppet.ask('s', "other 2"), "stored");
    EXPECT_EQ(puppet.ask('l', "best"), std::string(900, '7'));
    EXPECT_EQ(puppet.ask('r', "other"), "removed");
    EXPECT_EQ(puppet.ask('r', "other"), "not removed");
    EXPECT_EQ(puppet.ask('s', "bell ding"), "stored");
    puppet.plugins->attend();
    // Another process could begin here: nothing was closed.
    Bench after;
    Options wanted = after.options({test_plugin("puppet")});
    wanted.folder = puppet.folder.path;
    ASSERT_TRUE(after.open(std::move(wanted)));
    (void)after.told();
    after.send_to_plugins(sim::no_player, 'k', "be");
    EXPECT_EQ(after.told(), Texts{"bell=ding;best=" + std::string(900, '7') + ";"});
}

TEST(Plugins, HaveStoredAllOfItWhenTheyAreClosed) {
    Puppet puppet;
    EXPECT_EQ(puppet.ask('s', "last word"), "stored");
    puppet.close();
    EXPECT_TRUE(std::filesystem::exists(puppet.folder.path / "bench" / "puppet.store"));
}

TEST(Plugins, AreToldTheirSettings) {
    Puppet puppet;
    EXPECT_EQ(puppet.ask('c', "colour"), "nothing");
    Puppet other;
    other.close();
    other.open_with({{"colour", "dark, with a comma"}});
    EXPECT_EQ(other.ask('c', "colour"), "dark, with a comma");
}

TEST(Plugins, HearTheServersLogAndNotTheirOwn) {
    Puppet puppet;
    puppet.plugins->tap(host::LogLevel::warning, "the disk is slow");
    EXPECT_EQ(puppet.told(), Texts{}) << "not before the tick";
    puppet.send_to_plugins(sim::no_player, 'i', "two\nlines");
    puppet.tick();
    EXPECT_EQ(puppet.told(), Texts{"info 1 the disk is slow"});
    EXPECT_TRUE(puppet.log.has("plugin puppet in bench: two lines")) << puppet.log.all();
    for (int i = 0; i < 100; ++i) puppet.plugins->tap(host::LogLevel::info, "much");
    puppet.tick();
    EXPECT_EQ(puppet.told().size(), 64U) << "what is more is left out";
}

TEST(Plugins, LogSoManyLinesAndNotMore) {
    Puppet puppet;
    for (int i = 0; i < 100; ++i) puppet.send_to_plugins(sim::no_player, 'i', "line");
    EXPECT_EQ(puppet.log.count("puppet in bench: line"), 40U);
}

TEST(Plugins, AreRefusedOnAThreadOfTheirOwn) {
    Puppet puppet;
    EXPECT_EQ(puppet.ask('w', ""), "refused elsewhere");
    EXPECT_EQ(puppet.ask('l', "x"), "nothing");
}

TEST(Plugins, ShowTheirMetricsAndWhatTheyCost) {
    Puppet puppet;
    puppet.send_to_plugins(sim::no_player, 'm', "depth 2.5");
    puppet.send_to_plugins(sim::no_player, 'm', "Bad-Name 1");
    puppet.send_to_plugins(sim::no_player, 'm', "endless inf");
    for (int i = 0; i < 40; ++i) {
        puppet.send_to_plugins(sim::no_player, 'm', "more_" + std::to_string(i) + " 1");
    }
    const auto statistics = puppet.statistics();
    EXPECT_EQ(statistics.name, "puppet");
    EXPECT_EQ(statistics.version, "2.1");
    EXPECT_EQ(statistics.calls, 44U) << "create, and 43 messages";
    EXPECT_EQ(statistics.errors, 0U);
    EXPECT_EQ(statistics.metrics.size(), MUSTER_METRICS_MAX);
    EXPECT_EQ(statistics.metrics.front(), (std::pair<std::string, double>{"depth", 2.5}));
}

TEST(Plugins, ThatThrowAreNamedCountedAndSwitchedOff) {
    Bench bench;
    Options options = bench.options({test_plugin("throwing")});
    options.strikes = 5;
    ASSERT_TRUE(bench.open(std::move(options)));
    bench.send_to_plugins(sim::no_player, 2, "");
    bench.send_to_plugins(sim::no_player, 3, "");
    for (int i = 0; i < 4; ++i) bench.send_to_plugins(sim::no_player, 1, "");
    EXPECT_FALSE(bench.statistics().off) << "not five in a row";
    EXPECT_TRUE(bench.log.has("plugin throwing in bench failed in message: one thing"));
    EXPECT_TRUE(bench.log.has("failed in message: an exception that is no std::exception"));
    EXPECT_EQ(bench.log.count("failed in message"), 3U) << "at a limited rate";
    EXPECT_EQ(bench.statistics().errors, 5U);
    bench.send_to_plugins(sim::no_player, 1, "");
    EXPECT_TRUE(bench.statistics().off);
    EXPECT_TRUE(bench.log.has(
        "plugin throwing in bench is switched off: message failed 5 times in a row, lastly: one"));
    const auto calls = bench.statistics().calls;
    bench.send_to_plugins(sim::no_player, 3, "");
    bench.tick();
    EXPECT_EQ(bench.statistics().calls, calls) << "it is called no more";
}

TEST(Plugins, ThatThrowInEachTickDoNotDisturbTheOthers) {
    Bench bench;
    Options options = bench.options({test_plugin("throwing"), test_plugin("puppet")});
    options.strikes = 3;
    options.settings["throwing"]["tick"] = "yes";
    ASSERT_TRUE(bench.open(std::move(options)));
    for (int i = 0; i < 10; ++i) bench.tick();
    EXPECT_EQ(bench.statistics().errors, 3U);
    EXPECT_TRUE(bench.statistics().off);
    (void)bench.told();
    bench.send_to_plugins(sim::no_player, 'f', "");
    EXPECT_EQ(bench.told(), Texts{"from the coordinator"});
}

TEST(Plugins, ThatAreSlowAreNamedCountedAndSwitchedOff) {
    Bench bench;
    bench.per_line = 5'300us;
    Options options = bench.options({test_plugin("slow")});
    options.strikes = 10;
    ASSERT_TRUE(bench.open(std::move(options)));
    for (int i = 0; i < 9; ++i) bench.tick();
    bench.per_line = 1'900us;
    bench.tick();
    EXPECT_EQ(bench.statistics().slow, 9U) << "within its budget it is not slow";
    bench.per_line = 2'100us;
    for (int i = 0; i < 9; ++i) bench.tick();
    EXPECT_FALSE(bench.statistics().off) << "not ten in a row";
    EXPECT_TRUE(bench.log.has("plugin slow in bench took 5.3 ms in a tick: over its 2.0 ms"));
    EXPECT_LE(bench.log.count("in a tick: over"), 4U) << "at a limited rate";
    bench.tick();
    EXPECT_TRUE(bench.statistics().off);
    EXPECT_TRUE(bench.log.has("slow in bench is switched off: it was over its 2.0 ms in 10 ticks"));
    bench.tick();
    EXPECT_EQ(bench.statistics().slow, 19U);
}

TEST(Plugins, ThatDoNotReturnAreNamedOnce) {
    Bench bench;
    bench.per_line = 3s;
    bench.while_held = [&bench] {
        bench.plugins->attend();
        bench.plugins->attend();
    };
    ASSERT_TRUE(bench.open({test_plugin("slow")}));
    bench.plugins->attend();
    EXPECT_FALSE(bench.log.has("has not returned"));
    bench.tick();
    EXPECT_EQ(bench.log.count("plugin slow in bench has not returned from a call for 3 s"), 1U)
        << bench.log.all();
}

TEST(Plugins, AreNeverSwitchedOffWhenStrikesAreZero) {
    Bench bench;
    bench.per_line = 5ms;
    Options options = bench.options({test_plugin("slow")});
    options.strikes = 0;
    ASSERT_TRUE(bench.open(std::move(options)));
    for (int i = 0; i < 200; ++i) bench.tick(100ms);
    EXPECT_EQ(bench.statistics().slow, 200U);
    EXPECT_FALSE(bench.statistics().off);
}

TEST(Plugins, ThatTalkTooMuchAreRefusedAndCounted) {
    Bench bench;
    ASSERT_TRUE(bench.open({test_plugin("flooding")}));
    const auto ann = bench.join("Ann");
    bench.send_to_plugins(ann, 1, "");
    EXPECT_EQ(bench.sent.size(), 2'000U) << "the share of one plugin";
    EXPECT_EQ(bench.statistics().refused, 1'000U);
    EXPECT_EQ(bench.statistics().metrics.front().second, 2'000);
    bench.answer = host::Sent::limited;
    bench.tick(1'000ms);
    bench.send_to_plugins(ann, 1, "");
    EXPECT_EQ(bench.statistics().refused, 4'000U);
    EXPECT_FALSE(bench.statistics().off) << "that is no failure";
}

}  // namespace
}  // namespace muster::plugins
