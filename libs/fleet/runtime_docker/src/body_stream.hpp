#pragma once

#include <deque>
#include <functional>

#include "engine.hpp"
#include "frames.hpp"

namespace muster::runtime_docker {

/// A stream of values over a response's body. The decoder turns bytes into values and may end the
/// stream; it lives with the body in a shared state, because a read that is still pending when the
/// stream is destroyed must have something to come back to.
template <typename T>
class BodyStream final : public runtime::Stream<T> {
  public:
    struct Batch {
        std::vector<T> values;
        bool ended = false;  ///< regularly, whatever else may come
    };
    /// Called with bytes as they come, and once with nothing at their end.
    using Decode = std::function<Result<Batch>(std::string_view bytes, bool at_end)>;
    /// Told how it ended, when not regularly.
    using Broken = std::function<void(const Error&)>;

    BodyStream(std::unique_ptr<http::IncomingBody> body, Decode decode, Broken broken = {})
        : state_(std::make_shared<State>()) {
        state_->body = std::move(body);
        state_->decode = std::move(decode);
        state_->broken = std::move(broken);
    }
    ~BodyStream() override { close(); }
    BodyStream(const BodyStream&) = delete;
    BodyStream& operator=(const BodyStream&) = delete;

    asio::awaitable<Result<std::optional<T>>> next() override { return next(state_); }
    void close() override {
        state_->closed = true;
        state_->body->close();
    }
    /// Values that come before all others.
    void put_first(std::vector<T> values) {
        for (auto& value : values) state_->ready.push_back(std::move(value));
    }

  private:
    struct State {
        std::unique_ptr<http::IncomingBody> body;
        Decode decode;
        Broken broken;
        std::deque<T> ready;
        bool ended = false;
        bool closed = false;
    };

    static asio::awaitable<Result<std::optional<T>>> next(std::shared_ptr<State> state) {
        for (;;) {
            if (state->closed) co_return fail(Errc::cancelled, "the stream was closed here");
            if (!state->ready.empty()) {
                std::optional<T> value = std::move(state->ready.front());
                state->ready.pop_front();
                co_return value;
            }
            if (state->ended) co_return std::optional<T>();
            auto bytes = co_await state->body->read(milliseconds(0));
            if (state->closed) continue;
            auto batch = bytes ? state->decode(*bytes, bytes->empty())
                               : Result<Batch>(std::unexpected(bytes.error()));
            if (!batch) {
                if (state->broken) state->broken(batch.error());
                co_return std::unexpected(batch.error());
            }
            for (auto& value : batch->values) state->ready.push_back(std::move(value));
            state->ended = batch->ended || bytes->empty();
        }
    }

    std::shared_ptr<State> state_;
};

/// JSON objects, one a line, each added to the batch by `one`, which may
/// fail.
template <typename T, typename One>
typename BodyStream<T>::Decode json_lines(One one) {
    auto lines = std::make_shared<LineDecoder>();
    return
        [lines, one](std::string_view bytes, bool at_end) -> Result<typename BodyStream<T>::Batch> {
            typename BodyStream<T>::Batch batch;
            auto whole = lines->feed(at_end ? std::string_view("\n") : bytes);
            if (!whole) return std::unexpected(whole.error());
            for (const auto& line : *whole) {
                auto json = parse_json(line);
                if (!json) return std::unexpected(json.error());
                if (auto wrong = one(*json, batch)) return std::unexpected(*wrong);
            }
            return batch;
        };
}

}  // namespace muster::runtime_docker
