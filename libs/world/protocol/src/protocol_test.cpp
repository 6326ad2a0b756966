// Goal: no byte from outside is read before it is verified, and each limit of the header holds.
#include "muster/protocol/protocol.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "game_generated.h"

namespace muster::protocol {
namespace {

template <typename Offset>
std::vector<std::byte> finished(flatbuffers::FlatBufferBuilder& builder, Body kind, Offset body,
                                const char* identifier = MessageIdentifier()) {
    builder.Finish(CreateMessage(builder, kind, body.Union()), identifier);
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

std::vector<std::byte> inputs(std::size_t count, const char* identifier = MessageIdentifier()) {
    flatbuffers::FlatBufferBuilder builder;
    const std::vector<InputStep> steps(count, InputStep(1000, 17, 0, 6));
    const auto list = builder.CreateVectorOfStructs(steps);
    return finished(builder, Body::Inputs, CreateInputs(builder, 7, 90, 3, list), identifier);
}

std::vector<std::byte> say(const std::string& text) {
    flatbuffers::FlatBufferBuilder builder;
    const auto offset = builder.CreateString(text);
    return finished(builder, Body::Say, CreateSay(builder, offset));
}

std::vector<std::byte> offer(const std::string& sdp) {
    flatbuffers::FlatBufferBuilder builder;
    const auto text = builder.CreateString(sdp);
    return finished(builder, Body::Offer, CreateOffer(builder, 3, text));
}

std::vector<std::byte> pong() {
    flatbuffers::FlatBufferBuilder builder;
    return finished(builder, Body::Pong, CreatePong(builder, 5, 6));
}

std::vector<std::byte> custom(std::size_t size) {
    flatbuffers::FlatBufferBuilder builder;
    const auto payload = builder.CreateVector(std::vector<std::uint8_t>(size, 7));
    return finished(builder, Body::Custom, CreateCustom(builder, 20, payload));
}

std::string field_of(const std::vector<std::byte>& bytes) {
    const auto message = read_from_player(bytes);
    return message ? "none" : message.error().field;
}

TEST(Protocol, ReadsWhatAPlayerSends) {
    const auto bytes = inputs(4);
    const auto message = read_from_player(bytes);
    ASSERT_TRUE(message.has_value()) << message.error().message;
    const auto* body = (*message)->body_as_Inputs();
    ASSERT_NE(body, nullptr);
    EXPECT_EQ(body->sequence(), 7U);
    ASSERT_EQ(body->steps()->size(), 4U);
    EXPECT_EQ(body->steps()->Get(3)->aim(), 1000);
}

TEST(Protocol, RefusesWhatGoesTheOtherWay) {
    EXPECT_FALSE(read_from_world(inputs(1)).has_value());
    EXPECT_EQ(field_of(pong()), "body_type");
    EXPECT_TRUE(read_from_world(pong()).has_value());
}

TEST(Protocol, RefusesABodyOfAKindThatItDoesNotKnow) {
    for (const int kind : {0, static_cast<int>(Body::MAX) + 1, 200, 255}) {
        flatbuffers::FlatBufferBuilder builder;
        const auto bytes = finished(builder, static_cast<Body>(kind), CreateBye(builder));
        EXPECT_FALSE(read_from_player(bytes).has_value()) << kind;
        EXPECT_FALSE(read_from_world(bytes).has_value()) << kind;
    }
}

TEST(Protocol, RefusesAnotherVersionsIdentifier) {
    EXPECT_FALSE(read_from_player(inputs(1, "MSW2")).has_value());
    EXPECT_FALSE(read_from_player(inputs(1, nullptr)).has_value());
}

TEST(Protocol, TakesSixteenStepsAndNotOneMore) {
    EXPECT_EQ(field_of(inputs(steps_max)), "none");
    EXPECT_EQ(field_of(inputs(steps_max + 1)), "steps");
    EXPECT_EQ(field_of(inputs(0)), "none");
}

TEST(Protocol, CountsTheCharactersOfATextAndNotItsBytes) {
    std::string hundred;
    for (int n = 0; n < 100; ++n) hundred += "\xF0\x9F\x98\x80";
    EXPECT_EQ(field_of(say(hundred)), "none");
    EXPECT_EQ(field_of(say(hundred + "x")), "text");
    EXPECT_EQ(field_of(say(std::string(101, 'x'))), "text");
}

TEST(Protocol, CarriesACommandAndAKibibyteBothWaysAndNotAByteMore) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, custom_bytes_max}) {
        const auto bytes = custom(size);
        ASSERT_LE(bytes.size(), to_world_bytes_max);
        for (const auto& message : {read_from_player(bytes), read_from_world(bytes)}) {
            ASSERT_TRUE(message.has_value()) << message.error().message;
            EXPECT_EQ((*message)->body_as_Custom()->command(), 20);
            EXPECT_EQ((*message)->body_as_Custom()->payload()->size(), size);
        }
    }
    const auto longer = custom(custom_bytes_max + 1);
    ASSERT_LE(longer.size(), to_world_bytes_max) << "the payload's own limit is what is tried";
    EXPECT_EQ(field_of(longer), "payload");
    const auto from_world = read_from_world(longer);
    ASSERT_FALSE(from_world.has_value());
    EXPECT_EQ(from_world.error().field, "payload");
}

TEST(Protocol, RefusesATextThatIsNotUtf8) {
    for (const auto* bad :
         {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\xAF", "\xED\xA0\x80", "\xE2\x82",
          "\xF4\x90\x80\x80", "\xF0\x80\x80\xAF", "\xFF", "\xC3(", "\xF5\x80\x80\x80"})
        EXPECT_EQ(field_of(say(bad)), "text") << bad;
    for (const auto* good :
         {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
        EXPECT_EQ(field_of(say(good)), "none") << good;
}

TEST(Protocol, RefusesEveryTruncation) {
    for (const auto& whole : {inputs(4), say("hello there"), pong()}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            // Its own allocation, so that a read past the end is found.
            const std::vector<std::byte> part(whole.begin(),
                                              whole.begin() + static_cast<long>(size));
            const auto from_player = read_from_player(part);
            if (from_player && (*from_player)->body_as_Inputs() == nullptr)
                EXPECT_NE((*from_player)->body_as_Say(), nullptr);
            static_cast<void>(read_from_world(part));
        }
        const std::vector<std::byte> half(whole.begin(),
                                          whole.begin() + static_cast<long>(whole.size() / 2));
        EXPECT_FALSE(read_from_player(half).has_value());
        EXPECT_FALSE(read_from_world(half).has_value());
    }
}

TEST(Protocol, RefusesMoreBytesThanAPlayerMaySend) {
    auto bytes = inputs(1);
    bytes.resize(to_world_packet_max);
    EXPECT_TRUE(read_from_player(bytes).has_value());
    bytes.resize(to_world_packet_max + 1);
    EXPECT_FALSE(read_from_player(bytes).has_value());
}

TEST(Protocol, TakesAnOfferOfFourKilobytesAndNothingElseSoLong) {
    EXPECT_EQ(field_of(offer(std::string(offer_bytes_max, 'v'))), "none");
    EXPECT_LE(offer(std::string(offer_bytes_max, 'v')).size(), to_world_bytes_max);
    EXPECT_EQ(field_of(offer(std::string(offer_bytes_max + 1, 'v'))), "sdp");
    EXPECT_FALSE(read_from_player(offer(std::string(to_world_bytes_max, 'v'))).has_value());
    EXPECT_FALSE(read_from_world(offer("v=0")).has_value()) << "a world makes none";
}

TEST(Protocol, RefusesTablesThatOverlapToMakeVerifyingLong) {
    flatbuffers::FlatBufferBuilder builder;
    const auto name = builder.CreateString("x");
    const auto person = CreatePerson(builder, 1, 1, Team::red, false, name);
    const std::vector<flatbuffers::Offset<Person>> many(60'000, person);
    const auto list = builder.CreateVector(many);
    const auto bytes = finished(builder, Body::People, CreatePeople(builder, list));
    ASSERT_LE(bytes.size(), control_bytes_max);
    EXPECT_FALSE(read_from_world(bytes).has_value());
}

TEST(Protocol, ReadsAWholeServersPeople) {
    flatbuffers::FlatBufferBuilder builder;
    std::vector<flatbuffers::Offset<Person>> many;
    for (int n = 0; n < 4'000; ++n) {
        const auto name = builder.CreateString("somebody with a long name");
        many.push_back(
            CreatePerson(builder, static_cast<std::uint16_t>(n), 1, Team::red, false, name));
    }
    const auto list = builder.CreateVector(many);
    const auto bytes = finished(builder, Body::People, CreatePeople(builder, list));
    ASSERT_LE(bytes.size(), control_bytes_max);
    EXPECT_TRUE(read_from_world(bytes).has_value());
}

TEST(Protocol, CopiesOnlyWhatDoesNotLieAligned) {
    const auto bytes = inputs(2);
    std::vector<std::uint64_t> room;
    EXPECT_EQ(aligned(bytes, room).data(), bytes.data());
    EXPECT_TRUE(room.empty());
    std::vector<std::byte> shifted(bytes.size() + 1);
    std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
    const auto odd = std::span(shifted).subspan(1);
    EXPECT_EQ(read_from_player(odd).error().code, Errc::internal);
    EXPECT_TRUE(read_from_player(aligned(odd, room)).has_value());
}

}  // namespace
}  // namespace muster::protocol
