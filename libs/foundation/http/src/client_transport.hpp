#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "muster/base/error.hpp"
#include "muster/http/client.hpp"

namespace boost::asio::ssl {
class context;
}

namespace muster::http {

using boost::system::error_code;

/// A connected stream of bytes: TCP, TLS or a Unix socket. Shared, because an operation that is
/// still pending keeps it alive after its owner let go; close() ends such operations.
class Transport {
  public:
    virtual ~Transport() = default;
    /// Zero bytes without an error: the peer has ended its side.
    virtual asio::awaitable<std::pair<error_code, std::size_t>> read_some(
        asio::mutable_buffer into) = 0;
    virtual asio::awaitable<error_code> write(std::string bytes) = 0;
    virtual void shut_write() = 0;
    virtual void close() = 0;
    /// Whether an idle connection is still good: the peer has neither closed it nor said anything.
    virtual bool is_quiet() = 0;
};

/// Closes the transport when the time is over, which ends whatever is pending on it. A deadline of
/// zero never comes.
class Deadline {
  public:
    Deadline(const asio::any_io_executor& executor, const std::shared_ptr<Transport>& transport,
             std::chrono::milliseconds after);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    [[nodiscard]] bool expired() const { return *expired_; }

  private:
    std::shared_ptr<bool> expired_;
    asio::steady_timer timer_;
};

/// "unix:///run/docker.sock", "http://host:80": for error messages.
[[nodiscard]] std::string describe(const Endpoint& endpoint);

/// What TLS needs for this endpoint; null when it is not a TLS one. `invalid_argument` when a
/// certificate or key cannot be read.
[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> tls_context(const Endpoint& endpoint);

/// Connects, with the TLS handshake. `unavailable`, or `timeout` after `deadline`.
asio::awaitable<Result<std::shared_ptr<Transport>>> connect_transport(
    asio::any_io_executor executor, Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls,
    std::chrono::milliseconds deadline);

}  // namespace muster::http
