#include "world_link_testing.hpp"

namespace muster::link {
namespace {

using namespace testing;

world_wire::FromWorld join_answer(std::uint64_t id) {
    world_wire::FromWorld out;
    out.mutable_join_answer()->set_request_id(id);
    return out;
}

asio::awaitable<void> talk(WorldBed& bed) {
    const auto world = bed.world_client("world-1");
    const auto node = bed.client("world-1");  // of the same id, and yet somebody else
    auto world_session = co_await bed.world_session(*world);
    auto node_session = co_await bed.session(*node);
    for (std::uint64_t i = 0; i < 500; ++i) {
        EXPECT_TRUE(world_session->send(join_answer(i)));
        EXPECT_TRUE(node_session->send(pong(i)));
    }
    for (std::uint64_t i = 0; i < 500; ++i) {
        const auto offer = co_await world_session->receive();
        EXPECT_TRUE(offer && offer->join_offer().request_id() == i);
        EXPECT_TRUE(offer && offer->join_offer().name() == "world-1");
        const auto ping = co_await node_session->receive();
        EXPECT_TRUE(ping && ping->ping().id() == i);
    }
}
TEST(WorldSession, KeepsTheOrderBothWaysBesideANodesOfTheSameId) {
    WorldBed bed;
    bed.open_both();
    bed.run(talk(bed));
}

asio::awaitable<void> knock_at_the_wrong_doors(WorldBed& bed) {
    const auto node_as_world = bed.world_client(bed.node_identity("nod-1"));
    const auto first = co_await node_as_world->session(patience);
    EXPECT_EQ(first.error().code, Errc::unauthenticated);
    const auto world_as_node =
        Client::open(bed.context.get_executor(), bed.client_options(bed.world_identity("world-1")))
            .value();
    const auto second = co_await world_as_node->session(patience);
    EXPECT_EQ(second.error().code, Errc::unauthenticated);
    const auto renewed = co_await node_as_world->renew("der", patience);
    EXPECT_EQ(renewed.error().code, Errc::unauthenticated);
    const auto nobody =
        WorldClient::open(bed.context.get_executor(), bed.client_options(std::nullopt)).value();
    const auto third = co_await nobody->session(patience);
    EXPECT_EQ(third.error().code, Errc::unauthenticated);
}
TEST(WorldSession, OpensOnlyForACertificateOfAWorldServer) {
    WorldBed bed;
    bed.open_both();
    bed.run(knock_at_the_wrong_doors(bed));
}

asio::awaitable<void> enrol_and_talk(WorldBed& bed) {
    const auto digest = pki::facts(bed.authority.certificate_pem)->digest_hex;
    const auto key = pki::new_private_key().value();
    wire::EnrollRequest request;
    request.set_signing_request_der(pki::signing_request(key).value());
    request.set_join_token("good");
    const auto refused = co_await WorldClient::enrol(bed.context.get_executor(), bed.address(),
                                                     digest, request, patience);
    const Error expected{Errc::unauthenticated, "the token is for a node", "join_token"};
    EXPECT_EQ(refused.error(), expected);
    request.set_join_token("good for a world");
    const auto reply = co_await WorldClient::enrol(bed.context.get_executor(), bed.address(),
                                                   digest, request, patience);
    EXPECT_TRUE(reply);
    if (!reply) co_return;
    EXPECT_EQ(reply->node_id(), "world-1");
    const auto client = bed.world_client(pki::Identity{reply->certificate_pem(), key});
    const auto fresh = co_await client->renew(pki::signing_request(key).value(), patience);
    EXPECT_TRUE(fresh);
    auto session = co_await bed.world_session(*client);
    EXPECT_TRUE(session->send(join_answer(7)));
    EXPECT_TRUE(co_await session->receive());
}
TEST(WorldSession, FollowsAnEnrolmentWithATokenOfItsKind) {
    WorldBed bed;
    bed.open_both();
    bed.run(enrol_and_talk(bed));
}

asio::awaitable<void> open_twice(WorldBed& bed) {
    const auto client = bed.world_client("world-1");
    auto older = co_await bed.world_session(*client);
    auto newer = co_await bed.world_session(*client);
    const auto over = co_await older->receive();
    const Error expected{Errc::conflict, "the world server opened a newer session", {}};
    EXPECT_EQ(over.error(), expected);
    EXPECT_TRUE(newer->send(join_answer(1)));
    EXPECT_TRUE(co_await newer->receive());
}
TEST(WorldSession, ANewerOneOfTheSameWorldServerEndsTheOlder) {
    WorldBed bed;
    bed.open_both();
    bed.run(open_twice(bed));
}

asio::awaitable<void> be_revoked(WorldBed& bed) {
    const auto client = bed.world_client("world-1");
    const auto other = bed.world_client("world-2");
    auto session = co_await bed.world_session(*client);
    auto stays = co_await bed.world_session(*other);
    bed.refused["world-1"] = true;
    bed.fleet->revoke_world_server("world-1", "it was revoked");
    const auto over = co_await session->receive();
    const Error expected{Errc::permission_denied, "it was revoked", {}};
    EXPECT_EQ(over.error(), expected);
    const auto again = co_await client->session(patience);
    EXPECT_EQ(again.error().code, Errc::permission_denied);
    EXPECT_TRUE(stays->send(join_answer(1)));
    EXPECT_TRUE(co_await stays->receive());
}
TEST(WorldSession, EndsAtOnceWhenItsWorldServerIsRevoked) {
    WorldBed bed;
    bed.open_both();
    bed.run(be_revoked(bed));
}

asio::awaitable<void> refuse_protocol(std::shared_ptr<WorldSession> session) {
    (void)co_await session->receive();
    world_wire::ToWorld goodbye;
    goodbye.mutable_goodbye()->set_for_good(true);
    EXPECT_TRUE(session->send(std::move(goodbye)));
    session->close(Error{Errc::conflict, "another protocol", "protocol"});
}
asio::awaitable<void> hear_why(WorldBed& bed) {
    const auto client = bed.world_client("world-1");
    auto session = co_await bed.world_session(*client);
    EXPECT_TRUE(session->send(join_answer(1)));
    const auto goodbye = co_await session->receive();
    EXPECT_TRUE(goodbye && goodbye->goodbye().for_good());
    const auto over = co_await session->receive();
    const Error expected{Errc::conflict, "another protocol", "protocol"};
    EXPECT_EQ(over.error(), expected);
}
TEST(WorldSession, EndsWithTheErrorAndFieldThatTheCoordinatorGives) {
    WorldBed bed;
    bed.worlds.session = refuse_protocol;
    bed.open_both();
    bed.run(hear_why(bed));
}

asio::awaitable<void> ask_an_old_coordinator(Bed& bed) {
    const auto client =
        WorldClient::open(bed.context.get_executor(),
                          bed.client_options(bed.identity(pki::Subject{"world:world-1", {}, {}},
                                                          pki::Usage::client)))
            .value();
    const auto session = co_await client->session(patience);
    EXPECT_EQ(session.error().code, Errc::unsupported);
}
TEST(WorldSession, IsUnsupportedByACoordinatorThatKnowsNodesAlone) {
    Bed bed;
    bed.open();
    bed.run(ask_an_old_coordinator(bed));
}

asio::awaitable<void> be_stopped(WorldBed& bed) {
    const auto client = bed.world_client("world-1");
    auto session = co_await bed.world_session(*client);
    co_await bed.server->stop(5s);
    const auto over = co_await session->receive();
    EXPECT_EQ(over.error().code, Errc::unavailable);
}
TEST(WorldSession, EndsWhenTheCoordinatorStops) {
    WorldBed bed;
    bed.open_both();
    bed.run(be_stopped(bed));
}

asio::awaitable<void> leave_open(WorldBed& bed, std::unique_ptr<WorldClient>& client,
                                 std::unique_ptr<WorldClient::Session>& session) {
    client = bed.world_client("world-1");
    session = co_await bed.world_session(*client);
    EXPECT_TRUE(session->send(join_answer(1)));
    EXPECT_TRUE(co_await session->receive());
}
TEST(WorldSession, MayBeOpenWhenEitherEndIsDestroyed) {
    for (const bool server_first : {true, false}) {
        WorldBed bed;
        bed.open_both();
        std::unique_ptr<WorldClient> client;
        std::unique_ptr<WorldClient::Session> session;
        bed.run(leave_open(bed, client, session));
        if (server_first) bed.server.reset();
        client.reset();
        bed.server.reset();
    }
}

}  // namespace
}  // namespace muster::link
