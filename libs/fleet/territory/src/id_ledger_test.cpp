#include "muster/territory/id_ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>

namespace muster::territory {
namespace {

using namespace std::chrono_literals;

std::vector<PlayerId> ids_of(const std::vector<IdLoan>& loans) {
    std::vector<PlayerId> out;
    for (const IdLoan& loan : loans) {
        for (unsigned i = 0; i < loan.count; ++i) out.push_back(PlayerId(loan.first + i));
    }
    return out;
}

TEST(IdLedger, LendsBlocksAndTheLastOnesInSmallerParts) {
    IdLedger ledger(300, {});
    ledger.came("a", 0ms);
    const auto first = ledger.lend("a", 0ms);
    EXPECT_EQ(first, (std::vector<IdLoan>{{0, 64}}));
    EXPECT_TRUE(ledger.lend("a", 1ms).empty()) << "the first one has not been reported";
    ledger.reported("a", {}, ids_of(first), 2ms);
    ledger.came("b", 2ms);
    EXPECT_EQ(ledger.lend("b", 3ms), (std::vector<IdLoan>{{64, 59}})) << "a quarter of 236";
    EXPECT_TRUE(ledger.lend("stranger", 3ms).empty());
}

TEST(IdLedger, GivesTheVeryLastIdToo) {
    IdLedger ledger(3, {});
    ledger.came("a", 0ms);
    std::vector<PlayerId> all;
    for (int i = 0; i < 3; ++i) {
        for (const PlayerId id : ids_of(ledger.lend("a", 0ms))) all.push_back(id);
        ledger.reported("a", all, {}, 0ms);
    }
    EXPECT_EQ(all, (std::vector<PlayerId>{0, 1, 2}));
    EXPECT_TRUE(ledger.lend("a", 0ms).empty());
    EXPECT_EQ(ledger.counts(0ms).free, 0U);
}

TEST(IdLedger, TakesBackWhatALostServerHadAfterAWhile) {
    IdLedger ledger(64, {});
    ledger.came("a", 0ms);
    const auto had = ids_of(ledger.lend("a", 0ms));
    ledger.reported("a", had, {}, 100ms);
    ledger.gone("a", 1'000ms);
    ledger.came("b", 1'000ms);
    // One of its players went on at the other.
    ledger.reported("b", std::vector{had[3]}, {}, 2'000ms);
    EXPECT_EQ(ledger.counts(36'000ms).free, 64U - had.size());
    EXPECT_EQ(ledger.counts(36'001ms).free, 63U);
    const auto next = ids_of(ledger.lend("b", 36'001ms));
    EXPECT_FALSE(next.empty());
    EXPECT_EQ(std::ranges::count(next, had[3]), 0);
}

TEST(IdLedger, KeepsThemOnWhileSomethingOfTheWorldHasNoOwner) {
    IdLedger ledger(64, {});
    ledger.came("a", 0ms);
    const auto had = ids_of(ledger.lend("a", 0ms));
    ledger.gone("a", 1'000ms);
    ledger.hold(30'000ms);
    EXPECT_EQ(ledger.counts(60'000ms).free, 64U - had.size());
    EXPECT_EQ(ledger.counts(65'001ms).free, 64U);
}

TEST(IdLedger, TakesBackWhatNobodyReportsThoughItsServerIsHere) {
    IdLedger ledger(64, {});
    ledger.came("a", 0ms);
    static_cast<void>(ledger.lend("a", 0ms));
    ledger.reported("a", {}, {}, 35'000ms);
    EXPECT_EQ(ledger.counts(99'000ms).free, 32U) << "silence says nothing";
    ledger.reported("a", {}, {}, 35'001ms);
    EXPECT_EQ(ledger.counts(35'001ms).free, 64U);
}

TEST(IdLedger, LetsAnIdGoWithItsPlayerInWhateverOrderItIsReported) {
    for (const bool is_new_first : {false, true}) {
        IdLedger ledger(64, {});
        ledger.came("a", 0ms);
        ledger.came("b", 0ms);
        const auto had = ids_of(ledger.lend("a", 0ms));
        ledger.reported("a", had, {}, 1ms);
        const std::vector<PlayerId> gone{had[0]};
        const std::vector<PlayerId> rest(had.begin() + 1, had.end());
        if (is_new_first) {
            ledger.reported("b", gone, {}, 2ms);
            ledger.reported("a", had, {}, 3ms);  // said before it went
            ledger.reported("b", gone, {}, 4ms);
            ledger.reported("a", rest, {}, 5ms);
        } else {
            ledger.reported("a", rest, {}, 2ms);
            EXPECT_EQ(ledger.counts(3ms).free, 64U - had.size()) << "under way, and nobody's";
            ledger.reported("b", gone, {}, 4ms);
        }
        // It leaves there, and its id stays there.
        ledger.reported("b", {}, gone, 6ms);
        ledger.gone("a", 7ms);
        EXPECT_EQ(ledger.counts(99'000ms).free, 63U);
    }
}

TEST(IdLedger, LendsNothingAfterARestartUntilAllHaveReported) {
    IdLedger ledger(256, {}, 0ms, {"a", "b"});
    ledger.came("a", 100ms);
    ledger.reported("a", std::vector<PlayerId>{0, 1}, std::vector<PlayerId>{2}, 200ms);
    EXPECT_TRUE(ledger.lend("a", 4'999ms).empty());
    EXPECT_TRUE(ledger.lend("a", 5'000ms).empty()) << "b may have any";
    ledger.came("b", 6'000ms);
    ledger.reported("b", std::vector<PlayerId>{3}, {}, 6'000ms);
    EXPECT_TRUE(ledger.lend("a", 10'999ms).empty()) << "one may be under way from b";
    EXPECT_EQ(ledger.lend("a", 11'000ms), (std::vector<IdLoan>{{4, 63}}));

    IdLedger without(256, {}, 0ms, {"a", "b"});
    without.came("a", 100ms);
    EXPECT_TRUE(without.lend("a", 34'999ms).empty());
    EXPECT_FALSE(without.lend("a", 35'000ms).empty()) << "who is away so long has forgotten them";
}

// ---- random histories

/// Servers as they must be, players that come, go and cross, and everything that can go wrong.
class History {
  public:
    explicit History(std::uint32_t seed) : chance_(seed) {
        for (std::size_t i = 0; i < 4; ++i)
            servers_.push_back({.name = std::string(1, char('a' + i))});
        for (auto& one : servers_) connect(one);
    }
    void run(int steps) {
        for (int i = 0; i < steps; ++i) step();
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    std::size_t loans = 0, joins = 0, crossings = 0, deaths = 0, restarts = 0;

  private:
    static constexpr std::uint32_t ids = 150;
    struct Answer {
        Instant asked{};
        Instant arrives{};
        std::vector<PlayerId> lent{};
    };
    struct Report {
        Instant asked{};
        Instant arrives{};
        std::vector<PlayerId> used{}, spare{};
        bool wants = false;
    };
    struct Server {
        std::string name{};
        std::set<PlayerId> used{}, spare{};
        std::deque<Report> reports{};
        std::deque<Answer> answers{};
        bool is_connected = false;
        Instant back_at{};       ///< when it connects again
        Instant paused_until{};  ///< stopped, and its link with it
        Instant answered{};      ///< when it asked what was answered last
    };
    struct Crossing {
        PlayerId id = 0;
        std::size_t to = 0;
        Instant arrives{};
    };

    unsigned draw(unsigned below) {
        return std::uniform_int_distribution<unsigned>(0, below - 1)(chance_);
    }
    bool happens(unsigned permille) { return draw(1'000) < permille; }
    Server& any() { return servers_[draw(4)]; }
    static std::vector<PlayerId> listed(const std::set<PlayerId>& set) {
        return {set.begin(), set.end()};
    }

    void connect(Server& one) {
        one.is_connected = true;
        one.reports.clear();
        one.answers.clear();
        ledger_.came(one.name, now_);
    }
    void disconnect(Server& one, milliseconds for_so_long) {
        if (one.is_connected) ledger_.gone(one.name, now_);
        one.is_connected = false;
        one.reports.clear();
        one.answers.clear();
        one.back_at = now_ + for_so_long;
    }
    /// Its players go on elsewhere from copies, soon, or are lost.
    void take_over(Server& one) {
        const std::size_t to = draw(4);
        for (const PlayerId id : one.used) {
            if (happens(800)) under_way_.push_back({id, to, now_ + milliseconds(draw(2'000))});
        }
        one.used.clear();
    }
    void step() {
        now_ += 125ms;
        for (auto& one : servers_) {
            if (now_ >= one.paused_until) live(one);
        }
        for (auto& one : servers_) hear(one);
        std::erase_if(under_way_, [&](const Crossing& one) {
            Server& to = servers_[one.to];
            if (now_ < one.arrives) return false;
            const bool is_taken = now_ >= to.paused_until && now_ - to.answered <= 1'500ms;
            if (is_taken) to.used.insert(one.id);
            return true;
        });
        happen();
        check();
    }
    void live(Server& one) {
        if (!one.is_connected && now_ >= one.back_at) connect(one);
        if (now_ - one.answered > 1'500ms) take_over(one);  // its leases are over
        if (now_ - one.answered > IdLedger::keep) one.spare.clear();
        while (!one.answers.empty() && one.answers.front().arrives <= now_) {
            const Answer answer = std::move(one.answers.front());
            one.answers.pop_front();
            if (now_ - answer.asked > IdLedger::keep) continue;
            one.answered = std::max(one.answered, answer.asked);
            one.spare.insert(answer.lent.begin(), answer.lent.end());
        }
        if (one.is_connected && happens(400)) {
            one.reports.push_back({now_, now_ + milliseconds(draw(700)), listed(one.used),
                                   listed(one.spare), one.spare.size() < 8});
        }
        if (!one.spare.empty() && happens(500)) {
            one.used.insert(one.spare.extract(one.spare.begin()).value());
            ++joins;
        }
        if (!one.used.empty() && happens(300)) {
            one.spare.insert(one.used.extract(one.used.begin()).value());
        }
        if (!one.used.empty() && happens(300)) {
            under_way_.push_back({one.used.extract(one.used.begin()).value(), draw(4),
                                  now_ + milliseconds(draw(500))});
            ++crossings;
        }
    }
    void hear(Server& one) {
        while (!one.reports.empty() && one.reports.front().arrives <= now_) {
            const Report report = std::move(one.reports.front());
            one.reports.pop_front();
            ledger_.reported(one.name, report.used, report.spare, now_);
            Answer answer{report.asked, now_ + milliseconds(draw(700)), {}};
            if (report.wants) answer.lent = ids_of(ledger_.lend(one.name, now_));
            loans += answer.lent.size();
            one.answers.push_back(std::move(answer));
        }
    }
    void happen() {
        if (happens(3)) {  // a kill: it knows nothing any more
            Server& one = any();
            take_over(one);
            one.spare.clear();
            disconnect(one, milliseconds(draw(50'000)));
            one.paused_until = one.back_at;
            one.answered = -1h;
            ++deaths;
        }
        if (happens(3)) disconnect(any(), milliseconds(draw(50'000)));
        if (happens(2)) {  // stopped, and others go on with its players; its link may break
            Server& one = any();
            const milliseconds pause{draw(60'000)};
            one.paused_until = now_ + pause;
            take_over(one);
            if (happens(500)) disconnect(one, pause);
        }
        if (happens(1)) {
            std::set<std::string> all;
            for (auto& one : servers_) {
                if (!one.used.empty() || !one.spare.empty()) all.insert(one.name);
            }
            ledger_ = IdLedger(ids, {}, now_, std::move(all));
            for (auto& one : servers_) {
                one.is_connected = false;
                one.reports.clear();
                one.answers.clear();
                one.back_at = std::max(one.back_at, now_ + milliseconds(draw(4'000)));
            }
            ++restarts;
        }
    }
    /// No id is somebody's twice; what is stopped counts when it goes on, and judges itself first.
    void check() {
        std::map<PlayerId, std::string> holders;
        const auto hold = [&](PlayerId id, const std::string& who) {
            const auto [at, is_new] = holders.try_emplace(id, who);
            if (!is_new && fault_.empty()) {
                fault_ = "id " + std::to_string(id) + " of " + at->second + " and " + who + " at " +
                         std::to_string(now_.count());
            }
        };
        for (const auto& one : servers_) {
            if (now_ < one.paused_until) continue;
            for (const PlayerId id : one.used) hold(id, one.name + " (used)");
            if (now_ - one.answered > IdLedger::keep) continue;
            for (const PlayerId id : one.spare) hold(id, one.name + " (spare)");
        }
        for (const auto& one : under_way_) hold(one.id, "nobody yet");
    }

    std::mt19937 chance_;
    Instant now_{1'000'000};
    IdLedger ledger_{ids, {}};
    std::vector<Server> servers_;
    std::vector<Crossing> under_way_;
    std::string fault_;
};

TEST(IdLedger, NeverLendsWhatSomebodyHasWhateverHappens) {
    constexpr std::uint32_t seeds = 12;
    std::size_t loans = 0, joins = 0, crossings = 0, deaths = 0, restarts = 0;
    for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
        History history(seed);
        history.run(4'000);
        ASSERT_EQ(history.fault(), "") << "seed " << seed;
        loans += history.loans;
        joins += history.joins;
        crossings += history.crossings;
        deaths += history.deaths;
        restarts += history.restarts;
    }
    EXPECT_GT(loans, seeds * 150U) << "every id more than once";
    EXPECT_GT(joins, 1'000U);
    EXPECT_GT(crossings, 1'000U);
    EXPECT_GT(deaths, 100U);
    EXPECT_GT(restarts, 10U);
}

}  // namespace
}  // namespace muster::territory
