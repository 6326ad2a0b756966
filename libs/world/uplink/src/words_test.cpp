#include "words.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace muster::uplink {
namespace {

using namespace std::chrono_literals;

host::Statistics two_worlds() {
    host::Statistics out;
    out.sessions = 9;
    out.sessions_max = 4'096;
    host::WorldStatistics world;
    world.world = "ctf";
    world.mode = "ctf";
    world.map = std::string(200, 'm');
    world.people = 8;
    world.bots = 20;
    world.players_max = 400;
    world.stages = {{"inputs", 1, 2, 3}, {"tick", 400, 900, 1'000}};
    out.worlds.push_back(world);
    world.world = "tdm";
    world.asleep = true;
    out.worlds.push_back(world);
    return out;
}

TEST(Words, SayWhatThereIs) {
    Options options;
    options.name = "attic";
    options.version = "0.1.0";
    options.addresses = {"203.0.113.7"};
    options.http_port = 8080;
    options.location = "eu-west";
    const auto hello = hello_of(options, two_worlds(), 7777, true);
    EXPECT_EQ(hello.protocol(), link::world_protocol);
    EXPECT_EQ(hello.name(), "attic");
    EXPECT_EQ(hello.location(), "eu-west");
    EXPECT_EQ(hello.udp_port(), 7777U);
    EXPECT_EQ(hello.sessions_max(), 4'096U);
    EXPECT_TRUE(hello.draining());
    ASSERT_EQ(hello.worlds_size(), 2);
    EXPECT_EQ(hello.worlds(0).name(), "ctf");
    EXPECT_EQ(hello.worlds(0).map().size(), 64U) << "longer ones would be refused";

    const auto load = load_of(two_worlds(), 0.25, false);
    ASSERT_EQ(load.worlds_size(), 2);
    EXPECT_EQ(load.worlds(0).people(), 8U);
    EXPECT_EQ(load.worlds(0).tick_p99_us(), 900U);
    EXPECT_TRUE(load.worlds(1).asleep());
    EXPECT_EQ(load.sessions(), 9U);
    EXPECT_DOUBLE_EQ(load.cpu(), 0.25);
}

TEST(Words, CountProcessorsSinceTheyWereLastAsked) {
    CpuShare share(4);
    const std::chrono::steady_clock::time_point start{1h};
    EXPECT_DOUBLE_EQ(share.since_last(100, start), 0) << "nothing to compare with yet";
    EXPECT_DOUBLE_EQ(share.since_last(102, start + 1s), 0.5);
    EXPECT_DOUBLE_EQ(share.since_last(102, start + 2s), 0);
    EXPECT_DOUBLE_EQ(share.since_last(202, start + 3s), 1);
}

TEST(Words, LayTheLoadOnRegionsByTheirPlayers) {
    mesh::Question question;
    question.request.number = 7;
    question.request.released = {{3, 4}};
    question.loads = {{1, 29, 0}, {2, 9, 0}};
    question.spare = {5, 6};
    const auto asked = question_of(question, 0.5, true);
    EXPECT_EQ(asked.request(), 7U);
    EXPECT_TRUE(asked.draining());
    EXPECT_EQ(asked.released(0).epoch(), 4U);
    EXPECT_EQ(asked.loads(0).cpu_permille(), 375U);
    EXPECT_EQ(asked.loads(1).cpu_permille(), 125U);
    EXPECT_EQ(asked.spare(1), 6U);
}

TEST(Words, TakeADecisionApartAndRefuseWhatNobodyDecides) {
    wire::LeaseAnswer good;
    good.set_server("world-1");
    good.set_life(2);
    good.set_request(3);
    good.set_number(4);
    good.set_lease_ms(1'500);
    auto& grant = *good.add_grants();
    grant.set_world("ffa");
    grant.set_region(5);
    grant.set_epoch(6);
    grant.mutable_area()->set_right(100);
    grant.mutable_area()->set_bottom(50);
    grant.set_leave(true);
    grant.set_successor("world-2");
    auto& neighbour = *grant.add_neighbours();
    neighbour.set_region(7);
    neighbour.set_server("world-2");
    good.add_loans()->set_first(65'534);
    good.mutable_loans(0)->set_count(1);
    const auto read = decision_of(good);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->answer.server, "world-1");
    EXPECT_EQ(read->answer.life, 2U);
    EXPECT_EQ(read->answer.grants.at(0).area, (territory::Rectangle{0, 0, 100, 50}));
    EXPECT_TRUE(read->answer.grants[0].leave);
    EXPECT_EQ(read->answer.grants[0].neighbours.at(0).server, "world-2");
    EXPECT_EQ(read->loans.at(0).first, 65'534U);
    const auto field = [&](const std::function<void(wire::LeaseAnswer&)>& spoil) {
        auto bad = good;
        spoil(bad);
        return decision_of(bad).error().field;
    };
    EXPECT_EQ(field([](auto& bad) { bad.set_lease_ms(3'600'001); }), "lease_ms");
    EXPECT_EQ(field([](auto& bad) { bad.mutable_grants(0)->clear_area(); }), "grants");
    EXPECT_EQ(field([](auto& bad) { bad.mutable_grants(0)->clear_epoch(); }), "grants");
    EXPECT_EQ(field([](auto& bad) { bad.mutable_loans(0)->set_count(2); }), "loans");
    EXPECT_EQ(field([](auto& bad) { bad.mutable_loans(0)->set_count(0); }), "loans");
}

TEST(Words, TakeAnOfferApart) {
    wire::JoinOffer offer;
    offer.set_world("ctf");
    offer.set_sdp("v=0");
    offer.set_name("Anna");
    offer.set_team("blue");
    offer.set_remote_address("192.0.2.1");
    const auto request = request_of(offer, false);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->world, "ctf");
    EXPECT_EQ(request->team, sim::Team::blue);
    EXPECT_EQ(request->remote_address, "192.0.2.1");
    EXPECT_EQ(request_of(offer, true).error().code, Errc::unavailable);
    offer.set_resume("a ticket");
    EXPECT_TRUE(request_of(offer, true)) << "who was here before comes back";
    EXPECT_FALSE(request_of(offer, true)->resume_only);
    offer.set_resume_only(true);
    EXPECT_TRUE(request_of(offer, true)->resume_only);
    offer.set_team("green");
    EXPECT_EQ(request_of(offer, false).error().field, "team");
}

TEST(Words, AnswerWithAPlaceOrAReason) {
    const auto good = answer_of(4, host::Joined{"v=0", "ticket", 7});
    EXPECT_EQ(good.request_id(), 4U);
    EXPECT_EQ(good.ticket(), "ticket");
    EXPECT_EQ(good.error_code(), "");
    const auto bad = answer_of(5, fail(Errc::invalid_argument, "no offer", "sdp"));
    EXPECT_EQ(bad.error_code(), "invalid_argument");
    EXPECT_EQ(bad.error_field(), "sdp");
    EXPECT_EQ(bad.ticket(), "");
}

}  // namespace
}  // namespace muster::uplink
