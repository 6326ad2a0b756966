#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <span>

#include "muster/http/server.hpp"

namespace boost::asio::ssl {
class context;
}

namespace muster::http {

/// A stream of bytes, plain or TLS, behind one interface: what reads and writes HTTP is compiled
/// once, and a test can give it a stream in memory. At most one read and one write at a time. The
/// stream and the buffers live until `done` was called, which never happens inside the call
/// that takes it. All on one executor of one thread.
class ByteStream {
  public:
    using Done = std::move_only_function<void(boost::system::error_code, std::size_t)>;

    virtual ~ByteStream() = default;
    [[nodiscard]] virtual asio::any_io_executor executor() = 0;
    /// Before anything else; of TLS. Plain has nothing to do.
    virtual void handshake(Done done) = 0;
    virtual void read_some(asio::mutable_buffer into, Done done) = 0;
    /// At most `write_buffers_max` buffers.
    virtual void write_some(std::span<const asio::const_buffer> from, Done done) = 0;
    /// Tells the peer that no more comes: FIN, or close_notify (then nothing may be pending).
    virtual void finish(Done done) = 0;
    /// At once; what is pending ends with an error. May be called again.
    virtual void close() = 0;

    static constexpr std::size_t write_buffers_max = 16;
};

[[nodiscard]] std::unique_ptr<ByteStream> plain_stream(asio::ip::tcp::socket socket);
/// The server's side of TLS. The context must outlive it; hence the share.
[[nodiscard]] std::unique_ptr<ByteStream> tls_stream(asio::ip::tcp::socket socket,
                                                     std::shared_ptr<asio::ssl::context> context);
/// TLS 1.2 or newer; ALPN http/1.1; with a client authority: clients must have a certificate.
[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> server_tls_context(const TlsFiles& files);

}  // namespace muster::http
