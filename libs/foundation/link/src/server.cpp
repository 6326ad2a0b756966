#include <thread>

#include "carrier.hpp"
#include "grpc_log.hpp"
#include "muster/base/assert.hpp"
#include "muster/link/world_link.hpp"
#include "muster/node/v1/node.grpc.pb.h"
#include "muster/world/v1/world.grpc.pb.h"
#include "service.hpp"

namespace muster::link {
namespace {

constexpr std::size_t carrier_queue_max = 4;
constexpr std::size_t carriers_max = 4096;
constexpr std::size_t carried_bytes_max = 1U << 20U;
constexpr int streams_of_a_connection_max = 1024;
constexpr std::chrono::milliseconds carrier_flush{30'000};
constexpr std::chrono::milliseconds first_piece_deadline{10'000};
constexpr std::chrono::milliseconds idle_connection_max{300'000};

constexpr PeerKind node_kind{"node:", "node"};
constexpr PeerKind world_kind{world_prefix, "world server"};

using NodeStream = ServerStream<wire::FromNode, wire::ToNode>;
using WorldStream = ServerStream<world_wire::FromWorld, world_wire::ToWorld>;
using CarryStream = ServerStream<wire::Piece, wire::Piece>;

class StreamSession final : public NodeSession {
  public:
    StreamSession(std::shared_ptr<NodeStream> stream, Caller caller)
        : stream_(std::move(stream)), caller_(std::move(caller)) {}

    const std::string& node_id() const override { return caller_.id; }
    const std::string& address() const override { return caller_.address; }
    asio::awaitable<std::optional<wire::FromNode>> receive() override { return stream_->next(); }
    Result<void> send(wire::ToNode message) override { return stream_->send(std::move(message)); }
    void close(std::string reason) override {
        stream_->close(Error{Errc::unavailable, std::move(reason), {}});
    }

  private:
    std::shared_ptr<NodeStream> stream_;
    Caller caller_;
};

class StreamWorldSession final : public WorldSession {
  public:
    StreamWorldSession(std::shared_ptr<WorldStream> stream, Caller caller)
        : stream_(std::move(stream)), caller_(std::move(caller)) {}

    const std::string& world_server_id() const override { return caller_.id; }
    const std::string& address() const override { return caller_.address; }
    asio::awaitable<std::optional<world_wire::FromWorld>> receive() override {
        return stream_->next();
    }
    Result<void> send(world_wire::ToWorld message) override {
        return stream_->send(std::move(message));
    }
    void close(Error why) override { stream_->close(std::move(why)); }

  private:
    std::shared_ptr<WorldStream> stream_;
    Caller caller_;
};

/// The nodes have carriers besides.
struct NodeDesk : Desk<NodeStream> {
    std::function<asio::awaitable<void>(std::string, std::string, std::shared_ptr<Carrier>)>
        carrier;
    std::unordered_multimap<std::string, std::weak_ptr<CarryStream>> carriers_of;
};
/// World servers may prove that they hold a named key besides.
struct WorldDesk : Desk<WorldStream> {
    std::function<Result<world_wire::ChallengeReply>(const world_wire::ChallengeRequest&)>
        challenge;
};

std::shared_ptr<NodeDesk> make_desk(std::shared_ptr<Core> core, Server::Handlers handlers) {
    auto out = std::make_shared<NodeDesk>();
    out->core = std::move(core);
    out->kind = node_kind;
    out->enrol = std::move(handlers.enrol);
    out->renew = std::move(handlers.renew);
    out->admit_one = std::move(handlers.admit);
    // The session lives as long as its handler, whatever that does with it.
    out->serve = [handler = std::move(handlers.session)](std::shared_ptr<NodeStream> stream,
                                                         Caller caller) -> asio::awaitable<void> {
        const auto session = std::make_shared<StreamSession>(std::move(stream), std::move(caller));
        co_await handler(session);
    };
    out->carrier = std::move(handlers.carrier);
    return out;
}

std::shared_ptr<WorldDesk> make_desk(std::shared_ptr<Core> core,
                                     FleetServer::WorldHandlers handlers) {
    auto out = std::make_shared<WorldDesk>();
    out->core = std::move(core);
    out->kind = world_kind;
    out->enrol = std::move(handlers.enrol);
    out->renew = std::move(handlers.renew);
    out->admit_one = std::move(handlers.admit);
    out->challenge = std::move(handlers.challenge);
    out->serve = [handler = std::move(handlers.session)](std::shared_ptr<WorldStream> stream,
                                                         Caller caller) -> asio::awaitable<void> {
        const auto session =
            std::make_shared<StreamWorldSession>(std::move(stream), std::move(caller));
        co_await handler(session);
    };
    return out;
}

// ---- carriers

asio::awaitable<std::optional<wire::Piece>> first_piece(std::shared_ptr<Core> core,
                                                        std::shared_ptr<CarryStream> stream) {
    const auto came = std::make_shared<bool>(false);
    asio::steady_timer timer(core->executor, first_piece_deadline);
    timer.async_wait([stream, came](const auto& failed) {
        if (failed || *came) return;
        stream->cancel(Error{Errc::timeout, "the first piece did not come in time", {}});
    });
    auto piece = co_await stream->next();
    *came = true;
    co_return piece;
}

asio::awaitable<void> run_carrier(std::shared_ptr<NodeDesk> desk,
                                  std::shared_ptr<CarryStream> stream, std::string node_id) {
    std::optional<wire::Piece> first = co_await first_piece(desk->core, stream);
    if (!first || first->stream_id().empty()) {
        co_return stream->refuse(
            Error{Errc::invalid_argument, "the first piece names the stream", "stream_id"});
    }
    std::string stream_id = first->stream_id();
    if (first->data().empty() && !first->end()) first.reset();
    try {
        std::shared_ptr<Carrier> carrier = make_carrier(stream, std::move(first));
        co_await desk->carrier(std::move(node_id), std::move(stream_id), std::move(carrier));
    } catch (const std::exception&) {
        stream->cancel(from_handler());
    }
}

void begin_carrier(const std::shared_ptr<NodeDesk>& desk,
                   const std::shared_ptr<CarryStream>& stream, Caller caller) {
    if (auto good = desk->admit(caller); !good) return stream->refuse(good.error());
    if (desk->carriers_of.size() >= carriers_max) {
        return stream->refuse(
            Error{Errc::exhausted, "the coordinator has as many streams as it may", {}});
    }
    // The carrier may be handed on and outlive its handler: it counts until the call is over.
    const auto mine = desk->carriers_of.emplace(caller.id, stream);
    stream->on_settled([desk, mine] { desk->carriers_of.erase(mine); });
    stream->accept();
    asio::co_spawn(desk->core->executor, run_carrier(desk, stream, std::move(caller.id)),
                   asio::detached);
}

class NodeService final : public PeerService<wire::NodeLink, NodeStream, NodeDesk> {
  public:
    using PeerService::PeerService;
    CarryStream* Carry(grpc::CallbackServerContext* context) override {
        return open_stream<CarryStream>(
            *context,
            StreamLimits{carrier_queue_max, queue_bytes_max, carried_bytes_max, carrier_flush},
            begin_carrier);
    }
};
class WorldService final : public PeerService<world_wire::WorldLink, WorldStream, WorldDesk> {
  public:
    using PeerService::PeerService;
    grpc::ServerUnaryReactor* Challenge(grpc::CallbackServerContext* context,
                                        const world_wire::ChallengeRequest* request,
                                        world_wire::ChallengeReply* reply) override {
        const auto call = make_call(*context, *reply);
        if (!call.second) return call.first.get();
        asio::post(desk()->core->executor, [desk = desk(), call = call.first, asked = *request] {
            call->answer(
                desk->challenge
                    ? desk->challenge(asked)
                    : fail(Errc::unsupported, "this coordinator takes no named keys", "key_name"));
            --desk->core->unary_calls;
        });
        return call.first.get();
    }
};

/// The doors of one port: the nodes' always, the world servers' when it takes them.
struct Doors {
    std::shared_ptr<Core> core;
    std::shared_ptr<NodeDesk> nodes;
    std::shared_ptr<WorldDesk> worlds;
    std::unique_ptr<NodeService> node_service;
    std::unique_ptr<WorldService> world_service;
    std::unique_ptr<grpc::Server> server;
    std::uint16_t port = 0;
};

class GrpcServer final : public FleetServer {
  public:
    explicit GrpcServer(Doors doors) : doors_(std::move(doors)), core_(doors_.core) {}
    ~GrpcServer() override {
        core_->stopping = true;
        core_->registry->abandon_all();
        doors_.server->Shutdown(std::chrono::system_clock::now());
        core_->registry->wait_empty();
    }
    GrpcServer(const GrpcServer&) = delete;
    GrpcServer& operator=(const GrpcServer&) = delete;

    std::uint16_t port() const override { return doors_.port; }

    void revoke(const std::string& node_id, std::string reason) override {
        const Error error{Errc::permission_denied, std::move(reason), {}};
        doors_.nodes->expel(node_id, error);
        const auto [first, last] = doors_.nodes->carriers_of.equal_range(node_id);
        for (auto at = first; at != last; ++at) {
            if (const auto stream = at->second.lock()) stream->cancel(error);
        }
    }
    void revoke_world_server(const std::string& id, std::string reason) override {
        if (!doors_.worlds) return;
        doors_.worlds->expel(id, Error{Errc::permission_denied, std::move(reason), {}});
    }

    asio::awaitable<void> stop(std::chrono::milliseconds grace) override {
        core_->stopping = true;
        const Error stopping{Errc::unavailable, "the coordinator is stopping", {}};
        doors_.nodes->close_all(stopping);
        if (doors_.worlds) doors_.worlds->close_all(stopping);
        asio::steady_timer timer(core_->executor, grace);
        timer.async_wait([core = core_](const auto& failed) {
            if (!failed) core->registry->abandon_all();
        });
        // Shutdown blocks until every call is over.
        const auto ended = std::make_shared<Event>(core_->executor);
        const auto is_over = std::make_shared<bool>(false);
        const std::jthread waiter([this, ended, is_over, grace] {
            doors_.server->Shutdown(std::chrono::system_clock::now() + grace);
            asio::post(core_->executor, [ended, is_over] {
                *is_over = true;
                ended->notify();
            });
        });
        // When this coroutine is destroyed on the way, nobody else would end the calls.
        struct Cutter {
            Registry& registry;
            bool armed = true;
            ~Cutter() {
                if (armed) registry.abandon_all();
            }
        } cutter{*core_->registry};
        while (!*is_over) co_await ended->wait();
        cutter.armed = false;
    }

  private:
    const Doors doors_;
    const std::shared_ptr<Core> core_;
};

grpc::SslServerCredentialsOptions credentials_of(const Server::Options& options) {
    grpc::SslServerCredentialsOptions out(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    out.pem_root_certs = options.authority_pem;
    // The authority goes along: who enrols knows it by its digest and must see it.
    out.pem_key_cert_pairs.push_back(
        {options.identity.private_key_pem,
         options.identity.certificate_pem + "\n" + options.authority_pem});
    return out;
}

Result<void> check(const Server::Options& options) {
    if (auto good =
            pki::matches(options.identity.certificate_pem, options.identity.private_key_pem);
        !good) {
        return std::unexpected(good.error());
    }
    if (auto good = pki::facts(options.authority_pem); !good) {
        return std::unexpected(good.error());
    }
    return {};
}

/// Binds; `worlds` may be empty.
Result<std::unique_ptr<FleetServer>> open_doors(asio::any_io_executor executor,
                                                Server::Options options, Server::Handlers nodes,
                                                std::optional<FleetServer::WorldHandlers> worlds) {
    quiet_grpc();
    if (auto good = check(options); !good) return std::unexpected(good.error());
    const auto credentials = grpc::SslServerCredentials(credentials_of(options));
    const bool is_v6 = options.host.find(':') != std::string::npos && options.host[0] != '[';
    const std::string address =
        (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
    const int keepalive = static_cast<int>(options.keepalive.count());
    const int keepalive_timeout = static_cast<int>(options.keepalive_timeout.count());
    const int message_bytes_max = static_cast<int>(options.message_bytes_max);
    Doors doors;
    doors.core = std::make_shared<Core>(std::move(executor), std::move(options));
    doors.nodes = make_desk(doors.core, std::move(nodes));
    doors.node_service = std::make_unique<NodeService>(doors.nodes);
    if (worlds) {
        doors.worlds = make_desk(doors.core, std::move(*worlds));
        doors.world_service = std::make_unique<WorldService>(doors.worlds);
    }

    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, credentials, &port);
    builder.RegisterService(doors.node_service.get());
    if (doors.world_service) builder.RegisterService(doors.world_service.get());
    builder.SetMaxReceiveMessageSize(message_bytes_max);
    builder.SetMaxSendMessageSize(message_bytes_max);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_of_a_connection_max);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                               static_cast<int>(idle_connection_max.count()));
    // For noticing a dead node; the nodes' own pings are never punished.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    doors.server = builder.BuildAndStart();
    if (!doors.server || port <= 0) {
        return fail(Errc::unavailable, "cannot listen on " + address + " for nodes", "grpc");
    }
    doors.port = static_cast<std::uint16_t>(port);
    return std::make_unique<GrpcServer>(std::move(doors));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, Options options,
                                             Handlers handlers) {
    return open_doors(std::move(executor), std::move(options), std::move(handlers), std::nullopt);
}

Result<std::unique_ptr<FleetServer>> FleetServer::open(asio::any_io_executor executor,
                                                       Options options, Handlers nodes,
                                                       WorldHandlers worlds) {
    return open_doors(std::move(executor), std::move(options), std::move(nodes), std::move(worlds));
}

}  // namespace muster::link
