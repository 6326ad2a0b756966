#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "muster/base/time.hpp"

namespace muster::coordinator::testing {

/// Long enough for the slowest machine; nothing waits so long unless it is broken.
inline constexpr std::chrono::seconds patience{60};

/// Runs the context until the coroutine has ended, and gives its value.
template <typename T>
T finish(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
    std::optional<T> out;
    std::exception_ptr problem;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown, T value) {
        problem = thrown;
        out.emplace(std::move(value));
    });
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!out && std::chrono::steady_clock::now() < until) {
        if (context.stopped()) context.restart();
        context.run_one_for(std::chrono::milliseconds(50));
    }
    if (problem) std::rethrow_exception(problem);
    if (!out) throw std::runtime_error("it did not end in time");
    return std::move(*out);
}

/// Runs the context until something holds.
inline void run_until(boost::asio::io_context& context, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) {
            throw std::runtime_error("it did not become true in time");
        }
        if (context.stopped()) context.restart();
        context.run_one_for(std::chrono::milliseconds(50));
    }
}

/// What came over a scripted peer's session, the oldest first.
template <typename Message>
struct Inbox {
    std::deque<Message> messages;
    bool is_over = false;

    [[nodiscard]] bool has(typename Message::MessageCase kind) const {
        return std::ranges::any_of(
            messages, [kind](const Message& one) { return one.message_case() == kind; });
    }
    /// Takes the oldest of that kind out; runs the context until there is one.
    Message next(boost::asio::io_context& context, typename Message::MessageCase kind) {
        run_until(context, [&] { return has(kind) || is_over; });
        for (auto at = messages.begin(); at != messages.end(); ++at) {
            if (at->message_case() != kind) continue;
            auto out = std::move(*at);
            messages.erase(at);
            return out;
        }
        ADD_FAILURE() << "the session ended before the message came";
        return {};
    }
};

inline Timestamp noon() {
    return *from_rfc3339("2026-06-01T12:00:00.000Z");
}

}  // namespace muster::coordinator::testing
