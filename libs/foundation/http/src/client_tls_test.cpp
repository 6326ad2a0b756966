#include <gtest/gtest.h>

#include "client_test_peer.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/time.hpp"
#include "muster/http/client.hpp"
#include "muster/pki/pki.hpp"

namespace muster::http {
namespace {

using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto patience = 60s;
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An authority, and a TLS context of a server that it vouches for as `name`.
struct Vouched {
    std::string authority_pem;
    std::shared_ptr<asio::ssl::context> context;

    explicit Vouched(const std::string& address) {
        const auto now = SystemClock().now();
        const auto authority = pki::new_authority("test", now, std::chrono::days(1));
        const auto key = pki::new_private_key();
        pki::Subject subject;
        subject.common_name = "server";
        subject.addresses = {address};
        const auto certificate =
            pki::issue(*authority, *key, subject, pki::Usage::server, now, 60min);
        authority_pem = authority->certificate_pem;
        context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
        context->use_certificate_chain(asio::buffer(*certificate));
        context->use_private_key(asio::buffer(*key), asio::ssl::context::pem);
    }
    [[nodiscard]] Endpoint endpoint(std::uint16_t port) const {
        return *Endpoint::parse("https://127.0.0.1:" + std::to_string(port), authority_pem);
    }
};

TEST(TlsClient, TalksToAServerThatItsAuthorityVouchesFor) {
    const Vouched vouched("127.0.0.1");
    auto peer = Peer::on_tcp({{{{"\r\n\r\n", ok}, {"\r\n\r\n", ok}}}}, vouched.context);
    asio::io_context loop;
    Client client(loop.get_executor(), vouched.endpoint(peer.port()));
    for (int i = 0; i < 2; ++i) {
        auto answer = await_result(loop, client.send({}, patience));
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "ok");
    }
}

TEST(TlsClient, RefusesAServerOfAnotherAuthority) {
    const Vouched vouched("127.0.0.1");
    const Vouched other("127.0.0.1");
    auto peer = Peer::on_tcp({{{{"\r\n\r\n", ok}}}}, vouched.context);
    asio::io_context loop;
    Client client(loop.get_executor(), other.endpoint(peer.port()));
    const auto answer = await_result(loop, client.send({}, patience));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_EQ(peer.heard(0), "");
}

TEST(TlsClient, RefusesACertificateForAnotherAddress) {
    const Vouched vouched("192.0.2.1");
    auto peer = Peer::on_tcp({{{{"\r\n\r\n", ok}}}}, vouched.context);
    asio::io_context loop;
    Client client(loop.get_executor(), vouched.endpoint(peer.port()));
    EXPECT_FALSE(await_result(loop, client.send({}, patience)));
    EXPECT_EQ(peer.heard(0), "");
}

TEST(TlsClient, AnAuthorityThatCannotBeReadIsInvalid) {
    asio::io_context loop;
    Client client(loop.get_executor(), *Endpoint::parse("https://127.0.0.1:1", "no PEM"));
    const auto answer = await_result(loop, client.send({}, patience));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::invalid_argument);
    EXPECT_EQ(answer.error().field, "ca");
}

TEST(WebSocketClient, ARefusalCarriesItsStatus) {
    auto peer = Peer::on_tcp(
        {{{{"\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope"}}, false}});
    asio::io_context loop;
    Fields headers;
    headers.add("Authorization", "Bearer x");
    auto socket = await_result(loop, WebSocketClient::connect(loop.get_executor(), peer.endpoint(),
                                                              "/ws", headers, patience));
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, Errc::permission_denied);
    EXPECT_NE(peer.heard(0).find("Authorization: Bearer x\r\n"), std::string::npos);
}

TEST(WebSocketClient, ASilentServerIsATimeout) {
    auto peer = Peer::on_tcp({{{{"\r\n\r\n", ""}}}});
    asio::io_context loop;
    auto socket = await_result(
        loop, WebSocketClient::connect(loop.get_executor(), peer.endpoint(), "/ws", {}, 50ms));
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, Errc::timeout);
}

}  // namespace
}  // namespace muster::http
