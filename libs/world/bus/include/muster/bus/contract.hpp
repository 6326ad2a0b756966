#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/bus/bus.hpp"
#include "muster/bus/test_recorder.hpp"

/// What every Bus promises, as tests. An adapter's own test program includes this file once and
/// says INSTANTIATE_TEST_SUITE_P(Name, BusContract, testing::Values(Maker{...})).
namespace muster::bus {

/// Where the buses of one test meet.
class Meeting {
  public:
    virtual ~Meeting() = default;
    [[nodiscard]] virtual std::unique_ptr<Bus> join() = 0;
    /// Disconnects everybody, as a network or a server that dies would; and undoes it.
    virtual void cut() = 0;
    virtual void mend() = 0;
};

struct Maker {
    std::string name;
    std::function<std::unique_ptr<Meeting>()> make;
};
inline std::ostream& operator<<(std::ostream& out, const Maker& maker) {
    return out << maker.name;
}

class BusContract : public testing::TestWithParam<Maker> {
  protected:
    void SetUp() override {
        meeting_ = GetParam().make();
        ASSERT_NE(meeting_, nullptr);
        ours_ = meeting_->join();
        theirs_ = meeting_->join();
        ASSERT_NE(ours_, nullptr);
        ASSERT_NE(theirs_, nullptr);
    }
    /// Subscribed, and the other side knows.
    [[nodiscard]] static Subscription subscribe(Bus& bus, std::string_view pattern,
                                                Receiver receiver, QueueLimits limits = {}) {
        auto made = bus.subscribe(pattern, std::move(receiver), limits);
        EXPECT_TRUE(made) << made.error().message;
        const auto flushed = bus.flush(patience);
        EXPECT_TRUE(flushed) << flushed.error().message;
        return made ? std::move(*made) : Subscription();
    }
    static void publish(Bus& bus, std::string_view subject, std::string_view bytes) {
        const auto published = bus.publish(subject, bytes_of(bytes));
        EXPECT_TRUE(published) << published.error().message;
    }

    std::unique_ptr<Meeting> meeting_;
    std::unique_ptr<Bus> ours_;
    std::unique_ptr<Bus> theirs_;
};

TEST_P(BusContract, AMessageReachesEverySubscriptionOfItsSubjectAsItWas) {
    std::string all;
    for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
    Recorder first, second, other;
    const auto one = subscribe(*theirs_, "world.w1.strip", first.receiver());
    const auto two = subscribe(*theirs_, "world.w1.strip", second.receiver());
    const auto three = subscribe(*theirs_, "world.w2.strip", other.receiver());
    publish(*ours_, "world.w1.strip", all);
    publish(*ours_, "world.w1.strip", "");
    publish(*ours_, "world.w2.strip", "the last");
    const std::vector<Recorder::Received> expected{{"world.w1.strip", all}, {"world.w1.strip", ""}};
    EXPECT_EQ(first.wait_for(2), expected);
    EXPECT_EQ(second.wait_for(2), expected);
    const std::vector<Recorder::Received> last{{"world.w2.strip", "the last"}};
    EXPECT_EQ(other.wait_for(1), last);
}

TEST_P(BusContract, AStarStandsForOneWholeToken) {
    Recorder middle, end;
    const auto one = subscribe(*theirs_, "w.*.strip", middle.receiver());
    const auto two = subscribe(*theirs_, "w.1.*", end.receiver());
    publish(*ours_, "w.strip", "too few");
    publish(*ours_, "w.1.2.strip", "too many");
    publish(*ours_, "w.1.claim", "claim");
    publish(*ours_, "w.1.strip", "both");
    publish(*ours_, "w.2.strip", "strip");
    publish(*ours_, "w.1.end", "end");
    const std::vector<Recorder::Received> strips{{"w.1.strip", "both"}, {"w.2.strip", "strip"}};
    EXPECT_EQ(middle.wait_for(2), strips);
    const std::vector<Recorder::Received> of_one{
        {"w.1.claim", "claim"}, {"w.1.strip", "both"}, {"w.1.end", "end"}};
    EXPECT_EQ(end.wait_for(3), of_one);
}

TEST_P(BusContract, WhoPublishesHearsItselfWhenItSubscribes) {
    Recorder recorder;
    const auto own = subscribe(*ours_, "echo", recorder.receiver());
    publish(*ours_, "echo", "me");
    EXPECT_EQ(recorder.wait_for(1).at(0).second, "me");
}

TEST_P(BusContract, OrderIsKeptForEachPublisherAndSubject) {
    constexpr int count = 2'000;
    Recorder recorder;
    const auto all = subscribe(*theirs_, "order.*", recorder.receiver(),
                               {.messages = 4 * count, .bytes = 64 << 20});
    const auto second = meeting_->join();
    const auto send = [](Bus& bus, const std::string& mark) {
        for (int i = 0; i < count; ++i) {
            // The one that sends waits when it is far ahead: nothing may be dropped here.
            if (i % 200 == 199) EXPECT_TRUE(bus.flush(patience));
            publish(bus, i % 2 == 0 ? "order.a" : "order.b", mark + std::to_string(i));
        }
    };
    std::thread thread([&] { send(*second, "second "); });
    send(*ours_, "first ");
    thread.join();
    std::map<std::pair<std::string, std::string>, int> last;
    for (const auto& [subject, bytes] : recorder.wait_for(2 * count)) {
        const auto space = bytes.find(' ');
        const int number = std::stoi(bytes.substr(space));
        const auto [it, is_new] = last.try_emplace({subject, bytes.substr(0, space)}, number);
        if (is_new) continue;
        ASSERT_EQ(number, it->second + 2) << subject << ": " << bytes;
        it->second = number;
    }
    EXPECT_EQ(last.size(), 4U);
    EXPECT_EQ(theirs_->statistics().dropped_in, 0U);
}

TEST_P(BusContract, WhatIsNoSubjectIsRefused) {
    Recorder recorder;
    const std::string long_one(subject_bytes_max + 1, 'x');
    for (const std::string_view wrong : {"", ".", "a.", ".a", "a..b", "a b", "a.\n", "a.>", ">",
                                         "\xC3\xA9", "a.**", "a*", long_one.c_str()}) {
        const auto published = ours_->publish(wrong, {});
        ASSERT_FALSE(published) << wrong;
        EXPECT_EQ(published.error().code, Errc::invalid_argument) << wrong;
        EXPECT_EQ(published.error().field, "subject") << wrong;
        const auto subscribed = ours_->subscribe(wrong, recorder.receiver());
        ASSERT_FALSE(subscribed) << wrong;
        EXPECT_EQ(subscribed.error().code, Errc::invalid_argument) << wrong;
        EXPECT_EQ(subscribed.error().field, "subject") << wrong;
    }
    EXPECT_FALSE(ours_->publish("a.*", {})) << "a star is for those who subscribe";
    EXPECT_EQ(ours_->statistics().messages_out, 0U);
}

TEST_P(BusContract, ASubjectOf200BytesPasses) {
    const std::string subject(subject_bytes_max, 'x');
    Recorder recorder;
    const auto own = subscribe(*theirs_, subject, recorder.receiver());
    publish(*ours_, subject, "long");
    EXPECT_EQ(recorder.wait_for(1).at(0).first, subject);
}

TEST_P(BusContract, ASubscriptionThatCouldReceiveNothingIsRefused) {
    Recorder recorder;
    const auto field_of = [](const Result<Subscription>& refused) {
        return refused ? "none" : refused.error().field;
    };
    EXPECT_EQ(field_of(ours_->subscribe("a", nullptr)), "receiver");
    EXPECT_EQ(field_of(ours_->subscribe("a", recorder.receiver(), {.messages = 0, .bytes = 1})),
              "limits.messages");
    EXPECT_EQ(field_of(ours_->subscribe("a", recorder.receiver(), {.messages = 1, .bytes = 0})),
              "limits.bytes");
}

TEST_P(BusContract, AMessageOf1MiBPassesAndALargerOneIsTooLarge) {
    Recorder recorder;
    const auto own = subscribe(*theirs_, "large", recorder.receiver());
    const std::string large(message_bytes_max + 1, 'x');
    const auto refused = ours_->publish("large", bytes_of(large));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_EQ(refused.error().field, "bytes");
    publish(*ours_, "large", std::string_view(large).substr(1));
    EXPECT_EQ(recorder.wait_for(1).at(0).second.size(), message_bytes_max);
}

TEST_P(BusContract, AReceiverThatIsSlowLosesTheOldestAndGetsTheNewest) {
    Recorder slow;
    const auto own =
        subscribe(*theirs_, "strip", slow.receiver(), {.messages = 4, .bytes = 1 << 20});
    slow.hold();
    publish(*ours_, "strip", "first");
    EXPECT_EQ(slow.wait_for(1).size(), 1U);
    for (int i = 1; i <= 100; ++i) publish(*ours_, "strip", std::to_string(i));
    ASSERT_TRUE(becomes([&] { return theirs_->statistics().messages_in == 101; }));
    slow.release();
    const std::vector<Recorder::Received> expected{
        {"strip", "first"}, {"strip", "97"}, {"strip", "98"}, {"strip", "99"}, {"strip", "100"}};
    EXPECT_EQ(slow.wait_for(5), expected);
    EXPECT_EQ(theirs_->statistics().dropped_in, 96U);
}

TEST_P(BusContract, WhatWaitsForAReceiverIsBoundedInBytesAndOneMessageAlwaysFits) {
    Recorder slow;
    const auto own =
        subscribe(*theirs_, "strip", slow.receiver(), {.messages = 1'000, .bytes = 1'000});
    slow.hold();
    publish(*ours_, "strip", "first");
    EXPECT_EQ(slow.wait_for(1).size(), 1U);
    for (const char mark : {'a', 'b', 'c'}) publish(*ours_, "strip", std::string(400, mark));
    publish(*ours_, "strip", std::string(5'000, 'd'));
    ASSERT_TRUE(becomes([&] { return theirs_->statistics().messages_in == 5; }));
    EXPECT_EQ(theirs_->statistics().dropped_in, 3U);
    slow.release();
    const std::vector<Recorder::Received> expected{{"strip", "first"},
                                                   {"strip", std::string(5'000, 'd')}};
    EXPECT_EQ(slow.wait_for(2), expected);
}

TEST_P(BusContract, AReceiverThatHangsHoldsUpNobodyElse) {
    Recorder hanging, quick;
    const auto one = subscribe(*theirs_, "hang", hanging.receiver());
    const auto two = subscribe(*theirs_, "quick", quick.receiver());
    hanging.hold();
    publish(*ours_, "hang", "x");
    EXPECT_EQ(hanging.wait_for(1).size(), 1U);
    for (int i = 0; i < 100; ++i) {
        publish(*ours_, "hang", "y");
        publish(*ours_, "quick", "z");
    }
    EXPECT_EQ(quick.wait_for(100).size(), 100U);
    hanging.release();
    EXPECT_EQ(hanging.wait_for(101).size(), 101U);
}

TEST_P(BusContract, AReceiverIsNotCalledOnceItsSubscriptionHasEnded) {
    std::atomic<bool> done = false;
    std::thread publisher([&] {
        while (!done) publish(*ours_, "busy", "x");
    });
    std::uint64_t calls = 0;
    for (int round = 0; round < 50; ++round) {
        auto alive = std::make_unique<std::atomic<std::uint64_t>>(0);
        auto subscription = theirs_->subscribe(
            "busy", [count = alive.get()](auto, auto) { ++*count; }, {.messages = 8, .bytes = 8});
        EXPECT_TRUE(subscription);
        EXPECT_TRUE(becomes([&] { return *alive > 0; }));
        subscription->reset();
        calls += *alive;
        alive.reset();  // a call from here on would touch what is gone
    }
    EXPECT_GE(calls, 50U);
    done = true;
    publisher.join();
}

TEST_P(BusContract, EndingASubscriptionWaitsForTheCallThatIsGoingOn) {
    Recorder slow;
    auto own = subscribe(*theirs_, "slow", slow.receiver());
    slow.hold();
    publish(*ours_, "slow", "x");
    EXPECT_EQ(slow.wait_for(1).size(), 1U);
    std::atomic<bool> released = false;
    std::thread releasing([&] {
        released = true;
        slow.release();
    });
    own.reset();
    EXPECT_TRUE(released);
    releasing.join();
}

TEST_P(BusContract, AReceiverMayEndItsOwnSubscriptionAndPublish) {
    Recorder answers;
    const auto listening = subscribe(*ours_, "answer", answers.receiver());
    Subscription own;
    std::atomic<int> calls = 0;
    own = subscribe(*theirs_, "question", [&](auto, auto) {
        ++calls;
        own.reset();
        publish(*theirs_, "answer", "only one");
    });
    for (int i = 0; i < 10; ++i) publish(*ours_, "question", "?");
    EXPECT_EQ(answers.wait_for(1).size(), 1U);
    EXPECT_TRUE(ours_->flush(patience));
    EXPECT_EQ(calls, 1);
}

TEST_P(BusContract, ASubscriptionMayOutliveItsBusAndIsSilentThen) {
    auto alive = std::make_unique<Recorder>();
    auto own = subscribe(*theirs_, "late", alive->receiver());
    publish(*ours_, "late", "in time");
    EXPECT_EQ(alive->wait_for(1).size(), 1U);
    theirs_.reset();
    alive.reset();
    publish(*ours_, "late", "too late");
    EXPECT_TRUE(ours_->flush(patience));
    own.reset();
}

TEST_P(BusContract, SubscriptionsAreLimitedAndOneThatEndedMakesRoom) {
    std::vector<Subscription> subscriptions;
    for (std::size_t i = 0; i < subscriptions_max; ++i) {
        auto made = ours_->subscribe("many." + std::to_string(i), [](auto, auto) {});
        ASSERT_TRUE(made) << made.error().message;
        subscriptions.push_back(std::move(*made));
    }
    const auto refused = ours_->subscribe("one", [](auto, auto) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    subscriptions.pop_back();
    EXPECT_TRUE(ours_->subscribe("one", [](auto, auto) {}));
}

TEST_P(BusContract, StatisticsCountWhatWentOutAndWhatCameIn) {
    Recorder one, two;
    const auto first = subscribe(*theirs_, "count", one.receiver());
    const auto second = subscribe(*theirs_, "*", two.receiver());
    publish(*ours_, "count", "12345");
    publish(*ours_, "other", "123");
    EXPECT_EQ(one.wait_for(1).size(), 1U);
    EXPECT_EQ(two.wait_for(2).size(), 2U);
    const auto out = ours_->statistics();
    EXPECT_EQ(out.messages_out, 2U);
    EXPECT_EQ(out.bytes_out, 8U);
    EXPECT_EQ(out.messages_in, 0U);
    EXPECT_EQ(out.dropped_out, 0U);
    const auto in = theirs_->statistics();
    EXPECT_EQ(in.messages_in, 3U);
    EXPECT_EQ(in.bytes_in, 13U);
    EXPECT_EQ(in.messages_out, 0U);
    EXPECT_EQ(in.dropped_in, 0U);
}

TEST_P(BusContract, WhileDisconnectedPublishSaysSoAndSubscriptionsComeBackByThemselves) {
    Recorder before, meanwhile;
    const auto one = subscribe(*theirs_, "before", before.receiver());
    publish(*ours_, "before", "1");
    EXPECT_EQ(before.wait_for(1).size(), 1U);
    EXPECT_TRUE(ours_->health().connected);
    EXPECT_FALSE(ours_->health().peer.empty());
    EXPECT_TRUE(ours_->health().reason.empty());
    const auto reconnects = ours_->health().reconnects;

    meeting_->cut();
    ASSERT_TRUE(becomes([&] { return !ours_->health().connected; }));
    ASSERT_TRUE(becomes([&] { return !theirs_->health().connected; }));
    EXPECT_FALSE(ours_->health().reason.empty());
    EXPECT_TRUE(ours_->health().peer.empty());
    const auto accepted = ours_->statistics().messages_out;
    for (int i = 0; i < 100; ++i) {
        const auto refused = ours_->publish("before", bytes_of("stale"));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::unavailable);
    }
    EXPECT_EQ(ours_->statistics().messages_out, accepted);
    const auto waited = ours_->flush(milliseconds(1));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, Errc::unavailable);
    auto two = theirs_->subscribe("meanwhile", meanwhile.receiver());
    ASSERT_TRUE(two) << two.error().message;

    meeting_->mend();
    ASSERT_TRUE(theirs_->flush(patience));
    ASSERT_TRUE(ours_->flush(patience));
    EXPECT_TRUE(ours_->health().connected);
    EXPECT_EQ(ours_->health().reconnects, reconnects + 1);
    publish(*ours_, "before", "2");
    publish(*ours_, "meanwhile", "3");
    const std::vector<Recorder::Received> expected{{"before", "1"}, {"before", "2"}};
    EXPECT_EQ(before.wait_for_bytes("2"), expected);
    EXPECT_EQ(meanwhile.wait_for(1).at(0).second, "3");
}

TEST_P(BusContract, ThreadsMayDoEverythingAtOnce) {
    Recorder recorder;
    const auto listening =
        subscribe(*theirs_, "all.*", recorder.receiver(), {.messages = 16, .bytes = 1 << 20});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const auto subject = "all." + std::to_string(t);
            for (int i = 0; i < 50; ++i) {
                Bus& bus = (i + t) % 2 == 0 ? *ours_ : *theirs_;
                auto subscription = bus.subscribe(subject, [](auto, auto) {});
                EXPECT_TRUE(subscription);
                publish(bus, subject, "x");
                EXPECT_TRUE(bus.health().connected);
                EXPECT_GE(bus.statistics().messages_out, 1U);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(ours_->flush(patience));
    EXPECT_TRUE(theirs_->flush(patience));
    publish(*ours_, "all.last", "the end");
    EXPECT_FALSE(recorder.wait_for_bytes("the end").empty());
}

}  // namespace muster::bus
