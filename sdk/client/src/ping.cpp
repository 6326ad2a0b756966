#include "ping.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "muster/base/random.hpp"
#include "muster/client/beacon.hpp"

namespace muster::sdk {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::udp;
using Clock = std::chrono::steady_clock;

constexpr std::size_t servers_max = 64;
constexpr int rounds = 3;
constexpr auto between = 120ms;  // a server answers ten a second of one address
constexpr auto patience = 1s;
constexpr auto look_every = 50ms;

std::optional<udp::endpoint> endpoint_of(const client::Server& server) {
    for (const auto& text : server.addresses) {
        boost::system::error_code error;
        const auto address = asio::ip::make_address(text, error);
        if (!error && server.udp_port != 0) return udp::endpoint(address, server.udp_port);
    }
    return std::nullopt;
}

// The questions that are open, and what came. Its sockets' handlers keep it.
struct Desk : std::enable_shared_from_this<Desk> {
    Desk(asio::io_context& context, std::size_t count) : v4(context), v6(context), best(count, -1) {
        open(v4, udp::v4());
        open(v6, udp::v6());
    }
    static void open(udp::socket& socket, udp protocol) {
        boost::system::error_code error;
        socket.open(protocol, error);
        if (!error) socket.non_blocking(true, error);
    }
    void listen(udp::socket& socket) {
        if (!socket.is_open()) return;
        auto self = shared_from_this();
        socket.async_wait(udp::socket::wait_read, [self, &socket](boost::system::error_code error) {
            if (error) return;
            self->read(socket);
            self->listen(socket);
        });
    }
    void ask(std::size_t index, const udp::endpoint& to) {
        client::BeaconNonce nonce;
        const auto bytes = random_bytes(nonce.size());
        std::memcpy(nonce.data(), bytes.data(), nonce.size());
        const auto question = client::write_beacon_question(nonce);
        auto& socket = to.address().is_v4() ? v4 : v6;
        boost::system::error_code error;
        socket.send_to(asio::buffer(question), to, 0, error);
        if (!error) asked[nonce] = {index, Clock::now()};
    }
    void read(udp::socket& socket) {
        for (int reads = 0; reads < 64; ++reads) {
            std::array<std::byte, 256> datagram;
            udp::endpoint from;
            boost::system::error_code error;
            const auto size = socket.receive_from(asio::buffer(datagram), from, 0, error);
            if (error == asio::error::would_block) return;
            if (error) continue;
            const auto answer = client::read_beacon_answer(std::span(datagram).first(size));
            const auto found = answer ? asked.find(answer->nonce) : asked.end();
            if (found == asked.end()) continue;
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                Clock::now() - found->second.at);
            auto& least = best[found->second.server];
            const auto us = static_cast<std::int32_t>(std::max<std::int64_t>(took.count(), 1));
            least = least < 0 ? us : std::min(least, us);
            asked.erase(found);
        }
    }
    void close() {
        boost::system::error_code error;
        v4.close(error);
        v6.close(error);
    }

    struct Asked {
        std::size_t server = 0;
        Clock::time_point at;
    };
    udp::socket v4, v6;
    std::map<client::BeaconNonce, Asked> asked;
    std::vector<std::int32_t> best;
};

}  // namespace

asio::awaitable<std::vector<std::int32_t>> ping(asio::io_context& context,
                                                std::vector<client::Server> servers) {
    constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
    const auto desk = std::make_shared<Desk>(context, servers.size());
    desk->listen(desk->v4);
    desk->listen(desk->v6);
    asio::steady_timer timer(context);
    const auto asked = std::min(servers.size(), servers_max);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < asked; ++i) {
            if (const auto to = endpoint_of(servers[i])) desk->ask(i, *to);
        }
        timer.expires_after(between);
        (void)co_await timer.async_wait(quietly);
    }
    const auto until = Clock::now() + patience - between;
    while (!desk->asked.empty() && Clock::now() < until) {
        timer.expires_after(look_every);
        (void)co_await timer.async_wait(quietly);
    }
    desk->close();
    co_return desk->best;
}

}  // namespace muster::sdk
