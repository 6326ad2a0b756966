#include "inbound.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "game_generated.h"
#include "muster/replication/mirror.hpp"

namespace muster::host {
namespace {

using replication::InputStep;

TEST(Inbound, StepsAreNumberedFromTheNewestBack) {
    std::vector<std::uint64_t> room;
    const std::vector<InputStep> steps{
        {.aim = 1, .buttons = 1}, {.aim = 2, .seen = 6}, {.aim = 3, .slot = 4, .seen = 200}};
    const auto bytes = replication::write_inputs(10, 100, 0b101, steps);
    const auto read = read_inbound(bytes, room);
    ASSERT_TRUE(read) << read.error().message;
    const auto& inputs = std::get<inbound::Inputs>(*read);
    EXPECT_EQ(inputs.newest, 100);
    EXPECT_EQ(inputs.received, 0b101);
    ASSERT_EQ(inputs.count, 3);
    EXPECT_EQ(inputs.seen_ago[1], 6);
    EXPECT_EQ(inputs.steps[0], (sim::Input{.sequence = 8, .seen = 100, .aim = 1, .buttons = 1}));
    EXPECT_EQ(inputs.steps[1], (sim::Input{.sequence = 9, .seen = 94, .aim = 2}));
    EXPECT_EQ(inputs.steps[2], (sim::Input{.sequence = 10, .seen = 0, .aim = 3, .slot = 4}))
        << "before the beginning is now";
}

TEST(Inbound, SequencesBeginWithOne) {
    std::vector<std::uint64_t> room;
    const std::vector<InputStep> steps(4);
    const auto read = read_inbound(replication::write_inputs(2, 0, 0, steps), room);
    ASSERT_TRUE(read);
    const auto& inputs = std::get<inbound::Inputs>(*read);
    ASSERT_EQ(inputs.count, 2);
    EXPECT_EQ(inputs.steps[0].sequence, 1);
}

TEST(Inbound, ReadsAnOffer) {
    flatbuffers::FlatBufferBuilder builder;
    const auto sdp = builder.CreateString("v=0");
    builder.Finish(protocol::CreateMessage(builder, protocol::Body::Offer,
                                           protocol::CreateOffer(builder, 9, sdp).Union()),
                   protocol::MessageIdentifier());
    std::vector<std::uint64_t> room;
    const auto read =
        read_inbound(std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize())), room);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(std::get<inbound::Offer>(*read).number, 9);
    EXPECT_EQ(std::get<inbound::Offer>(*read).sdp, "v=0");
}

TEST(Inbound, ReadsACommandWithItsPayload) {
    std::vector<std::uint64_t> room;
    const std::vector<std::byte> payload{std::byte{1}, std::byte{255}};
    const auto bytes = replication::write_custom(255, payload);
    const auto read = read_inbound(bytes, room);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(std::get<inbound::Custom>(*read).command, 255);
    EXPECT_TRUE(std::ranges::equal(std::get<inbound::Custom>(*read).payload, payload));
}

TEST(Inbound, ReadsWhatIsNotAlignedAndRefusesTheRest) {
    std::vector<std::uint64_t> room;
    const auto say = replication::write_say("hello", {.scope = 1});
    std::vector<std::byte> moved(say.size() + 1);
    std::ranges::copy(say, moved.begin() + 1);
    const auto read = read_inbound(std::span(moved).subspan(1), room);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<inbound::Say>(*read).text, "hello");
    EXPECT_EQ(std::get<inbound::Say>(*read).to, Scope::team);
    for (std::size_t n = 0; n < say.size() / 2; ++n) {
        EXPECT_FALSE(read_inbound(std::span(say).first(n), room));
    }
    EXPECT_FALSE(read_inbound(std::vector<std::byte>(5'000), room));
}

}  // namespace
}  // namespace muster::host
