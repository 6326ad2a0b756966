#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::link {

/// The certificates that a TLS server at host:port shows, as PEM, its own first. Nothing is
/// verified: the caller picks by digest. Nothing is sent.
[[nodiscard]] boost::asio::awaitable<Result<std::vector<std::string>>> server_chain(
    boost::asio::any_io_executor executor, std::string address, std::chrono::milliseconds deadline);

}  // namespace muster::link
