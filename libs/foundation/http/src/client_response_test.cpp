#include "client_response.hpp"

#include <gtest/gtest.h>

namespace muster::http {
namespace {

TEST(ResponseReader, ReadsABodyWithLengthHoweverItIsCut) {
    const std::string bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        ResponseReader reader(false);
        ASSERT_TRUE(reader.feed(bytes.substr(0, cut)));
        ASSERT_EQ(reader.is_done(), cut == bytes.size()) << cut;
        ASSERT_TRUE(reader.feed(bytes.substr(cut)));
        ASSERT_TRUE(reader.is_done());
        EXPECT_TRUE(reader.keeps_alive());
        EXPECT_EQ(reader.head().status, 404);
        EXPECT_EQ(reader.head().headers.find("x-a"), "b");
        EXPECT_EQ(reader.take_body(), "hello");
    }
}

TEST(ResponseReader, ReadsChunks) {
    ResponseReader reader(false);
    ASSERT_TRUE(
        reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n"));
    EXPECT_EQ(reader.take_body(), "abc");
    EXPECT_FALSE(reader.is_done());
    ASSERT_TRUE(reader.feed("2\r\nde\r\n0\r\n\r\n"));
    EXPECT_EQ(reader.take_body(), "de");
    EXPECT_TRUE(reader.is_done());
}

TEST(ResponseReader, EveryTruncationIsAnError) {
    const std::string bytes =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        ResponseReader reader(false);
        ASSERT_TRUE(reader.feed(bytes.substr(0, n)));
        const auto end = reader.feed_end();
        ASSERT_FALSE(end) << n;
        EXPECT_EQ(end.error().code, Errc::unavailable);
    }
}

TEST(ResponseReader, AnEmptyBodyInChunksMayComeByteByByte) {
    ResponseReader reader(false);
    const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        ASSERT_FALSE(reader.is_done());
        ASSERT_TRUE(reader.feed(bytes.substr(i, 1)));
    }
    EXPECT_TRUE(reader.is_done());
    EXPECT_TRUE(reader.keeps_alive());
}

TEST(ResponseReader, ABodyWithoutLengthEndsWithTheConnection) {
    ResponseReader reader(false);
    ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\n\r\nall of it"));
    EXPECT_FALSE(reader.is_done());
    ASSERT_TRUE(reader.feed_end());
    EXPECT_TRUE(reader.is_done());
    EXPECT_FALSE(reader.keeps_alive());
    EXPECT_EQ(reader.take_body(), "all of it");
}

TEST(ResponseReader, PassesOverInterimAnswers) {
    ResponseReader reader(false);
    ASSERT_TRUE(
        reader.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"));
    EXPECT_FALSE(reader.has_head());
    ASSERT_TRUE(reader.feed("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_TRUE(reader.is_done());
    EXPECT_EQ(reader.head().status, 204);
    EXPECT_FALSE(reader.head().headers.find("Link"));
}

TEST(ResponseReader, AfterAnUpgradeTheRestIsNotHttp) {
    ResponseReader reader(false);
    ASSERT_TRUE(
        reader.feed("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\x01raw"));
    EXPECT_TRUE(reader.is_done());
    EXPECT_FALSE(reader.keeps_alive());
    EXPECT_EQ(reader.take_rest(), "\x01raw");
}

TEST(ResponseReader, TheAnswerToHeadHasNoBody) {
    ResponseReader reader(true);
    ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_TRUE(reader.is_done());
}

TEST(ResponseReader, WhatIsNotHttpIsAnError) {
    for (const char* bytes : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        ResponseReader reader(false);
        const auto fed = reader.feed(bytes);
        ASSERT_FALSE(fed) << bytes;
        EXPECT_EQ(fed.error().code, Errc::unavailable);
    }
}

TEST(ResponseReader, AHeadOverItsLimitIsAnError) {
    ResponseReader reader(false);
    EXPECT_FALSE(reader.feed("HTTP/1.1 200 OK\r\nA: " +
                             std::string(ResponseReader::header_bytes_max, 'x') + "\r\n\r\n"));
}

}  // namespace
}  // namespace muster::http
