#include "wire.hpp"

#include <gtest/gtest.h>

namespace muster::http {
namespace {

TEST(Wire, AHeadHasItsStatusLineFieldsAndEmptyLine) {
    Fields fields;
    fields.add("X-A", "1");
    const std::string head = head_of(404, fields, {Framing::length, 12, true});
    EXPECT_TRUE(head.starts_with("HTTP/1.1 404 Not Found\r\nDate: ")) << head;
    EXPECT_NE(head.find("\r\nContent-Length: 12\r\n"), std::string::npos);
    EXPECT_NE(head.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(head.ends_with("\r\nX-A: 1\r\n\r\n")) << head;
}

TEST(Wire, WhatFramesTheBodyIsNotTheHandlersToSay) {
    Fields fields;
    fields.add("content-length", "1");
    fields.add("Transfer-Encoding", "gzip");
    fields.add("Connection", "keep-alive");
    const std::string head = head_of(200, fields, {Framing::chunked, 0, false});
    EXPECT_EQ(head.find("gzip"), std::string::npos);
    EXPECT_EQ(head.find("ength"), std::string::npos);
    EXPECT_EQ(head.find("Connection"), std::string::npos);
    EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
}

TEST(Wire, NoSniffingUnlessTheHandlerSaysOtherwise) {
    Fields fields;
    EXPECT_NE(head_of(200, fields, {}).find("X-Content-Type-Options: nosniff"), std::string::npos);
    fields.add("x-content-type-options", "other");
    EXPECT_EQ(head_of(200, fields, {}).find("nosniff"), std::string::npos);
}

TEST(Wire, ControlCharactersDoNotLeaveAField) {
    Fields fields;
    fields.add("X-A", std::string("a\r\nb\0c\x7f", 7));
    fields.add("X B", "dropped");
    fields.add("", "dropped");
    const std::string head = head_of(200, fields, {});
    EXPECT_TRUE(head.ends_with("\r\nX-A: a  b c \r\n\r\n")) << head;
}

TEST(Wire, ChunksAndDatesAreWrittenAsTheRfcsSay) {
    EXPECT_EQ(chunk_head(1), "1\r\n");
    EXPECT_EQ(chunk_head(0x1fa0), "1fa0\r\n");
    EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace muster::http
