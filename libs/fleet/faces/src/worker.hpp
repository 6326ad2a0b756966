#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>

namespace muster::faces {

namespace asio = boost::asio;

namespace worker {
inline asio::awaitable<void> body(std::function<void()> work) {
    work();
    co_return;
}
}  // namespace worker

/// Runs `work` in the pool, and goes on where the caller was. What it touches must outlive it, for
/// a cancelled caller does not stop it.
inline asio::awaitable<void> run_on(asio::thread_pool& pool, std::function<void()> work) {
    co_await asio::co_spawn(pool, worker::body(std::move(work)), asio::use_awaitable);
}

}  // namespace muster::faces
