#include "client_calls.hpp"
#include "muster/link/world_link.hpp"
#include "muster/world/v1/world.grpc.pb.h"

namespace muster::link {
namespace {

using Peer = PeerClient<world_wire::WorldLink, world_wire::ToWorld, world_wire::FromWorld,
                        WorldClient::Session>;

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

asio::awaitable<Result<wire::EnrollReply>> WorldClient::enrol(asio::any_io_executor executor,
                                                              std::string address,
                                                              std::string authority_digest,
                                                              wire::EnrollRequest request,
                                                              std::chrono::milliseconds deadline) {
    return enrol_at<Peer>(std::move(executor), std::move(address), std::move(authority_digest),
                          std::move(request), deadline);
}

}  // namespace muster::link
