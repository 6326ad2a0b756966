#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "raw_client.hpp"

namespace muster::http {
namespace {

using testing::Certificates;
using testing::Harness;
using testing::RawClient;
using testing::RawResponse;

const Certificates& certificates() {
    static const Certificates made = testing::make_certificates();
    return made;
}

asio::awaitable<Answer> is_secure(Request request) {
    co_return Response{200, {}, request.secure ? "secure" : "plain"};
}

asio::awaitable<void> echo(Request, std::shared_ptr<WebSocket> socket) {
    while (auto message = co_await socket->receive()) {
        EXPECT_TRUE(socket->send(std::move(message->data)).has_value());
    }
}

asio::awaitable<Answer> big(Request) {
    co_return Response{200, {}, std::string(3'000'000, 'x')};
}

Router secure_router() {
    Router router;
    router.add("GET", "/", is_secure);
    router.add("GET", "/big", big);
    router.add_websocket("/echo", echo);
    return router;
}

asio::awaitable<void> talks(Harness* harness, RawClient::Tls tls) {
    RawClient client(*harness);
    EXPECT_TRUE(co_await client.connect_tls(tls));
    EXPECT_EQ(client.chosen_alpn(), tls.alpn);
    EXPECT_EQ((co_await client.get("/")).body, "secure");
    EXPECT_EQ((co_await client.get("/big")).body.size(), 3'000'000U);
    EXPECT_EQ((co_await client.get("/", "Connection: close\r\n")).body, "secure");
    EXPECT_EQ(co_await client.read_to_end(), "");
    RawClient socket(*harness);
    EXPECT_TRUE(co_await socket.connect_tls(tls));
    EXPECT_EQ((co_await socket.upgrade("/echo")).status, 101);
    const std::string data(200'000, 'z');
    co_await socket.send_frame(1, data);
    EXPECT_TRUE((co_await socket.frame()).payload == data);
    co_await socket.send_frame(8, "\x03\xe8");
    EXPECT_EQ((co_await socket.frame()).close_code(), 1000U);
}

TEST(ServerTls, SpeaksHttpAndWebSocketsOverTls) {
    Harness harness;
    harness.open(secure_router(), {}, certificates().server);
    RawClient::Tls tls;
    tls.ca_pem = certificates().authority_pem;
    tls.alpn = "http/1.1";
    harness.run(talks(&harness, tls));
}

asio::awaitable<void> handshake_fails(Harness* harness, RawClient::Tls tls) {
    RawClient client(*harness);
    // With TLS 1.3 the client learns of the refusal only when it reads.
    const bool shaken = co_await client.connect_tls(tls);
    if (shaken) {
        co_await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ((co_await client.response()).status, 0);
    }
}

TEST(ServerTls, RefusesWhatIsOlderThan12) {
    Harness harness;
    harness.open(secure_router(), {}, certificates().server);
    RawClient::Tls tls;
    tls.ca_pem = certificates().authority_pem;
    tls.version_max = TLS1_1_VERSION;
    harness.run(handshake_fails(&harness, tls));
}

TEST(ServerTls, TwelveIsSpoken) {
    Harness harness;
    harness.open(secure_router(), {}, certificates().server);
    RawClient::Tls tls;
    tls.ca_pem = certificates().authority_pem;
    tls.version_max = TLS1_2_VERSION;
    harness.run(talks(&harness, tls));
}

TEST(ServerTls, WantsACertificateOfTheGivenAuthorityWhenOneIsGiven) {
    TlsFiles files = certificates().server;
    files.client_ca_pem = certificates().authority_pem;
    RawClient::Tls tls;
    tls.ca_pem = certificates().authority_pem;
    {
        Harness harness;
        harness.open(secure_router(), {}, files);
        harness.run(handshake_fails(&harness, tls));
    }
    const Certificates others = testing::make_certificates();
    tls.certificate_pem = others.client_certificate_pem;
    tls.private_key_pem = others.client_private_key_pem;
    {
        Harness harness;
        harness.open(secure_router(), {}, files);
        harness.run(handshake_fails(&harness, tls));
    }
    tls.certificate_pem = certificates().client_certificate_pem;
    tls.private_key_pem = certificates().client_private_key_pem;
    Harness harness;
    harness.open(secure_router(), {}, files);
    harness.run(talks(&harness, tls));
}

asio::awaitable<void> speaks_plainly(Harness* harness, std::string* got) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    *got = co_await client.read_to_end();
}

TEST(ServerTls, APlainClientGetsNoAnswer) {
    Harness harness;
    harness.open(secure_router(), {}, certificates().server);
    std::string got;
    harness.run(speaks_plainly(&harness, &got));
    EXPECT_EQ(got.find("HTTP/1.1 200"), std::string::npos);
}

asio::awaitable<void> says_nothing(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.read_to_end();
}

TEST(ServerTls, AHandshakeThatNeverBeginsIsCutOff) {
    Limits limits;
    limits.header_deadline = std::chrono::milliseconds(50);
    Harness harness;
    harness.open(secure_router(), limits, certificates().server);
    harness.run(says_nothing(&harness));
}

TEST(ServerTls, SaysWhatIsWrongWithCertificateOrKey) {
    asio::io_context context;
    const auto field_of = [&context](TlsFiles files) {
        Server::Options options;
        options.tls = std::move(files);
        const auto server = Server::open(context.get_executor(), std::move(options), Router());
        EXPECT_FALSE(server.has_value());
        EXPECT_EQ(server.error().code, Errc::invalid_argument);
        EXPECT_EQ(server.error().message.find("PRIVATE"), std::string::npos);
        return server.error().field;
    };
    TlsFiles files = certificates().server;
    files.certificate_chain_pem = "nonsense";
    EXPECT_EQ(field_of(files), "tls.certificate");
    files = certificates().server;
    files.private_key_pem = "nonsense";
    EXPECT_EQ(field_of(files), "tls.key");
    files.private_key_pem = certificates().client_private_key_pem;
    EXPECT_EQ(field_of(files), "tls.key");
    files = certificates().server;
    files.client_ca_pem = "nonsense";
    EXPECT_EQ(field_of(files), "tls.client_ca");
}

}  // namespace
}  // namespace muster::http
