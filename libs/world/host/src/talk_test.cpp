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
    const auto line = talk::write(talk::Line{0xffff'0000'1234'5678U, 9, {}, chat});
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

TEST(Talk, ALineSaysWhomItIsFor) {
    std::vector<std::uint64_t> room;
    const auto chat = write_line("Anna", "hello");
    const auto sent = [&](Audience to) {
        const auto bytes = talk::write(talk::Line{1, 2, std::move(to), chat});
        auto read = talk::read(bytes, room);
        EXPECT_TRUE(read) << read.error().message;
        auto line = std::get<talk::Line>(*read);
        EXPECT_TRUE(std::ranges::equal(line.message, chat));
        line.message = {};
        return line;
    };
    EXPECT_TRUE(std::holds_alternative<audience::All>(sent(audience::All{}).audience));
    EXPECT_EQ(std::get<audience::Team>(sent(audience::Team{sim::Team::blue}).audience).team,
              sim::Team::blue);
    const auto near = std::get<audience::Near>(sent(audience::Near{{-5, 7}, 300}).audience);
    EXPECT_EQ(near.at, (sim::Vec{-5, 7}));
    EXPECT_EQ(near.within, 300);
    EXPECT_EQ(std::get<audience::Party>(sent(audience::Party{"Red-5"}).audience).code, "Red-5");
    const auto person = std::get<audience::Person>(sent(audience::Person{3, 60'000, 9}).audience);
    EXPECT_EQ(person.from, 3);
    EXPECT_EQ(person.whom, 60'000);
    EXPECT_EQ(person.generation, 9);
    for (const Audience& bad :
         {Audience(audience::Team{}), Audience(audience::Near{{}, -1}),
          Audience(audience::Near{{sim::map_side_max + 1, 0}, 1}), Audience(audience::Party{""}),
          Audience(audience::Party{"a b"}), Audience(audience::Party{std::string(17, 'a')})})
        EXPECT_FALSE(talk::read(talk::write(talk::Line{1, 2, bad, chat}), room)) << bad.index();
}

TEST(Talk, OnlyChatIsPassedOnAndNothingThatIsCut) {
    std::vector<std::uint64_t> room;
    EXPECT_FALSE(talk::read(talk::write(talk::Line{1, 1, {}, write_moved(true)}), room));
    EXPECT_FALSE(talk::read(talk::write(talk::Line{1, 0, {}, write_line("a", "b")}), room));
    const auto line = talk::write(talk::Line{1, 1, audience::Party{"x"}, write_line("a", "b")});
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
