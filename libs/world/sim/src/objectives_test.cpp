#include <gtest/gtest.h>

#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

const Flag& red_flag(const Stage& stage) {
    return stage.world.flags()[0];
}

/// Bob of blue has red's flag in the middle of the field.
struct Stolen {
    Stage stage;
    PlayerId ann = stage.enter(Team::red, place(0, 500));
    PlayerId bob = stage.enter(Team::blue, Stage::red_base);
    Stolen() {
        stage.step();
        stage.put(bob, {});
        stage.step();
    }
};

TEST(Flags, AreTakenByTheEnemyWhoTouchesThem) {
    Stolen scene;
    EXPECT_EQ(scene.stage.player(scene.bob).carries, Team::red);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::carried);
    EXPECT_EQ(red_flag(scene.stage).carrier, scene.bob);
    EXPECT_EQ(red_flag(scene.stage).at, Vec{}) << "it goes where he goes";
}

TEST(Flags, StayWhenTheirOwnTeamTouchesThemAtHome) {
    Stage stage;
    stage.enter(Team::red, Stage::red_base);
    stage.step();
    EXPECT_EQ(red_flag(stage).where, Flag::Where::base);
    EXPECT_EQ(stage.happened.size(), 0U);
}

TEST(Flags, AreCapturedAtTheOwnBaseWhenTheOwnFlagIsThere) {
    Stolen scene;
    scene.stage.put(scene.bob, Stage::blue_base);
    scene.stage.step();
    EXPECT_EQ(scene.stage.match().scores[1], 1);
    EXPECT_EQ(scene.stage.player(scene.bob).captures, 1);
    EXPECT_EQ(scene.stage.player(scene.bob).score, 100);
    EXPECT_EQ(scene.stage.player(scene.bob).carries, Team::none);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::base);
}

TEST(Flags, AreNotCapturedWhileTheOwnFlagIsAway) {
    Stolen scene;
    scene.stage.put(scene.ann, Stage::blue_base);
    scene.stage.step();
    ASSERT_EQ(scene.stage.player(scene.ann).carries, Team::blue);
    scene.stage.put(scene.ann, place(0, 500));
    scene.stage.put(scene.bob, Stage::blue_base);
    scene.stage.step();
    EXPECT_EQ(scene.stage.match().scores[1], 0);
    EXPECT_EQ(scene.stage.player(scene.bob).carries, Team::red);
}

TEST(Flags, FallWhenTheirCarrierDies) {
    Stolen scene;
    scene.stage.player(scene.bob).health = 1;
    scene.stage.put(scene.ann, place(40, 0));
    scene.stage.step();
    scene.stage.act(scene.ann, Input::fire, left);
    scene.stage.step(2);
    EXPECT_FALSE(scene.stage.player(scene.bob).alive);
    EXPECT_EQ(scene.stage.count(Kind::flag_dropped), 1);
    EXPECT_EQ(red_flag(scene.stage).at, Vec{});
    EXPECT_EQ(scene.stage.match().scores[0], 0) << "a shot is worth no point";
}

TEST(Flags, FallWhenTheirCarrierLeaves) {
    Stolen scene;
    scene.stage.world.leave(scene.bob);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::dropped);
    EXPECT_EQ(red_flag(scene.stage).carrier, no_player);
    scene.stage.step();
    EXPECT_EQ(scene.stage.count(Kind::flag_dropped), 1) << "and everybody is told";
    EXPECT_EQ(scene.stage.count(Kind::left), 1);
}

TEST(Flags, ReturnAtOnceWhenTheirTeamTouchesThem) {
    Stolen scene;
    scene.stage.world.leave(scene.bob);
    scene.stage.put(scene.ann, place(20, 0));
    scene.stage.step();
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::base);
    EXPECT_EQ(red_flag(scene.stage).at, Stage::red_base);
    EXPECT_EQ(scene.stage.last(Kind::flag_returned)->player, scene.ann);
}

TEST(Flags, ReturnByThemselvesAfterAWhile) {
    Stolen scene;
    scene.stage.world.leave(scene.bob);
    scene.stage.step(30 * 60 - 1);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::dropped);
    scene.stage.step(1);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::base);
    EXPECT_EQ(scene.stage.last(Kind::flag_returned)->player, no_player);
}

TEST(Flags, MayBeTakenAgainWhereTheyLie) {
    Stolen scene;
    scene.stage.world.leave(scene.bob);
    const PlayerId cid = scene.stage.enter(Team::blue, place(10, 0));
    scene.stage.step();
    EXPECT_EQ(scene.stage.player(cid).carries, Team::red);
}

TEST(Flags, GoToTheirOwnersWhenBothTouchThem) {
    Stolen scene;
    scene.stage.world.leave(scene.bob);
    const PlayerId cid = scene.stage.enter(Team::blue, place(10, 0));
    scene.stage.put(scene.ann, place(-10, 0));
    scene.stage.step();
    EXPECT_EQ(scene.stage.player(cid).carries, Team::none);
    EXPECT_EQ(red_flag(scene.stage).where, Flag::Where::base);
}

TEST(Flags, GiveAPointToWhoStrikesTheirCarrierDown) {
    Stolen scene;
    scene.stage.player(scene.bob).health = 1;
    scene.stage.put(scene.ann, place(40, 0));
    scene.stage.step();
    scene.stage.act(scene.ann, Input::strike, left);
    EXPECT_EQ(scene.stage.match().scores[0], 1);
}

TEST(Flags, EndTheProtectionOfWhoTakesThem) {
    Stage stage;
    const PlayerId bob = stage.enter(Team::blue, Stage::red_base);
    stage.player(bob).protected_until = 1000;
    stage.step();
    EXPECT_EQ(stage.player(bob).protected_until, 0U);
}

TEST(Pickups, GiveWhatTheyAreAndReturn) {
    Stage stage({}, {},
                {{place(0, 0), PickupKind::health},
                 {place(100, 0), PickupKind::weapon_crate, Weapon::shotgun},
                 {place(200, 0), PickupKind::speed_boost},
                 {place(300, 0), PickupKind::damage_boost},
                 {place(400, 0), PickupKind::shield},
                 {place(500, 0), PickupKind::ammunition}});
    const PlayerId ann = stage.enter(Team::red, place(0, 300));
    Player& player = stage.player(ann);
    player.health = 70;
    stage.put(ann, place(20, 0));
    stage.step();
    EXPECT_EQ(player.health, 100);
    EXPECT_FALSE(stage.world.pickups()[0].available);
    stage.put(ann, place(100, 0));
    stage.step();
    EXPECT_EQ(player.weapon, Weapon::shotgun);
    EXPECT_EQ(player.ammunition[1], 5);
    stage.put(ann, place(200, 0));
    stage.step();
    stage.act(ann, Input::right);
    EXPECT_EQ(player.velocity, (Vec{960, 0}));
    stage.put(ann, place(300, 0));
    stage.step();
    EXPECT_GT(player.damage_until, stage.world.tick());
    stage.put(ann, place(400, 0));
    stage.step();
    EXPECT_EQ(player.shield, 50);
    player.ammunition[0] = 1;
    stage.put(ann, place(500, 0));
    stage.step();
    EXPECT_EQ(player.ammunition[0], 7);
    stage.step(10 * 60);
    EXPECT_TRUE(stage.world.pickups()[0].available) << "health after 10 s";
    EXPECT_FALSE(stage.world.pickups()[2].available) << "boosts after 20 s";
    stage.step(10 * 60);
    EXPECT_TRUE(stage.world.pickups()[2].available);
}

TEST(Pickups, AreLeftByWhoHasNoUseForThem) {
    Stage stage({}, {}, {{place(0, 0), PickupKind::health}, {place(0, 0), PickupKind::ammunition}});
    stage.enter(Team::red, {});
    stage.step(10);
    EXPECT_TRUE(stage.world.pickups()[0].available);
    EXPECT_TRUE(stage.world.pickups()[1].available);
}

}  // namespace
}  // namespace muster::sim
