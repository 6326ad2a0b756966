#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <thread>
#include <unordered_map>

#include "carrier.hpp"
#include "grpc_log.hpp"
#include "muster/base/assert.hpp"
#include "muster/node/v1/node.grpc.pb.h"
#include "server_calls.hpp"

namespace muster::link {
namespace {

constexpr std::size_t queue_bytes_max = 32U << 20U;
constexpr std::size_t carrier_queue_max = 4;
constexpr std::size_t carriers_max = 4096;
constexpr std::size_t unary_calls_max = 256;  // in progress: strangers may call Enroll
constexpr std::size_t carried_bytes_max = 1U << 20U;
constexpr int streams_of_a_connection_max = 1024;
constexpr std::chrono::milliseconds session_flush{2'000};
constexpr std::chrono::milliseconds carrier_flush{30'000};
constexpr std::chrono::milliseconds first_piece_deadline{10'000};
constexpr std::chrono::milliseconds idle_connection_max{300'000};

class StreamSession final : public NodeSession {
  public:
    StreamSession(std::shared_ptr<SessionStream> stream, Caller caller)
        : stream_(std::move(stream)), caller_(std::move(caller)) {}

    const std::string& node_id() const override { return caller_.node_id; }
    const std::string& address() const override { return caller_.address; }
    asio::awaitable<std::optional<wire::FromNode>> receive() override { return stream_->next(); }
    Result<void> send(wire::ToNode message) override { return stream_->send(std::move(message)); }
    void close(std::string reason) override {
        stream_->close(Error{Errc::unavailable, std::move(reason), {}});
    }

  private:
    std::shared_ptr<SessionStream> stream_;
    Caller caller_;
};

/// What the calls share with the server; they may outlive it. Only on the executor, but for the
/// constants and the registry.
struct Core {
    Core(asio::any_io_executor e, Server::Options o, Server::Handlers h)
        : executor(std::move(e)), options(std::move(o)), handlers(std::move(h)) {}

    const asio::any_io_executor executor;
    const Server::Options options;
    const Server::Handlers handlers;
    const std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    std::atomic<std::size_t> unary_calls = 0;
    std::atomic<bool> stopping = false;
    std::size_t sessions = 0;
    std::unordered_map<std::string, std::weak_ptr<SessionStream>> session_of;
    std::unordered_multimap<std::string, std::weak_ptr<CarryStream>> carriers_of;
};
using CorePtr = std::shared_ptr<Core>;

Result<void> admit(const Core& core, const Caller& caller) {
    if (core.stopping) return fail(Errc::unavailable, "the coordinator is stopping");
    return core.handlers.admit(caller.node_id, caller.serial_hex);
}

Error from_handler() {
    return Error{Errc::internal, "the coordinator failed to handle the call", {}};
}

// ---- sessions

asio::awaitable<void> run_session(CorePtr core, std::shared_ptr<SessionStream> stream,
                                  Caller caller) {
    // Held here, so that the session lives as long as its handler, whatever that does with it.
    const auto session = std::make_shared<StreamSession>(stream, std::move(caller));
    std::optional<Error> failed;
    try {
        co_await core->handlers.session(session);
    } catch (const std::exception&) {
        failed = from_handler();
    }
    stream->close(std::move(failed));
}

void begin_session(const CorePtr& core, const std::shared_ptr<SessionStream>& stream,
                   Caller caller) {
    if (auto good = admit(*core, caller); !good) return stream->refuse(good.error());
    if (core->sessions >= core->options.sessions_max) {
        return stream->refuse(
            Error{Errc::exhausted, "the coordinator has as many sessions as it may", {}});
    }
    // A node whose connection died without a word comes back before the old session is noticed.
    std::weak_ptr<SessionStream>& current = core->session_of[caller.node_id];
    if (const auto older = current.lock()) {
        older->expel(Error{Errc::conflict, "the node opened a newer session", {}});
    }
    current = stream;
    ++core->sessions;
    stream->on_settled([core, node_id = caller.node_id, gone = stream.get()] {
        --core->sessions;
        const auto mine = core->session_of.find(node_id);
        if (mine == core->session_of.end()) return;
        const auto held = mine->second.lock();
        if (!held || held.get() == gone) core->session_of.erase(mine);
    });
    stream->accept();
    asio::co_spawn(core->executor, run_session(core, stream, std::move(caller)), asio::detached);
}

// ---- carriers

asio::awaitable<std::optional<wire::Piece>> first_piece(CorePtr core,
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

asio::awaitable<void> run_carrier(CorePtr core, std::shared_ptr<CarryStream> stream,
                                  std::string node_id) {
    std::optional<wire::Piece> first = co_await first_piece(core, stream);
    if (!first || first->stream_id().empty()) {
        co_return stream->refuse(
            Error{Errc::invalid_argument, "the first piece names the stream", "stream_id"});
    }
    std::string stream_id = first->stream_id();
    if (first->data().empty() && !first->end()) first.reset();
    try {
        std::shared_ptr<Carrier> carrier = make_carrier(stream, std::move(first));
        co_await core->handlers.carrier(std::move(node_id), std::move(stream_id),
                                        std::move(carrier));
    } catch (const std::exception&) {
        stream->cancel(from_handler());
    }
}

void begin_carrier(const CorePtr& core, const std::shared_ptr<CarryStream>& stream, Caller caller) {
    if (auto good = admit(*core, caller); !good) return stream->refuse(good.error());
    if (core->carriers_of.size() >= carriers_max) {
        return stream->refuse(
            Error{Errc::exhausted, "the coordinator has as many streams as it may", {}});
    }
    // The carrier may be handed on and outlive its handler: it counts until the call is over.
    const auto mine = core->carriers_of.emplace(caller.node_id, stream);
    stream->on_settled([core, mine] { core->carriers_of.erase(mine); });
    stream->accept();
    asio::co_spawn(core->executor, run_carrier(core, stream, std::move(caller.node_id)),
                   asio::detached);
}

// ---- enrolments and renewals

asio::awaitable<void> run_unary(CorePtr core, std::shared_ptr<UnaryCall> call,
                                asio::awaitable<Result<wire::EnrollReply>> handler) {
    try {
        call->answer(co_await std::move(handler));
    } catch (const std::exception&) {
        call->answer(std::unexpected(from_handler()));
    }
    --core->unary_calls;
}

/// gRPC's door: on its threads, so it only looks who calls and hands over to the executor.
class Service final : public wire::NodeLink::CallbackService {
  public:
    explicit Service(CorePtr core) : core_(std::move(core)) {}

    grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                     const wire::EnrollRequest* request,
                                     wire::EnrollReply* reply) override {
        const auto call = make_call(*context, *reply);
        if (!call.second) return call.first.get();
        EnrolRequest asked{*request, address_of(*context)};
        asio::post(core_->executor,
                   [core = core_, call = call.first, asked = std::move(asked)]() mutable {
                       asio::co_spawn(core->executor,
                                      run_unary(core, call, core->handlers.enrol(std::move(asked))),
                                      asio::detached);
                   });
        return call.first.get();
    }

    grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                    const wire::RenewRequest* request,
                                    wire::EnrollReply* reply) override {
        const auto call = make_call(*context, *reply);
        if (!call.second) return call.first.get();
        auto caller = identify(*context);
        asio::post(core_->executor, [core = core_, call = call.first, caller = std::move(caller),
                                     der = request->signing_request_der()]() mutable {
            const auto good =
                caller ? admit(*core, *caller) : Result<void>(std::unexpected(caller.error()));
            if (!good) {
                call->answer(std::unexpected(good.error()));
                --core->unary_calls;
                return;
            }
            asio::co_spawn(
                core->executor,
                run_unary(core, call,
                          core->handlers.renew(std::move(caller->node_id), std::move(der))),
                asio::detached);
        });
        return call.first.get();
    }

    grpc::ServerBidiReactor<wire::FromNode, wire::ToNode>* Session(
        grpc::CallbackServerContext* context) override {
        return open_stream<SessionStream>(
            *context,
            StreamLimits{NodeSession::queue_max, queue_bytes_max, core_->options.message_bytes_max,
                         session_flush},
            begin_session);
    }
    grpc::ServerBidiReactor<wire::Piece, wire::Piece>* Carry(
        grpc::CallbackServerContext* context) override {
        return open_stream<CarryStream>(
            *context,
            StreamLimits{carrier_queue_max, queue_bytes_max, carried_bytes_max, carrier_flush},
            begin_carrier);
    }

  private:
    /// The call, and whether it may go on.
    std::pair<std::shared_ptr<UnaryCall>, bool> make_call(grpc::CallbackServerContext& context,
                                                          wire::EnrollReply& reply) {
        auto call = std::make_shared<UnaryCall>(core_->registry, context, reply);
        core_->registry->add(call);
        if (++core_->unary_calls > unary_calls_max) {
            --core_->unary_calls;
            call->answer(fail(Errc::exhausted, "too many nodes enrol at once; try again"));
            return {std::move(call), false};
        }
        return {std::move(call), true};
    }

    template <typename S, typename Begin>
    S* open_stream(grpc::CallbackServerContext& context, StreamLimits limits, Begin begin) {
        auto stream = std::make_shared<S>(core_->executor, core_->registry, limits, context);
        core_->registry->add(stream);
        auto caller = identify(context);
        if (!caller) {
            stream->refuse(caller.error());
        } else {
            asio::post(core_->executor,
                       [core = core_, stream, begin, caller = std::move(*caller)]() mutable {
                           begin(core, stream, std::move(caller));
                       });
        }
        return stream.get();
    }

    const CorePtr core_;
};

class GrpcServer final : public Server {
  public:
    GrpcServer(CorePtr core, std::unique_ptr<Service> service, std::unique_ptr<grpc::Server> server,
               std::uint16_t port)
        : core_(std::move(core)),
          service_(std::move(service)),
          server_(std::move(server)),
          port_(port) {}
    ~GrpcServer() override {
        core_->stopping = true;
        core_->registry->abandon_all();
        server_->Shutdown(std::chrono::system_clock::now());
        core_->registry->wait_empty();
    }
    GrpcServer(const GrpcServer&) = delete;
    GrpcServer& operator=(const GrpcServer&) = delete;

    std::uint16_t port() const override { return port_; }

    void revoke(const std::string& node_id, std::string reason) override {
        const Error error{Errc::permission_denied, std::move(reason), {}};
        if (const auto session = core_->session_of.find(node_id);
            session != core_->session_of.end()) {
            if (const auto stream = session->second.lock()) stream->expel(error);
        }
        const auto [first, last] = core_->carriers_of.equal_range(node_id);
        for (auto at = first; at != last; ++at) {
            if (const auto stream = at->second.lock()) stream->cancel(error);
        }
    }

    asio::awaitable<void> stop(std::chrono::milliseconds grace) override {
        core_->stopping = true;
        for (const auto& [node_id, session] : core_->session_of) {
            if (const auto stream = session.lock()) {
                stream->close(Error{Errc::unavailable, "the coordinator is stopping", {}});
            }
        }
        asio::steady_timer timer(core_->executor, grace);
        timer.async_wait([core = core_](const auto& failed) {
            if (!failed) core->registry->abandon_all();
        });
        // Shutdown blocks until every call is over.
        const auto ended = std::make_shared<Event>(core_->executor);
        const auto is_over = std::make_shared<bool>(false);
        const std::jthread waiter([this, ended, is_over, grace] {
            server_->Shutdown(std::chrono::system_clock::now() + grace);
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
    const CorePtr core_;
    const std::unique_ptr<Service> service_;
    const std::unique_ptr<grpc::Server> server_;
    const std::uint16_t port_;
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

}  // namespace

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, Options options,
                                             Handlers handlers) {
    quiet_grpc();
    if (auto good =
            pki::matches(options.identity.certificate_pem, options.identity.private_key_pem);
        !good) {
        return std::unexpected(good.error());
    }
    if (auto good = pki::facts(options.authority_pem); !good) {
        return std::unexpected(good.error());
    }
    const auto credentials = grpc::SslServerCredentials(credentials_of(options));
    const bool is_v6 = options.host.find(':') != std::string::npos && options.host[0] != '[';
    const std::string address =
        (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
    const int keepalive = static_cast<int>(options.keepalive.count());
    const int keepalive_timeout = static_cast<int>(options.keepalive_timeout.count());
    const int message_bytes_max = static_cast<int>(options.message_bytes_max);
    auto core =
        std::make_shared<Core>(std::move(executor), std::move(options), std::move(handlers));
    auto service = std::make_unique<Service>(core);

    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, credentials, &port);
    builder.RegisterService(service.get());
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
    auto server = builder.BuildAndStart();
    if (!server || port <= 0) {
        return fail(Errc::unavailable, "cannot listen on " + address + " for nodes", "grpc");
    }
    return std::make_unique<GrpcServer>(std::move(core), std::move(service), std::move(server),
                                        static_cast<std::uint16_t>(port));
}

}  // namespace muster::link
