#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <unordered_map>

#include "server_calls.hpp"

/// What the services for nodes and for world servers do alike: enrolments, renewals, sessions.
namespace muster::link {

inline constexpr std::size_t queue_bytes_max = 32U << 20U;
inline constexpr std::size_t unary_calls_max = 256;  // in progress: strangers may call Enroll
inline constexpr std::chrono::milliseconds session_flush{2'000};

/// What the calls share with the server; they may outlive it. Only on the executor, but for the
/// constants and the registry.
struct Core {
    Core(asio::any_io_executor e, Server::Options o)
        : executor(std::move(e)), options(std::move(o)) {}

    const asio::any_io_executor executor;
    const Server::Options options;
    const std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    std::atomic<std::size_t> unary_calls = 0;
    std::atomic<bool> stopping = false;
};

inline Error from_handler() {
    return Error{Errc::internal, "the coordinator failed to handle the call", {}};
}

/// One kind of peer: its handlers and its sessions. Shared with its calls, like the core.
template <typename S>
struct Desk {
    std::shared_ptr<Core> core;
    PeerKind kind;
    std::function<asio::awaitable<Result<wire::EnrollReply>>(EnrolRequest)> enrol;
    std::function<asio::awaitable<Result<wire::EnrollReply>>(std::string, std::string)> renew;
    std::function<Result<void>(const std::string&, const std::string&)> admit_one;
    /// The handler of a session, with the stream in the shape that it knows.
    std::function<asio::awaitable<void>(std::shared_ptr<S>, Caller)> serve;
    std::size_t sessions = 0;
    std::unordered_map<std::string, std::weak_ptr<S>> session_of{};

    [[nodiscard]] Result<void> admit(const Caller& caller) const {
        if (core->stopping) return fail(Errc::unavailable, "the coordinator is stopping");
        return admit_one(caller.id, caller.serial_hex);
    }
    void expel(const std::string& id, const Error& error) {
        const auto found = session_of.find(id);
        if (found == session_of.end()) return;
        if (const auto stream = found->second.lock()) stream->expel(error);
    }
    void close_all(const Error& error) {
        for (const auto& [id, session] : session_of) {
            if (const auto stream = session.lock()) stream->close(error);
        }
    }
};

template <typename S>
asio::awaitable<void> run_session(std::shared_ptr<Desk<S>> desk, std::shared_ptr<S> stream,
                                  Caller caller) {
    std::optional<Error> failed;
    try {
        co_await desk->serve(stream, std::move(caller));
    } catch (const std::exception&) {
        failed = from_handler();
    }
    stream->close(std::move(failed));
}

template <typename S>
void begin_session(const std::shared_ptr<Desk<S>>& desk, const std::shared_ptr<S>& stream,
                   Caller caller) {
    if (auto good = desk->admit(caller); !good) return stream->refuse(good.error());
    if (desk->sessions >= desk->core->options.sessions_max) {
        return stream->refuse(
            Error{Errc::exhausted, "the coordinator has as many sessions as it may", {}});
    }
    // A peer whose connection died without a word comes back before the old session is noticed.
    std::weak_ptr<S>& current = desk->session_of[caller.id];
    if (const auto older = current.lock()) {
        older->expel(Error{
            Errc::conflict, "the " + std::string(desk->kind.noun) + " opened a newer session", {}});
    }
    current = stream;
    ++desk->sessions;
    stream->on_settled([desk, id = caller.id, gone = stream.get()] {
        --desk->sessions;
        const auto mine = desk->session_of.find(id);
        if (mine == desk->session_of.end()) return;
        const auto held = mine->second.lock();
        if (!held || held.get() == gone) desk->session_of.erase(mine);
    });
    stream->accept();
    asio::co_spawn(desk->core->executor, run_session(desk, stream, std::move(caller)),
                   asio::detached);
}

inline asio::awaitable<void> run_unary(std::shared_ptr<Core> core,
                                       std::shared_ptr<UnaryCall<wire::EnrollReply>> call,
                                       asio::awaitable<Result<wire::EnrollReply>> handler) {
    try {
        call->answer(co_await std::move(handler));
    } catch (const std::exception&) {
        call->answer(std::unexpected(from_handler()));
    }
    --core->unary_calls;
}

/// gRPC's door for one kind of peer: on its threads, so it only looks who calls and hands over to
/// the executor. `Rpc` is the generated service.
template <typename Rpc, typename S, typename D = Desk<S>>
class PeerService : public Rpc::CallbackService {
  public:
    explicit PeerService(std::shared_ptr<D> desk) : desk_(std::move(desk)) {}

    grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                     const wire::EnrollRequest* request,
                                     wire::EnrollReply* reply) override {
        const auto call = make_call(*context, *reply);
        if (!call.second) return call.first.get();
        EnrolRequest asked{*request, address_of(*context)};
        asio::post(desk_->core->executor,
                   [desk = desk_, call = call.first, asked = std::move(asked)]() mutable {
                       asio::co_spawn(desk->core->executor,
                                      run_unary(desk->core, call, desk->enrol(std::move(asked))),
                                      asio::detached);
                   });
        return call.first.get();
    }

    grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                    const wire::RenewRequest* request,
                                    wire::EnrollReply* reply) override {
        const auto call = make_call(*context, *reply);
        if (!call.second) return call.first.get();
        auto caller = identify(*context, desk_->kind);
        asio::post(
            desk_->core->executor, [desk = desk_, call = call.first, caller = std::move(caller),
                                    der = request->signing_request_der()]() mutable {
                const auto good =
                    caller ? desk->admit(*caller) : Result<void>(std::unexpected(caller.error()));
                if (!good) {
                    call->answer(std::unexpected(good.error()));
                    --desk->core->unary_calls;
                    return;
                }
                asio::co_spawn(
                    desk->core->executor,
                    run_unary(desk->core, call, desk->renew(std::move(caller->id), std::move(der))),
                    asio::detached);
            });
        return call.first.get();
    }

    S* Session(grpc::CallbackServerContext* context) override {
        return open_stream<S>(
            *context,
            StreamLimits{NodeSession::queue_max, queue_bytes_max,
                         desk_->core->options.message_bytes_max, session_flush},
            [](const std::shared_ptr<D>& desk, const std::shared_ptr<S>& stream, Caller caller) {
                begin_session<S>(desk, stream, std::move(caller));
            });
    }

  protected:
    template <typename Opened, typename Begin>
    Opened* open_stream(grpc::CallbackServerContext& context, StreamLimits limits, Begin begin) {
        const Core& core = *desk_->core;
        auto stream = std::make_shared<Opened>(core.executor, core.registry, limits, context);
        core.registry->add(stream);
        auto caller = identify(context, desk_->kind);
        if (!caller) {
            stream->refuse(caller.error());
        } else {
            asio::post(core.executor,
                       [desk = desk_, stream, begin, caller = std::move(*caller)]() mutable {
                           begin(desk, stream, std::move(caller));
                       });
        }
        return stream.get();
    }

    /// The call, and whether it may go on.
    template <typename Reply>
    std::pair<std::shared_ptr<UnaryCall<Reply>>, bool> make_call(
        grpc::CallbackServerContext& context, Reply& reply) {
        Core& core = *desk_->core;
        auto call = std::make_shared<UnaryCall<Reply>>(core.registry, context, reply);
        core.registry->add(call);
        if (++core.unary_calls > unary_calls_max) {
            --core.unary_calls;
            call->answer(fail(Errc::exhausted, "too many enrol at once; try again"));
            return {std::move(call), false};
        }
        return {std::move(call), true};
    }
    [[nodiscard]] const std::shared_ptr<D>& desk() const { return desk_; }

  private:
    const std::shared_ptr<D> desk_;
};

}  // namespace muster::link
