#include "muster/base/encoding.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(Encoding, HexAndBase64ReadBackWhatTheyWrote) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
        EXPECT_EQ(from_hex(to_hex(as_bytes(bytes))), bytes);
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    }
}

TEST(Encoding, WhatIsNoHexOrBase64IsRefusedWhole) {
    for (const char* text : {"0", "0g", "00 11", "zz"}) EXPECT_FALSE(from_hex(text)) << text;
    for (const char* text : {"a", "ab=c", "ab cd", "+/+/", "YQ=="}) {
        EXPECT_FALSE(from_base64url(text)) << text;
    }
    EXPECT_FALSE(from_base64("YQ"));
    EXPECT_EQ(from_base64("YQ=="), "a");
}

TEST(Encoding, Utf8RefusesOverlongSurrogatesAndTruncation) {
    for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
        EXPECT_EQ(to_utf8(good), good);
    }
    for (const char* bad :
         {"\xC0\x80", "\xED\xA0\x80", "\xE2\x82", "\xF5\x80\x80\x80", "\xFF", "a\x80"}) {
        EXPECT_FALSE(is_utf8(bad)) << bad;
        EXPECT_TRUE(is_utf8(to_utf8(bad)));
    }
    EXPECT_EQ(to_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

TEST(Encoding, Sha256AgreesWithTheStandardsExample) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Encoding, SecretsAreEqualOnlyWhenEveryByteIs) {
    EXPECT_TRUE(equal_secret("same", "same"));
    EXPECT_FALSE(equal_secret("same", "sane"));
    EXPECT_FALSE(equal_secret("same", "sam"));
    EXPECT_TRUE(equal_secret("", ""));
}

}  // namespace
}  // namespace muster
