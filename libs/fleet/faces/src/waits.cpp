#include "waits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::faces {

namespace {
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
}

Bell::Bell(asio::any_io_executor executor)
    : timer_(std::move(executor), asio::steady_timer::time_point::max()) {}

void Bell::ring() {
    timer_.cancel();
}

asio::awaitable<void> Bell::wait(std::chrono::milliseconds limit) {
    using asio::experimental::awaitable_operators::operator||;
    asio::steady_timer deadline(timer_.get_executor(), limit);
    co_await (timer_.async_wait(quietly) || deadline.async_wait(quietly));
}

asio::awaitable<void> Bell::wait() {
    co_await timer_.async_wait(quietly);
}

Tasks::Tasks(asio::any_io_executor executor)
    : executor_(executor), state_(std::make_shared<State>(executor)) {}

void Tasks::start(asio::awaitable<void> work) {
    ++state_->running;
    asio::co_spawn(executor_, std::move(work),
                   [state = state_, on_fault = on_fault](std::exception_ptr problem) {
                       --state->running;
                       state->changed.ring();
                       if (!problem || !on_fault) return;
                       try {
                           std::rethrow_exception(problem);
                       } catch (const std::exception& error) {
                           on_fault(error.what());
                       } catch (...) {
                           on_fault("something that is no std::exception was thrown");
                       }
                   });
}

asio::awaitable<void> Tasks::ended() {
    const auto state = state_;
    while (state->running > 0) co_await state->changed.wait();
}

asio::awaitable<void> race(asio::awaitable<void> one, asio::awaitable<void> other) {
    using asio::experimental::awaitable_operators::operator||;
    co_await (std::move(one) || std::move(other));
}

}  // namespace muster::faces
