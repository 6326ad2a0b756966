#include "client_calls.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"
#include "muster/link/world_link.hpp"
#include "muster/world/v1/world.grpc.pb.h"

namespace muster::link {
namespace {

using Peer = PeerClient<world_wire::WorldLink, world_wire::ToWorld, world_wire::FromWorld,
                        WorldClient::Session>;

void call_challenge(Peer::Stub& stub, grpc::ClientContext& context,
                    const world_wire::ChallengeRequest& asked, world_wire::ChallengeReply& into,
                    const std::function<void(grpc::Status)>& then) {
    stub.async()->Challenge(&context, &asked, &into, then);
}

asio::awaitable<Result<std::string>> challenge_of(Peer& peer, const KeyTranscript& said,
                                                  std::chrono::milliseconds deadline) {
    world_wire::ChallengeRequest request;
    request.set_key_name(said.key_name);
    request.set_nonce(said.nonce);
    auto reply = co_await peer.unary<world_wire::ChallengeReply>(std::move(request), call_challenge,
                                                                 deadline);
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->challenge().empty() || reply->challenge().size() > KeyTranscript::challenge_max) {
        co_return fail(Errc::unauthenticated, "the server's challenge is none", "key_name");
    }
    co_return std::move(*reply->mutable_challenge());
}

/// Whether who answered holds the key and is who signed the channel's certificate.
Result<void> check_reply(const ClusterKey& key, const KeyTranscript& said,
                         const wire::EnrollReply& reply) {
    const auto expected = coordinator_mac(key, said, reply.node_id(), reply.certificate_pem());
    const auto authority = pki::facts(reply.ca_pem());
    if (equal_secret(expected, reply.key_mac()) && authority &&
        authority->digest_hex == said.authority_digest) {
        return {};
    }
    return fail(Errc::unauthenticated,
                "the server there does not prove that it holds the key " + said.key_name +
                    ": it is not this fleet's coordinator",
                "key_name");
}

class GrpcWorldClient final : public WorldClient {
  public:
    GrpcWorldClient(asio::any_io_executor executor, std::size_t message_bytes_max,
                    std::shared_ptr<grpc::Channel> channel)
        : peer_(std::move(executor), message_bytes_max, std::move(channel)) {}

    asio::awaitable<Result<wire::EnrollReply>> renew(std::string request_der,
                                                     std::chrono::milliseconds deadline) override {
        return peer_.renew(std::move(request_der), deadline);
    }
    asio::awaitable<Result<std::unique_ptr<Session>>> session(
        std::chrono::milliseconds deadline) override {
        return peer_.session(deadline);
    }

  private:
    Peer peer_;
};

}  // namespace

Result<std::unique_ptr<WorldClient>> WorldClient::open(asio::any_io_executor executor,
                                                       Client::Options options) {
    auto channel = open_channel(options);
    if (!channel) return std::unexpected(channel.error());
    return std::make_unique<GrpcWorldClient>(std::move(executor), options.message_bytes_max,
                                             std::move(*channel));
}

asio::awaitable<Result<wire::EnrollReply>> WorldClient::enrol_with_key(
    asio::any_io_executor executor, std::string address, NamedKey key, wire::EnrollRequest request,
    std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    const auto left = [until] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
    };
    auto authority = co_await shown_authority(executor, address, deadline);
    if (!authority) co_return std::unexpected(authority.error());
    const auto facts = pki::facts(*authority);
    if (!facts) co_return std::unexpected(facts.error());
    const auto digest = pki::key_digest(request.signing_request_der());
    if (!digest) co_return std::unexpected(digest.error());
    Client::Options options;
    options.address = std::move(address);
    options.authority_pem = std::move(*authority);
    auto channel = open_channel(options);
    if (!channel) co_return std::unexpected(channel.error());
    const auto peer =
        std::make_unique<Peer>(std::move(executor), options.message_bytes_max, std::move(*channel));
    KeyTranscript said;
    said.key_name = key.name;
    said.nonce = random_bytes(KeyTranscript::nonce_size);
    said.authority_digest = facts->digest_hex;
    said.key_digest = *digest;
    auto challenge = co_await challenge_of(*peer, said, left());
    if (!challenge) co_return std::unexpected(challenge.error());
    said.challenge = std::move(*challenge);
    request.clear_join_token();
    wire::KeyProof& proof = *request.mutable_key_proof();
    proof.set_key_name(said.key_name);
    proof.set_nonce(said.nonce);
    proof.set_challenge(said.challenge);
    proof.set_mac(world_server_mac(key.key, said));
    auto reply = co_await peer->enroll(std::move(request), left());
    if (!reply) co_return std::unexpected(reply.error());
    if (auto proven = check_reply(key.key, said, *reply); !proven) {
        co_return std::unexpected(proven.error());
    }
    co_return std::move(*reply);
}

asio::awaitable<Result<wire::EnrollReply>> WorldClient::enrol(asio::any_io_executor executor,
                                                              std::string address,
                                                              std::string authority_digest,
                                                              wire::EnrollRequest request,
                                                              std::chrono::milliseconds deadline) {
    return enrol_at<Peer>(std::move(executor), std::move(address), std::move(authority_digest),
                          std::move(request), deadline);
}

}  // namespace muster::link
