#include <grpcpp/grpcpp.h>

#include <mutex>

#include "carrier.hpp"
#include "grpc_log.hpp"
#include "muster/node/v1/node.grpc.pb.h"
#include "server_chain.hpp"
#include "status.hpp"

namespace muster::link {
namespace {

constexpr std::size_t queue_max = NodeSession::queue_max;
constexpr std::size_t queue_bytes_max = 32U << 20U;
constexpr std::size_t carrier_queue_max = 4;
constexpr std::size_t carried_bytes_max = 1U << 20U;
constexpr std::chrono::milliseconds session_flush{2'000};
constexpr std::chrono::milliseconds carrier_flush{30'000};
constexpr std::chrono::milliseconds reconnect_first{200};
constexpr std::chrono::milliseconds reconnect_max{1'000};
constexpr std::chrono::milliseconds connect_deadline{5'000};

using Stub = wire::NodeLink::Stub;

template <typename In, typename Out>
class ClientStream final : public Stream<In, Out>, public grpc::ClientBidiReactor<Out, In> {
    using Base = Stream<In, Out>;
    using typename Base::Step;

  public:
    ClientStream(asio::any_io_executor executor, std::shared_ptr<Registry> registry,
                 StreamLimits limits, std::shared_ptr<Stub> stub)
        : Base(Side::client, std::move(executor), std::move(registry), limits),
          stub_(std::move(stub)) {}

    /// `call` is Stub::async_interface::Session or Carry.
    template <typename Call>
    void begin(Call call) {
        call(*stub_, context_, *this);
        this->AddHold();
        this->StartCall();
        this->pump();
    }

  private:
    void run(Step step) override {
        switch (step) {
            case Step::read:
                this->StartRead(&this->slot_);
                break;
            case Step::write:
                this->StartWrite(&this->current_);
                break;
            case Step::half_close:
                this->StartWritesDone();
                break;
            case Step::cancel:
                context_.TryCancel();
                break;
            case Step::end:
                this->RemoveHold();
                break;
            case Step::none:
            case Step::accept:
                break;
        }
    }
    void OnReadInitialMetadataDone(bool ok) override {
        if (ok) this->was_accepted();
    }
    void OnReadDone(bool ok) override { this->read_done(ok); }
    void OnWriteDone(bool ok) override { this->write_done(ok); }
    void OnDone(const grpc::Status& status) override {
        this->done(status.ok() ? Error{Errc::unavailable, "the coordinator ended the stream", {}}
                               : error_of(status, context_));
    }

    const std::shared_ptr<Stub> stub_;
    grpc::ClientContext context_;
};

using SessionStream = ClientStream<wire::ToNode, wire::FromNode>;
using CarryStream = ClientStream<wire::Piece, wire::Piece>;

class StreamSession final : public Client::Session {
  public:
    explicit StreamSession(std::shared_ptr<SessionStream> stream) : stream_(std::move(stream)) {}
    ~StreamSession() override {
        if (!is_closed_) stream_->cancel(Error{Errc::cancelled, "the session was dropped", {}});
    }
    StreamSession(const StreamSession&) = delete;
    StreamSession& operator=(const StreamSession&) = delete;

    asio::awaitable<Result<wire::ToNode>> receive() override {
        auto message = co_await stream_->next();
        if (!message) co_return std::unexpected(stream_->why());
        co_return std::move(*message);
    }
    Result<void> send(wire::FromNode message) override { return stream_->send(std::move(message)); }
    void close() override {
        is_closed_ = true;
        stream_->close();
    }

  private:
    std::shared_ptr<SessionStream> stream_;
    bool is_closed_ = false;
};

/// Enroll or Renew, as the caller sees it.
class UnaryCall final : public Live, public std::enable_shared_from_this<UnaryCall> {
  public:
    UnaryCall(asio::any_io_executor executor, std::shared_ptr<Registry> registry,
              std::shared_ptr<Stub> stub)
        : executor_(std::move(executor)),
          registry_(std::move(registry)),
          stub_(std::move(stub)),
          ended_(executor_) {}

    template <typename Request, typename Method>
    void begin(Request request, Method method, std::chrono::milliseconds deadline) {
        registry_->add(this->shared_from_this());
        const std::scoped_lock lock(mutex_);
        context_.set_deadline(std::chrono::system_clock::now() + deadline);
        const auto kept = std::make_shared<Request>(std::move(request));
        (stub_->async()->*method)(&context_, kept.get(), &reply_,
                                  [this, kept](const grpc::Status& status) { done(status); });
    }
    asio::awaitable<Result<wire::EnrollReply>> result() {
        while (!is_over_) co_await ended_.wait();
        if (!status_.ok()) co_return std::unexpected(error_of(status_, context_));
        co_return std::move(reply_);
    }
    void abandon() override { context_.TryCancel(); }

  private:
    void done(const grpc::Status& status) {
        std::unique_lock lock(mutex_);  // so that what `begin` did is seen here
        status_ = status;
        const std::shared_ptr<Registry> registry = registry_;
        const asio::any_io_executor executor = executor_;
        lock.unlock();
        auto self = std::static_pointer_cast<UnaryCall>(registry->release(this));
        asio::post(executor, [self = std::move(self)] {
            self->is_over_ = true;
            self->ended_.notify();
        });
        registry->forget();
    }

    const asio::any_io_executor executor_;
    const std::shared_ptr<Registry> registry_;
    const std::shared_ptr<Stub> stub_;
    std::mutex mutex_;
    grpc::ClientContext context_;
    wire::EnrollReply reply_;
    grpc::Status status_;
    Event ended_;
    bool is_over_ = false;
};

grpc::ChannelArguments arguments_of(const Client::Options& options) {
    const int keepalive = static_cast<int>(options.keepalive.count());
    const int keepalive_timeout = static_cast<int>(options.keepalive_timeout.count());
    grpc::ChannelArguments out;
    out.SetSslTargetNameOverride(std::string(coordinator_name));
    out.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
    out.SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max));
    // A connection of its own, also where several nodes share a process.
    out.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    out.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
    out.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout);
    out.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    out.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, static_cast<int>(reconnect_first.count()));
    out.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(reconnect_max.count()));
    out.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connect_deadline.count()));
    out.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return out;
}

class GrpcClient final : public Client {
  public:
    GrpcClient(asio::any_io_executor executor, std::size_t message_bytes_max,
               std::shared_ptr<Stub> stub)
        : executor_(std::move(executor)),
          message_bytes_max_(message_bytes_max),
          stub_(std::move(stub)) {}
    ~GrpcClient() override {
        registry_->abandon_all();
        registry_->wait_empty();
    }
    GrpcClient(const GrpcClient&) = delete;
    GrpcClient& operator=(const GrpcClient&) = delete;

    asio::awaitable<Result<wire::EnrollReply>> enroll(wire::EnrollRequest request,
                                                      std::chrono::milliseconds deadline) {
        using Method = void (Stub::async::*)(grpc::ClientContext*, const wire::EnrollRequest*,
                                             wire::EnrollReply*, std::function<void(grpc::Status)>);
        const auto call = std::make_shared<UnaryCall>(executor_, registry_, stub_);
        call->begin(std::move(request), Method{&Stub::async::Enroll}, deadline);
        co_return co_await call->result();
    }
    asio::awaitable<Result<wire::EnrollReply>> renew(std::string request_der,
                                                     std::chrono::milliseconds deadline) override {
        using Method = void (Stub::async::*)(grpc::ClientContext*, const wire::RenewRequest*,
                                             wire::EnrollReply*, std::function<void(grpc::Status)>);
        wire::RenewRequest request;
        request.set_signing_request_der(std::move(request_der));
        const auto call = std::make_shared<UnaryCall>(executor_, registry_, stub_);
        call->begin(std::move(request), Method{&Stub::async::Renew}, deadline);
        co_return co_await call->result();
    }

    asio::awaitable<Result<std::unique_ptr<Session>>> session(
        std::chrono::milliseconds deadline) override {
        const StreamLimits limits{queue_max, queue_bytes_max, message_bytes_max_, session_flush};
        const auto stream = std::make_shared<SessionStream>(executor_, registry_, limits, stub_);
        registry_->add(stream);
        // Dropped on the way, it is cancelled like a session.
        auto session = std::make_unique<StreamSession>(stream);
        stream->begin([](Stub& stub, grpc::ClientContext& context, SessionStream& reactor) {
            stub.async()->Session(&context, &reactor);
        });
        if (auto opened = co_await stream->opened(deadline); !opened) {
            co_return std::unexpected(opened.error());
        }
        co_return session;
    }

    asio::awaitable<Result<std::unique_ptr<Carrier>>> carry(std::string stream_id) override {
        const StreamLimits limits{carrier_queue_max, queue_bytes_max, carried_bytes_max,
                                  carrier_flush};
        const auto stream = std::make_shared<CarryStream>(executor_, registry_, limits, stub_);
        registry_->add(stream);
        auto carrier = make_carrier(stream, std::nullopt);
        stream->begin([](Stub& stub, grpc::ClientContext& context, CarryStream& reactor) {
            stub.async()->Carry(&context, &reactor);
        });
        wire::Piece name;
        name.set_stream_id(std::move(stream_id));
        if (auto named = stream->send(std::move(name)); !named) {
            co_return std::unexpected(named.error());
        }
        co_return carrier;
    }

  private:
    const asio::any_io_executor executor_;
    const std::size_t message_bytes_max_;
    const std::shared_ptr<Stub> stub_;
    const std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
};

Result<std::unique_ptr<GrpcClient>> open_client(asio::any_io_executor executor,
                                                const Client::Options& options) {
    quiet_grpc();
    if (auto good = pki::facts(options.authority_pem); !good) {
        return std::unexpected(good.error());
    }
    grpc::SslCredentialsOptions credentials;
    credentials.pem_root_certs = options.authority_pem;
    if (options.identity) {
        if (auto good =
                pki::matches(options.identity->certificate_pem, options.identity->private_key_pem);
            !good) {
            return std::unexpected(good.error());
        }
        credentials.pem_private_key = options.identity->private_key_pem;
        credentials.pem_cert_chain = options.identity->certificate_pem;
    }
    auto channel = grpc::CreateCustomChannel(options.address, grpc::SslCredentials(credentials),
                                             arguments_of(options));
    std::shared_ptr<Stub> stub = wire::NodeLink::NewStub(std::move(channel));
    return std::make_unique<GrpcClient>(std::move(executor), options.message_bytes_max,
                                        std::move(stub));
}

}  // namespace

Result<std::unique_ptr<Client>> Client::open(asio::any_io_executor executor, Options options) {
    return open_client(std::move(executor), options);
}

asio::awaitable<Result<wire::EnrollReply>> Client::enrol(asio::any_io_executor executor,
                                                         std::string address,
                                                         std::string authority_digest,
                                                         wire::EnrollRequest request,
                                                         std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    const auto chain = co_await server_chain(executor, address, deadline);
    if (!chain) co_return std::unexpected(chain.error());
    Options options;
    options.address = address;
    for (const std::string& certificate : *chain) {
        const auto facts = pki::facts(certificate);
        if (facts && facts->digest_hex == authority_digest) options.authority_pem = certificate;
    }
    if (options.authority_pem.empty()) {
        co_return fail(Errc::unauthenticated,
                       "the coordinator at " + address +
                           " is not the one that the join token is for: no certificate that it "
                           "shows has the token's digest",
                       "join_token");
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    const auto client = open_client(std::move(executor), options);
    if (!client) co_return std::unexpected(client.error());
    co_return co_await (*client)->enroll(std::move(request), left);
}

}  // namespace muster::link
