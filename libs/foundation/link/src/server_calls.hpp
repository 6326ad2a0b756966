#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_callback.h>

#include "muster/link/link.hpp"
#include "status.hpp"
#include "stream.hpp"

/// The server's calls as gRPC's reactors.
namespace muster::link {

template <typename In, typename Out>
class ServerStream final : public Stream<In, Out>, public grpc::ServerBidiReactor<In, Out> {
    using Base = Stream<In, Out>;
    using typename Base::Step;

  public:
    ServerStream(asio::any_io_executor executor, std::shared_ptr<Registry> registry,
                 StreamLimits limits, grpc::CallbackServerContext& context)
        : Base(Side::server, std::move(executor), std::move(registry), limits), context_(context) {}

  private:
    void run(Step step) override {
        switch (step) {
            case Step::accept:
                this->StartSendInitialMetadata();
                break;
            case Step::read:
                this->StartRead(&this->slot_);
                break;
            case Step::write:
                this->StartWrite(&this->current_);
                break;
            case Step::cancel:
                context_.TryCancel();
                break;
            case Step::end:
                if (const auto error = this->verdict()) {
                    add_details(context_, *error);
                    this->Finish(to_status(*error));
                } else {
                    this->Finish(grpc::Status::OK);
                }
                break;
            case Step::none:
            case Step::half_close:
                break;
        }
    }
    void OnReadDone(bool ok) override { this->read_done(ok); }
    void OnWriteDone(bool ok) override { this->write_done(ok); }
    void OnCancel() override { this->broken(); }
    void OnDone() override { this->done(std::nullopt); }

    grpc::CallbackServerContext& context_;  // gRPC's, until OnDone
};

/// Enroll, Renew or Challenge: one answer, given once, by whoever comes first.
template <typename Reply>
class UnaryCall final : public Live, public grpc::ServerUnaryReactor {
  public:
    UnaryCall(std::shared_ptr<Registry> registry, grpc::CallbackServerContext& context,
              Reply& reply)
        : registry_(std::move(registry)), context_(context), reply_(reply) {}
    /// Any thread.
    void answer(Result<Reply> result) {
        {
            const std::scoped_lock lock(mutex_);
            if (std::exchange(answered_, true)) return;
        }
        if (result) {
            reply_.Swap(&*result);
            Finish(grpc::Status::OK);
        } else {
            add_details(context_, result.error());
            Finish(to_status(result.error()));
        }
    }
    void abandon() override { answer(fail(Errc::unavailable, "the coordinator is stopping")); }

  private:
    void OnDone() override {
        std::unique_lock lock(mutex_);  // so that what `answer` did is seen here
        const std::shared_ptr<Registry> registry = registry_;
        lock.unlock();
        {
            const std::shared_ptr<Live> last = registry->release(this);
        }
        registry->forget();
    }

    const std::shared_ptr<Registry> registry_;
    grpc::CallbackServerContext& context_;  // gRPC's, until OnDone
    Reply& reply_;
    std::mutex mutex_;
    bool answered_ = false;
};

/// The kinds of peers, by the prefix of their certificates' common names.
struct PeerKind {
    std::string_view prefix;
    std::string_view noun;
};

/// Who calls, by the certificate that TLS verified.
struct Caller {
    std::string id;
    std::string serial_hex;
    std::string address;  ///< numeric, without the port
};
/// `unauthenticated` without a good certificate of such a peer.
[[nodiscard]] Result<Caller> identify(const grpc::CallbackServerContext& context,
                                      const PeerKind& kind);
[[nodiscard]] std::string address_of(const grpc::CallbackServerContext& context);

}  // namespace muster::link
