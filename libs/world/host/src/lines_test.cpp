// Goal: whoever goes from one server to the next hears every line once, whatever was under way.
#include "lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <random>

namespace muster::host {
namespace {

using namespace std::chrono_literals;
constexpr sim::PlayerId anna = 7;

/// A server with its lines, and what it told the one player of these tests.
struct Server {
    explicit Server(std::uint64_t origin) : lines(origin) {}

    Lines lines;
    bool has_anna = false;

    void hear(const Lines::Line& line, std::vector<std::uint64_t>& told) {
        const auto except = lines.heard(line);
        if (has_anna && !std::ranges::binary_search(except, anna)) {
            told.push_back(line.origin * 1'000 + line.number);
        }
    }
};

Lines::Line said_at(Server& server, Instant now) {
    return server.lines.say(std::make_shared<const replication::Bytes>(), {}, now);
}

void give(const std::vector<Lines::Line>& missed, std::vector<std::uint64_t>& told) {
    for (const auto& line : missed) told.push_back(line.origin * 1'000 + line.number);
}

TEST(Lines, WhoCameIsToldNothingUntilItIsKnownWhatItHeard) {
    Server b(2);
    b.has_anna = true;
    std::vector<std::uint64_t> told;
    EXPECT_TRUE(b.lines.arrived(anna, 0s).empty());
    b.hear(said_at(b, 0s), told);
    EXPECT_TRUE(told.empty());
    give(b.lines.told(anna, {}, 0s), told);
    b.hear(said_at(b, 0s), told);
    EXPECT_EQ(told, (std::vector<std::uint64_t>{2'001, 2'002}));
}

TEST(Lines, WhatComesLaterThanItDidWhereThePlayerWasIsNotToldAgain) {
    Server b(2);
    b.has_anna = true;
    std::vector<std::uint64_t> told;
    EXPECT_TRUE(b.lines.arrived(anna, 0s).empty());
    give(b.lines.told(anna, {{3, 5}}, 0s), told);
    b.hear({.origin = 3, .number = 5, .at = 1s}, told);
    b.hear({.origin = 3, .number = 6, .at = 1s}, told);
    EXPECT_EQ(told, std::vector<std::uint64_t>{3'006});
}

TEST(Lines, WithoutAWordItHearsWhatWasSaidSinceItCame) {
    Server b(2);
    b.has_anna = true;
    std::vector<std::uint64_t> told;
    b.hear(said_at(b, 0s), told);
    told.clear();
    EXPECT_TRUE(b.lines.arrived(anna, 1s).empty());
    b.hear(said_at(b, 1s), told);
    EXPECT_TRUE(b.lines.expire(1s + Lines::patience - 1us).empty());
    const auto late = b.lines.expire(1s + Lines::patience);
    ASSERT_EQ(late.size(), 1);
    EXPECT_EQ(late.front().second.number, 2);
    EXPECT_TRUE(b.lines.told(anna, {}, 2s).empty()) << "too late";
}

TEST(Lines, GivesTheNewestOfMany) {
    Server b(2);
    std::vector<std::uint64_t> told;
    for (int i = 0; i < 100; ++i) b.hear(said_at(b, 0s), told);
    EXPECT_TRUE(b.lines.arrived(anna, 0s).empty());
    give(b.lines.told(anna, {}, 1s), told);
    ASSERT_EQ(told.size(), Lines::missed_max);
    EXPECT_EQ(told.back(), 2'100);
    EXPECT_TRUE(b.lines.arrived(anna, 0s).empty());
    EXPECT_TRUE(b.lines.told(anna, {}, Lines::kept_for).empty()) << "that is long ago";
}

/// Three servers, what is under way between them for as long as it takes, and a player who goes to
/// and fro between the first two: what one server says to another comes in order.
class Scene {
  public:
    explicit Scene(std::uint32_t seed) : random_(seed) { servers_[0].has_anna = true; }

    void tick() {
        ++tick_;
        if (tick_ < 360 && random_() % 3 == 0) speak(random_() % 3);
        const std::size_t at = servers_[0].has_anna ? 0 : 1;
        if (tick_ < 340 && servers_[at].has_anna && random_() % 40 == 0) cross(at, 1 - at);
        for (std::size_t i = 0; i < under_way_.size();) {
            if (under_way_[i].due > tick_) {
                ++i;
                continue;
            }
            const UnderWay one = std::move(under_way_[i]);
            under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
            arrive(one);
        }
    }

    std::vector<std::uint64_t> told;
    std::size_t said = 0;
    std::size_t crossings = 0;

  private:
    struct UnderWay {
        std::size_t from = 0, to = 0;
        std::optional<Lines::Line> line{};  // or the player, and how far it was told
        talk::Told told{};
        int due = 0;
    };

    void send(UnderWay one) {
        int& last = due_[one.from][one.to];
        last = std::max(last, tick_ + 1 + static_cast<int>(random_() % 12));
        one.due = last;
        under_way_.push_back(std::move(one));
    }

    void speak(std::size_t where) {
        const auto line = said_at(servers_[where], now());
        servers_[where].hear(line, told);
        ++said;
        for (std::size_t to = 0; to < 3; ++to)
            if (to != where) send({.from = where, .to = to, .line = line});
    }

    void cross(std::size_t from, std::size_t to) {
        servers_[from].has_anna = false;
        send({.from = from, .to = to, .told = servers_[from].lines.departed(anna)});
        ++crossings;
    }

    void arrive(const UnderWay& one) {
        Server& to = servers_[one.to];
        if (one.line) {
            auto line = *one.line;
            line.at = now();
            to.hear(line, told);
            return;
        }
        to.has_anna = true;
        // The word comes now and then a little earlier than the player.
        const bool is_early = random_() % 2 == 0;
        if (is_early) give(to.lines.told(anna, one.told, now()), told);
        give(to.lines.arrived(anna, now()), told);
        if (!is_early) give(to.lines.told(anna, one.told, now()), told);
    }

    [[nodiscard]] Instant now() const { return tick_ * Instant(16'667); }

    std::mt19937 random_;
    std::array<Server, 3> servers_{Server(1), Server(2), Server(3)};
    std::deque<UnderWay> under_way_;
    std::array<std::array<int, 3>, 3> due_{};
    int tick_ = 0;
};

TEST(Lines, APlayerOnItsWayHearsEveryLineOnceHoweverLongTheyAreUnderWay) {
    std::size_t crossings = 0;
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        Scene scene(seed);
        for (int tick = 0; tick < 400; ++tick) scene.tick();
        std::ranges::sort(scene.told);
        EXPECT_TRUE(std::ranges::adjacent_find(scene.told) == scene.told.end()) << "seed " << seed;
        EXPECT_EQ(scene.told.size(), scene.said) << "seed " << seed;
        crossings += scene.crossings;
    }
    EXPECT_GT(crossings, 100);
}

}  // namespace
}  // namespace muster::host
