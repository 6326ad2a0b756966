#include <gtest/gtest.h>

#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

TEST(MeetsBox, FindsTheFirstTouchFromEverySide) {
    const Box box{{100, 100}, {200, 200}};
    EXPECT_EQ(meets_box({0, 150}, {200, 0}, box), moment_end / 2);
    EXPECT_EQ(meets_box({300, 150}, {-200, 0}, box), moment_end / 2);
    EXPECT_EQ(meets_box({150, 0}, {0, 100}, box), moment_end) << "touching is meeting";
    EXPECT_EQ(meets_box({150, 150}, {5, 5}, box), 0) << "from within";
    EXPECT_EQ(meets_box({0, 150}, {99, 0}, box), moment_never);
    EXPECT_EQ(meets_box({0, 99}, {1000, 0}, box), moment_never);
    EXPECT_EQ(meets_box({0, 450}, {450, -450}, box), moment_never) << "past the corner";
}

TEST(MeetsBox, AgreesWithFineSampling) {
    Random random(5);
    for (int i = 0; i < 3000; ++i) {
        const Vec low{random.between(-500, 500), random.between(-500, 500)};
        const Box box{low, low + Vec{random.between(10, 400), random.between(10, 400)}};
        const Vec from{random.between(-900, 900), random.between(-900, 900)};
        const Vec step{random.between(-900, 900), random.between(-900, 900)};
        bool inside = false;
        for (int s = 0; s <= 400; ++s) {
            const Vec at{from.x + step.x * s / 400, from.y + step.y * s / 400};
            inside |= at.x > box.low.x + 3 && at.x < box.high.x - 3 && at.y > box.low.y + 3 &&
                      at.y < box.high.y - 3;
        }
        if (inside) {
            ASSERT_NE(meets_box(from, step, box), moment_never) << i;
        }
    }
}

TEST(MeetsCircle, FindsWhereTheEdgeIsTouched) {
    EXPECT_EQ(meets_circle({0, 0}, {200, 0}, {150, 0}, 50), moment_end / 2);
    EXPECT_EQ(meets_circle({140, 0}, {200, 0}, {150, 0}, 50), 0);
    EXPECT_EQ(meets_circle({0, 0}, {200, 0}, {300, 0}, 50), moment_never) << "too far";
    EXPECT_EQ(meets_circle({0, 0}, {200, 0}, {-60, 0}, 50), moment_never) << "behind";
    EXPECT_EQ(meets_circle({0, 0}, {200, 0}, {100, 51}, 50), moment_never) << "beside";
}

TEST(Projectiles, HitTheFirstEnemyOnTheirWay) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(200, 0));
    const PlayerId behind = stage.enter(Team::blue, place(240, 0));
    stage.act(ann, Input::fire, right);
    stage.step(40);
    EXPECT_EQ(stage.player(bob).health, 92);
    EXPECT_EQ(stage.player(behind).health, 100);
    EXPECT_TRUE(stage.world.projectiles().empty());
}

TEST(Projectiles, PassTeammatesUnlessFriendlyFireIsOn) {
    for (const bool friendly_fire : {false, true}) {
        Stage stage({.friendly_fire = friendly_fire});
        const PlayerId ann = stage.enter(Team::red, {});
        const PlayerId friendly = stage.enter(Team::red, place(100, 0));
        const PlayerId enemy = stage.enter(Team::blue, place(200, 0));
        stage.act(ann, Input::fire, right);
        stage.step(40);
        EXPECT_EQ(stage.player(friendly).health, friendly_fire ? 92 : 100);
        EXPECT_EQ(stage.player(enemy).health, friendly_fire ? 100 : 92);
    }
}

TEST(Projectiles, OfFreeForAllHitEverybodyButTheirOwner) {
    Stage stage({.mode = Mode::free_for_all});
    const PlayerId ann = stage.enter(Team::none, {});
    const PlayerId bob = stage.enter(Team::none, place(60, 0));
    stage.act(ann, Input::fire, right);
    stage.step(10);
    EXPECT_EQ(stage.player(ann).health, 100);
    EXPECT_EQ(stage.player(bob).health, 92);
}

TEST(Projectiles, EndAfterTheirLifetime) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, place(-900, -500));
    stage.act(ann, Input::fire, right);
    stage.step(119);
    EXPECT_EQ(stage.world.projectiles().size(), 1U);
    stage.step(1);
    EXPECT_TRUE(stage.world.projectiles().empty());
}

TEST(Projectiles, DoNotStartBeyondAWallThatOneStandsAt) {
    Stage stage({}, {wall(15, -50, 4, 100)});
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.act(ann, Input::fire, right);
    EXPECT_EQ(stage.count(Kind::wall_hit), 1);
    stage.step(20);
    EXPECT_EQ(stage.player(bob).health, 100);
}

TEST(Projectiles, HitWhoStandsCloserThanTheMuzzle) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(2, 0));
    stage.act(ann, Input::fire, right);
    EXPECT_EQ(stage.player(bob).health, 92);
}

TEST(Projectiles, NeverCrossAWall) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Random random(seed);
        std::vector<WallSpec> walls;
        for (int i = 0; i < 30; ++i) {
            walls.push_back(wall(random.between(-400, 400), random.between(-400, 400),
                                 random.between(4, 60), random.between(4, 60)));
        }
        Stage stage({.mode = Mode::free_for_all}, walls);
        const PlayerId ann = stage.enter(Team::none, {});
        stage.arm(ann, Weapon::sniper);
        for (int shot = 0; shot < 100; ++shot) {
            Vec at = place(random.between(-450, 450), random.between(-450, 450));
            if (!stage.world.is_free(at, player_radius)) continue;
            stage.put(ann, at);
            stage.player(ann).shot_ready_at = 0;
            stage.player(ann).ammunition[3] = 5;
            stage.act(ann, Input::fire, static_cast<Angle>(random.next()));
            for (int tick = 0; tick < 30 && !stage.world.projectiles().empty(); ++tick) {
                ASSERT_TRUE(stage.world.sees(at, stage.world.projectiles()[0].at));
                stage.step();
            }
            stage.clear_the_air();
        }
    }
}

TEST(Projectiles, NeverPassAPlayerInTheirWay) {
    Random random(11);
    Stage stage({.mode = Mode::free_for_all});
    const PlayerId ann = stage.enter(Team::none, {});
    const PlayerId bob = stage.enter(Team::none, place(100, 0));
    stage.arm(ann, Weapon::sniper);
    for (int shot = 0; shot < 60; ++shot) {
        const auto aim = static_cast<Angle>(random.next());
        const Direction way = direction_of(aim);
        const Length distance = random.between(0, 300 * unit);
        // Up to 14 units beside the line of fire.
        const Length aside = random.between(-14 * unit, 14 * unit);
        const auto along = [](std::int32_t part, Length length) {
            return static_cast<Length>(std::int64_t{part} * length / 32'768);
        };
        stage.put(bob, {along(way.cos, distance) - along(way.sin, aside),
                        along(way.sin, distance) + along(way.cos, aside)});
        stage.player(bob).health = 100;
        stage.player(ann).shot_ready_at = 0;
        stage.player(ann).ammunition[3] = 5;
        stage.act(ann, Input::fire, aim);
        stage.step(30);
        ASSERT_EQ(stage.player(bob).health, 50) << shot << " at " << distance;
    }
}

TEST(Projectiles, OfWhoLeftHitButScoreForNobody) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(100, 0));
    stage.player(bob).health = 8;
    stage.act(ann, Input::fire, right);
    stage.world.leave(ann);
    stage.step(20);
    EXPECT_FALSE(stage.player(bob).alive);
    ASSERT_NE(stage.last(Kind::killed), nullptr);
    EXPECT_EQ(stage.last(Kind::killed)->player, bob) << "by nobody";
}

TEST(Walls, BreakWhenTheyCanBeDestroyedAndReturn) {
    Stage stage({}, {wall(100, -50, 20, 100, 16), wall(100, 60, 20, 100)});
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::fire, right);
    stage.step(40);
    EXPECT_EQ(stage.world.walls()[0].health, 8);
    stage.act(ann, Input::fire, right);
    stage.step(40);
    EXPECT_EQ(stage.world.walls()[0].health, 0);
    EXPECT_EQ(stage.count(Kind::wall_destroyed), 1);
    EXPECT_TRUE(stage.world.sees({}, place(200, 0)));
    stage.step(30 * 60);
    EXPECT_EQ(stage.world.walls()[0].health, 16);
    EXPECT_FALSE(stage.world.sees({}, place(200, 0)));
    EXPECT_EQ(stage.count(Kind::wall_returned), 1);
}

TEST(Walls, ThatCannotBeDestroyedTakeNoDamage) {
    Stage stage({}, {wall(100, -50, 20, 100)});
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::fire, right);
    stage.step(40);
    ASSERT_NE(stage.last(Kind::wall_hit), nullptr);
    EXPECT_EQ(stage.last(Kind::wall_hit)->value, 0);
    EXPECT_EQ(stage.world.walls()[0].health, 1000);
}

TEST(Walls, NeverReturnOntoAPlayerOrAFlag) {
    Stage stage({.match_length = 100'000}, {wall(100, -50, 20, 100, 8)});
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::fire, right);
    stage.step(20);
    ASSERT_EQ(stage.world.walls()[0].health, 0);
    stage.put(ann, place(130, 0));
    stage.step(31 * 60);
    EXPECT_EQ(stage.world.walls()[0].health, 0) << "somebody stands there";
    const PlayerId bob = stage.enter(Team::blue, Stage::red_base);
    stage.step();
    ASSERT_EQ(stage.player(bob).carries, Team::red);
    stage.put(bob, place(110, 0));
    stage.step();
    stage.world.leave(bob);
    stage.put(ann, {});
    stage.step(20);
    EXPECT_EQ(stage.world.walls()[0].health, 0) << "a flag lies there";
    stage.step(31 * 60);
    EXPECT_EQ(stage.world.walls()[0].health, 8);
}

}  // namespace
}  // namespace muster::sim
