#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include "raw_client.hpp"
#include "signal.hpp"

namespace muster::http {
namespace {

using testing::Harness;
using testing::RawClient;
using testing::RawResponse;
using namespace std::chrono_literals;

asio::awaitable<void> echo(Request, std::shared_ptr<WebSocket> socket) {
    while (true) {
        auto message = co_await socket->receive();
        if (!message) break;
        const auto sent = socket->send(std::move(message->data), message->binary);
        EXPECT_TRUE(sent.has_value());
    }
}

Router echo_router() {
    Router router;
    router.add_websocket("/echo/{id}", echo);
    return router;
}

asio::awaitable<void> talks(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse accepted = co_await client.upgrade("/echo/1");
    EXPECT_EQ(accepted.status, 101);
    // The value that RFC 6455 §1.3 gives for this key.
    EXPECT_EQ(accepted.headers.find("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_FALSE(accepted.headers.find("Sec-WebSocket-Protocol"));
    EXPECT_FALSE(accepted.headers.find("Sec-WebSocket-Extensions"));
    for (const std::size_t size : {0U, 5U, 125U, 126U, 65535U, 65536U, 300'000U}) {
        const std::string data(size, 'y');
        co_await client.send_frame(2, data);
        const auto frame = co_await client.frame();
        EXPECT_EQ(frame.opcode, 2);
        EXPECT_TRUE(frame.final);
        EXPECT_EQ(frame.payload == data, true) << size;
    }
    co_await client.send_frame(1, "gr\xc3", false);
    co_await client.send_frame(9, "ping within");
    co_await client.send_frame(0, "\xbc\xc3\x9f", true);
    const auto pong = co_await client.frame();
    EXPECT_EQ(pong.opcode, 10);
    EXPECT_EQ(pong.payload, "ping within");
    const auto text = co_await client.frame();
    EXPECT_EQ(text.opcode, 1);
    EXPECT_EQ(text.payload, "grüß");
    co_await client.send_frame(8, "\x03\xe8");
    EXPECT_EQ((co_await client.frame()).close_code(), 1000U);
    EXPECT_EQ(co_await client.read_to_end(), "");
}

TEST(WebSocket, CarriesMessagesOfEverySizeBothWays) {
    Harness harness;
    std::vector<int> seen;
    Router router = echo_router();
    router.set_observer([&seen](const Request& request, int status, std::chrono::microseconds) {
        EXPECT_EQ(request.route, "/echo/{id}");
        seen.push_back(status);
    });
    harness.open(std::move(router));
    harness.run(talks(&harness));
    EXPECT_EQ(seen, std::vector<int>{101});
}

asio::awaitable<void> refused(Harness* harness, std::string path, std::string fields, int status) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse response = co_await client.get(path, fields);
    EXPECT_EQ(response.status, status) << fields;
    EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json");
    EXPECT_EQ(nlohmann::json::parse(response.body)["status"], status);
}

asio::awaitable<std::optional<Response>> refuse_all(Request&) {
    co_return problem(Error{Errc::permission_denied, "no", {}});
}

TEST(WebSocket, IsRefusedWithAProblem) {
    const std::string good =
        "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::string old =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::string no_key =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    struct Case {
        std::string path, fields;
        bool guarded;
        int status;
    };
    for (const Case& one : {Case{"/none", good, false, 404}, Case{"/echo/1", good, true, 403},
                            Case{"/echo/1", old, false, 426}, Case{"/echo/1", no_key, false, 400},
                            Case{"/echo/1", no_key + "Sec-WebSocket-Key: short\r\n", false, 400},
                            Case{"/echo/1", good + "Content-Length: 1\r\n\r\nx", false, 400},
                            Case{"/echo/%ff", good, false, 400}, Case{"/echo/1", "", false, 426}}) {
        Router router = echo_router();
        if (one.guarded) router.set_guard(refuse_all);
        Harness harness;
        harness.open(std::move(router));
        harness.run(refused(&harness, one.path, one.fields, one.status));
    }
}

asio::awaitable<std::optional<Response>> only_alice(Request& request) {
    EXPECT_EQ(request.path_parameters["id"], "7");
    EXPECT_EQ(request.headers.find("Sec-WebSocket-Protocol"), "muster") << "without the secret";
    if (request.headers.find("Authorization") == "Bearer al.ice") co_return std::nullopt;
    co_return problem(Error{Errc::unauthenticated, "who are you?", {}});
}

asio::awaitable<void> offers(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse accepted =
        co_await client.upgrade("/echo/7", "Sec-WebSocket-Protocol: muster, bearer.al.ice\r\n");
    EXPECT_EQ(accepted.status, 101);
    EXPECT_EQ(accepted.headers.find("Sec-WebSocket-Protocol"), "muster");
    RawClient wrong(*harness);
    co_await wrong.connect();
    EXPECT_EQ((co_await wrong.upgrade("/echo/7", "Sec-WebSocket-Protocol: muster, bearer.bob\r\n"))
                  .status,
              401);
}

TEST(WebSocket, TakesTheBearerOutOfTheOfferedSubprotocols) {
    Router router = echo_router();
    router.set_guard(only_alice);
    Harness harness;
    harness.open(std::move(router));
    harness.run(offers(&harness));
}

asio::awaitable<void> violates(Harness* harness, int opcode, std::string payload, unsigned code) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/echo/1")).status, 101);
    co_await client.send_frame(opcode, payload);
    EXPECT_EQ((co_await client.frame()).close_code(), code);
    co_await client.read_to_end();
}

TEST(WebSocket, ClosesOnWhatTheProtocolForbids) {
    struct Case {
        int opcode;
        std::string payload;
        unsigned code;
    };
    Limits limits;
    limits.websocket_message_bytes_max = 1000;
    for (const Case& one : {Case{1, "\xff\xfe", 1007}, Case{2, std::string(1001, 'x'), 1009},
                            Case{5, "x", 1002}, Case{0, "x", 1002}}) {
        Harness harness;
        harness.open(echo_router(), limits);
        harness.run(violates(&harness, one.opcode, one.payload, one.code));
    }
}

asio::awaitable<void> early(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    // The first frame comes in one piece with the request.
    co_await client.send(
        "GET /echo/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        std::string("\x81\x82\0\0\0\0hi", 8));
    EXPECT_EQ((co_await client.response()).status, 101);
    EXPECT_EQ((co_await client.frame()).payload, "hi");
}

TEST(WebSocket, LosesNothingThatCameWithTheUpgrade) {
    Harness harness;
    harness.open(echo_router());
    harness.run(early(&harness));
}

struct Flood {
    std::size_t sent = 0;
    std::optional<Error> error;
};

asio::awaitable<void> flood(Flood* flood, asio::io_context* context,
                            std::shared_ptr<WebSocket> socket) {
    const std::string data(10'000, 'x');
    while (!flood->error) {
        if (auto sent = socket->send(data); !sent) {
            flood->error = sent.error();
        } else {
            ++flood->sent;
        }
        asio::steady_timer timer(*context, 0ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(socket->send("more").error().code, Errc::cancelled);
}

asio::awaitable<void> reads_late(Harness* harness, Flood* flood) {
    RawClient client(*harness);
    client.set_small_receive_buffer();
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/flood")).status, 101);
    while (!flood->error) co_await harness->pause(1ms);
    EXPECT_EQ(flood->error->code, Errc::exhausted);
    std::size_t messages = 0;
    auto frame = co_await client.frame();
    for (; frame.opcode == 1; frame = co_await client.frame()) ++messages;
    EXPECT_EQ(frame.close_code(), 1013U);
    EXPECT_LT(messages, flood->sent) << "what was queued is not sent any more";
}

TEST(WebSocket, CutsOffAReaderThatIsTooSlow) {
    Harness harness;
    Flood state;
    Router router;
    router.add_websocket("/flood", [&](Request, std::shared_ptr<WebSocket> socket) {
        return flood(&state, &harness.context, std::move(socket));
    });
    Limits limits;
    limits.websocket_queue_bytes_max = 100'000;
    harness.open(std::move(router), limits);
    harness.run(reads_late(&harness, &state));
}

asio::awaitable<void> ignores_pings(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/echo/1")).status, 101);
    EXPECT_EQ((co_await client.frame()).opcode, 9);
    co_await client.read_to_end();
}

TEST(WebSocket, ClosesWhenNobodyAnswersItsPings) {
    Limits limits;
    limits.websocket_ping = 50ms;
    Harness harness;
    harness.open(echo_router(), limits);
    harness.run(ignores_pings(&harness));
}

asio::awaitable<void> answers_pings(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/echo/1")).status, 101);
    for (int i = 0; i < 3; ++i) {
        const auto ping = co_await client.frame();
        EXPECT_EQ(ping.opcode, 9);
        if (ping.opcode != 9) co_return;
        co_await client.send_frame(10, ping.payload);
    }
    co_await client.send_frame(1, "still here");
    auto frame = co_await client.frame();
    while (frame.opcode == 9) frame = co_await client.frame();
    EXPECT_EQ(frame.payload, "still here");
}

TEST(WebSocket, StaysOpenForWhoAnswersItsPings) {
    Limits limits;
    limits.websocket_ping = 80ms;
    Harness harness;
    harness.open(echo_router(), limits);
    harness.run(answers_pings(&harness));
}

asio::awaitable<void> returns_at_once(Request, std::shared_ptr<WebSocket> socket) {
    EXPECT_TRUE(socket->send("bye").has_value());
    co_return;
}

asio::awaitable<void> throws_at_once(Request, std::shared_ptr<WebSocket>) {
    throw std::runtime_error("a fault");
    co_return;
}

asio::awaitable<void> closes_itself(Request, std::shared_ptr<WebSocket> socket) {
    socket->close(1008, "not for you");
    EXPECT_EQ((co_await socket->receive()).error().code, Errc::cancelled);
    EXPECT_EQ(socket->send("x").error().code, Errc::cancelled);
}

asio::awaitable<void> sees_end(Harness* harness, std::vector<std::string>* texts, unsigned* code) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/end")).status, 101);
    auto frame = co_await client.frame();
    for (; frame.opcode == 1; frame = co_await client.frame()) texts->push_back(frame.payload);
    *code = frame.close_code();
    co_await client.send_frame(8, frame.payload);
    EXPECT_EQ(co_await client.read_to_end(), "");
}

TEST(WebSocket, EndsWithItsHandlerAndSaysWhy) {
    struct Case {
        WebSocketHandler handler;
        std::vector<std::string> texts;
        unsigned code;
    };
    for (const Case& one : {Case{returns_at_once, {"bye"}, 1000}, Case{throws_at_once, {}, 1011},
                            Case{closes_itself, {}, 1008}}) {
        std::vector<std::string> faults;
        Router router;
        router.add_websocket("/end", one.handler);
        router.set_fault_sink(
            [&faults](const Request&, std::string_view what) { faults.emplace_back(what); });
        Harness harness;
        harness.open(std::move(router));
        std::vector<std::string> texts;
        unsigned code = 0;
        harness.run(sees_end(&harness, &texts, &code));
        EXPECT_EQ(texts, one.texts);
        EXPECT_EQ(code, one.code);
        EXPECT_EQ(faults.size(), one.code == 1011 ? 1U : 0U);
    }
}

asio::awaitable<void> server_stops(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/echo/1")).status, 101);
    co_await client.send_frame(1, "x");
    EXPECT_EQ((co_await client.frame()).payload, "x");
    // A client that never answers the close frame holds nothing up beyond the grace.
    co_await harness->server->stop(20ms);
    EXPECT_EQ(harness->server->connections(), 0U);
    EXPECT_EQ((co_await client.frame()).close_code(), 1001U);
}

TEST(WebSocket, IsToldThatTheServerStops) {
    Harness harness;
    harness.open(echo_router());
    harness.run(server_stops(&harness));
}

asio::awaitable<void> leaves(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.upgrade("/echo/1")).status, 101);
    client.close();
    while (harness->server->connections() > 0) co_await harness->pause(1ms);
}

TEST(WebSocket, EndsItsHandlerWhenThePeerIsGone) {
    Harness harness;
    harness.open(echo_router());
    harness.run(leaves(&harness));
}

}  // namespace
}  // namespace muster::http
