#include <gtest/gtest.h>

#include "muster/sim/border.hpp"
#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

/// Ann here, Bob there; each has the other as a ghost.
struct Two {
    explicit Two(Rules rules = {}, Team team = Team::blue) : here(rules), there(rules) {
        EXPECT_TRUE(here.world.set_part({.origin = 1}).has_value());
        EXPECT_TRUE(there.world.set_part({.origin = 2}).has_value());
        ann = here.world.join({.name = "Ann", .team = Team::red, .id = PlayerId{0}}).value();
        bob = there.world.join({.name = "Bob", .team = team, .id = PlayerId{1}}).value();
        here.step();
        there.step();
        here.put(ann, {});
        there.put(bob, place(36, 0));
        mirror();
        here.forget();
        there.forget();
    }
    void mirror() {
        EXPECT_TRUE(here.world.pose(bob, pose_of(there.world, bob)).has_value());
        EXPECT_TRUE(there.world.pose(ann, pose_of(here.world, ann)).has_value());
    }
    /// Ann strikes or shoots once; what is claimed.
    std::vector<Claim> attack(unsigned buttons) {
        std::vector<Claim> claims;
        here.act(ann, buttons, right);
        for (int i = 0; i < 4; ++i) {
            claims.insert(claims.end(), here.world.claims().begin(), here.world.claims().end());
            here.step();
        }
        return claims;
    }
    Stage here;
    Stage there;
    PlayerId ann{};
    PlayerId bob{};
};

TEST(Claims, SayWhatAShotDidToAGhost) {
    Two two;
    two.here.player(two.ann).damage_until = 1000;
    const auto claims = two.attack(Input::fire);
    ASSERT_EQ(claims.size(), 1U);
    EXPECT_EQ(claims[0].origin, 1U);
    EXPECT_EQ(claims[0].player, two.ann);
    EXPECT_EQ(claims[0].victim, two.bob);
    EXPECT_EQ(claims[0].damage, 12) << "with the shooter's boost";
    EXPECT_EQ(two.here.player(two.bob).health, 100);
    const Verdict verdict = two.there.world.judge(claims[0]).value();
    EXPECT_EQ(verdict.damage, 12);
    EXPECT_FALSE(verdict.granted);
    EXPECT_EQ(two.there.player(two.bob).health, 88);
    two.there.step();
    ASSERT_EQ(two.there.count(Kind::player_hit), 1);
    EXPECT_EQ(two.there.last(Kind::player_hit)->player, two.ann);
    EXPECT_EQ(two.there.last(Kind::player_hit)->projectile, claims[0].projectile);
}

TEST(Claims, AreJudgedOnceHoweverOftenTheyCome) {
    Two two;
    const auto claims = two.attack(Input::strike);
    ASSERT_EQ(claims.size(), 1U);
    const Verdict first = two.there.world.judge(claims[0]).value();
    EXPECT_EQ(two.there.world.judge(claims[0]).value(), first) << "the same answer";
    EXPECT_EQ(two.there.player(two.bob).health, 70);
    Claim other = claims[0];
    other.origin = 9;
    EXPECT_TRUE(two.there.world.judge(other).has_value());
    EXPECT_EQ(two.there.player(two.bob).health, 40) << "the same number of another origin";
}

TEST(Claims, OfAKillBringItToItsShooterOnce) {
    Two two;
    two.there.player(two.bob).health = 20;
    const auto claims = two.attack(Input::strike);
    const Verdict verdict = two.there.world.judge(claims.at(0)).value();
    EXPECT_TRUE(verdict.granted);
    EXPECT_FALSE(two.there.player(two.bob).alive);
    EXPECT_EQ(two.there.player(two.bob).deaths, 1);
    two.there.step();
    ASSERT_EQ(two.there.count(Kind::killed), 1);
    EXPECT_EQ(two.there.last(Kind::killed)->player, two.ann);
    EXPECT_EQ(two.there.player(two.ann).kills, 0) << "a ghost gains nothing";
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::counted);
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::repeated);
    EXPECT_EQ(two.here.player(two.ann).kills, 1);
    EXPECT_EQ(two.here.player(two.ann).score, 100);
    EXPECT_EQ(two.there.world.judge(claims[0]).value(), verdict) << "after its death, too";
}

TEST(Claims, HurtNobodyWhomALocalHitWouldNotHurt) {
    {
        Two two;
        two.there.player(two.bob).protected_until = 1000;
        EXPECT_EQ(two.there.world.judge(two.attack(Input::strike).at(0))->damage, 0);
        EXPECT_EQ(two.there.player(two.bob).health, 100);
    }
    {
        Two two;
        two.there.player(two.bob).shield = 50;
        EXPECT_EQ(two.there.world.judge(two.attack(Input::strike).at(0))->damage, 30);
        EXPECT_EQ(two.there.player(two.bob).health, 100) << "the shield takes it";
        EXPECT_EQ(two.there.player(two.bob).shield, 20);
    }
    {
        Two two;
        Claim claim = two.attack(Input::strike).at(0);
        claim.team = Team::blue;
        EXPECT_EQ(two.there.world.judge(claim)->damage, 0) << "a teammate's";
        ++claim.number;
        claim.team = Team::red;
        ++claim.victim_generation;
        EXPECT_EQ(two.there.world.judge(claim)->damage, 0) << "somebody else by now";
        ++claim.number;
        --claim.victim_generation;
        ++claim.life;
        EXPECT_EQ(two.there.world.judge(claim)->damage, 0) << "another life";
        EXPECT_EQ(two.there.player(two.bob).health, 100);
    }
}

TEST(Claims, OnTeammatesCountWithFriendlyFire) {
    Two two({.friendly_fire = true}, Team::red);
    two.there.player(two.bob).health = 5;
    const Verdict verdict = two.there.world.judge(two.attack(Input::fire).at(0)).value();
    EXPECT_TRUE(verdict.granted);
    ASSERT_TRUE(two.here.world.settle(verdict).has_value());
    EXPECT_EQ(two.here.player(two.ann).score, -200);
}

TEST(Claims, AreOnlyForTheVictimsOwner) {
    Two two;
    const Claim claim = two.attack(Input::strike).at(0);
    EXPECT_EQ(two.here.world.judge(claim).error().code, Errc::not_found);
    Claim odd = claim;
    odd.damage = 1000;
    EXPECT_EQ(two.there.world.judge(odd).error().field, "damage");
    odd = claim;
    odd.victim = 400;
    EXPECT_EQ(two.there.world.judge(odd).error().field, "victim");
    odd = claim;
    odd.at = {INT32_MAX, 0};
    EXPECT_EQ(two.there.world.judge(odd).error().field, "at");
    odd = claim;
    odd.number = 0;
    EXPECT_EQ(two.there.world.judge(odd).error().field, "number");
}

TEST(Verdicts, FollowAShooterWhoWentElsewhere) {
    Two two;
    two.there.player(two.bob).health = 20;
    const auto claims = two.attack(Input::strike);
    const Verdict verdict = two.there.world.judge(claims.at(0)).value();
    const Record record = two.here.world.release(two.ann).value();
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::elsewhere);
    ASSERT_TRUE(two.there.world.adopt(record).has_value());
    EXPECT_EQ(two.there.world.settle(verdict).value(), Settled::counted);
    const Record back = two.there.world.release(two.ann).value();
    ASSERT_TRUE(two.here.world.adopt(back).has_value());
    EXPECT_EQ(two.here.world.settle(verdict).value(), Settled::repeated);
    EXPECT_EQ(two.here.player(two.ann).kills, 1);
}

TEST(Verdicts, AreGivenForShotsOfOneWhoWasReleasedMeanwhile) {
    Two two;
    const PlayerId cid = two.here.world.join({.team = Team::blue, .id = PlayerId{2}}).value();
    two.here.step();
    two.here.put(cid, place(200, 100));
    two.here.player(cid).health = 5;
    two.here.world.dispel(two.bob);
    two.here.put(two.ann, place(100, 100));
    two.here.act(two.ann, Input::fire, right);
    ASSERT_EQ(two.here.world.projectiles().size(), 1U);
    const Record record = two.here.world.release(two.ann).value();
    std::vector<Verdict> verdicts;
    for (int i = 0; i < 30; ++i) {
        two.here.step();
        verdicts.insert(verdicts.end(), two.here.world.verdicts().begin(),
                        two.here.world.verdicts().end());
    }
    EXPECT_FALSE(two.here.player(cid).alive);
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_EQ(two.here.player(two.ann).kills, 0);
    two.there.world.dispel(two.ann);
    ASSERT_TRUE(two.there.world.adopt(record).has_value());
    EXPECT_EQ(two.there.world.settle(verdicts[0]).value(), Settled::counted);
    EXPECT_EQ(two.there.player(two.ann).kills, 1);
}

TEST(Judged, IsRememberedByWhomeverTheVictimGoesTo) {
    Two two;
    const Claim claim = two.attack(Input::strike).at(0);
    const Verdict verdict = two.there.world.judge(claim).value();
    const Record record = two.there.world.release(two.bob).value();
    ASSERT_TRUE(two.here.world.adopt(record).has_value());
    EXPECT_EQ(two.here.world.judge(claim).value(), verdict);
    EXPECT_EQ(two.here.player(two.bob).health, 70) << "hurt once";
}

TEST(Points, OfAKillAreClaimedFromWhoDecidesTheMatch) {
    Two two({.mode = Mode::team_deathmatch});
    ASSERT_TRUE(two.here.world.set_part({.origin = 1, .decides_match = false}).has_value());
    ASSERT_TRUE(two.here.world.set_match(two.there.world.match()).has_value());
    two.there.player(two.bob).health = 20;
    const auto claims = two.attack(Input::strike);
    ASSERT_TRUE(two.here.world.settle(two.there.world.judge(claims.at(0)).value()).has_value());
    EXPECT_EQ(two.here.world.match().scores[0], 0);
    two.here.step();
    ASSERT_EQ(two.here.world.claims().size(), 1U);
    const Claim point = two.here.world.claims()[0];
    EXPECT_EQ(point.kind, Claim::Kind::point);
    EXPECT_TRUE(two.there.world.judge(point)->granted);
    EXPECT_TRUE(two.there.world.judge(point)->granted);
    EXPECT_EQ(two.there.world.match().scores[0], 1);
}

}  // namespace
}  // namespace muster::sim
