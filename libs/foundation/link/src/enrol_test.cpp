#include "link_testing.hpp"

namespace muster::link {
namespace {

using namespace testing;

wire::EnrollRequest enrol_request(const std::string& key, std::string token = "good") {
    wire::EnrollRequest out;
    out.set_join_token(std::move(token));
    out.set_signing_request_der(pki::signing_request(key).value());
    out.set_name("box");
    return out;
}

std::string digest_of(const pki::Identity& authority) {
    return pki::facts(authority.certificate_pem)->digest_hex;
}

asio::awaitable<void> enrol_and_talk(Bed& bed) {
    const std::string key = pki::new_private_key().value();
    const auto reply =
        co_await Client::enrol(bed.context.get_executor(), bed.address(), digest_of(bed.authority),
                               enrol_request(key), patience);
    EXPECT_TRUE(reply) << reply.error().message;
    if (!reply) co_return;
    EXPECT_EQ(reply->node_id(), "nod-1");
    EXPECT_EQ(bed.enrol_address, "127.0.0.1");
    EXPECT_TRUE(pki::matches(reply->certificate_pem(), key));

    const pki::Identity identity{reply->certificate_pem(), key};
    const auto client =
        Client::open(bed.context.get_executor(), bed.client_options(identity)).value();
    auto session = co_await bed.session(*client);
    EXPECT_TRUE(session->send(pong(7)));
    const auto answer = co_await session->receive();
    EXPECT_EQ(answer->ping().id(), 7U);

    const std::string fresh = pki::new_private_key().value();
    const auto renewed = co_await client->renew(pki::signing_request(fresh).value(), patience);
    EXPECT_TRUE(renewed) << renewed.error().message;
    if (renewed) EXPECT_TRUE(pki::matches(renewed->certificate_pem(), fresh));
}
TEST(Enrol, GivesACertificateThatOpensASessionAndRenews) {
    Bed bed;
    bed.open();
    bed.run(enrol_and_talk(bed));
}

asio::awaitable<void> enrol_with_wrong_digest(Bed& bed) {
    const pki::Identity other =
        pki::new_authority("Muster test authority", Bed::now(), std::chrono::days{1}).value();
    const auto reply =
        co_await Client::enrol(bed.context.get_executor(), bed.address(), digest_of(other),
                               enrol_request(pki::new_private_key().value()), patience);
    EXPECT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::unauthenticated);
    EXPECT_EQ(reply.error().field, "join_token");
    EXPECT_EQ(bed.enrolments, 0) << "the token was sent to a stranger";
}
TEST(Enrol, SendsNothingToACoordinatorWithAnotherAuthority) {
    Bed bed;
    bed.open();
    bed.run(enrol_with_wrong_digest(bed));
}

// A stranger may show the right authority's certificate, which is public, but has no key that it
// signed for a coordinator.
asio::awaitable<void> enrol_with_borrowed_authority(Bed& bed, Bed& real) {
    const auto reply =
        co_await Client::enrol(bed.context.get_executor(), bed.address(), digest_of(real.authority),
                               enrol_request(pki::new_private_key().value()), patience);
    EXPECT_FALSE(reply);
    EXPECT_EQ(bed.enrolments, 0) << "the token was sent to a stranger";
}
TEST(Enrol, SendsNothingToWhoOnlyShowsTheAuthoritysCertificate) {
    Bed real;
    Bed stranger;
    stranger.options.authority_pem = real.authority.certificate_pem;
    stranger.open();
    stranger.run(enrol_with_borrowed_authority(stranger, real));
    // Nor to a node of the fleet that plays the coordinator with its own certificate.
    Bed insider;
    insider.options.authority_pem = real.authority.certificate_pem;
    insider.options.identity = real.node_identity("nod-9");
    insider.open();
    insider.run(enrol_with_borrowed_authority(insider, real));
}

asio::awaitable<void> enrol_refused(Bed& bed) {
    const auto reply =
        co_await Client::enrol(bed.context.get_executor(), bed.address(), digest_of(bed.authority),
                               enrol_request(pki::new_private_key().value(), "used"), patience);
    EXPECT_FALSE(reply);
    const Error expected{Errc::conflict, "the join token was used before", "join_token"};
    EXPECT_EQ(reply.error(), expected);

    const auto nobody =
        co_await Client::enrol(bed.context.get_executor(), "127.0.0.1:1", "00",
                               enrol_request(pki::new_private_key().value()), patience);
    EXPECT_EQ(nobody.error().code, Errc::unavailable);
    const auto nowhere =
        co_await Client::enrol(bed.context.get_executor(), "nowhere", "00",
                               enrol_request(pki::new_private_key().value()), patience);
    EXPECT_EQ(nowhere.error().field, "address");
}
TEST(Enrol, CarriesTheExactErrorAndItsField) {
    Bed bed;
    bed.open();
    bed.run(enrol_refused(bed));
}

asio::awaitable<void> expect_no_session(Bed& bed, std::optional<pki::Identity> who, Errc code) {
    const auto client =
        Client::open(bed.context.get_executor(), bed.client_options(std::move(who)));
    const auto session = co_await (*client)->session(patience);
    EXPECT_FALSE(session);
    EXPECT_EQ(session.error().code, code) << session.error().message;
    const auto renewed = co_await (*client)->renew("der", patience);
    EXPECT_FALSE(renewed);
    EXPECT_EQ(renewed.error().code, code) << renewed.error().message;
    auto carrier = co_await (*client)->carry("str-1");
    if (carrier) {
        const auto piece = co_await (*carrier)->read();
        EXPECT_FALSE(piece);
        EXPECT_EQ(piece.error().code, code) << piece.error().message;
    }
}

TEST(Identity, WithoutACertificateOnlyEnrolmentIsAllowed) {
    Bed bed;
    bed.open();
    bed.run(expect_no_session(bed, std::nullopt, Errc::unauthenticated));
}
TEST(Identity, ACertificateThatIsNotANodesIsRefused) {
    Bed bed;
    bed.open();
    bed.run(expect_no_session(bed,
                              bed.identity(pki::Subject{"world:w", {}, {}}, pki::Usage::client),
                              Errc::unauthenticated));
}
TEST(Identity, AForeignOrExpiredOrServersCertificateDoesNotPassTls) {
    Bed bed;
    Bed other;
    bed.open();
    bed.run(expect_no_session(bed, other.node_identity("nod-1"), Errc::unavailable));
    const pki::Subject node{"node:nod-1", {}, {}};
    bed.run(expect_no_session(bed, bed.identity(node, pki::Usage::client, 60min, Bed::now() - 48h),
                              Errc::unavailable));
    bed.run(expect_no_session(bed, bed.identity(node, pki::Usage::server), Errc::unavailable));
}
TEST(Identity, TheServerMustProveItsNameToo) {
    Bed bed;
    bed.options.identity =
        bed.identity(pki::Subject{"test", {"another-name"}, {}}, pki::Usage::server);
    bed.open();
    bed.run(expect_no_session(bed, bed.node_identity("nod-1"), Errc::unavailable));
}
TEST(Identity, ARefusedNodeIsToldSo) {
    Bed bed;
    bed.refused["nod-1"] = true;
    bed.open();
    bed.run(expect_no_session(bed, bed.node_identity("nod-1"), Errc::permission_denied));
}
TEST(Server, SaysWhatIsWrongWithItsSettings) {
    Bed bed;
    bed.options.identity.private_key_pem = pki::new_private_key().value();
    const auto wrong_key = Server::open(bed.context.get_executor(), bed.options, bed.handlers);
    EXPECT_EQ(wrong_key.error().field, "private_key");

    Bed first;
    first.open();
    Bed second;
    second.options.port = first.server->port();
    const auto taken = Server::open(second.context.get_executor(), second.options, second.handlers);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace muster::link
