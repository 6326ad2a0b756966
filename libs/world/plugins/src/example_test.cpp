// Goal: the examples work as their README says, for real players of a real server.
#include <gtest/gtest.h>

#include "muster/host/routes.hpp"
#include "testing/bench.hpp"
#include "testing/stand.hpp"

namespace muster::plugins {
namespace {

using host::testing::Player;
using host::testing::small_server;
using host::testing::Stand;
using plugins::testing::example;
using plugins::testing::Folder;

struct Served {
    explicit Served(std::vector<std::string> files, Options options = {}) {
        options.files = std::move(files);
        options.folder = folder.path;
        auto loaded = Plugins::load(std::move(options));
        if (!loaded) throw std::runtime_error(loaded.error().message);
        plugins = std::move(*loaded);
        host::Options server = small_server();
        server.worlds[0].extension = plugins->extension("room");
        stand.emplace(std::move(server));
    }
    Player& join(const std::string& name) {
        Player& player = stand->join({.name = name});
        EXPECT_TRUE(stand->until([&] { return player.mirror().welcomed(); }));
        return player;
    }
    Folder folder;
    std::shared_ptr<Plugins> plugins;
    std::optional<Stand> stand;
};

TEST(Example, EchoGivesTwentyBackForTwenty) {
    Served served({example("echo")});
    Player& ann = served.join("Ann");
    const Player& bob = served.join("Bob");
    ann.send_custom(20, "20");
    ann.send_custom(255, std::string(1'024, '\0'));
    ASSERT_TRUE(served.stand->until([&] { return ann.customs().size() == 2; }));
    EXPECT_EQ(ann.customs(), (Player::Customs{{20, "20"}, {255, std::string(1'024, '\0')}}));
    EXPECT_TRUE(bob.customs().empty());
    const auto world = served.stand->world();
    ASSERT_EQ(world.plugins.size(), 1U);
    EXPECT_EQ(world.plugins[0].name, "echo");
    EXPECT_FALSE(world.plugins[0].off);
    EXPECT_NE(host::metrics_text(served.stand->statistics())
                  .find("muster_world_plugin_errors_total{world=\"room\",plugin=\"echo\"} 0\n"),
              std::string::npos);
}

TEST(Example, EchoAnswersTheCoordinatorToo) {
    plugins::testing::Bench bench;
    ASSERT_TRUE(bench.open(bench.options({example("echo")})));
    bench.send_to_plugins(sim::no_player, 20, "20");
    EXPECT_EQ(bench.reports, std::vector<std::string>{"echo 20 20"});
    EXPECT_TRUE(bench.sent.empty());
}

TEST(Example, HeraldWelcomesWhoComes) {
    Options options;
    options.settings["herald"]["welcome"] = "Good evening, {name}.";
    Served served({example("herald")}, std::move(options));
    Player& ann = served.join("Ann");
    ASSERT_TRUE(served.stand->until([&] { return !ann.chats().empty(); }));
    EXPECT_EQ(ann.chats().front(), "herald: Good evening, Ann.");
    served.join("Bob");
    EXPECT_EQ(ann.chats().size(), 1U) << "only who comes is told";
}

TEST(Example, HeraldCallsOutStreaksAndRemembersTheLongest) {
    plugins::testing::Bench bench;
    Options options = bench.options({example("herald")});
    options.settings["herald"]["streak"] = "3";
    options.settings["herald"]["welcome"] = "";
    ASSERT_TRUE(bench.open(options));
    const auto ann = bench.join("Ann");
    const auto bob = bench.join("Bob");
    const auto kill = [&bench](sim::PlayerId by, sim::PlayerId whom) {
        bench.happen({.kind = sim::Event::Kind::killed, .player = by, .other = whom});
    };
    for (int i = 0; i < 2; ++i) kill(ann, bob);
    kill(bob, ann);
    for (int i = 0; i < 3; ++i) kill(ann, bob);
    kill(bob, bob);
    EXPECT_EQ(bench.chats, std::vector<std::string>{"herald to 65535: Ann has killed 3 in a row!"});
    const auto metrics = bench.statistics().metrics;
    EXPECT_EQ(metrics, (std::vector<std::pair<std::string, double>>{{"announcements", 1},
                                                                    {"longest_streak", 3}}));
    bench.close();
    ASSERT_TRUE(bench.open(options));
    bench.join("Cyd");
    EXPECT_EQ(bench.chats.back().substr(bench.chats.back().find(':')),
              ": The longest streak here: 3, by Ann");
}

TEST(Example, HeraldRefusesAStreakThatIsNoNumber) {
    plugins::testing::Bench bench;
    Options options = bench.options({example("herald")});
    options.settings["herald"]["streak"] = "five";
    const auto opened = bench.open(std::move(options));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message,
              "plugin herald in bench does not start: streak must be a number from 1 on, and is "
              "'five'");
}

}  // namespace
}  // namespace muster::plugins
