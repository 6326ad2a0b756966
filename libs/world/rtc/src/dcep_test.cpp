#include "dcep.hpp"

#include <gtest/gtest.h>

namespace muster::rtc::dcep {
namespace {

using Policy = sctp::Reliability::Policy;

TEST(Dcep, ReadsEachTypeOfChannel) {
    for (const auto& [type, policy, ordered] : {std::tuple{0x00, Policy::reliable, true},
                                                {0x80, Policy::reliable, false},
                                                {0x01, Policy::retransmissions, true},
                                                {0x81, Policy::retransmissions, false},
                                                {0x02, Policy::lifetime, true},
                                                {0x82, Policy::lifetime, false}}) {
        auto message = write_open({.reliability = {}, .label = "state", .protocol = "v1"});
        message[1] = static_cast<std::byte>(type);
        message[7] = std::byte{9};
        const auto open = decode_open(message);
        ASSERT_TRUE(open) << type;
        EXPECT_EQ(open->reliability.policy, policy) << type;
        EXPECT_EQ(open->reliability.ordered, ordered) << type;
        EXPECT_EQ(open->reliability.limit, policy == Policy::reliable ? 0U : 9U) << type;
        EXPECT_EQ(open->label, "state");
        EXPECT_EQ(open->protocol, "v1");
    }
}

TEST(Dcep, RefusesWhatIsBroken) {
    const auto message = write_open({.reliability = {}, .label = "state", .protocol = ""});
    for (std::size_t size = 0; size < message.size(); ++size) {
        EXPECT_FALSE(decode_open(std::span(message).first(size))) << size;
    }
    auto longer = message;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_open(longer));
    auto unknown = message;
    unknown[1] = std::byte{0x03};
    EXPECT_FALSE(decode_open(unknown));
}

}  // namespace
}  // namespace muster::rtc::dcep
