// Goal: an extension hears of what happens in its world, says what it wants to whom it wants, and
// can neither flood players nor be flooded by them.
#include "muster/host/extension.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "muster/host/routes.hpp"
#include "testing/stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::small_server;
using testing::Stand;
using namespace std::chrono_literals;

// Does in its world's thread what a test asks for, and writes down what it hears.
class Probe final : public Extension {
  public:
    Result<void> open(ExtensionHost& host) override {
        if (refuses) return fail(Errc::invalid_argument, "it would rather not", "probe");
        host_ = &host;
        return {};
    }
    void close() override { closed = true; }
    void on_join(sim::PlayerId player, bool returned) override {
        note((returned ? "returned " : "joined ") + std::to_string(player));
    }
    void on_leave(sim::PlayerId player) override {
        note("left " + std::string(host_->world().name_of(player)));
    }
    void on_message(const ExtensionMessage& message) override {
        const std::string_view text(reinterpret_cast<const char*>(message.payload.data()),
                                    message.payload.size());
        note("said " + std::to_string(message.from) + " " + std::to_string(message.command) + " " +
             std::string(text));
        if (then) then(*host_, message);
    }
    void on_events(std::span<const sim::Event> events) override { event_count += events.size(); }
    void on_tick() override { ++ticks; }
    [[nodiscard]] std::vector<PluginStatistics> statistics() const override {
        PluginStatistics one;
        one.name = "probe";
        one.version = "1";
        one.calls = ticks;
        one.metrics = {{"depth", 2.5}};
        return {one};
    }

    [[nodiscard]] std::vector<std::string> heard() const {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    [[nodiscard]] bool has_heard(const std::string& what) const {
        return std::ranges::count(heard(), what) > 0;
    }

    bool refuses = false;
    std::function<void(ExtensionHost&, const ExtensionMessage&)> then;  // set before the server
    std::atomic<bool> closed = false;
    std::atomic<std::uint64_t> ticks = 0, event_count = 0;

  private:
    void note(std::string what) {
        const std::lock_guard lock(mutex_);
        heard_.push_back(std::move(what));
    }
    ExtensionHost* host_ = nullptr;
    mutable std::mutex mutex_;
    std::vector<std::string> heard_;  // guarded by mutex_
};

Options with(const std::shared_ptr<Probe>& probe) {
    Options options = small_server();
    options.worlds[0].extension = probe;
    return options;
}

std::string id_of(const Player& player) {
    return std::to_string(player.mirror().player());
}

TEST(Extension, HearsOfPeopleWhoComeComeBackAndLeave) {
    const auto probe = std::make_shared<Probe>();
    Stand stand(with(probe));
    Player& ann = stand.join({.name = "Ann"});
    ASSERT_TRUE(stand.until([&] { return ann.mirror().welcomed(); }));
    const std::string id = id_of(ann);
    EXPECT_TRUE(stand.until([&] { return probe->has_heard("joined " + id); }));
    Player& again = stand.join({.name = "Ann", .resume = std::string(ann.mirror().resume())});
    ASSERT_TRUE(stand.until([&] { return again.mirror().welcomed(); }));
    EXPECT_TRUE(stand.until([&] { return probe->has_heard("returned " + id); }));
    again.say_bye();
    EXPECT_TRUE(stand.until([&] { return probe->has_heard("left Ann"); }));
    EXPECT_GT(probe->ticks, 0U);
    EXPECT_GT(probe->event_count, 0U);
    stand.server->stop(0ms);
    EXPECT_TRUE(probe->closed);
}

TEST(Extension, AnswersOneWhoAsksAndNobodyElse) {
    const auto probe = std::make_shared<Probe>();
    probe->then = [](ExtensionHost& host, const ExtensionMessage& message) {
        host.send(message.from, message.command, message.payload);
        host.send(sim::no_player, 200, {});
    };
    Stand stand(with(probe));
    Player& ann = stand.join({.name = "Ann"});
    Player& bob = stand.join({.name = "Bob"});
    ASSERT_TRUE(stand.until([&] { return ann.mirror().welcomed() && bob.mirror().welcomed(); }));
    ann.send_custom(20, "twenty");
    ASSERT_TRUE(stand.until([&] { return ann.customs().size() == 2 && !bob.customs().empty(); }));
    EXPECT_EQ(ann.customs(), (Player::Customs{{20, "twenty"}, {200, ""}})) << "in this order";
    EXPECT_EQ(bob.customs(), (Player::Customs{{200, ""}}));
    EXPECT_EQ(stand.world().customs, 1U);
}

TEST(Extension, SpeaksInTheChat) {
    const auto probe = std::make_shared<Probe>();
    std::atomic<int> unfit = 0;
    probe->then = [&unfit](ExtensionHost& host, const ExtensionMessage& message) {
        host.say(message.from, "Herald", "Welcome!");
        for (const std::string& bad : {std::string(), std::string(101, 'x'), std::string("\xff")})
            unfit += host.say(sim::no_player, "Herald", bad) == Sent::unfit ? 1 : 0;
    };
    Stand stand(with(probe));
    Player& ann = stand.join();
    ASSERT_TRUE(stand.until([&] { return ann.mirror().welcomed(); }));
    ann.send_custom(1, "");
    ASSERT_TRUE(stand.until([&] { return !ann.chats().empty(); }));
    EXPECT_EQ(ann.chats().front(), "Herald: Welcome!");
    EXPECT_EQ(unfit, 3);
}

TEST(Extension, CannotSendMoreThanAPlayerTakes) {
    const auto probe = std::make_shared<Probe>();
    std::atomic<int> queued = 0, limited = 0, absent = 0, unfit = 0;
    probe->then = [&](ExtensionHost& host, const ExtensionMessage& message) {
        const std::vector<std::byte> full(1'024), more(1'025);
        for (int i = 0; i < 2'000; ++i) {
            const Sent sent = host.send(message.from, 1, full);
            ++(sent == Sent::queued ? queued : limited);
            host.send(sim::no_player, 2, full);
        }
        absent += host.send(message.from == 0 ? 1 : 0, 1, {}) == Sent::absent ? 1 : 0;
        unfit += host.send(message.from, 1, more) == Sent::unfit ? 1 : 0;
    };
    Stand stand(with(probe));
    Player& ann = stand.join();
    ASSERT_TRUE(stand.until([&] { return ann.mirror().welcomed(); }));
    ann.send_custom(1, "go");
    ASSERT_TRUE(stand.until([&] { return ann.customs().size() == 160; }));
    EXPECT_EQ(queued, 120);
    EXPECT_EQ(limited, 1'880);
    EXPECT_EQ(absent, 1);
    EXPECT_EQ(unfit, 1);
    ann.ping();
    EXPECT_TRUE(stand.until([&] { return ann.pongs() > 0; })) << "its connection lives";
    EXPECT_EQ(ann.customs().size(), 160U);
}

TEST(Extension, IsNotFloodedByAPlayer) {
    const auto probe = std::make_shared<Probe>();
    Stand stand(with(probe));
    Player& ann = stand.join();
    ASSERT_TRUE(stand.until([&] { return ann.mirror().welcomed(); }));
    for (int i = 0; i < 300; ++i) ann.send_custom(9, "again");
    ASSERT_TRUE(stand.until([&] {
        const auto world = stand.world();
        return world.customs + world.customs_dropped == 300;
    }));
    EXPECT_GE(stand.world().customs, 40U);
    // However long they took to come: ten seconds bring 240 through.
    EXPECT_GT(stand.world().customs_dropped, 50U);
}

TEST(Extension, HearsWhatIsInjectedForTheCoordinatorAlsoWhenItsWorldSleeps) {
    const auto probe = std::make_shared<Probe>();
    Options options = with(probe);
    options.worlds[0].sleep_after = 1ms;
    Stand stand(std::move(options));
    ASSERT_TRUE(stand.until([&] { return stand.world().asleep; }));
    const std::string text = "news";
    ASSERT_TRUE(stand.server->inject("room", 250, std::as_bytes(std::span(text))));
    EXPECT_TRUE(stand.until([&] { return probe->has_heard("said 65535 250 news"); }));

    const std::vector<std::byte> more(1'025);
    EXPECT_EQ(stand.server->inject("room", 1, more).error().code, Errc::too_large);
    EXPECT_EQ(stand.server->inject("nowhere", 1, {}).error().code, Errc::not_found);
    const Stand without;
    EXPECT_EQ(without.server->inject("room", 1, {}).error().code, Errc::not_found);
}

TEST(Extension, ReportsToThoseWhoRunTheWorldWithinALimit) {
    const auto probe = std::make_shared<Probe>();
    std::atomic<int> queued = 0, limited = 0, absent = 0, unfit = 0;
    probe->then = [&](ExtensionHost& host, const ExtensionMessage& message) {
        if (message.command == 1) {
            absent += host.report("probe", 7, message.payload) == Sent::absent ? 1 : 0;
            unfit += host.report("probe", 7, std::vector<std::byte>(1'025)) == Sent::unfit ? 1 : 0;
            return;
        }
        for (int i = 0; i < 100; ++i) {
            const Sent sent = host.report("probe", 7, message.payload);
            ++(sent == Sent::queued ? queued : limited);
        }
    };
    Stand stand(with(probe));
    ASSERT_TRUE(stand.server->inject("room", 1, {}));
    ASSERT_TRUE(stand.until([&] { return unfit == 1; }));
    EXPECT_EQ(absent, 1) << "nobody listens";
    std::mutex mutex;
    std::vector<PluginNews> heard;
    stand.server->on_news([&](PluginNews news) {
        const std::lock_guard lock(mutex);
        heard.push_back(std::move(news));
    });
    const std::string text = "twenty";
    ASSERT_TRUE(stand.server->inject("room", 2, std::as_bytes(std::span(text))));
    ASSERT_TRUE(stand.until([&] { return queued + limited == 100; }));
    stand.server->on_news({});
    EXPECT_GE(limited, 80);
    ASSERT_EQ(heard.size(), static_cast<std::size_t>(queued));
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.front().world, "room");
    EXPECT_EQ(heard.front().plugin, "probe");
    EXPECT_EQ(heard.front().command, 7);
    EXPECT_EQ(heard.front().payload.size(), text.size());
}

TEST(Extension, ThatRefusesKeepsTheServerFromStarting) {
    const auto probe = std::make_shared<Probe>();
    probe->refuses = true;
    const auto opened = WorldServer::open(with(probe));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().field, "probe");
    EXPECT_FALSE(probe->closed) << "what was not opened";
}

TEST(Extension, IsInTheFiguresByName) {
    const auto probe = std::make_shared<Probe>();
    const Stand stand(with(probe));
    const std::string text = metrics_text(stand.statistics());
    EXPECT_NE(text.find("muster_world_plugin_off{world=\"room\",plugin=\"probe\"} 0\n"),
              std::string::npos);
    EXPECT_NE(
        text.find(
            "muster_world_plugin_metric{world=\"room\",plugin=\"probe\",name=\"depth\"} 2.5\n"),
        std::string::npos);
}

}  // namespace
}  // namespace muster::host
