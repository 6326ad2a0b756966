#include "muster/bus/inbox.hpp"

#include <atomic>

#include "muster/bus/test_recorder.hpp"

namespace muster::bus {
namespace {

std::shared_ptr<const Message> message(std::string_view text) {
    const auto bytes = bytes_of(text);
    return std::make_shared<const Message>("s", std::vector(bytes.begin(), bytes.end()));
}

TEST(Inbox, WhatComesAfterItIsClosedIsNotCounted) {
    const auto counters = std::make_shared<Counters>();
    Recorder recorder;
    Inbox inbox(recorder.receiver(), {}, counters);
    inbox.push(message("a"));
    EXPECT_EQ(recorder.wait_for(1).size(), 1U);
    inbox.close();
    inbox.close();
    inbox.push(message("b"));
    EXPECT_EQ(counters->read().messages_in, 1U);
    EXPECT_EQ(recorder.wait_for(0).size(), 1U);
}

TEST(Inbox, IsNotIdleWhileAReceiverIsAtWork) {
    Recorder recorder;
    Inbox inbox(recorder.receiver(), {}, std::make_shared<Counters>());
    recorder.hold();
    inbox.push(message("a"));
    EXPECT_EQ(recorder.wait_for(1).size(), 1U);
    EXPECT_FALSE(inbox.wait_idle(std::chrono::steady_clock::now()));
    recorder.release();
    EXPECT_TRUE(inbox.wait_idle(std::chrono::steady_clock::now() + patience));
}

TEST(Inbox, AReceiverMayLetGoOfItsOwnInbox) {
    std::atomic<int> calls = 0;
    std::unique_ptr<Inbox> inbox;
    std::atomic<bool> gone = false;
    inbox = std::make_unique<Inbox>(
        [&](auto, auto) {
            ++calls;
            inbox.reset();
            gone = true;
        },
        QueueLimits{}, std::make_shared<Counters>());
    inbox->push(message("a"));
    EXPECT_TRUE(becomes([&] { return gone.load(); }));
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace muster::bus
