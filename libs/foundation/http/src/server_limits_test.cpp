// Deadlines, numbers of connections, and stopping.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "raw_client.hpp"
#include "signal.hpp"

namespace muster::http {
namespace {

using testing::Harness;
using testing::RawClient;
using testing::RawResponse;
using namespace std::chrono_literals;

asio::awaitable<Answer> hello(Request) {
    co_return Response{200, {}, "hello"};
}

Router hello_router() {
    Router router;
    router.add("GET", "/", hello);
    router.add("POST", "/", hello);
    return router;
}

// Sends the bytes and then nothing; says what came back until the server closed.
asio::awaitable<void> goes_quiet(Harness* harness, std::string bytes, std::string* got) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(bytes);
    *got = co_await client.read_to_end();
}

TEST(ServerDeadline, AHeadThatNeverEndsIs408) {
    Limits limits;
    limits.header_deadline = 50ms;
    for (const char* bytes : {"G", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "}) {
        Harness harness;
        harness.open(hello_router(), limits);
        std::string got;
        harness.run(goes_quiet(&harness, bytes, &got));
        EXPECT_TRUE(got.starts_with("HTTP/1.1 408 ")) << got;
    }
}

// Each line comes well within the deadline; all together never do.
asio::awaitable<void> drip(Harness* harness, std::shared_ptr<RawClient> client) {
    while (co_await client->send("X-Drip: 1\r\n")) co_await harness->pause(5ms);
}

asio::awaitable<void> drips(Harness* harness) {
    const auto client = std::make_shared<RawClient>(*harness);
    co_await client->connect();
    co_await client->send("GET / HTTP/1.1\r\nHost: x\r\n");
    asio::co_spawn(harness->context, drip(harness, client), asio::detached);
    EXPECT_EQ((co_await client->response()).status, 408);
    client->close();
}

TEST(ServerDeadline, DrippingFieldsDoesNotProlongIt) {
    Limits limits;
    limits.header_deadline = 100ms;
    limits.header_bytes_max = 1U << 20U;
    Harness harness;
    harness.open(hello_router(), limits);
    harness.run(drips(&harness));
}

TEST(ServerDeadline, ABodyThatNeverEndsIs408) {
    Limits limits;
    limits.body_deadline = 50ms;
    Harness harness;
    harness.open(hello_router(), limits);
    std::string got;
    harness.run(
        goes_quiet(&harness, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", &got));
    EXPECT_TRUE(got.starts_with("HTTP/1.1 408 ")) << got;
}

TEST(ServerDeadline, AConnectionThatSaysNothingIsClosed) {
    Limits limits;
    limits.header_deadline = 50ms;
    Harness harness;
    harness.open(hello_router(), limits);
    std::string got = "x";
    harness.run(goes_quiet(&harness, "", &got));
    EXPECT_EQ(got, "");
}

asio::awaitable<void> idles(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    EXPECT_EQ((co_await client.get("/")).body, "hello");
    EXPECT_EQ(co_await client.read_to_end(), "");
}

TEST(ServerDeadline, AnIdleConnectionIsClosedAfterItsTime) {
    Limits limits;
    limits.idle_deadline = 50ms;
    Harness harness;
    harness.open(hello_router(), limits);
    harness.run(idles(&harness));
}

asio::awaitable<Answer> big(Request) {
    co_return Response{200, {}, std::string(32U << 20U, 'x')};
}

asio::awaitable<void> never_reads(Harness* harness) {
    RawClient client(*harness);
    client.set_small_receive_buffer();
    co_await client.connect();
    co_await client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    while (harness->server->connections() == 0) co_await harness->pause(1ms);
    while (harness->server->connections() > 0) co_await harness->pause(5ms);
    const RawResponse response = co_await client.response();
    EXPECT_FALSE(response.complete);
}

TEST(ServerDeadline, AClientThatTakesNothingIsCutOff) {
    Router router;
    router.add("GET", "/big", big);
    Limits limits;
    limits.write_deadline = 100ms;
    Harness harness;
    harness.open(std::move(router), limits);
    harness.run(never_reads(&harness));
}

asio::awaitable<void> too_many(Harness* harness) {
    RawClient first(*harness);
    RawClient second(*harness);
    co_await first.connect();
    EXPECT_EQ((co_await first.get("/")).status, 200);
    co_await second.connect();
    EXPECT_EQ((co_await second.get("/")).status, 200);
    RawClient third(*harness);
    co_await third.connect();
    const RawResponse refused = co_await third.get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.find("Retry-After"), "1");
    EXPECT_EQ(refused.headers.find("Content-Type"), "application/problem+json");
    EXPECT_EQ(co_await third.read_to_end(), "");
    // A place becomes free again.
    first.close();
    while (harness->server->connections() > 1) co_await harness->pause(1ms);
    RawClient fourth(*harness);
    co_await fourth.connect();
    EXPECT_EQ((co_await fourth.get("/")).status, 200);
}

TEST(ServerLimits, ConnectionsOverTheNumberAreToldSo) {
    Limits limits;
    limits.connections_max = 2;
    Harness harness;
    harness.open(hello_router(), limits);
    harness.run(too_many(&harness));
}

TEST(ServerLimits, ConnectionsOfOneAddressAreCountedToo) {
    Limits limits;
    limits.connections_per_address_max = 2;
    Harness harness;
    harness.open(hello_router(), limits);
    harness.run(too_many(&harness));
}

// A handler that waits for the test.
struct Gate {
    explicit Gate(asio::any_io_executor executor) : entered(executor), opened(executor) {}
    Signal entered, opened;
    bool is_entered = false;
    bool is_open = false;
};

asio::awaitable<Answer> wait_at(Gate* gate) {
    gate->is_entered = true;
    gate->entered.notify();
    while (!gate->is_open) co_await gate->opened.wait();
    co_return Response{200, {}, "done"};
}

asio::awaitable<void> ask_at(RawClient* client, Gate* gate) {
    co_await client->send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!gate->is_entered) co_await gate->entered.wait();
}

asio::awaitable<void> open_later(Harness* harness, Gate* gate) {
    co_await harness->pause(20ms);
    gate->is_open = true;
    gate->opened.notify();
}

asio::awaitable<void> stops_gracefully(Harness* harness, Gate* gate) {
    RawClient idle(*harness);
    co_await idle.connect();
    EXPECT_EQ((co_await idle.get("/")).status, 200);
    RawClient busy(*harness);
    co_await busy.connect();
    co_await ask_at(&busy, gate);
    asio::co_spawn(harness->context, open_later(harness, gate), asio::detached);
    co_await harness->server->stop(30s);
    EXPECT_EQ(harness->server->connections(), 0U);
    EXPECT_EQ(co_await idle.read_to_end(), "");
    const RawResponse response = co_await busy.response();
    EXPECT_EQ(response.body, "done");
    EXPECT_EQ(response.headers.find("Connection"), "close");
    RawClient late(*harness);
    EXPECT_THROW(co_await late.connect(), boost::system::system_error);
}

TEST(ServerStop, LetsRunningRequestsEndAndClosesIdleConnections) {
    Harness harness;
    Gate gate(harness.context.get_executor());
    Router router = hello_router();
    router.add("GET", "/gate", [&gate](Request) { return wait_at(&gate); });
    harness.open(std::move(router));
    harness.run(stops_gracefully(&harness, &gate));
}

asio::awaitable<void> stops_hard(Harness* harness, Gate* gate) {
    RawClient busy(*harness);
    co_await busy.connect();
    co_await ask_at(&busy, gate);
    co_await harness->server->stop(10ms);
    EXPECT_EQ(harness->server->connections(), 0U);
    EXPECT_EQ(co_await busy.read_to_end(), "");
}

TEST(ServerStop, CutsAndCancelsWhatOutlivesTheGrace) {
    Harness harness;
    Gate gate(harness.context.get_executor());
    Router router;
    std::vector<std::string> faults;
    router.add("GET", "/gate", [&gate](Request) { return wait_at(&gate); });
    router.set_fault_sink(
        [&faults](const Request&, std::string_view what) { faults.emplace_back(what); });
    harness.open(std::move(router));
    harness.run(stops_hard(&harness, &gate));
    EXPECT_TRUE(faults.empty()) << "what we cancelled ourselves is no fault";
}

}  // namespace
}  // namespace muster::http
