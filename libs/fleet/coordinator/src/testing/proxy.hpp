#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

namespace muster::coordinator::testing {

namespace asio = boost::asio;

/// A TCP proxy on loopback that can lose what the server answers.
class Proxy {
  public:
    /// `lose` is asked before anything goes back to the client; true ends the connection instead.
    Proxy(asio::io_context& context, std::uint16_t to, std::function<bool()> lose);
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return acceptor_->local_endpoint().port(); }
    [[nodiscard]] int lost() const { return *lost_; }

  private:
    using Tcp = asio::ip::tcp;
    using SocketPtr = std::shared_ptr<Tcp::socket>;
    using Lose = std::shared_ptr<const std::function<bool()>>;
    static asio::awaitable<void> accept(std::shared_ptr<Tcp::acceptor> acceptor, std::uint16_t to,
                                        Lose lose, std::shared_ptr<int> lost);
    static asio::awaitable<void> pump(SocketPtr from, SocketPtr to, Lose lose,
                                      std::shared_ptr<int> lost);

    std::shared_ptr<Tcp::acceptor> acceptor_;
    std::shared_ptr<int> lost_ = std::make_shared<int>(0);
};

}  // namespace muster::coordinator::testing
