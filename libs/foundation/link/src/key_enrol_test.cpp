#include "muster/base/encoding.hpp"
#include "world_link_testing.hpp"

namespace muster::link {
namespace {

using namespace testing;

/// A coordinator that holds a key, and answers as one does.
class KeyBed : public WorldBed {
  public:
    explicit KeyBed(ClusterKey held) : key(std::move(held)) {
        worlds.challenge = [this](const world_wire::ChallengeRequest& asked) {
            return challenge(asked);
        };
        worlds.enrol = [this](EnrolRequest asked) { return enrol_by_key(this, std::move(asked)); };
    }
    Result<world_wire::ChallengeReply> challenge(const world_wire::ChallengeRequest& asked) {
        ++challenges;
        last_asked = asked;
        world_wire::ChallengeReply out;
        out.set_challenge("a challenge of " + std::to_string(challenges));
        return out;
    }
    Result<wire::EnrollReply> judge(const wire::EnrollRequest& request) {
        const auto& proof = request.key_proof();
        const KeyTranscript said{proof.key_name(), proof.nonce(), proof.challenge(),
                                 pki::facts(authority.certificate_pem)->digest_hex,
                                 pki::key_digest(request.signing_request_der()).value()};
        last_proof = proof;
        if (!equal_secret(world_server_mac(key, said), proof.mac())) {
            return fail(Errc::unauthenticated, "no such key", "key_name");
        }
        auto reply = world_reply("world-1", request.signing_request_der());
        if (reply) {
            reply->set_key_mac(
                coordinator_mac(key, said, reply->node_id(), reply->certificate_pem()));
        }
        if (reply && spoil) spoil(*reply);
        return reply;
    }
    static asio::awaitable<Result<wire::EnrollReply>> enrol_by_key(KeyBed* bed,
                                                                   EnrolRequest asked) {
        ++bed->enrolments;
        co_return bed->judge(asked.message);
    }

    ClusterKey key;
    int challenges = 0;
    world_wire::ChallengeRequest last_asked;
    wire::KeyProof last_proof;
    std::function<void(wire::EnrollReply&)> spoil;
};

wire::EnrollRequest request_for(const std::string& private_key) {
    wire::EnrollRequest out;
    out.set_signing_request_der(pki::signing_request(private_key).value());
    out.set_name("attic");
    return out;
}

asio::awaitable<void> enrol_and_talk(KeyBed& bed) {
    const std::string own = pki::new_private_key().value();
    NamedKey key{"cluster_key", bed.key};
    wire::EnrollRequest request = request_for(own);
    const auto reply = co_await WorldClient::enrol_with_key(bed.context.get_executor(),
                                                            bed.address(), key, request, patience);
    EXPECT_TRUE(reply) << reply.error().message;
    if (!reply) co_return;
    EXPECT_EQ(reply->node_id(), "world-1");
    EXPECT_EQ(bed.last_asked.nonce().size(), KeyTranscript::nonce_size);
    EXPECT_EQ(bed.last_proof.nonce(), bed.last_asked.nonce());
    const pki::Identity identity{reply->certificate_pem(), own};
    const auto client = bed.world_client(identity);
    auto session = co_await bed.world_session(*client);
    world_wire::FromWorld message;
    message.mutable_join_answer()->set_request_id(7);
    EXPECT_TRUE(session->send(message));
    const auto offer = co_await session->receive();
    EXPECT_TRUE(offer && offer->join_offer().request_id() == 7);
}
TEST(KeyEnrol, GivesACertificateThatOpensASession) {
    KeyBed bed(new_cluster_key());
    bed.open_both();
    bed.run(enrol_and_talk(bed));
}

asio::awaitable<void> expect_refused(KeyBed& bed, ClusterKey key, std::string address, Error& why) {
    NamedKey named{"cluster_key", std::move(key)};
    wire::EnrollRequest request = request_for(pki::new_private_key().value());
    const auto reply = co_await WorldClient::enrol_with_key(bed.context.get_executor(), address,
                                                            named, request, patience);
    EXPECT_FALSE(reply);
    why = reply ? Error{} : reply.error();
}

TEST(KeyEnrol, IsRefusedForAnotherKey) {
    KeyBed bed(new_cluster_key());
    bed.open_both();
    Error why;
    bed.run(expect_refused(bed, new_cluster_key(), bed.address(), why));
    const Error expected{Errc::unauthenticated, "no such key", "key_name"};
    EXPECT_EQ(why, expected);
}

TEST(KeyEnrol, BelievesNoCoordinatorThatDoesNotProveThatItHoldsTheKey) {
    const std::vector<std::function<void(wire::EnrollReply&)>> wrong{
        [](auto& reply) { reply.clear_key_mac(); },
        [](auto& reply) { reply.set_key_mac(std::string(32, 'x')); },
        [](auto& reply) { reply.set_node_id("world-2"); },
        [](auto& reply) { reply.set_certificate_pem(reply.certificate_pem() + "\n"); },
        [](auto& reply) {
            reply.set_ca_pem(
                pki::new_authority("other", Bed::now(), std::chrono::days{1})->certificate_pem);
        },
    };
    for (const auto& spoil : wrong) {
        KeyBed bed(new_cluster_key());
        bed.spoil = spoil;
        bed.open_both();
        Error why;
        bed.run(expect_refused(bed, bed.key, bed.address(), why));
        EXPECT_EQ(why.code, Errc::unauthenticated);
        EXPECT_EQ(why.field, "key_name");
        EXPECT_EQ(bed.enrolments, 1);
    }
}

// What the server sent is passed on as it is: the proof is of the authority that the server saw,
// which is the stranger's, and so it is none to the coordinator.
TEST(KeyEnrol, PassedOnByAManInTheMiddleIsWorthNothing) {
    KeyBed real(new_cluster_key());
    KeyBed stranger(new_cluster_key());
    int relayed = 0;
    Result<wire::EnrollReply> answer = fail(Errc::internal, "nothing came");
    stranger.worlds.challenge = [&](const world_wire::ChallengeRequest& asked) {
        return real.challenge(asked);
    };
    stranger.worlds.enrol = [&](EnrolRequest asked) -> asio::awaitable<Result<wire::EnrollReply>> {
        ++relayed;
        answer = real.judge(asked.message);
        co_return answer;
    };
    stranger.open_both();
    Error why;
    stranger.run(expect_refused(stranger, real.key, stranger.address(), why));
    EXPECT_EQ(relayed, 1);
    EXPECT_EQ(real.challenges, 1);
    EXPECT_FALSE(answer) << "the coordinator took a proof that was made for another";
    EXPECT_EQ(why.code, Errc::unauthenticated);
    EXPECT_EQ(why.field, "key_name");
}

// Nor may it put its own key in the place of the server's: that is under the proof, too.
TEST(KeyEnrol, GivesAManInTheMiddleNoCertificateForAKeyOfItsOwn) {
    KeyBed real(new_cluster_key());
    const std::string thief = pki::new_private_key().value();
    wire::EnrollRequest stolen;
    KeyBed listener(real.key);  // in the best case for it: it sees what is meant for the real one
    listener.authority = real.authority;
    listener.options.authority_pem = real.authority.certificate_pem;
    listener.options.identity = real.options.identity;
    listener.worlds.enrol = [&](EnrolRequest asked) -> asio::awaitable<Result<wire::EnrollReply>> {
        stolen = asked.message;
        co_return fail(Errc::unavailable, "swallowed");
    };
    listener.open_both();
    Error why;
    listener.run(expect_refused(listener, real.key, listener.address(), why));
    EXPECT_EQ(why.code, Errc::unavailable);
    ASSERT_TRUE(real.judge(stolen)) << "the proof itself is good";
    stolen.set_signing_request_der(pki::signing_request(thief).value());
    EXPECT_FALSE(real.judge(stolen));
}

TEST(KeyEnrol, ShowsTheProofToNobodyWhoOnlyShowsTheAuthoritysCertificate) {
    KeyBed real(new_cluster_key());
    KeyBed stranger(real.key);
    stranger.options.authority_pem = real.authority.certificate_pem;
    stranger.open_both();
    Error why;
    stranger.run(expect_refused(stranger, real.key, stranger.address(), why));
    EXPECT_EQ(stranger.challenges, 0);
    EXPECT_EQ(stranger.enrolments, 0);
}

TEST(KeyEnrol, IsUnsupportedByACoordinatorThatHoldsNone) {
    KeyBed bed(new_cluster_key());
    bed.worlds.challenge = {};
    bed.open_both();
    Error why;
    bed.run(expect_refused(bed, bed.key, bed.address(), why));
    EXPECT_EQ(why.code, Errc::unsupported);
    EXPECT_EQ(bed.enrolments, 0);
}

}  // namespace
}  // namespace muster::link
