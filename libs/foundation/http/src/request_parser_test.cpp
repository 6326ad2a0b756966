#include "request_parser.hpp"

#include <gtest/gtest.h>

namespace muster::http {
namespace {

TEST(RequestParser, AChunkedBodyMayComeByteByByte) {
    for (const std::string chunks : {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"}) {
        RequestParser parser(16U << 10U, 1U << 20U);
        const std::string whole =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
        std::string bytes;
        auto progress = RequestParser::Progress::needs_bytes;
        for (const char byte : whole) {
            ASSERT_NE(progress, RequestParser::Progress::done);
            bytes += byte;
            const auto fed = parser.feed(bytes);
            ASSERT_TRUE(fed) << fed.error().error.message;
            progress = *fed;
        }
        EXPECT_EQ(progress, RequestParser::Progress::done);
        EXPECT_EQ(parser.take().body, chunks.size() > 5 ? "abc" : "");
    }
}

}  // namespace
}  // namespace muster::http
