#include <gtest/gtest.h>

#include "stage.hpp"

namespace muster::sim {
namespace {

/// Bob runs across; Ann aims at where she saw him.
struct Crossing {
    Stage stage;
    PlayerId ann = stage.enter(Team::red, {});
    PlayerId bob = stage.enter(Team::blue, place(40, -60));

    void run(int ticks) {
        for (int i = 0; i < ticks; ++i) stage.act(bob, Input::down);
    }
};

TEST(Rewind, HitsWhomTheShooterSaw) {
    Crossing now;
    now.run(24);
    now.stage.act(now.ann, Input::fire, right);
    now.stage.step(10);
    EXPECT_EQ(now.stage.player(now.bob).health, 92) << "without lag he is there now";

    for (const bool compensated : {false, true}) {
        Crossing scene;
        scene.run(24);
        const Tick seen = scene.stage.world.tick();
        scene.run(10);
        scene.stage.act(scene.ann, Input::fire, right, 0, compensated ? seen : 0);
        scene.stage.step(10);
        EXPECT_EQ(scene.stage.player(scene.bob).health, compensated ? 92 : 100);
    }
}

TEST(Rewind, AppliesToMelee) {
    for (const bool compensated : {false, true}) {
        Crossing scene;
        scene.run(24);
        const Tick seen = scene.stage.world.tick();
        scene.run(11);
        scene.stage.act(scene.ann, Input::strike, right, 0, compensated ? seen : 0);
        EXPECT_EQ(scene.stage.player(scene.bob).health, compensated ? 70 : 100);
    }
}

TEST(Rewind, ReachesNoFurtherThanItsBound) {
    Crossing scene;
    scene.run(24);
    const Tick seen = scene.stage.world.tick();
    scene.run(30);
    scene.stage.act(scene.ann, Input::fire | Input::strike, right, 0, seen);
    scene.stage.step(10);
    EXPECT_EQ(scene.stage.player(scene.bob).health, 100);
}

TEST(Rewind, MakesAFarShotNoSlowerThanItLooked) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.step(20);
    stage.act(ann, Input::fire, right, 0, stage.world.tick() - 5);
    ASSERT_EQ(stage.world.projectiles().size(), 1U);
    const Projectile& projectile = stage.world.projectiles()[0];
    EXPECT_EQ(projectile.fired_at, stage.world.tick() - 6);
    EXPECT_EQ(projectile.at.x, muzzle_distance + 6 * rules_of(Weapon::pistol).speed);
}

TEST(Rewind, DoesNotHitWhoWasNotThereThen) {
    Stage stage({.respawn = 0});
    const PlayerId ann = stage.enter(Team::red, place(0, 800));
    const PlayerId bob = stage.enter(Team::blue, place(300, 0));
    stage.step(20);
    stage.player(bob).health = 1;
    const PlayerId cid = stage.enter(Team::red, place(260, 0));
    stage.act(cid, Input::strike, right);
    ASSERT_FALSE(stage.player(bob).alive);
    stage.step();
    ASSERT_TRUE(stage.player(bob).alive);
    stage.put(bob, place(300, 0));
    stage.put(ann, place(330, 0));
    const Tick before = stage.world.tick() - 5;
    stage.act(ann, Input::strike, left, 0, before);
    EXPECT_EQ(stage.player(bob).health, 100) << "that was its last life";
}

TEST(Rewind, IsHarmlessWithAnyTick) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    for (const Tick seen : {1U, 2U, 0x7fff'ffffU, 0xffff'ffffU}) {
        stage.player(ann).shot_ready_at = 0;
        stage.act(ann, Input::fire | Input::strike, right, 0, seen);
    }
    SUCCEED();
}

}  // namespace
}  // namespace muster::sim
