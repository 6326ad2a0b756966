#include <gtest/gtest.h>

#include "invariants.hpp"
#include "muster/sim/border.hpp"
#include "scripted_players.hpp"
#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

Pose blue_at(Vec at) {
    return {.at = at, .team = Team::blue, .alive = true, .health = health_max, .life = 1};
}

TEST(Ghost, IsPresentAndSeenUnderItsId) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    Pose pose = blue_at(place(100, 0));
    pose.generation = 3;
    pose.name = "Bob";
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    stage.step();
    EXPECT_TRUE(stage.player(7).ghost && stage.player(7).present);
    EXPECT_EQ(stage.player(7).generation, 3);
    EXPECT_EQ(stage.world.name_of(7), "Bob");
    EXPECT_EQ(stage.world.players_present(), 2U);
    std::array<PlayerId, 4> near{};
    EXPECT_EQ(stage.world.players_near({}, 200 * unit, near), 2U);
    pose.at = place(150, 0);
    pose.name = {};
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    EXPECT_EQ(stage.player(7).at, place(150, 0));
    EXPECT_EQ(stage.world.name_of(7), "Bob") << "kept when it is not said";
    EXPECT_FALSE(stage.player(ann).ghost);
    EXPECT_EQ(stage.count(Kind::joined), 0);
}

TEST(Ghost, IsNeitherMovedNorSpawnedNorServed) {
    Stage stage({}, {}, {{place(100, 0), PickupKind::health, Weapon::pistol}});
    stage.enter(Team::red, place(-500, 0));
    Pose pose = blue_at(place(100, 0));
    pose.health = 40;
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    stage.world.submit(7, {.sequence = 1, .buttons = Input::right | Input::fire});
    stage.step(30);
    EXPECT_EQ(stage.player(7).at, place(100, 0));
    EXPECT_EQ(stage.player(7).health, 40);
    EXPECT_EQ(stage.player(7).acknowledged, 0U);
    EXPECT_EQ(stage.count(Kind::shot) + stage.count(Kind::pickup_taken), 0);
    pose.alive = false;
    pose.health = 0;
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    stage.forget();
    stage.step(600);
    EXPECT_FALSE(stage.player(7).alive);
    EXPECT_EQ(stage.count(Kind::spawned), 0);
}

TEST(Ghost, StaysAsItIsWhenAMatchBegins) {
    Stage stage({.match_length = 20, .break_length = 5});
    const PlayerId ann = stage.enter(Team::red, {});
    Pose pose = blue_at(place(100, 0));
    pose.score = 300;
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    stage.player(ann).score = 300;
    stage.step(40);
    EXPECT_EQ(stage.world.match().number, 2U);
    EXPECT_EQ(stage.player(7).score, 300);
    EXPECT_EQ(stage.player(ann).score, 0);
}

TEST(Ghost, StopsProjectiles) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    ASSERT_TRUE(stage.world.pose(7, blue_at(place(60, 0))).has_value());
    stage.act(ann, Input::fire, right);
    stage.step(10);
    EXPECT_TRUE(stage.world.projectiles().empty());
    EXPECT_EQ(stage.player(7).health, health_max) << "only its owner takes it";
    ASSERT_EQ(stage.count(Kind::player_hit), 1) << "but the hit is shown at once";
    EXPECT_EQ(stage.last(Kind::player_hit)->value, 8);
}

TEST(Ghost, IsHitWhereTheShooterSawIt) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    ASSERT_TRUE(stage.world.pose(7, blue_at(place(40, 0))).has_value());
    stage.step(20);
    const Tick seen = stage.world.tick();
    ASSERT_TRUE(stage.world.pose(7, blue_at(place(40, 60))).has_value());
    stage.step(5);
    stage.act(ann, Input::strike, right, 0, seen);
    EXPECT_EQ(stage.count(Kind::player_hit), 1);
}

TEST(Ghost, VanishesWhenItIsDispelled) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    ASSERT_TRUE(stage.world.pose(7, blue_at(place(40, 0))).has_value());
    stage.step();
    stage.world.leave(7);
    EXPECT_TRUE(stage.player(7).present) << "nobody but its owner lets it leave";
    stage.world.dispel(7);
    stage.world.dispel(ann);
    EXPECT_FALSE(stage.player(7).present);
    EXPECT_TRUE(stage.player(ann).present);
    stage.step();
    EXPECT_EQ(stage.count(Kind::left), 0);
    EXPECT_EQ(stage.world.players_present(), 1U);
}

TEST(Ghost, GivesWayToANewGeneration) {
    Stage stage;
    stage.enter(Team::red, {});
    Pose pose = blue_at(place(40, 0));
    pose.name = "Bob";
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    pose.generation = 1;
    pose.name = {};
    ASSERT_TRUE(stage.world.pose(7, pose).has_value());
    EXPECT_EQ(stage.player(7).generation, 1);
    EXPECT_EQ(stage.world.name_of(7), "Player 8");
    EXPECT_EQ(stage.world.players_present(), 2U);
}

TEST(Ghost, IsRefusedWithTheFieldThatIsWrong) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    const auto refused = [&](PlayerId id, auto change) {
        Pose pose = blue_at({});
        change(pose);
        const std::uint64_t before = stage.world.hash();
        const auto posed = stage.world.pose(id, pose);
        EXPECT_EQ(stage.world.hash(), before);
        return posed ? std::string("taken") : posed.error().field;
    };
    EXPECT_EQ(refused(ann, [](Pose&) {}), "player");
    EXPECT_EQ(refused(400, [](Pose&) {}), "player");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.at.x = 990 * unit; }), "at");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.at.y = INT32_MIN; }), "at");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.velocity.x = INT32_MIN; }), "velocity");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.team = Team::none; }), "team");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.team = static_cast<Team>(3); }), "team");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.weapon = static_cast<Weapon>(5); }), "weapon");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.health = 101; }), "health");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.health = 0; }), "health");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.shield = 51; }), "shield");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.carries = Team::blue; }), "carries");
    EXPECT_EQ(refused(7, [](Pose& pose) { pose.fast_for = UINT32_MAX; }), "protected_for");
}

TEST(Ids, CanBeWishedFor) {
    World world(classic_arena(1), {.players_max = 4}, 1);
    EXPECT_EQ(world.join({.id = PlayerId{2}}).value(), 2);
    EXPECT_EQ(world.join({.id = PlayerId{2}}).error().code, Errc::conflict);
    EXPECT_EQ(world.join({.id = PlayerId{4}}).error().code, Errc::invalid_argument);
    EXPECT_EQ(world.join({}).value(), 0);
    EXPECT_EQ(world.join({}).value(), 1);
    EXPECT_EQ(world.join({}).value(), 3) << "2 is passed by";
    EXPECT_EQ(world.join({}).error().code, Errc::exhausted);
}

TEST(Ids, ThatWereLentAreTheOnlyOnesGivenUnasked) {
    World world(classic_arena(1), {.players_max = 20}, 1);
    EXPECT_EQ(world.places_left(), 20U);
    EXPECT_TRUE(world.gives(3) && !world.gives(20));
    ASSERT_TRUE(world.lend_ids(10, 2).has_value());
    ASSERT_TRUE(world.lend_ids(10, 2).has_value());
    EXPECT_EQ(world.places_left(), 2U);
    EXPECT_TRUE(world.gives(10) && !world.gives(3));
    EXPECT_EQ(world.join({}).value(), 10);
    EXPECT_EQ(world.join({}).value(), 11);
    EXPECT_EQ(world.places_left(), 0U);
    EXPECT_TRUE(world.gives(10)) << "once it is free";
    EXPECT_EQ(world.join({}).error().code, Errc::exhausted);
    EXPECT_EQ(world.join({.id = PlayerId{3}}).value(), 3);
    world.leave(10);
    world.leave(3);
    EXPECT_EQ(world.join({}).value(), 10);
    EXPECT_EQ(world.join({}).error().code, Errc::exhausted) << "3 is another's";
    ASSERT_TRUE(world.release(11).has_value());
    world.dispel(11);
    EXPECT_EQ(world.join({}).error().code, Errc::exhausted) << "11 lives elsewhere";
    ASSERT_TRUE(world.lend_ids(11, 1).has_value());
    EXPECT_EQ(world.join({}).value(), 11);
    EXPECT_EQ(world.lend_ids(19, 2).error().code, Errc::invalid_argument);
}

TEST(Show, PutsForeignEventsIntoTheNextStep) {
    Stage stage;
    stage.enter(Team::red, {});
    const Event shot{.kind = Kind::shot,
                     .player = 9,
                     .projectile = 77,
                     .at = place(10, 10),
                     .velocity = {1000, 0}};
    ASSERT_TRUE(stage.world.show(shot).has_value());
    stage.step();
    ASSERT_EQ(stage.count(Kind::shot), 1);
    EXPECT_EQ(stage.last(Kind::shot)->projectile, 77U);
    EXPECT_TRUE(stage.world.projectiles().empty());
}

TEST(Show, RefusesWhatIsNoEvent) {
    Stage stage;
    const auto field = [&](Event event) {
        const auto shown = stage.world.show(event);
        return shown ? std::string("shown") : shown.error().field;
    };
    EXPECT_EQ(field({.kind = static_cast<Kind>(60)}), "kind");
    EXPECT_EQ(field({.team = static_cast<Team>(3)}), "team");
    EXPECT_EQ(field({.weapon = static_cast<Weapon>(9)}), "weapon");
    EXPECT_EQ(field({.player = 400}), "player");
    EXPECT_EQ(field({.kind = Kind::wall_hit}), "index");
    EXPECT_EQ(field({.at = {INT32_MAX, 0}}), "at");
    EXPECT_EQ(field({.velocity = {INT32_MIN, 0}}), "velocity");
}

TEST(Projectiles, OfTwoWorldsNeverHaveTheSameSixteenBits) {
    Stage one;
    Stage two;
    ASSERT_TRUE(one.world.set_part({.projectile_rest = 1, .projectile_stride = 4}).has_value());
    ASSERT_TRUE(two.world.set_part({.projectile_rest = 2, .projectile_stride = 4}).has_value());
    for (Stage* stage : {&one, &two}) {
        const PlayerId ann = stage->enter(Team::red, {});
        stage->arm(ann, Weapon::shotgun);
        stage->act(ann, Input::fire);
        EXPECT_EQ(stage->count(Kind::shot), 8);
        for (const Event& event : stage->happened) {
            if (event.kind != Kind::shot) continue;
            EXPECT_EQ((event.projectile & 0xffffU) % 4, stage == &one ? 1U : 2U);
        }
    }
    EXPECT_EQ(one.world.set_part({.projectile_stride = 3}).error().field, "projectile_stride");
    EXPECT_EQ(one.world.set_part({.projectile_rest = 4, .projectile_stride = 4}).error().field,
              "projectile_rest");
    EXPECT_EQ(one.world.set_part({.regions = {{{1, 1}, {1, 2}}}}).error().field, "regions");
}

TEST(Several, AreRecordedNoMore) {
    World world(classic_arena(1), {.players_max = 8}, 1);
    Recorder recorder(world.map(), world.rules(), 1, 1 << 20);
    world.record_to(&recorder);
    ASSERT_TRUE(world.join({}).has_value());
    world.step();
    const std::size_t bytes = recorder.bytes().size();
    ASSERT_TRUE(world.pose(7, blue_at(place(100, 0))).has_value());
    world.step();
    world.record_to(&recorder);
    world.step();
    EXPECT_EQ(recorder.bytes().size(), bytes);
    EXPECT_EQ(replay(recorder.bytes())->ticks, 1U) << "what there is can be played";
}

TEST(Several, ComputeTheSameAfterTheSameCalls) {
    const auto hash_after = [](bool with_ghost) {
        World world(classic_arena(2), {.players_max = 30}, 2);
        ScriptedPlayers players(world, 2);
        players.join(20);
        for (int tick = 0; tick < 60; ++tick) {
            if (with_ghost) EXPECT_TRUE(world.pose(29, blue_at(place(tick, 0))).has_value());
            players.think(3);
            world.step();
            check_invariants(world);
        }
        return world.hash();
    };
    EXPECT_EQ(hash_after(true), hash_after(true));
    EXPECT_NE(hash_after(true), hash_after(false));
}

}  // namespace
}  // namespace muster::sim
