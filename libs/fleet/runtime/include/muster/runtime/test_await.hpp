#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

namespace muster::runtime {

/// For tests: runs the loop until the coroutine has ended and gives what it returned. Throws when
/// that takes longer than `limit`.
template <typename T>
T await_result(boost::asio::io_context& loop, boost::asio::awaitable<T> task,
               std::chrono::seconds limit = std::chrono::seconds(90)) {
    struct Outcome {
        std::optional<T> value;
        std::exception_ptr thrown;
    };
    auto outcome = std::make_shared<Outcome>();
    boost::asio::co_spawn(loop, std::move(task), [outcome](std::exception_ptr error, T value) {
        outcome->thrown = error;
        outcome->value.emplace(std::move(value));
    });
    const auto end = std::chrono::steady_clock::now() + limit;
    loop.restart();
    while (!outcome->value) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it takes too long");
        if (loop.run_one_until(end) == 0 && loop.stopped() && !outcome->value) {
            throw std::runtime_error("the coroutine waits for what nobody will do");
        }
    }
    if (outcome->thrown) std::rethrow_exception(outcome->thrown);
    return std::move(*outcome->value);
}

}  // namespace muster::runtime
