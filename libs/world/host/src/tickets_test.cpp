#include "tickets.hpp"

#include <gtest/gtest.h>

#include "muster/base/encoding.hpp"

namespace muster::host {
namespace {

TEST(Ticket, NamesItsWorldAndPlayerAndIsNeverTheSame) {
    const std::string text = make_ticket(3, 1'999);
    const auto ticket = read_ticket(text);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->world, 3);
    EXPECT_EQ(ticket->player, 1'999);
    EXPECT_EQ(ticket->hash, sha256(text));
    EXPECT_NE(make_ticket(3, 1'999), text);
}

TEST(Ticket, WhatIsNoneIsRefused) {
    const std::string text = make_ticket(0, 7);
    for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(read_ticket(text.substr(0, n)));
    EXPECT_FALSE(read_ticket(text + "x"));
    for (const std::size_t at : {0U, 4U, 7U, 9U, 20U}) {
        std::string broken = text;
        broken[at] = '!';
        EXPECT_FALSE(read_ticket(broken)) << at;
    }
}

}  // namespace
}  // namespace muster::host
