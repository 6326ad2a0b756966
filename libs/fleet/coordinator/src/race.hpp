#pragma once

#include <boost/asio/awaitable.hpp>

#include "muster/base/error.hpp"

namespace muster::coordinator {

namespace asio = boost::asio;

/// Runs both until one ends, and cancels the other. Compiled in one place: it is slow to compile.
asio::awaitable<void> race(asio::awaitable<void> one, asio::awaitable<void> other);

/// Awaits `work` and leaves its result in `how`, which must outlive it.
asio::awaitable<void> keep_result(asio::awaitable<Result<void>> work, Result<void>& how);

}  // namespace muster::coordinator
