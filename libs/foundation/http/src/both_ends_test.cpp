// Our client against our server.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "muster/http/client.hpp"
#include "raw_client.hpp"
#include "signal.hpp"

namespace muster::http {
namespace {

using testing::Certificates;
using testing::Harness;
using namespace std::chrono_literals;

constexpr std::chrono::seconds deadline{30};

asio::awaitable<Answer> echo(Request request) {
    Response response;
    response.headers.add("X-Connection-Is", request.secure ? "secure" : "plain");
    response.body = request.method + " " + request.body;
    co_return response;
}

asio::awaitable<Result<void>> count(BodyWriter* writer, int end) {
    for (int i = 0; i < end; ++i) {
        auto written = co_await writer->write(std::to_string(i) + "\n");
        if (!written) co_return written;
    }
    if (end == 3) co_return fail(Errc::unavailable, "broken off");
    co_return Result<void>{};
}

asio::awaitable<Answer> counting(Request request) {
    const int end = std::stoi(request.path_parameters["end"]);
    co_return StreamResponse{200, {}, [end](BodyWriter& writer) { return count(&writer, end); }};
}

asio::awaitable<void> echo_socket(Request request, std::shared_ptr<WebSocket> socket) {
    EXPECT_TRUE(socket->send(std::string(request.headers.find("Authorization").value_or("none"))));
    while (auto message = co_await socket->receive()) {
        if (message->data == "bye") break;
        EXPECT_TRUE(socket->send(std::move(message->data), message->binary));
    }
    socket->close(1008, "enough");
}

asio::awaitable<std::optional<Response>> guard(Request& request) {
    if (request.headers.find("Authorization") == "Bearer wrong") {
        co_return problem(Error{Errc::unauthenticated, "no such token", {}});
    }
    co_return std::nullopt;
}

Router both_router() {
    Router router;
    router.add("GET", "/echo", echo);
    router.add("POST", "/echo", echo);
    router.add("GET", "/count/{end}", counting);
    router.add_websocket("/socket", echo_socket);
    router.set_guard(guard);
    return router;
}

ClientRequest request(std::string method, std::string target, std::string body = {}) {
    ClientRequest out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.body = std::move(body);
    return out;
}

struct Pieces {
    int left = 20;
    asio::awaitable<Result<std::string>> next() {
        if (left-- == 0) co_return std::string();
        co_return std::string(10'000, 'p');
    }
};

asio::awaitable<void> talk(Harness* harness, Endpoint endpoint, std::string expected) {
    Client client(harness->context.get_executor(), std::move(endpoint));
    for (int i = 0; i < 20; ++i) {
        auto ask = request("POST", "/echo", std::to_string(i));
        const auto answer = co_await client.send(std::move(ask), deadline);
        EXPECT_TRUE(answer.has_value());
        if (!answer) co_return;
        EXPECT_EQ(answer->body, "POST " + std::to_string(i));
        EXPECT_EQ(answer->headers.find("X-Connection-Is"), expected);
    }
    EXPECT_EQ(harness->server->connections(), 1U) << "one connection for all of them";

    Pieces pieces;
    const BodySource source = [&pieces] { return pieces.next(); };
    auto upload = co_await client.upload(request("POST", "/echo"), source, deadline);
    EXPECT_TRUE(upload.has_value());
    std::size_t bytes = 0;
    while (true) {
        const auto piece = co_await (*upload)->read(deadline);
        if (!piece || piece->empty()) break;
        bytes += piece->size();
    }
    EXPECT_EQ(bytes, 5U + 200'000U);

    const auto whole = co_await client.send(request("GET", "/count/100"), deadline);
    EXPECT_TRUE(whole.has_value() && whole->body.ends_with("\n99\n"));
    const auto cut = co_await client.send(request("GET", "/count/3"), deadline);
    EXPECT_FALSE(cut.has_value());
    if (!cut) EXPECT_EQ(cut.error().code, Errc::unavailable);
}

Endpoint plain_end(const Harness& harness) {
    return *Endpoint::parse("http://127.0.0.1:" + std::to_string(harness.server->port()));
}

Endpoint secure_end(const Harness& harness, const Certificates& certificates) {
    auto out = *Endpoint::parse("https://127.0.0.1:" + std::to_string(harness.server->port()),
                                certificates.authority_pem);
    auto& tls = std::get<Endpoint::Tls>(out.at);
    tls.certificate_pem = certificates.client_certificate_pem;
    tls.private_key_pem = certificates.client_private_key_pem;
    return out;
}

TEST(BothEnds, TalkPlainly) {
    Harness harness;
    harness.open(both_router());
    harness.run(talk(&harness, plain_end(harness), "plain"));
}

TEST(BothEnds, TalkOverTlsWithACertificateOfTheClient) {
    const Certificates certificates = testing::make_certificates();
    TlsFiles files = certificates.server;
    files.client_ca_pem = certificates.authority_pem;
    Harness harness;
    harness.open(both_router(), {}, files);
    harness.run(talk(&harness, secure_end(harness, certificates), "secure"));
}

asio::awaitable<void> is_refused(Harness* harness, Endpoint endpoint) {
    Client client(harness->context.get_executor(), std::move(endpoint));
    const auto answer = co_await client.send(request("GET", "/echo"), deadline);
    EXPECT_FALSE(answer.has_value());
    if (!answer) EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST(BothEnds, DoNotTalkWithoutThatCertificate) {
    const Certificates certificates = testing::make_certificates();
    TlsFiles files = certificates.server;
    files.client_ca_pem = certificates.authority_pem;
    Harness harness;
    harness.open(both_router(), {}, files);
    Endpoint without = secure_end(harness, certificates);
    std::get<Endpoint::Tls>(without.at).certificate_pem.clear();
    std::get<Endpoint::Tls>(without.at).private_key_pem.clear();
    harness.run(is_refused(&harness, std::move(without)));
}

asio::awaitable<void> talk_by_socket(Harness* harness, Endpoint endpoint) {
    Fields headers;
    headers.add("Sec-WebSocket-Protocol", "muster, bearer.right");
    const auto executor = harness->context.get_executor();
    auto socket =
        co_await WebSocketClient::connect(executor, endpoint, "/socket", headers, deadline);
    EXPECT_TRUE(socket.has_value()) << (socket ? "" : socket.error().message);
    if (!socket) co_return;
    EXPECT_EQ(co_await (*socket)->receive(), Result<std::string>("Bearer right"));
    for (const std::size_t size : {0U, 1U, 70'000U}) {
        const std::string data(size, 'x');
        EXPECT_TRUE((co_await (*socket)->send(data)).has_value());
        EXPECT_EQ(co_await (*socket)->receive(), Result<std::string>(data));
    }
    EXPECT_TRUE((co_await (*socket)->send("bye")).has_value());
    const auto end = co_await (*socket)->receive();
    EXPECT_FALSE(end.has_value());
    if (!end) {
        EXPECT_EQ(end.error().code, Errc::cancelled);
        EXPECT_NE(end.error().message.find("1008"), std::string::npos) << end.error().message;
        EXPECT_NE(end.error().message.find("enough"), std::string::npos) << end.error().message;
    }
    Fields wrong;
    wrong.add("Authorization", "Bearer wrong");
    const auto refused =
        co_await WebSocketClient::connect(executor, endpoint, "/socket", wrong, deadline);
    EXPECT_FALSE(refused.has_value());
    if (!refused) {
        EXPECT_EQ(refused.error().code, Errc::unauthenticated);
        EXPECT_NE(refused.error().message.find("no such token"), std::string::npos);
    }
}

TEST(BothEnds, ShareAWebSocket) {
    Harness harness;
    harness.open(both_router());
    harness.run(talk_by_socket(&harness, plain_end(harness)));
}

TEST(BothEnds, ShareAWebSocketOverTls) {
    const Certificates certificates = testing::make_certificates();
    Harness harness;
    harness.open(both_router(), {}, certificates.server);
    harness.run(talk_by_socket(&harness, secure_end(harness, certificates)));
}

asio::awaitable<void> survives_idle_close(Harness* harness) {
    Client client(harness->context.get_executor(), plain_end(*harness));
    for (int i = 0; i < 3; ++i) {
        const auto answer = co_await client.send(request("GET", "/echo"), deadline);
        EXPECT_TRUE(answer.has_value());
        while (harness->server->connections() > 0) co_await harness->pause(2ms);
    }
}

TEST(BothEnds, GoOnAfterTheServerClosedAnIdleConnection) {
    Limits limits;
    limits.idle_deadline = 20ms;
    Harness harness;
    harness.open(both_router(), limits);
    harness.run(survives_idle_close(&harness));
}

}  // namespace
}  // namespace muster::http
