#include "signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::coordinator {

namespace {
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
}

Signal::Signal(asio::any_io_executor executor)
    : never_(std::move(executor), asio::steady_timer::time_point::max()) {}

void Signal::set() {
    is_set_ = true;
    never_.cancel();
}

asio::awaitable<bool> Signal::wait(std::chrono::milliseconds limit) {
    using asio::experimental::awaitable_operators::operator||;
    if (is_set_) co_return true;
    asio::steady_timer deadline(never_.get_executor(), limit);
    co_await (never_.async_wait(quietly) || deadline.async_wait(quietly));
    co_return is_set_;
}

asio::awaitable<void> Signal::wait() {
    if (!is_set_) co_await never_.async_wait(quietly);
}

}  // namespace muster::coordinator
