#include <gtest/gtest.h>

#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

TEST(Weapons, ShootNoOftenerThanTheirInterval) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    for (int i = 0; i < 73; ++i) stage.act(ann, Input::fire);
    EXPECT_EQ(stage.count(Kind::shot), 3) << "at 0, 36 and 72 ticks";
}

TEST(Weapons, ShootNoOftenerWhenManyInputsComeAtOnce) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.step(20);
    for (int i = 0; i < 30; ++i) stage.submit(ann, Input::fire);
    stage.step(20);
    EXPECT_EQ(stage.count(Kind::shot), 1);
}

TEST(Weapons, ReloadByThemselvesWhenEmpty) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    for (int i = 0; i < 36 * 6 + 1; ++i) stage.act(ann, Input::fire);
    EXPECT_EQ(stage.count(Kind::shot), 7);
    EXPECT_EQ(stage.player(ann).ammunition[0], 0);
    for (int i = 0; i < 90; ++i) stage.act(ann, Input::fire);
    EXPECT_EQ(stage.count(Kind::shot), 8) << "a magazine of 7, 1.5 s, the next";
    EXPECT_EQ(stage.count(Kind::reloaded), 1);
}

TEST(Weapons, DoNotShootWhileReloading) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::fire);
    stage.act(ann, Input::reload);
    stage.forget();
    for (int i = 0; i < 80; ++i) stage.act(ann, Input::fire);
    EXPECT_EQ(stage.count(Kind::shot), 0);
    stage.step(20);
    EXPECT_EQ(stage.player(ann).ammunition[0], 7);
}

TEST(Weapons, KeepTheirMagazinesWhenChanged) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.arm(ann, Weapon::rifle);
    stage.act(ann, Input::fire, 0, 1);
    EXPECT_EQ(stage.player(ann).ammunition[0], 6);
    stage.act(ann, Input::reload);
    stage.act(ann, 0, 0, 3);
    EXPECT_EQ(stage.player(ann).weapon, Weapon::rifle);
    EXPECT_EQ(stage.player(ann).reload_until, 0U) << "changing ends a reload";
    stage.act(ann, 0, 0, 1);
    EXPECT_EQ(stage.player(ann).ammunition[0], 6) << "and is none";
}

TEST(Weapons, CannotBeChangedToWhatOneDoesNotHave) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    for (const int slot : {2, 3, 4, 6, 255}) {
        stage.act(ann, 0, 0, static_cast<std::uint8_t>(slot));
        EXPECT_EQ(stage.player(ann).weapon, Weapon::pistol);
    }
    stage.act(ann, 0, 0, 5);
    EXPECT_EQ(stage.player(ann).weapon, Weapon::melee);
}

TEST(Weapons, ChangingIsNoWayRoundTheInterval) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.arm(ann, Weapon::sniper);
    stage.act(ann, Input::fire);
    for (int i = 0; i < 70; ++i) stage.act(ann, Input::fire, 0, 1);
    EXPECT_EQ(stage.count(Kind::shot), 1);
}

TEST(Shotgun, ScattersEightPelletsWithinItsSpread) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.arm(ann, Weapon::shotgun);
    stage.act(ann, Input::fire, down);
    ASSERT_EQ(stage.count(Kind::shot), 8);
    EXPECT_EQ(stage.player(ann).ammunition[1], 4);
    std::vector<Angle> angles;
    for (const Event& event : stage.happened) {
        if (event.kind != Kind::shot) continue;
        const Angle angle = angle_of(event.velocity);
        EXPECT_NEAR(angle, down, 4172 + 32);
        angles.push_back(angle);
    }
    std::ranges::sort(angles);
    EXPECT_GT(angles.back() - angles.front(), 500) << "not all the same way";
}

TEST(Melee, StrikesEveryEnemyInReachAndInFront) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId near = stage.enter(Team::blue, place(49, 0));
    const PlayerId aside = stage.enter(Team::blue, place(30, 15));
    const PlayerId behind = stage.enter(Team::blue, place(-30, 0));
    const PlayerId wide = stage.enter(Team::blue, place(30, 20));
    const PlayerId far = stage.enter(Team::blue, place(51, 0));
    const PlayerId friendly = stage.enter(Team::red, place(20, 0));
    stage.put(ann, {});
    stage.act(ann, Input::strike, right);
    for (const PlayerId hit : {near, aside}) EXPECT_EQ(stage.player(hit).health, 70);
    for (const PlayerId spared : {behind, wide, far, friendly}) {
        EXPECT_EQ(stage.player(spared).health, 100) << spared;
    }
}

TEST(Melee, WorksWithAnEmptyMagazineAndHasItsOwnCooldown) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.player(ann).ammunition[0] = 0;
    stage.act(ann, Input::strike | Input::fire, right);
    EXPECT_EQ(stage.player(bob).health, 70);
    for (int i = 0; i < 29; ++i) stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).health, 70);
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).health, 40);
}

TEST(Melee, IsStoppedByAWall) {
    Stage stage({}, {wall(18, -50, 4, 100)});
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.count(Kind::strike), 1);
    EXPECT_EQ(stage.player(bob).health, 100);
}

TEST(Damage, TakesTheShieldFirst) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.player(bob).shield = 20;
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).shield, 0);
    EXPECT_EQ(stage.player(bob).health, 90);
}

TEST(Damage, IsHalfAsMuchAgainWithABoostButNotInMelee) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(36, 0));
    stage.player(ann).damage_until = 1000;
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).health, 70);
    stage.act(ann, Input::fire, right);
    stage.step(3);
    EXPECT_EQ(stage.player(bob).health, 58);
}

TEST(SpawnProtection, KeepsFromHarmUntilTheFirstShot) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.player(bob).protected_until = 1000;
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).health, 100);
    stage.act(bob, Input::fire, down);
    stage.step(30);
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.player(bob).health, 70);
}

TEST(Kills, CountForTheKillerAndBringTheVictimBackAfterAWhile) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.player(bob).health = 30;
    stage.act(ann, Input::strike, right);
    EXPECT_FALSE(stage.player(bob).alive);
    EXPECT_EQ(stage.player(ann).score, 100);
    EXPECT_EQ(stage.player(ann).kills, 1);
    EXPECT_EQ(stage.player(bob).deaths, 1);
    ASSERT_NE(stage.last(Kind::killed), nullptr);
    EXPECT_EQ(stage.last(Kind::killed)->player, ann);
    EXPECT_EQ(stage.last(Kind::killed)->other, bob);
    EXPECT_EQ(stage.last(Kind::killed)->weapon, Weapon::melee);
    stage.step(299);
    EXPECT_FALSE(stage.player(bob).alive);
    stage.step(1);
    EXPECT_TRUE(stage.player(bob).alive);
    EXPECT_EQ(stage.player(bob).health, 100);
}

TEST(Kills, OfATeammateCostPointsWhenFriendlyFireIsOn) {
    Stage stage({.friendly_fire = true});
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::red, place(36, 0));
    stage.player(bob).health = 5;
    stage.act(ann, Input::fire, right);
    stage.step(3);
    EXPECT_FALSE(stage.player(bob).alive);
    EXPECT_EQ(stage.player(ann).score, -200);
    EXPECT_EQ(stage.player(ann).kills, 0);
}

TEST(Dead, NeitherMoveNorShoot) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.player(bob).health = 30;
    stage.act(ann, Input::strike, right);
    const Vec at = stage.player(bob).at;
    stage.act(bob, Input::fire | Input::right);
    EXPECT_EQ(stage.player(bob).at, at);
    EXPECT_EQ(stage.count(Kind::shot), 0);
    EXPECT_EQ(stage.player(bob).acknowledged, 1U) << "but the input is acknowledged";
}

}  // namespace
}  // namespace muster::sim
