#include <gtest/gtest.h>

#include "invariants.hpp"
#include "muster/sim/border.hpp"
#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

const Box west{place(-1000, -1000), place(0, 1000)};
const Box east{place(0, -1000), place(1000, 1000)};

/// The west decides the match; a destructible wall and a health kit lie in the east.
struct Two {
    Two()
        : here({}, {wall(50, -50, 20, 100, 100)}, {{place(20, 200), PickupKind::health}}),
          there({}, {wall(50, -50, 20, 100, 100)}, {{place(20, 200), PickupKind::health}}) {
        EXPECT_TRUE(here.world.set_part({.origin = 1, .regions = {west}}).has_value());
        EXPECT_TRUE(there.world.set_part({.origin = 2, .regions = {east}, .decides_match = false})
                        .has_value());
        ann = here.world.join({.team = Team::red, .id = PlayerId{0}}).value();
        bob = there.world.join({.team = Team::red, .id = PlayerId{1}}).value();
        here.step();
        tell_match();
        there.step();
        here.put(ann, place(-20, 0));
        there.put(bob, place(500, 500));
    }
    void tell_match() {
        Match match = here.world.match();
        match.ends_at = ticks_left(here.world.tick(), match.ends_at);
        EXPECT_TRUE(there.world.set_match(match).has_value());
    }
    void tell_flags() {
        for (const Team team : {Team::red, Team::blue}) {
            Flag flag = here.world.flags()[team == Team::red ? 0 : 1];
            flag.returns_at = ticks_left(here.world.tick(), flag.returns_at);
            EXPECT_TRUE(there.world.set_flag(team, flag).has_value());
        }
    }
    /// All that is claimed there is judged here, and settled there.
    std::size_t settle_claims() {
        std::size_t granted = 0;
        for (const Claim& claim : there.world.claims()) {
            const Verdict verdict = here.world.judge(claim).value();
            EXPECT_EQ(here.world.judge(claim).value(), verdict) << "once";
            EXPECT_TRUE(there.world.settle(verdict).has_value());
            granted += verdict.granted ? 1 : 0;
        }
        return granted;
    }
    Stage here;
    Stage there;
    PlayerId ann{};
    PlayerId bob{};
};

TEST(ForeignWall, IsDamagedByWhoDecidesOnIt) {
    Two two;
    two.here.arm(two.ann, Weapon::sniper);
    two.here.act(two.ann, Input::fire, right);
    std::vector<Claim> claims;
    for (int i = 0; i < 20; ++i) {
        claims.insert(claims.end(), two.here.world.claims().begin(), two.here.world.claims().end());
        two.here.step();
    }
    ASSERT_EQ(claims.size(), 1U);
    EXPECT_EQ(claims[0].kind, Claim::Kind::wall);
    EXPECT_EQ(two.here.count(Kind::wall_hit), 1) << "shown at once";
    EXPECT_EQ(two.here.world.walls()[0].health, 100);
    EXPECT_TRUE(two.there.world.judge(claims[0])->granted);
    EXPECT_TRUE(two.there.world.judge(claims[0])->granted);
    EXPECT_EQ(two.there.world.walls()[0].health, 50);
    Claim next = claims[0];
    ++next.number;
    EXPECT_TRUE(two.there.world.judge(next).has_value());
    EXPECT_EQ(two.there.world.walls()[0].health, 0);
    two.there.step();
    EXPECT_EQ(two.there.count(Kind::wall_destroyed), 1);
    EXPECT_EQ(two.here.world.judge(next).error().code, Errc::not_found);
}

TEST(ForeignWall, StandsAsItsOwnerSays) {
    Two two;
    World& world = two.here.world;
    ASSERT_TRUE(world.set_wall(0, 0, 30).has_value());
    EXPECT_TRUE(world.sees({}, place(200, 0)));
    two.here.step(60);
    EXPECT_EQ(world.walls()[0].health, 0) << "it does not return by itself";
    two.here.put(two.ann, place(60, 0));
    EXPECT_EQ(world.set_wall(0, 100, 0).error().code, Errc::conflict) << "Ann stands there";
    two.here.put(two.ann, place(0, 0));
    ASSERT_TRUE(world.set_wall(0, 100, 0).has_value());
    EXPECT_FALSE(world.sees({}, place(200, 0)));
    EXPECT_EQ(world.set_wall(1, 0, 0).error().field, "wall");
    EXPECT_EQ(world.set_wall(0, 101, 0).error().field, "health");
    EXPECT_EQ(two.there.world.set_wall(0, 0, 0).error().code, Errc::conflict) << "its own";
}

TEST(ForeignWall, ReturnsByItselfForWhoTakesItsRegionOver) {
    Two two;
    ASSERT_TRUE(two.here.world.set_wall(0, 0, 30).has_value());
    ASSERT_TRUE(two.here.world.set_part({.origin = 1, .regions = {west, east}}).has_value());
    two.here.step(29);
    EXPECT_EQ(two.here.world.walls()[0].health, 0);
    two.here.step(1);
    EXPECT_EQ(two.here.world.walls()[0].health, 100);
}

TEST(ForeignPickup, IsGivenByWhoDecidesOnItOnce) {
    Two two;
    two.here.put(two.ann, place(0, 200));
    two.here.player(two.ann).health = 10;
    two.here.step();
    ASSERT_EQ(two.here.world.claims().size(), 1U);
    const Claim claim = two.here.world.claims()[0];
    two.here.step();
    EXPECT_TRUE(two.here.world.claims().empty()) << "not asked for in each tick";
    EXPECT_EQ(two.here.player(two.ann).health, 10);
    const Verdict verdict = two.there.world.judge(claim).value();
    EXPECT_TRUE(verdict.granted);
    EXPECT_FALSE(two.there.world.pickups()[0].available);
    EXPECT_EQ(two.there.world.judge(claim).value(), verdict);
    Claim late = claim;
    ++late.number;
    EXPECT_FALSE(two.there.world.judge(late)->granted) << "it is gone";
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::counted);
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::repeated);
    EXPECT_EQ(two.here.player(two.ann).health, 60);
    ASSERT_TRUE(two.here.world.set_pickup(0, false, 100).has_value());
    two.here.step(200);
    EXPECT_FALSE(two.here.world.pickups()[0].available) << "until its owner says so";
    EXPECT_EQ(two.there.world.set_pickup(0, true, 0).error().code, Errc::conflict);
    EXPECT_EQ(two.here.world.set_pickup(1, true, 0).error().field, "pickup");
}

TEST(ForeignMatch, BeginsForAllOwnPlayersButThoseWhoAreInItAlready) {
    Two two;
    EXPECT_EQ(two.there.world.match().number, 1U);
    EXPECT_EQ(two.there.world.match().phase, Match::Phase::active);
    two.there.player(two.bob).score = 100;
    Record record = two.here.world.release(two.ann).value();
    record.match = 2;
    record.player.score = 300;
    ASSERT_TRUE(two.there.world.adopt(record).has_value());
    Match next = two.there.world.match();
    next.number = 2;
    next.ends_at = 500;
    ASSERT_TRUE(two.there.world.set_match(next).has_value());
    EXPECT_EQ(two.there.player(two.bob).score, 0);
    EXPECT_EQ(two.there.player(two.ann).score, 300);
    EXPECT_EQ(two.there.world.match().ends_at, two.there.world.tick() + 500);
    EXPECT_EQ(two.here.world.set_match(next).error().code, Errc::conflict);
}

TEST(ForeignMatch, GoesOnThoughNobodyIsHere) {
    Two two;
    two.here.world.leave(two.ann);
    two.here.step(10);
    EXPECT_EQ(two.here.world.match().phase, Match::Phase::active);
}

TEST(ForeignFlag, IsTakenAndDroppedAndBroughtBackByClaims) {
    Two two;
    Stage& there = two.there;
    there.put(two.bob, Stage::blue_base);
    there.step();
    EXPECT_EQ(there.player(two.bob).carries, Team::none) << "not before it is granted";
    EXPECT_EQ(two.settle_claims(), 1U);
    EXPECT_EQ(two.here.world.flags()[1].carrier, two.bob);
    two.tell_flags();
    EXPECT_EQ(there.player(two.bob).carries, Team::blue);
    check_invariants(there.world, false);
    two.here.step();
    EXPECT_EQ(two.here.count(Kind::flag_taken), 1);

    there.put(two.bob, place(400, 0));
    there.world.leave(two.bob);
    there.step();
    EXPECT_EQ(two.settle_claims(), 1U);
    EXPECT_EQ(two.here.world.flags()[1].where, Flag::Where::dropped);
    EXPECT_EQ(two.here.world.flags()[1].at, place(400, 0));
    two.tell_flags();

    const PlayerId cid = there.world.join({.team = Team::blue, .id = PlayerId{2}}).value();
    there.step();
    there.put(cid, place(400, 0));
    there.step();
    EXPECT_EQ(two.settle_claims(), 1U);
    EXPECT_EQ(two.here.world.flags()[1].where, Flag::Where::base);
    check_invariants(there.world, false);
}

TEST(ForeignFlag, IsCapturedOnce) {
    Two two;
    Stage& there = two.there;
    there.put(two.bob, Stage::blue_base);
    there.step();
    two.settle_claims();
    two.tell_flags();
    there.put(two.bob, Stage::red_base);
    for (int i = 0; i < 40; ++i) {
        there.step();
        two.settle_claims();
    }
    two.tell_flags();
    EXPECT_EQ(two.here.world.match().scores[0], 1);
    EXPECT_EQ(there.player(two.bob).captures, 1);
    EXPECT_EQ(there.player(two.bob).score, 100);
    EXPECT_EQ(there.player(two.bob).carries, Team::none);
    check_invariants(there.world, false);
}

TEST(ForeignFlag, GoesAlongWithItsCarrier) {
    Two two;
    Stage& there = two.there;
    there.put(two.bob, Stage::blue_base);
    there.step();
    two.settle_claims();
    // Bob comes home before he hears that he has it.
    ASSERT_TRUE(two.here.world.adopt(there.world.release(two.bob).value()).has_value());
    EXPECT_EQ(two.here.player(two.bob).carries, Team::blue);
    check_invariants(two.here.world, false);
    ASSERT_TRUE(there.world.adopt(two.here.world.release(two.bob).value()).has_value());
    EXPECT_EQ(there.player(two.bob).carries, Team::blue);
    check_invariants(there.world, false);
    check_invariants(two.here.world, false);
    EXPECT_EQ(there.world.set_flag(Team::none, {}).error().field, "team");
    EXPECT_EQ(there.world.set_flag(Team::red, {.carrier = 3}).error().field, "carrier");
    EXPECT_EQ(there.world.set_flag(Team::red, {.at = {INT32_MAX, 0}}).error().field, "at");
    EXPECT_EQ(two.here.world.set_flag(Team::red, {}).error().code, Errc::conflict);
}

}  // namespace
}  // namespace muster::sim
