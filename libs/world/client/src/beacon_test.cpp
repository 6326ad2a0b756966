#include "muster/client/beacon.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace muster::client {
namespace {

constexpr BeaconNonce nonce{std::byte{0}, std::byte{1}, std::byte{2}, std::byte{3},
                            std::byte{4}, std::byte{5}, std::byte{6}, std::byte{7}};

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

// The example of docs/formats/beacon.md.
const auto answer =
    bytes({11, 'm', 'u', 's', 't', 'e', 'r', 2, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 12, 0, 0, 1, 0});

TEST(Beacon, AQuestionIsAsTheDocumentSays) {
    const auto question = write_beacon_question(nonce);
    auto expected = bytes({11, 'm', 'u', 's', 't', 'e', 'r', 1, 0, 1, 2, 3, 4, 5, 6, 7});
    expected.resize(beacon_question_bytes);
    EXPECT_EQ(std::vector(question.begin(), question.end()), expected);
}

TEST(Beacon, AnAnswerBringsItsNonceAndHowFullTheServerIs) {
    const auto read = read_beacon_answer(answer);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->nonce, nonce);
    EXPECT_EQ(read->players, 12);
    EXPECT_EQ(read->capacity, 256);
}

TEST(Beacon, WhatIsCutOrSomethingElseIsNoAnswer) {
    for (std::size_t size = 0; size < answer.size(); ++size)
        EXPECT_FALSE(read_beacon_answer(std::span(answer).first(size))) << size;
    for (std::size_t at = 0; at < 8; ++at) {
        auto other = answer;
        other[at] ^= std::byte{1};
        EXPECT_FALSE(read_beacon_answer(other)) << at;
    }
    EXPECT_FALSE(read_beacon_answer(write_beacon_question(nonce)));
}

}  // namespace
}  // namespace muster::client
