#include "stun.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "muster/base/encoding.hpp"
#include "muster/rtc/probe.hpp"
#include "wire.hpp"

namespace muster::rtc {
namespace {

std::vector<std::byte> bytes_of(std::string_view hex) {
    std::string compact;
    for (const char c : hex) {
        if (c != ' ') compact += c;
    }
    const std::string text = from_hex(compact).value();
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

/// RFC 5769, 2.1: a sample request; the password is "VOkJxbRl1RmTxUk/WvJxBt".
const char* const sample_request =
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014"
    "9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf";
/// RFC 5769, 2.2: its answer, 192.0.2.1:32853.
const char* const sample_response =
    "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008"
    "0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96";
/// RFC 5769, 2.3: [2001:db8:1234:5678:11:2233:4455:6677]:32853.
const char* const sample_response_ipv6 =
    "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014"
    "0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275"
    "bfe3ed41 80280004 c8fb0b4c";

const stun::IntegrityKey key("VOkJxbRl1RmTxUk/WvJxBt");

TEST(Stun, ReadsTheSamplesOfRfc5769) {
    const auto request = bytes_of(sample_request);
    const auto message = stun::decode(request);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, stun::Kind::request);
    EXPECT_EQ(message->username, "evtj:h6vY");
    EXPECT_TRUE(message->is_controlled);
    EXPECT_TRUE(message->has_fingerprint);
    EXPECT_TRUE(stun::is_authentic(*message, request, key));
    EXPECT_FALSE(stun::is_authentic(*message, request, stun::IntegrityKey("another")));
    EXPECT_EQ(Endpoint::ufrag_of(request), "evtj");

    const auto response = bytes_of(sample_response);
    const auto success = stun::decode(response);
    ASSERT_TRUE(success);
    EXPECT_EQ(to_text(success->mapped.value()), "192.0.2.1:32853");
    EXPECT_TRUE(stun::is_authentic(*success, response, key));

    const auto response_ipv6 = bytes_of(sample_response_ipv6);
    const auto success_ipv6 = stun::decode(response_ipv6);
    ASSERT_TRUE(success_ipv6);
    EXPECT_EQ(to_text(success_ipv6->mapped.value()),
              "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
    EXPECT_TRUE(stun::is_authentic(*success_ipv6, response_ipv6, key));
}

TEST(Stun, EveryChangedBitIsRefusedOrNotAuthentic) {
    const auto request = bytes_of(sample_request);
    for (std::size_t bit = 0; bit < request.size() * 8; ++bit) {
        auto changed = request;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto message = stun::decode(changed);
        EXPECT_FALSE(message && message->has_fingerprint &&
                     stun::is_authentic(*message, changed, key))
            << bit;
    }
}

TEST(Stun, EveryTruncationIsRefused) {
    const auto request = bytes_of(sample_request);
    for (std::size_t size = 0; size < request.size(); ++size) {
        EXPECT_FALSE(stun::decode(std::span(request).first(size))) << size;
    }
}

TEST(Stun, WritesWhatItReads) {
    stun::Buffer buffer;
    const stun::Request request{.transaction = {std::byte{1}, std::byte{2}},
                                .username = "server:client",
                                .priority = 1,
                                .tie_breaker = 2,
                                .use_candidate = true};
    const auto written = stun::write_request(buffer, request, key);
    const auto read = stun::decode(written);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->username, "server:client");
    EXPECT_EQ(read->transaction, request.transaction);
    EXPECT_TRUE(read->use_candidate && read->is_controlling && !read->is_controlled);
    EXPECT_TRUE(stun::is_authentic(*read, written, key));

    for (const char* text : {"192.0.2.1:32853", "[2001:db8::1]:1"}) {
        stun::Buffer answer;
        const auto address = parse_address(text).value();
        const auto success =
            stun::decode(stun::write_success(answer, request.transaction, address, key));
        ASSERT_TRUE(success);
        EXPECT_EQ(success->mapped, address);
    }
}

TEST(Stun, NamesRequiredAttributesThatItDoesNotKnow) {
    // A request with the required attribute 0x7777 and the optional 0xC057.
    auto request =
        bytes_of("00010010 2112a442 000102030405060708090a0b 77770004 00000000 c0570004 00000000");
    const auto message = stun::decode(request);
    ASSERT_TRUE(message);
    ASSERT_EQ(message->unknown_count, 1U);
    EXPECT_EQ(message->unknown[0], 0x7777);
    stun::Buffer buffer;
    const auto refusal = stun::decode(stun::write_error(buffer, *message, 420, nullptr));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, stun::Kind::error);
    EXPECT_EQ(refusal->error_code, 420);
}

TEST(Stun, AnswersWhoShowsNoCredentialsWithItsAddress) {
    const auto from = parse_address("192.0.2.1:32853").value();
    // As browsers gather: a header alone.
    const auto bare = bytes_of("00010000 2112a442 000102030405060708090a0b");
    const auto answer = answer_to_probe(bare, from);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size, 32U);
    const auto read = stun::decode(answer->view());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, stun::Kind::success);
    EXPECT_EQ(read->mapped, from);
    EXPECT_FALSE(read->has_fingerprint);
    EXPECT_TRUE(std::equal(bare.begin() + 8, bare.end(), read->transaction.begin()));
    EXPECT_EQ(answer_to_probe(bare, parse_address("[2001:db8::1]:1").value())->size, 44U);

    EXPECT_FALSE(answer_to_probe(bytes_of(sample_request), from)) << "an ICE check is another's";
    EXPECT_FALSE(answer_to_probe(bytes_of(sample_response_ipv6), from));
    EXPECT_FALSE(answer_to_probe(bytes_of("00110000 2112a442 000102030405060708090a0b"), from));
    EXPECT_FALSE(
        answer_to_probe(bytes_of("00010004 2112a442 000102030405060708090a0b 77770000"), from));
    EXPECT_FALSE(answer_to_probe(std::span(bare).first(19), from));
    EXPECT_FALSE(answer_to_probe({}, from));
}

TEST(Stun, GivesAFingerprintToWhoGaveOne) {
    const auto from = parse_address("192.0.2.1:32853").value();
    const auto probe = bytes_of("00010008 2112a442 000102030405060708090a0b 80280004 5b0ff6fc");
    const auto answer = answer_to_probe(probe, from);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size, 40U);
    EXPECT_TRUE(stun::decode(answer->view())->has_fingerprint);
}

TEST(Stun, WhatStandsBehindTheIntegrityIsNotBelieved) {
    stun::Buffer buffer;
    const auto written = stun::write_request(
        buffer, {.transaction = {}, .username = "a:b", .use_candidate = false}, key);
    std::vector<std::byte> forged(written.begin(), written.end() - 8);  // without FINGERPRINT
    const auto use_candidate = bytes_of("00250000");
    forged.insert(forged.end(), use_candidate.begin(), use_candidate.end());
    store(forged.data() + 2, static_cast<std::uint16_t>(forged.size() - 20));
    const auto read = stun::decode(forged);
    ASSERT_TRUE(read);
    EXPECT_TRUE(stun::is_authentic(*read, forged, key));
    EXPECT_FALSE(read->use_candidate);
}

}  // namespace
}  // namespace muster::rtc
