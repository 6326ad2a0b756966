#include "beacon.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "muster/base/encoding.hpp"

namespace muster::host {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> bytes_of(const std::string& hex) {
    const std::string text = from_hex(hex).value();
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}
rtc::Address address(const std::string& text) {
    return rtc::parse_address(text).value();
}

// As docs/formats/beacon.md shows them.
const std::string shown_question =
    "0b6d757374657201"
    "0001020304050607"
    "00000000000000000000000000000000";
const std::string shown_answer =
    "0b6d757374657202"
    "0001020304050607"
    "0000000c00000100";

TEST(Beacon, IsAsItsFormatShows) {
    const auto nonce = read_beacon_question(bytes_of(shown_question));
    ASSERT_TRUE(nonce);
    EXPECT_EQ(to_hex(write_beacon_answer(*nonce, 12, 256)), shown_answer);
}

TEST(Beacon, IsNoLongerThanWhatItAnswers) {
    const auto whole = bytes_of(shown_question);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_beacon_question(std::span(whole).first(size))) << size;
    }
    auto longer = whole;
    longer.resize(1'200);
    EXPECT_TRUE(read_beacon_question(longer));
}

TEST(Beacon, AnswersQuestionsAlone) {
    const auto whole = bytes_of(shown_question);
    for (std::size_t i = 0; i < 8; ++i) {
        auto changed = whole;
        changed[i] ^= std::byte{0x40};
        EXPECT_FALSE(read_beacon_question(changed)) << i;
    }
    auto answer = bytes_of(shown_answer);
    answer.resize(64);
    EXPECT_FALSE(read_beacon_question(answer)) << "two servers would answer each other for ever";
}

TEST(BeaconLimits, HoldAnAddressAndAllOfThem) {
    BeaconLimits limits;
    const Timestamp now{1s};
    int admitted = 0;
    // Another port is the same address.
    for (int i = 0; i < 100; ++i) {
        admitted += limits.admit(address("192.0.2.1:" + std::to_string(1'000 + i)), now) ? 1 : 0;
    }
    EXPECT_EQ(admitted, 20);
    EXPECT_TRUE(limits.admit(address("192.0.2.2:1000"), now)) << "somebody else";
    EXPECT_TRUE(limits.admit(address("192.0.2.1:1000"), now + 100ms)) << "ten a second";
    EXPECT_FALSE(limits.admit(address("192.0.2.1:1000"), now + 100ms));

    int of_all = 0;
    for (int i = 0; i < 5'000; ++i) {
        const auto from = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1";
        of_all += limits.admit(address(from), now + 100ms) ? 1 : 0;
    }
    EXPECT_GE(of_all, 1'900);
    EXPECT_LE(of_all, 2'200);
}

TEST(BeaconLimits, TakeAnIPv6NetworkForOne) {
    BeaconLimits limits;
    int admitted = 0;
    for (int i = 0; i < 100; ++i) {
        admitted += limits.admit(address("[2001:db8::" + std::to_string(i) + "]:1"), {}) ? 1 : 0;
    }
    EXPECT_EQ(admitted, 20);
    EXPECT_TRUE(limits.admit(address("[2001:db8:0:1::1]:1"), {}));
}

}  // namespace
}  // namespace muster::host
