#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include <mutex>

#include "channel.hpp"
#include "status.hpp"
#include "stream.hpp"

/// The client's calls as gRPC's reactors, and what nodes and world servers do alike: enrol, renew,
/// open a session. `Rpc` is the generated service.
namespace muster::link {

template <typename Stub, typename In, typename Out>
class ClientStream final : public Stream<In, Out>, public grpc::ClientBidiReactor<Out, In> {
    using Base = Stream<In, Out>;
    using typename Base::Step;

  public:
    ClientStream(asio::any_io_executor executor, std::shared_ptr<Registry> registry,
                 StreamLimits limits, std::shared_ptr<Stub> stub)
        : Base(Side::client, std::move(executor), std::move(registry), limits),
          stub_(std::move(stub)) {}

    /// `call` starts Session or Carry on the stub's async interface.
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

/// Enroll, Renew or Challenge, as the caller sees it.
template <typename Stub, typename Reply>
class ClientUnaryCall final : public Live,
                              public std::enable_shared_from_this<ClientUnaryCall<Stub, Reply>> {
  public:
    ClientUnaryCall(asio::any_io_executor executor, std::shared_ptr<Registry> registry,
                    std::shared_ptr<Stub> stub)
        : executor_(std::move(executor)),
          registry_(std::move(registry)),
          stub_(std::move(stub)),
          ended_(executor_) {}

    /// `method` starts the call on the stub's async interface.
    template <typename Request, typename Method>
    void begin(Request request, Method method, std::chrono::milliseconds deadline) {
        registry_->add(this->shared_from_this());
        const std::scoped_lock lock(mutex_);
        context_.set_deadline(std::chrono::system_clock::now() + deadline);
        const auto kept = std::make_shared<Request>(std::move(request));
        const std::function<void(grpc::Status)> then = [this, kept](const grpc::Status& status) {
            done(status);
        };
        method(*stub_, context_, *kept, reply_, then);
    }
    asio::awaitable<Result<Reply>> result() {
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
        auto self = std::static_pointer_cast<ClientUnaryCall>(registry->release(this));
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
    Reply reply_;
    grpc::Status status_;
    Event ended_;
    bool is_over_ = false;
};

/// A session as `Door`, which is Client::Session or WorldClient::Session.
template <typename Door, typename Stub, typename In, typename Out>
class ClientSession final : public Door {
  public:
    using Stream = ClientStream<Stub, In, Out>;
    explicit ClientSession(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
    ~ClientSession() override {
        if (!is_closed_) stream_->cancel(Error{Errc::cancelled, "the session was dropped", {}});
    }
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    asio::awaitable<Result<In>> receive() override {
        auto message = co_await stream_->next();
        if (!message) co_return std::unexpected(stream_->why());
        co_return std::move(*message);
    }
    Result<void> send(Out message) override { return stream_->send(std::move(message)); }
    void close() override {
        is_closed_ = true;
        stream_->close();
    }

  private:
    std::shared_ptr<Stream> stream_;
    bool is_closed_ = false;
};

template <typename Rpc, typename In, typename Out, typename Door>
class PeerClient {
  public:
    using Stub = typename Rpc::Stub;

    PeerClient(asio::any_io_executor executor, std::size_t message_bytes_max,
               std::shared_ptr<grpc::Channel> channel)
        : executor_(std::move(executor)),
          message_bytes_max_(message_bytes_max),
          stub_(Rpc::NewStub(std::move(channel))) {}
    ~PeerClient() {
        registry_->abandon_all();
        registry_->wait_empty();
    }
    PeerClient(const PeerClient&) = delete;
    PeerClient& operator=(const PeerClient&) = delete;

    asio::awaitable<Result<wire::EnrollReply>> enroll(wire::EnrollRequest request,
                                                      std::chrono::milliseconds deadline) {
        return unary<wire::EnrollReply>(
            std::move(request),
            [](Stub& stub, grpc::ClientContext& context, const wire::EnrollRequest& asked,
               wire::EnrollReply& reply, const std::function<void(grpc::Status)>& then) {
                stub.async()->Enroll(&context, &asked, &reply, then);
            },
            deadline);
    }
    asio::awaitable<Result<wire::EnrollReply>> renew(std::string request_der,
                                                     std::chrono::milliseconds deadline) {
        wire::RenewRequest request;
        request.set_signing_request_der(std::move(request_der));
        return unary<wire::EnrollReply>(
            std::move(request),
            [](Stub& stub, grpc::ClientContext& context, const wire::RenewRequest& asked,
               wire::EnrollReply& reply, const std::function<void(grpc::Status)>& then) {
                stub.async()->Renew(&context, &asked, &reply, then);
            },
            deadline);
    }
    /// `method` starts the call on the stub's async interface.
    template <typename Reply, typename Request, typename Method>
    asio::awaitable<Result<Reply>> unary(Request request, Method method,
                                         std::chrono::milliseconds deadline) {
        using Call = ClientUnaryCall<Stub, Reply>;
        const auto call = std::make_shared<Call>(executor_, registry_, stub_);
        call->begin(std::move(request), method, deadline);
        co_return co_await call->result();
    }
    asio::awaitable<Result<std::unique_ptr<Door>>> session(std::chrono::milliseconds deadline) {
        using Session = ClientSession<Door, Stub, In, Out>;
        const StreamLimits limits{NodeSession::queue_max, queue_bytes_max, message_bytes_max_,
                                  session_flush};
        const auto stream =
            std::make_shared<typename Session::Stream>(executor_, registry_, limits, stub_);
        registry_->add(stream);
        // Dropped on the way, it is cancelled like a session.
        auto session = std::make_unique<Session>(stream);
        stream->begin(
            [](Stub& stub, grpc::ClientContext& context, typename Session::Stream& reactor) {
                stub.async()->Session(&context, &reactor);
            });
        if (auto opened = co_await stream->opened(deadline); !opened) {
            co_return std::unexpected(opened.error());
        }
        co_return session;
    }

    [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }
    [[nodiscard]] const std::shared_ptr<Registry>& registry() const { return registry_; }
    [[nodiscard]] const std::shared_ptr<Stub>& stub() const { return stub_; }

    static constexpr std::size_t queue_bytes_max = 32U << 20U;

  private:
    static constexpr std::chrono::milliseconds session_flush{2'000};
    const asio::any_io_executor executor_;
    const std::size_t message_bytes_max_;
    const std::shared_ptr<Stub> stub_;
    const std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
};

/// One enrolment that trusts exactly the authority with that digest.
template <typename Peer>
asio::awaitable<Result<wire::EnrollReply>> enrol_at(asio::any_io_executor executor,
                                                    std::string address,
                                                    std::string authority_digest,
                                                    wire::EnrollRequest request,
                                                    std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    auto authority =
        co_await find_authority(executor, address, std::move(authority_digest), deadline);
    if (!authority) co_return std::unexpected(authority.error());
    Client::Options options;
    options.address = std::move(address);
    options.authority_pem = std::move(*authority);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    auto channel = open_channel(options);
    if (!channel) co_return std::unexpected(channel.error());
    const auto peer =
        std::make_unique<Peer>(std::move(executor), options.message_bytes_max, std::move(*channel));
    co_return co_await peer->enroll(std::move(request), left);
}

}  // namespace muster::link
