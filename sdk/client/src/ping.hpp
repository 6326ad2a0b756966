#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/client/words.hpp"

namespace muster::sdk {

/// Microseconds to each of the servers, by the least of three beacons; -1: no answer within a
/// second, or no address. At most the first 64 are asked. On the thread of `context`.
boost::asio::awaitable<std::vector<std::int32_t>> ping(boost::asio::io_context& context,
                                                       std::vector<client::Server> servers);

}  // namespace muster::sdk
