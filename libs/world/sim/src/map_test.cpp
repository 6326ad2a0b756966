#include <gtest/gtest.h>

#include <algorithm>

#include "map_parts.hpp"
#include "muster/sim/map.hpp"

namespace muster::sim {
namespace {

TEST(ClassicArena, HasTwentySixFixedWallsAndAtMostNineMore) {
    std::size_t most = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const Map map = classic_arena(seed);
        ASSERT_GE(map.walls.size(), 26U);
        ASSERT_LE(map.walls.size(), 35U);
        ASSERT_EQ(map.spawns.size(), 24U);
        ASSERT_EQ(map.pickups.size(), 7U);
        most = std::max(most, map.walls.size());
    }
    EXPECT_GT(most, 28U);
}

TEST(ClassicArena, IsTheSameForTheSameSeed) {
    EXPECT_EQ(classic_arena(5), classic_arena(5));
    EXPECT_NE(classic_arena(5), classic_arena(6));
}

TEST(ClassicArena, PassesTheChecksOfAMapFromOutside) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const Map map = classic_arena(seed);
        const auto parsed = parse_map(to_json(map));
        ASSERT_TRUE(parsed.has_value()) << parsed.error().field << " " << parsed.error().message;
        ASSERT_EQ(*parsed, map);
    }
}

TEST(GeneratedMap, PassesTheChecksOfAMapFromOutside) {
    Random random(1);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        const auto width = static_cast<std::uint32_t>(random.between(800, 3000));
        const auto height = static_cast<std::uint32_t>(random.between(800, 3000));
        const Map map = generate_map(width, height, seed).value();
        const auto parsed = parse_map(to_json(map));
        ASSERT_TRUE(parsed.has_value())
            << seed << " " << parsed.error().field << " " << parsed.error().message;
        ASSERT_EQ(*parsed, map);
    }
}

TEST(GeneratedMap, HasTheDensityOfTheClassicArena) {
    const Map map = generate_map(4800, 3600, 1).value();
    EXPECT_GT(map.walls.size(), 9U * 20);
    EXPECT_LT(map.walls.size(), 9U * 40);
    EXPECT_GT(map.spawns.size(), 9U * 8);
    EXPECT_GT(map.pickups.size(), 9U * 4);
}

TEST(GeneratedMap, IsTheSameSeenFromBothSides) {
    const Map map = generate_map(2000, 1500, 3).value();
    EXPECT_EQ(std::ranges::count(map.spawns, Team::red, &SpawnSpec::team), 5);
    EXPECT_EQ(std::ranges::count(map.spawns, Team::blue, &SpawnSpec::team), 5);
    for (const WallSpec& wall : map.walls) {
        const Box twin{{-wall.box.high.x, wall.box.low.y}, {-wall.box.low.x, wall.box.high.y}};
        ASSERT_TRUE(std::ranges::any_of(map.walls,
                                        [&](const WallSpec& other) { return other.box == twin; }));
    }
}

TEST(GeneratedMap, RefusesASideThatIsTooShortOrTooLong) {
    EXPECT_EQ(generate_map(799, 1000, 1).error().field, "width");
    EXPECT_EQ(generate_map(1000, 32'769, 1).error().field, "height");
}

std::string field_of(std::string_view text) {
    const auto map = parse_map(text);
    return map ? "none" : map.error().field;
}

TEST(ParseMap, NamesTheFieldThatIsWrong) {
    const auto with = [](std::string walls, std::string spawns = R"([{"at":[0,0]}])",
                         std::string bases = R"({"red":[-100,0],"blue":[100,0]})") {
        return R"({"name":"m","bounds":[-200,-200,200,200],"walls":)" + walls + R"(,"spawns":)" +
               spawns + R"(,"flag_bases":)" + bases + "}";
    };
    EXPECT_EQ(field_of(with("[]")), "none");
    EXPECT_EQ(field_of(with(R"([{"box":[100,100,50,50]}])")), "none");
    EXPECT_EQ(field_of(with(R"([{"box":[190,100,50,50]}])")), "walls[0].box");
    EXPECT_EQ(field_of(with(R"([{"box":[100,100,3,50]}])")), "walls[0].box");
    EXPECT_EQ(field_of(with(R"([{"box":[100,100,50,50],"health":0}])")), "walls[0].health");
    EXPECT_EQ(field_of(with(R"([{"box":[100,100,50,50],"helth":1}])")), "walls[0].helth");
    EXPECT_EQ(field_of(with(R"([{"box":[-10,-10,20,20]}])")), "spawns[0].at");
    EXPECT_EQ(field_of(with(R"([{"box":[-110,-10,20,20]}])")), "flag_bases.red");
    EXPECT_EQ(field_of(with("[]", "[]")), "spawns");
    EXPECT_EQ(field_of(with("[]", R"([{"at":[0,1e9]}])")), "spawns[0].at");
    EXPECT_EQ(field_of(with("[]", R"([{"at":[0,0],"team":"green"}])")), "spawns[0].team");
    EXPECT_EQ(field_of(with("[]", R"([{"at":[0,195]}])")), "spawns[0].at");
    EXPECT_EQ(field_of(R"({"name":"m"})"), "bounds");
    EXPECT_EQ(field_of("[]"), "");
    EXPECT_EQ(parse_map("{").error().code, Errc::invalid_argument);
}

TEST(ParseMap, RefusesAPlaceThatCannotBeWalkedTo) {
    const auto wall_across = [](std::string box) {
        return R"({"name":"m","bounds":[-200,-200,200,200],"walls":[{"box":)" + box +
               R"(}],"spawns":[{"at":[-150,0]},{"at":[150,0]}],"flag_bases":{"red":[-100,0],"blue":[-100,50]}})";
    };
    EXPECT_EQ(field_of(wall_across("[-10,-200,20,400]")), "spawns[1]");
    EXPECT_EQ(field_of(wall_across("[-10,-200,20,380]")), "spawns[1]") << "20 units are too narrow";
    EXPECT_EQ(field_of(wall_across("[-10,-200,20,355]")), "none");
}

}  // namespace
}  // namespace muster::sim
