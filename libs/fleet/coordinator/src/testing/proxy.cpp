#include "testing/proxy.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace muster::coordinator::testing {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

Proxy::Proxy(asio::io_context& context, std::uint16_t to, std::function<bool()> lose)
    : acceptor_(std::make_shared<Tcp::acceptor>(
          context, Tcp::endpoint(asio::ip::address_v4::loopback(), 0))) {
    asio::co_spawn(context,
                   accept(acceptor_, to,
                          std::make_shared<const std::function<bool()>>(std::move(lose)), lost_),
                   asio::detached);
}

Proxy::~Proxy() {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
}

asio::awaitable<void> Proxy::accept(std::shared_ptr<Tcp::acceptor> acceptor, std::uint16_t to,
                                    Lose lose, std::shared_ptr<int> lost) {
    const auto executor = acceptor->get_executor();
    for (;;) {
        auto [error, accepted] = co_await acceptor->async_accept(as_result);
        if (error) co_return;
        const auto client = std::make_shared<Tcp::socket>(std::move(accepted));
        const auto server = std::make_shared<Tcp::socket>(executor);
        const Tcp::endpoint there(asio::ip::address_v4::loopback(), to);
        auto [refused] = co_await server->async_connect(there, as_result);
        if (refused) continue;
        asio::co_spawn(executor, pump(client, server, nullptr, nullptr), asio::detached);
        asio::co_spawn(executor, pump(server, client, lose, lost), asio::detached);
    }
}

asio::awaitable<void> Proxy::pump(SocketPtr from, SocketPtr to, Lose lose,
                                  std::shared_ptr<int> lost) {
    std::array<char, 16'384> buffer{};
    for (;;) {
        auto [error, size] = co_await from->async_read_some(asio::buffer(buffer), as_result);
        if (error) break;
        if (lose && (*lose)()) {
            ++*lost;
            break;
        }
        auto [failed, written] =
            co_await asio::async_write(*to, asio::buffer(buffer.data(), size), as_result);
        if (failed) break;
    }
    boost::system::error_code ignored;
    from->close(ignored);
    to->close(ignored);
}

}  // namespace muster::coordinator::testing
