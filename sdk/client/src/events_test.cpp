#include "events.hpp"

#include <gtest/gtest.h>

namespace muster::sdk {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Stored> snapshot(std::uint32_t tick) {
    auto told = std::make_unique<Told<muster_client_snapshot>>(MUSTER_CLIENT_EVENT_SNAPSHOT);
    told->what.tick = tick;
    return told;
}

std::unique_ptr<Stored> chat(const std::string& text) {
    auto told = std::make_unique<Told<muster_client_chat>>(MUSTER_CLIENT_EVENT_CHAT);
    told->what.text = told->keep(text);
    return told;
}

TEST(Events, ComeInTheirOrderAndStayUntilTheNext) {
    Events events(16);
    EXPECT_EQ(events.take(milliseconds(0)), nullptr);
    events.put(chat("a"));
    events.put(snapshot(7));
    const auto* first = events.take(milliseconds(0));
    ASSERT_NE(first, nullptr);
    EXPECT_STREQ(first->of.chat->text, "a");
    EXPECT_EQ(first->size, sizeof(muster_client_chat));
    EXPECT_EQ(events.take(milliseconds(0))->of.snapshot->tick, 7);
    EXPECT_EQ(events.take(milliseconds(0)), nullptr);
    EXPECT_EQ(events.dropped(), 0);
}

TEST(Events, WhenNobodyFetchesThemOldSnapshotsGoAndWordsStay) {
    Events events(200);
    for (std::uint32_t i = 0; i < 50; ++i) events.put(chat("word"));
    for (std::uint32_t i = 1; i <= 500; ++i) events.put(snapshot(i));
    EXPECT_EQ(events.dropped(), 500 - Events::snapshots_max);
    std::size_t words = 0;
    std::uint32_t first = 0, last = 0;
    while (const auto* event = events.take(milliseconds(0))) {
        if (event->kind == MUSTER_CLIENT_EVENT_CHAT) {
            ++words;
            continue;
        }
        last = event->of.snapshot->tick;
        if (first == 0) first = last;
    }
    EXPECT_EQ(words, 50);
    EXPECT_EQ(first, 500 - Events::snapshots_max + 1);
    EXPECT_EQ(last, 500);
}

TEST(Events, AFullQueueGivesUpASnapshotFirstAndElseTheOldestWord) {
    Events events(16);
    events.put(chat("oldest"));
    events.put(snapshot(1));
    for (int i = 0; i < 15; ++i) events.put(chat("later"));
    EXPECT_EQ(events.dropped(), 1);
    EXPECT_STREQ(events.take(milliseconds(0))->of.chat->text, "oldest");
    for (int i = 0; i < 2; ++i) events.put(chat("newest"));
    EXPECT_EQ(events.dropped(), 2);
    std::size_t left = 0;
    while (events.take(milliseconds(0)) != nullptr) ++left;
    EXPECT_EQ(left, 16);
}

}  // namespace
}  // namespace muster::sdk
