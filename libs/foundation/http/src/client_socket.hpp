#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "client_transport.hpp"

namespace muster::http {

inline constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

/// One socket type for TCP and Unix sockets, so that what is built on it is instantiated once.
using PlainSocket = asio::generic::stream_protocol::socket;
using TlsSocket = asio::ssl::stream<PlainSocket>;

/// A connected socket without TLS; the host's addresses are tried in turn.
asio::awaitable<Result<PlainSocket>> connect_socket(asio::any_io_executor executor,
                                                    Endpoint endpoint,
                                                    std::chrono::milliseconds deadline);
/// Sets whom the TLS client asks for and whose certificate it accepts.
[[nodiscard]] Result<void> expect_host(TlsSocket& socket, const std::string& host);

}  // namespace muster::http
