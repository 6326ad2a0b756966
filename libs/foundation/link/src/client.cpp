#include "carrier.hpp"
#include "client_calls.hpp"
#include "muster/node/v1/node.grpc.pb.h"

namespace muster::link {
namespace {

constexpr std::size_t carrier_queue_max = 4;
constexpr std::size_t carried_bytes_max = 1U << 20U;
constexpr std::chrono::milliseconds carrier_flush{30'000};

using Peer = PeerClient<wire::NodeLink, wire::ToNode, wire::FromNode, Client::Session>;
using CarryStream = ClientStream<wire::NodeLink::Stub, wire::Piece, wire::Piece>;

class GrpcClient final : public Client {
  public:
    GrpcClient(asio::any_io_executor executor, std::size_t message_bytes_max,
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
    asio::awaitable<Result<std::unique_ptr<Carrier>>> carry(std::string stream_id) override {
        const StreamLimits limits{carrier_queue_max, Peer::queue_bytes_max, carried_bytes_max,
                                  carrier_flush};
        const auto stream =
            std::make_shared<CarryStream>(peer_.executor(), peer_.registry(), limits, peer_.stub());
        peer_.registry()->add(stream);
        auto carrier = make_carrier(stream, std::nullopt);
        stream->begin([](wire::NodeLink::Stub& stub, grpc::ClientContext& context,
                         CarryStream& reactor) { stub.async()->Carry(&context, &reactor); });
        wire::Piece name;
        name.set_stream_id(std::move(stream_id));
        if (auto named = stream->send(std::move(name)); !named) {
            co_return std::unexpected(named.error());
        }
        co_return carrier;
    }

  private:
    Peer peer_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::open(asio::any_io_executor executor, Options options) {
    auto channel = open_channel(options);
    if (!channel) return std::unexpected(channel.error());
    return std::make_unique<GrpcClient>(std::move(executor), options.message_bytes_max,
                                        std::move(*channel));
}

asio::awaitable<Result<wire::EnrollReply>> Client::enrol(asio::any_io_executor executor,
                                                         std::string address,
                                                         std::string authority_digest,
                                                         wire::EnrollRequest request,
                                                         std::chrono::milliseconds deadline) {
    return enrol_at<Peer>(std::move(executor), std::move(address), std::move(authority_digest),
                          std::move(request), deadline);
}

}  // namespace muster::link
