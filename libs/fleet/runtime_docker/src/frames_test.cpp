#include "frames.hpp"

#include <gtest/gtest.h>

namespace muster::runtime_docker {
namespace {

std::string frame(int stream, const std::string& payload) {
    std::string out{static_cast<char>(stream), 0, 0, 0};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        out += static_cast<char>(payload.size() >> shift & 0xffU);
    }
    return out + payload;
}

const std::string stamp = "2026-11-30T09:29:12.752286992Z ";

TEST(FrameDecoder, GivesTheSameFramesHoweverTheyAreCut) {
    const auto bytes = frame(1, "out\n") + frame(2, "err") + frame(1, "");
    const std::vector<Frame> expected{{false, "out\n"}, {true, "err"}, {false, ""}};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        FrameDecoder decoder(false);
        auto frames = decoder.feed(bytes.substr(0, cut));
        ASSERT_TRUE(frames);
        auto more = decoder.feed(bytes.substr(cut));
        ASSERT_TRUE(more);
        frames->insert(frames->end(), more->begin(), more->end());
        EXPECT_EQ(*frames, expected) << cut;
        EXPECT_FALSE(decoder.is_partial());
    }
}

TEST(FrameDecoder, KnowsWhenAFrameIsCutOff) {
    FrameDecoder decoder(false);
    ASSERT_TRUE(decoder.feed(frame(1, "abc").substr(0, 9)));
    EXPECT_TRUE(decoder.is_partial());
}

TEST(FrameDecoder, RefusesWhatIsNotMultiplexed) {
    for (const auto& bytes :
         {std::string("HTTP/1.1 200"), frame(3, "x"), std::string("\1\0\0\1\0\0\0\1x", 9),
          std::string("\1\0\0\0\xff\0\0\0", 8)}) {
        FrameDecoder decoder(false);
        EXPECT_FALSE(decoder.feed(bytes));
    }
}

TEST(FrameDecoder, ATerminalIsRaw) {
    FrameDecoder decoder(true);
    EXPECT_EQ(decoder.feed("\1raw"), (std::vector<Frame>{{false, "\1raw"}}));
}

TEST(LogDecoder, TakesTheTimestampOff) {
    LogDecoder decoder(false);
    const auto lines = decoder.feed(frame(2, stamp + "hello there\n") + frame(1, "no stamp\n"));
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_EQ(to_rfc3339((*lines)[0].time), "2026-11-30T09:29:12.752Z");
    EXPECT_TRUE((*lines)[0].is_error);
    EXPECT_EQ((*lines)[0].text, "hello there");
    EXPECT_EQ((*lines)[1].text, "no stamp");
    EXPECT_EQ((*lines)[1].time, Timestamp{});
}

TEST(LogDecoder, AnEmptyLineIsALine) {
    LogDecoder decoder(false);
    const auto lines = decoder.feed(frame(1, stamp + "\n"));
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 1U);
    EXPECT_EQ(lines->front().text, "");
}

TEST(LogDecoder, APieceOfALongLineIsALineOfItsOwn) {
    LogDecoder decoder(false);
    const std::string piece(LogDecoder::line_bytes_max, 'x');
    const auto lines = decoder.feed(frame(1, stamp + piece) + frame(1, stamp + "rest\n"));
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_EQ((*lines)[0].text, piece);
    EXPECT_EQ((*lines)[1].text, "rest");
}

TEST(LogDecoder, ATerminalsLinesMayComeInAnyPieces) {
    LogDecoder decoder(true);
    ASSERT_EQ(decoder.feed(stamp + "ab")->size(), 0U);
    const auto lines = decoder.feed("c\r\n" + stamp + "d");
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 1U);
    EXPECT_EQ(lines->front().text, "abc");
    const auto rest = decoder.rest();
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->text, "d");
    EXPECT_FALSE(decoder.rest());
}

TEST(LogDecoder, NoLineIsOverItsLimit) {
    LogDecoder decoder(true);
    const auto lines = decoder.feed(stamp + std::string(100'000, 'y'));
    ASSERT_TRUE(lines);
    ASSERT_FALSE(lines->empty());
    for (const auto& line : *lines) EXPECT_LE(line.text.size(), LogDecoder::line_bytes_max);
}

TEST(LineDecoder, GivesWholeLinesOnly) {
    LineDecoder decoder;
    EXPECT_EQ(decoder.feed("{\"a\":1}\r\n\n{\"b\""), (std::vector<std::string>{"{\"a\":1}"}));
    EXPECT_EQ(decoder.feed(":2}\n"), (std::vector<std::string>{"{\"b\":2}"}));
}

TEST(LineDecoder, ALineWithoutEndIsRefused) {
    LineDecoder decoder;
    EXPECT_EQ(decoder.feed(std::string(LineDecoder::line_bytes_max + 1, 'x')).error().code,
              Errc::too_large);
}

}  // namespace
}  // namespace muster::runtime_docker
