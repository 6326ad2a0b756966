#include "post.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "muster/sim/fixed.hpp"
#include "wire_limits.hpp"

namespace muster::mesh {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick{16};

Letter claim(std::uint32_t number) {
    return sim::Claim{.origin = 1, .number = number};
}
Letter talk(std::size_t size) {
    return Talk{.bytes = std::vector<std::byte>(size)};
}
Letter crossing(std::uint32_t hop) {
    return Crossing{.traveller = {.hop = hop, .record = std::vector<std::byte>(200)}};
}
std::uint32_t number_of(const Letter& letter) {
    const auto* one = std::get_if<sim::Claim>(&letter);
    return one == nullptr ? 0 : one->number;
}
std::vector<std::uint32_t> numbers_of(const std::vector<Letter>& letters) {
    std::vector<std::uint32_t> out;
    for (const Letter& letter : letters) out.push_back(number_of(letter));
    return out;
}

struct Luck {
    std::uint32_t lost = 0, twice = 0;  ///< of a hundred
    std::uint32_t delay = 0;            ///< ticks at most
};

/// Servers on a bus, each with its Post. Every letter has a number of its own.
class Net {
  public:
    Net(std::uint64_t seed, Luck luck, std::size_t servers) : random_(seed), luck_(luck) {
        for (std::size_t i = 0; i < servers; ++i) {
            servers_.push_back({.name = "s" + std::to_string(i)});
            start(i);
        }
    }
    /// A new process; what waited in the old one is gone with it.
    void start(std::size_t server) {
        servers_[server].life = next_life_++;
        servers_[server].post = std::make_unique<Post>(servers_[server].life);
    }
    void send(std::size_t from, std::size_t to) {
        ASSERT_TRUE(post(from).send(name(to), claim(next_number_)));
        sent_[{life(from), to}].push_back(next_number_++);
    }
    void run(int ticks) {
        for (int i = 0; i < ticks; ++i) step();
    }
    void step() {
        now_ += tick;
        while (!under_way_.empty() && under_way_.begin()->first <= now_) {
            const Datagram datagram = std::move(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
            receive(datagram);
        }
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            if (servers_[i].is_down) continue;
            post(i).flush(now_, [&](std::string_view to, Parcel&& parcel) {
                publish(i, to, std::move(parcel));
            });
        }
    }

    Post& post(std::size_t server) { return *servers_[server].post; }
    const std::string& name(std::size_t server) const { return servers_[server].name; }
    std::uint64_t life(std::size_t server) const { return servers_[server].life; }
    void set_down(std::size_t server, bool is_down) { servers_[server].is_down = is_down; }
    Instant now() const { return now_; }
    void set_luck(Luck luck) { luck_ = luck; }
    std::uint32_t chance(std::uint32_t below) { return random_.below(below); }

    using Numbers = std::vector<std::uint32_t>;
    /// By process and server.
    const Numbers& sent(std::uint64_t from, std::size_t to) { return sent_[{from, to}]; }
    /// By process and process.
    const Numbers& got(std::uint64_t from, std::uint64_t to) { return got_[{from, to}]; }
    const Numbers& returned(std::uint64_t from, std::size_t to) { return returned_[{from, to}]; }
    std::size_t parcels() const { return parcels_; }

  private:
    struct Server {
        std::string name{};
        std::uint64_t life = 0;
        std::unique_ptr<Post> post{};
        bool is_down = false;
    };
    struct Datagram {
        std::size_t to = 0;
        std::vector<std::byte> bytes{};
    };

    void publish(std::size_t from, std::string_view to, Parcel&& parcel) {
        ++parcels_;
        EXPECT_LE(parcel.letters.size(), letters_in_message_max);
        const auto bytes =
            encode({.server = servers_[from].name, .life = servers_[from].life, .body = parcel});
        EXPECT_TRUE(bytes.size() <= Post::parcel_bytes_max || parcel.letters.size() == 1);
        const auto at = static_cast<std::size_t>(to.back() - '0');
        if (random_.below(100) < luck_.lost) return;
        const std::uint32_t copies = random_.below(100) < luck_.twice ? 2 : 1;
        for (std::uint32_t i = 0; i < copies; ++i) {
            under_way_.emplace(now_ + tick * (1 + random_.below(luck_.delay + 1)),
                               Datagram{at, bytes});
        }
    }
    void receive(const Datagram& datagram) {
        if (servers_[datagram.to].is_down) return;
        auto message = decode(datagram.bytes);
        ASSERT_TRUE(message.has_value()) << message.error().message;
        Post& post = *servers_[datagram.to].post;
        const std::uint64_t own = servers_[datagram.to].life;
        const auto heard = post.heard(message->server, message->life, now_);
        const auto from = static_cast<std::size_t>(message->server.back() - '0');
        for (const std::uint32_t number : numbers_of(heard.returned)) {
            returned_[{own, from}].push_back(number);
        }
        if (heard.is_late) return;
        const auto letters = post.take(message->server, message->life,
                                       std::move(std::get<Parcel>(message->body)), now_);
        for (const std::uint32_t number : numbers_of(letters)) {
            got_[{message->life, own}].push_back(number);
        }
    }

    sim::Random random_;
    Luck luck_;
    Instant now_{1'000'000};
    std::vector<Server> servers_;
    std::uint64_t next_life_ = 100;
    std::uint32_t next_number_ = 1;
    std::size_t parcels_ = 0;
    std::multimap<Instant, Datagram> under_way_;
    std::map<std::pair<std::uint64_t, std::size_t>, Numbers> sent_, returned_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, Numbers> got_;
};

TEST(Post, DeliversEachLetterOnceAndInOrderWhateverTheBusDoes) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        Net net(seed, {.lost = 30, .twice = 20, .delay = 20}, 3);
        for (int i = 0; i < 400; ++i) {
            for (std::uint32_t n = net.chance(4); n > 0; --n) {
                const std::size_t from = net.chance(3);
                net.send(from, (from + 1 + net.chance(2)) % 3);
            }
            net.step();
        }
        net.set_luck({});
        net.run(60);
        for (std::size_t from = 0; from < 3; ++from) {
            for (std::size_t to = 0; to < 3; ++to) {
                ASSERT_EQ(net.got(net.life(from), net.life(to)), net.sent(net.life(from), to));
            }
            EXPECT_EQ(net.post(from).statistics().waiting, 0U);
            EXPECT_GT(net.post(from).statistics().repeated, 0U);
        }
    }
}

TEST(Post, HandsBackWhatAnEarlierProcessHasNotAcknowledged) {
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
        Net net(seed, {.lost = 20, .twice = 20, .delay = 10}, 2);
        const std::uint64_t sender = net.life(0);
        std::vector<std::uint64_t> lives{net.life(1)};
        for (int turn = 0; turn < 3; ++turn) {
            for (int i = 0; i < 60; ++i) {
                net.send(0, 1);
                if (i % 2 == 0) net.send(1, 0);
                net.step();
            }
            net.set_down(1, true);
            net.run(80);
            net.start(1);
            net.set_down(1, false);
            lives.push_back(net.life(1));
            net.send(1, 0);
            net.run(40);
        }
        net.set_luck({});
        net.send(0, 1);
        net.run(80);
        // Each letter was delivered, to one process, or handed back, and the two only overlap for
        // what was delivered to a process before it ended.
        std::set<std::uint32_t> delivered;
        for (const std::uint64_t life : lives) {
            const auto& got = net.got(sender, life);
            EXPECT_TRUE(std::ranges::is_sorted(got));
            EXPECT_EQ(std::ranges::adjacent_find(got), got.end());
            for (const std::uint32_t number : got) {
                EXPECT_TRUE(delivered.insert(number).second) << number;
            }
        }
        EXPECT_FALSE(net.got(sender, lives.back()).empty());
        const auto& returned = net.returned(sender, 1);
        EXPECT_FALSE(returned.empty());
        for (const std::uint32_t number : net.sent(sender, 1)) {
            const bool is_back = std::ranges::find(returned, number) != returned.end();
            ASSERT_TRUE(is_back || delivered.contains(number)) << seed << ' ' << number;
        }
        for (const std::uint32_t number : net.got(sender, lives.back())) {
            EXPECT_EQ(std::ranges::find(returned, number), returned.end());
        }
        EXPECT_EQ(net.got(net.life(1), sender), net.sent(net.life(1), 0));
    }
}

TEST(Post, GoesOnAfterItForgotAPeerThatWasThereAllTheTime) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Net net(seed, {.lost = 30, .twice = 10, .delay = 10}, 2);
        std::set<std::uint32_t> taken_back;
        for (int turn = 0; turn < 5; ++turn) {
            for (int i = 0; i < 20; ++i) {
                net.send(0, 1);
                net.step();
            }
            for (const auto number : numbers_of(net.post(0).forget("s1"))) {
                taken_back.insert(number);
            }
            net.run(static_cast<int>(net.chance(30)));
        }
        net.set_luck({});
        net.send(0, 1);
        net.run(60);
        const auto& got = net.got(net.life(0), net.life(1));
        EXPECT_TRUE(std::ranges::is_sorted(got));
        EXPECT_FALSE(taken_back.empty());
        for (const std::uint32_t number : net.sent(net.life(0), 1)) {
            ASSERT_TRUE(taken_back.contains(number) || std::ranges::binary_search(got, number));
        }
        EXPECT_EQ(got.back(), net.sent(net.life(0), 1).back());
    }
}

TEST(Post, TakesWhatComesInAnothersNameForLateUntilThePeerIsQuiet) {
    Post post(1);
    Instant now{5'000};
    EXPECT_FALSE(post.heard("b", 20, now).is_late);
    ASSERT_TRUE(post.send("b", claim(1)));
    post.flush(now, [](std::string_view, Parcel&&) {});
    // The message of a process that is no more, or of one that begins before its time.
    const auto late = post.heard("b", 19, now + milliseconds(999));
    EXPECT_TRUE(late.is_late);
    EXPECT_TRUE(late.returned.empty());
    EXPECT_FALSE(post.heard("b", 20, now + milliseconds(500)).is_late);
    EXPECT_TRUE(post.heard("b", 21, now + milliseconds(1'499)).is_late);
    const auto next = post.heard("b", 21, now + milliseconds(1'500));
    EXPECT_FALSE(next.is_late);
    EXPECT_EQ(numbers_of(next.returned), std::vector<std::uint32_t>{1});
    // Numbers begin anew for the new process.
    ASSERT_TRUE(post.send("b", claim(2)));
    post.flush(now + milliseconds(1'600), [](std::string_view peer, Parcel&& parcel) {
        EXPECT_EQ(peer, "b");
        EXPECT_EQ(parcel.to_life, 21U);
        EXPECT_EQ(parcel.first, 1U);
        EXPECT_EQ(numbers_of(parcel.letters), std::vector<std::uint32_t>{2});
    });
}

TEST(Post, GivesNoLetterToAProcessThatItWasNotMeantFor) {
    Post post(1);
    const Instant now{5'000};
    (void)post.heard("a", 7, now);
    EXPECT_TRUE(post.take("a", 7, {.to_life = 2, .first = 1, .letters = {claim(1)}}, now).empty());
    EXPECT_TRUE(post.take("a", 7, {.to_life = 0, .first = 1, .letters = {claim(1)}}, now).empty());
    // But it says at once who it is.
    std::vector<Parcel> out;
    post.flush(now, [&](std::string_view, Parcel&& parcel) { out.push_back(std::move(parcel)); });
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].to_life, 7U);
    EXPECT_EQ(out[0].acknowledged, 0U);
    EXPECT_EQ(post.take("a", 7, {.to_life = 1, .first = 1, .letters = {claim(1)}}, now).size(), 1U);
    // Nor does it take anything from whom it does not know.
    EXPECT_TRUE(post.take("x", 7, {.to_life = 1, .first = 1, .letters = {claim(1)}}, now).empty());
    EXPECT_TRUE(post.take("a", 8, {.to_life = 1, .first = 2, .letters = {claim(2)}}, now).empty());
}

TEST(Post, AcknowledgesByItselfWithinFiftyMilliseconds) {
    Net net(1, {}, 2);
    net.send(0, 1);
    net.run(20);
    ASSERT_EQ(net.post(0).statistics().waiting, 0U);
    const std::size_t before = net.parcels();
    net.send(0, 1);
    net.run(1);
    EXPECT_EQ(net.parcels(), before + 1);
    net.run(1 + 50 / 16 + 1);
    EXPECT_EQ(net.parcels(), before + 2);
    EXPECT_EQ(net.post(0).statistics().waiting, 0U);
    EXPECT_EQ(net.post(0).statistics().repeated, 0U);
    net.run(100);
    EXPECT_EQ(net.parcels(), before + 2);  // who has nothing to say is silent
}

TEST(Post, RepeatsEveryHundredMillisecondsAndNoMoreThanAWindow) {
    Post post(1);
    Instant now{5'000};
    (void)post.heard("b", 2, now);
    for (std::uint32_t i = 1; i <= 3'000; ++i) ASSERT_TRUE(post.send("b", claim(i)));
    std::vector<std::uint32_t> said;
    int parcels = 0;
    const auto publish = [&](std::string_view, Parcel&& parcel) {
        ++parcels;
        for (const auto number : numbers_of(parcel.letters)) said.push_back(number);
    };
    for (int i = 0; i < 3; ++i) post.flush(now, publish);
    EXPECT_EQ(said.size(), Post::window);
    EXPECT_EQ(said.back(), Post::window);
    said.clear();
    post.flush(now + milliseconds(99), publish);
    EXPECT_TRUE(said.empty());
    post.flush(now + milliseconds(100), publish);
    EXPECT_EQ(said.size(), Post::window);
    EXPECT_EQ(post.statistics().repeated, Post::window);
    said.clear();
    // What is acknowledged makes place for what waits; more than was sent is nonsense.
    now += milliseconds(110);
    (void)post.take("b", 2, {.to_life = 1, .acknowledged = 2'000, .acknowledged_life = 1}, now);
    (void)post.take("b", 2, {.to_life = 1, .acknowledged = 500, .acknowledged_life = 9}, now);
    EXPECT_EQ(post.statistics().waiting, 3'000U);
    (void)post.take("b", 2, {.to_life = 1, .acknowledged = 500, .acknowledged_life = 1}, now);
    EXPECT_EQ(post.statistics().waiting, 2'500U);
    post.flush(now, publish);
    ASSERT_EQ(said.size(), 500U);
    EXPECT_EQ(said.front(), Post::window + 1);
}

TEST(Post, CutsLongLettersIntoSeveralParcelsAndAFlushOffAtEight) {
    Post post(1);
    const Instant now{5'000};
    (void)post.heard("b", 2, now);
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(post.send("b", talk(talk_bytes_max)));
    std::size_t parcels = 0;
    std::size_t letters = 0;
    const auto publish = [&](std::string_view, Parcel&& parcel) {
        ++parcels;
        letters += parcel.letters.size();
        EXPECT_LE(encode({.server = "a", .life = 1, .body = parcel}).size(),
                  Post::parcel_bytes_max);
    };
    post.flush(now, publish);
    EXPECT_EQ(parcels, Post::parcels_max);
    EXPECT_GT(letters, 8 * 14U);
    for (int i = 0; i < 10; ++i) post.flush(now, publish);
    EXPECT_EQ(letters, 600U);
}

TEST(Post, DropsTheOldestTalkFirstAndNeverACrossing) {
    Post post(1);
    const Instant now{5'000};
    (void)post.heard("b", 2, now);
    ASSERT_TRUE(post.send("b", crossing(1)));
    ASSERT_TRUE(post.send("b", talk(10)));
    ASSERT_TRUE(post.send("b", claim(1)));
    std::vector<Parcel> out;
    const auto publish = [&](std::string_view, Parcel&& parcel) {
        out.push_back(std::move(parcel));
    };
    post.flush(now, publish);
    for (std::size_t i = 3; i < Post::waiting_max; ++i) ASSERT_TRUE(post.send("b", crossing(2)));
    EXPECT_TRUE(post.overflowed().empty());
    EXPECT_TRUE(post.send("b", crossing(3)));  // instead of the talk,
    EXPECT_TRUE(post.send("b", crossing(4)));  // instead of the claim
    EXPECT_EQ(post.overflowed(), std::vector<std::string>{"b"});
    EXPECT_TRUE(post.overflowed().empty());
    Letter last = crossing(5);
    EXPECT_FALSE(post.send("b", std::move(last)));
    EXPECT_EQ(std::get<Crossing>(last).traveller.hop, 5U);
    EXPECT_EQ(post.statistics().waiting, Post::waiting_max);
    EXPECT_EQ(post.statistics().dropped, 2U);
    // What was sent keeps its number, so that the rest still fits together.
    out.clear();
    post.flush(now + milliseconds(200), publish);
    ASSERT_FALSE(out.empty());
    Post other(2);
    (void)other.heard("a", 1, now);
    const auto got = other.take("a", 1, std::move(out[0]), now);
    ASSERT_GE(got.size(), 2U);
    EXPECT_EQ(std::get<Crossing>(got[0]).traveller.hop, 1U);
    EXPECT_EQ(std::get<Crossing>(got[1]).traveller.hop, 2U);
    const auto back = post.forget("b");
    ASSERT_EQ(back.size(), Post::waiting_max);
    EXPECT_EQ(std::get<Crossing>(back.back()).traveller.hop, 4U);
}

TEST(Post, KeepsNoMoreBytesThanAllowed) {
    Post post(1);
    (void)post.heard("b", 2, Instant{5'000});
    for (std::size_t i = 0; i < 2 * Post::waiting_bytes_max / talk_bytes_max; ++i) {
        ASSERT_TRUE(post.send("b", talk(talk_bytes_max)));
    }
    EXPECT_LE(post.statistics().waiting, Post::waiting_bytes_max / talk_bytes_max);
    EXPECT_GT(post.statistics().dropped, 0U);
}

TEST(Post, NamesThePeersThatAreSilent) {
    Post post(1);
    const Instant now{5'000};
    const auto nothing = [](std::string_view, Parcel&&) {};
    ASSERT_TRUE(post.send("never", claim(1)));
    (void)post.heard("quiet", 2, now);
    post.flush(now, nothing);
    EXPECT_EQ(post.silent(now + milliseconds(5'000), milliseconds(5'000)),
              std::vector<std::string>{"never"});  // nothing waits for the other
    ASSERT_TRUE(post.send("quiet", claim(2)));
    EXPECT_EQ(post.silent(now + milliseconds(5'000), milliseconds(5'000)).size(), 2U);
    EXPECT_TRUE(post.silent(now + milliseconds(4'999), milliseconds(5'000)).empty());
    (void)post.heard("quiet", 2, now + milliseconds(4'000));
    EXPECT_EQ(post.silent(now + milliseconds(5'000), milliseconds(5'000)).size(), 1U);
    EXPECT_EQ(numbers_of(post.forget("never")), std::vector<std::uint32_t>{1});
    EXPECT_TRUE(post.silent(now + milliseconds(9'000), milliseconds(5'001)).empty());
}

TEST(Post, AsksForAProcessBeforeItSendsItLetters) {
    Post post(1);
    const Instant now{5'000};
    ASSERT_TRUE(post.send("b", claim(1)));
    std::vector<Parcel> out;
    const auto publish = [&](std::string_view, Parcel&& parcel) {
        out.push_back(std::move(parcel));
    };
    post.flush(now, publish);
    post.flush(now + milliseconds(50), publish);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].to_life, 0U);
    EXPECT_TRUE(out[0].letters.empty());
    post.flush(now + milliseconds(100), publish);
    EXPECT_EQ(out.size(), 2U);
    (void)post.heard("b", 9, now + milliseconds(110));
    post.flush(now + milliseconds(110), publish);
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[2].to_life, 9U);
    EXPECT_EQ(numbers_of(out[2].letters), std::vector<std::uint32_t>{1});
}

TEST(Post, KeepsPlaceForANewPeerWithWhomLettersWait) {
    Post post(1);
    Instant now{5'000};
    for (std::size_t i = 0; i < Post::peers_max; ++i) {
        const std::string name = "s" + std::to_string(i);
        (void)post.heard(name, 2, now += milliseconds(1));
        if (i != 3) {
            ASSERT_TRUE(post.send(name, claim(1)));
        }
    }
    EXPECT_TRUE(post.send("new", claim(1)));  // in the place of s3
    EXPECT_EQ(post.statistics().peers, Post::peers_max);
    EXPECT_FALSE(post.send("newer", claim(1)));
    EXPECT_TRUE(post.heard("newer", 2, now).is_late);
}

TEST(Post, KnowsWhichOfItsLettersHaveCome) {
    Post one(1), other(2);
    Instant now(1'000);
    static_cast<void>(one.heard("b", 2, now));
    static_cast<void>(other.heard("a", 1, now));
    EXPECT_FALSE(one.has_come("b", {}));
    ASSERT_TRUE(one.send("b", claim(1)));
    const auto first = one.last("b");
    ASSERT_TRUE(one.send("b", crossing(2)));
    const auto second = one.last("b");
    const auto carry = [&](Post& from, std::string_view name, std::uint64_t life, Post& to) {
        now += milliseconds(200);
        from.flush(now, [&](std::string_view, Parcel&& parcel) {
            static_cast<void>(to.take(name, life, std::move(parcel), now));
        });
    };
    EXPECT_FALSE(one.has_come("b", first));
    carry(one, "a", 1, other);
    EXPECT_FALSE(one.has_come("b", first)) << "it was not told";
    carry(other, "b", 2, one);
    EXPECT_TRUE(one.has_come("b", first));
    EXPECT_TRUE(one.has_come("b", second));
    ASSERT_TRUE(one.send("b", claim(3)));
    EXPECT_FALSE(one.has_come("b", one.last("b")));
    // Another process has numbers of its own.
    const auto third = one.last("b");
    now += Post::quiet_before_restart;
    EXPECT_EQ(one.heard("b", 3, now).returned.size(), 1U);
    EXPECT_FALSE(one.has_come("b", third));
    EXPECT_TRUE(one.has_come("b", second));
}

}  // namespace
}  // namespace muster::mesh
