#include "talk.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "control_messages.hpp"
#include "muster/mesh/wire.hpp"

namespace muster::host {
namespace {

TEST(Talk, ALineAndHowFarOneWasToldComeAsTheyWent) {
    std::vector<std::uint64_t> room;
    const auto chat = write_line("Anna", "hello");
    const auto line = talk::write(talk::Line{0xffff'0000'1234'5678U, 9, chat});
    EXPECT_LE(line.size(), mesh::talk_bytes_max);
    const auto read = talk::read(line, room);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(std::get<talk::Line>(*read).origin, 0xffff'0000'1234'5678U);
    EXPECT_EQ(std::get<talk::Line>(*read).number, 9);
    EXPECT_TRUE(std::ranges::equal(std::get<talk::Line>(*read).message, chat));
    const talk::Told told{{1, 2}, {3, 4}};
    const auto told_read = talk::read(talk::write(told), room);
    ASSERT_TRUE(told_read);
    EXPECT_EQ(std::get<talk::Told>(*told_read), told);
}

TEST(Talk, OnlyChatIsPassedOnAndNothingThatIsCut) {
    std::vector<std::uint64_t> room;
    EXPECT_FALSE(talk::read(talk::write(talk::Line{1, 1, write_moved(true)}), room));
    EXPECT_FALSE(talk::read(talk::write(talk::Line{1, 0, write_line("a", "b")}), room));
    const auto line = talk::write(talk::Line{1, 1, write_line("a", "b")});
    for (std::size_t n = 0; n < 30; ++n) EXPECT_FALSE(talk::read(std::span(line).first(n), room));
    auto told = talk::write(talk::Told{{1, 2}});
    told.pop_back();
    EXPECT_FALSE(talk::read(told, room));
    const auto many = talk::write(talk::Told(talk::origins_max + 1, {1, 1}));
    EXPECT_EQ(std::get<talk::Told>(*talk::read(many, room)).size(), talk::origins_max);
    EXPECT_FALSE(talk::read({}, room));
}

}  // namespace
}  // namespace muster::host
