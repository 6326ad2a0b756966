#include "console.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "frames.hpp"

namespace muster::runtime_docker {
namespace {

class DockerConsole final : public runtime::Console {
  public:
    DockerConsole(EnginePtr engine, std::unique_ptr<http::RawConnection> connection, bool tty,
                  std::string exec_id)
        : state_(std::make_shared<State>(std::move(engine), std::move(connection), tty,
                                         std::move(exec_id))) {}
    ~DockerConsole() override { close(); }

    asio::awaitable<Result<std::optional<Output>>> read() override { return read(state_); }
    asio::awaitable<Result<void>> write(std::string bytes) override {
        return write(state_, std::move(bytes));
    }
    void close() override {
        state_->closed = true;
        state_->connection->close();
    }
    asio::awaitable<Result<std::optional<int>>> exit_code() override { return exit_code(state_); }

  private:
    struct State {
        State(EnginePtr e, std::unique_ptr<http::RawConnection> c, bool tty, std::string id)
            : engine(std::move(e)), connection(std::move(c)), frames(tty), exec_id(std::move(id)) {}
        EnginePtr engine;
        std::unique_ptr<http::RawConnection> connection;
        FrameDecoder frames;
        std::string exec_id;
        std::deque<Frame> ready;
        bool closed = false;
    };
    using Ptr = std::shared_ptr<State>;

    static asio::awaitable<Result<std::optional<Output>>> read(Ptr state) {
        for (;;) {
            if (state->closed) co_return fail(Errc::cancelled, "the console was closed here");
            if (!state->ready.empty()) {
                Output output;
                output.is_error = state->ready.front().is_error;
                output.bytes = std::move(state->ready.front().bytes);
                state->ready.pop_front();
                co_return std::optional(std::move(output));
            }
            auto bytes = co_await state->connection->read();
            if (state->closed) continue;
            if (!bytes) co_return std::unexpected(bytes.error());
            if (bytes->empty()) {
                if (!state->frames.is_partial()) co_return std::optional<Output>();
                co_return fail(Errc::unavailable, "the console was cut off");
            }
            auto frames = state->frames.feed(*bytes);
            if (!frames) co_return std::unexpected(frames.error());
            for (auto& frame : *frames) {
                if (!frame.bytes.empty()) state->ready.push_back(std::move(frame));
            }
        }
    }
    static asio::awaitable<Result<void>> write(Ptr state, std::string bytes) {
        co_return co_await state->connection->write(std::move(bytes));
    }
    static asio::awaitable<Result<std::optional<int>>> exit_code(Ptr state) {
        if (state->exec_id.empty()) co_return std::optional<int>();
        // The output ends a moment before the engine has noted the code.
        constexpr int tries = 200;
        constexpr milliseconds pause{50};
        for (int i = 0; i < tries; ++i) {
            Request request;
            request.path = "/exec/" + state->exec_id + "/json";
            auto json = co_await Engine::call_json(state->engine, std::move(request));
            if (!json) co_return std::unexpected(json.error());
            if (!flag_at(*json, {"Running"})) {
                co_return std::optional<int>(static_cast<int>(number_at(*json, {"ExitCode"})));
            }
            asio::steady_timer timer(state->engine->executor(), pause);
            co_await timer.async_wait(asio::use_awaitable);
        }
        co_return fail(Errc::timeout, "the engine does not say how the command ended");
    }

    Ptr state_;
};

}  // namespace

std::unique_ptr<runtime::Console> make_console(EnginePtr engine,
                                               std::unique_ptr<http::RawConnection> connection,
                                               bool tty, std::string exec_id) {
    return std::make_unique<DockerConsole>(std::move(engine), std::move(connection), tty,
                                           std::move(exec_id));
}

}  // namespace muster::runtime_docker
