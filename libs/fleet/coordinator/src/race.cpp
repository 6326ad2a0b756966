#include "race.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::coordinator {

asio::awaitable<void> race(asio::awaitable<void> one, asio::awaitable<void> other) {
    using asio::experimental::awaitable_operators::operator||;
    co_await (std::move(one) || std::move(other));
}

asio::awaitable<void> keep_result(asio::awaitable<Result<void>> work, Result<void>& how) {
    how = co_await std::move(work);
}

}  // namespace muster::coordinator
