#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "raw_client.hpp"
#include "signal.hpp"

namespace muster::http {
namespace {

using testing::Harness;
using testing::RawClient;
using testing::RawResponse;
using namespace std::chrono_literals;

using Body = std::function<asio::awaitable<Result<void>>(BodyWriter&)>;

Router streaming(Body body, Fields headers = {}) {
    Router router;
    router.add("GET", "/stream", [body, headers](Request) -> asio::awaitable<Answer> {
        // The coroutine touches its captures before it first suspends only.
        co_return StreamResponse{200, headers, body};
    });
    return router;
}

asio::awaitable<Result<void>> three_chunks(BodyWriter& writer) {
    for (const char* chunk : {"one,", "", "two,", "three"}) {
        auto written = co_await writer.write(chunk);
        if (!written) co_return written;
    }
    co_return Result<void>{};
}

asio::awaitable<void> reads_stream(Harness* harness, std::string head, RawResponse* response,
                                   bool* stays) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(head);
    *response = co_await client.response(head.starts_with("HEAD"));
    co_await client.send("GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
    *stays = (co_await client.response()).status == 404;
}

RawResponse stream_of(Body body, bool* stays, std::string version = "1.1", Fields headers = {},
                      std::string method = "GET") {
    Harness harness;
    harness.open(streaming(std::move(body), std::move(headers)));
    RawResponse response;
    harness.run(reads_stream(&harness, method + " /stream HTTP/" + version + "\r\nHost: x\r\n\r\n",
                             &response, stays));
    return response;
}

TEST(Stream, IsChunkedAndTheConnectionGoesOn) {
    bool stays = false;
    const RawResponse response = stream_of(three_chunks, &stays);
    EXPECT_EQ(response.headers.find("Transfer-Encoding"), "chunked");
    EXPECT_EQ(response.body, "one,two,three");
    EXPECT_TRUE(response.complete);
    EXPECT_TRUE(stays);
}

TEST(Stream, ForAnOldClientEndsWithTheConnection) {
    bool stays = true;
    const RawResponse response = stream_of(three_chunks, &stays, "1.0");
    EXPECT_FALSE(response.headers.find("Transfer-Encoding"));
    EXPECT_EQ(response.body, "one,two,three");
    EXPECT_FALSE(stays);
}

TEST(Stream, OfKnownLengthSaysSo) {
    Fields headers;
    headers.add("Content-Length", "13");
    bool stays = false;
    const RawResponse response = stream_of(three_chunks, &stays, "1.1", headers);
    EXPECT_EQ(response.headers.find("Content-Length"), "13");
    EXPECT_EQ(response.body, "one,two,three");
    EXPECT_TRUE(stays);
}

TEST(Stream, OfAnotherThanTheKnownLengthIsCut) {
    for (const char* length : {"5", "14"}) {
        Fields headers;
        headers.add("Content-Length", length);
        bool stays = true;
        const RawResponse response = stream_of(three_chunks, &stays, "1.1", headers);
        EXPECT_LT(response.body.size(), std::stoul(length));
        EXPECT_FALSE(response.complete);
        EXPECT_FALSE(stays);
    }
}

TEST(Stream, ToHeadHasNoBody) {
    bool stays = false;
    bool called = false;
    const Body body = [&called](BodyWriter& writer) {
        called = true;
        return three_chunks(writer);
    };
    const RawResponse response = stream_of(body, &stays, "1.1", {}, "HEAD");
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(called);
    EXPECT_TRUE(stays);
}

asio::awaitable<Result<void>> breaks(BodyWriter& writer) {
    co_await writer.write("half");
    co_return fail(Errc::unavailable, "the node is gone");
}

asio::awaitable<Result<void>> throws(BodyWriter& writer) {
    co_await writer.write("half");
    throw std::runtime_error("a fault");
}

TEST(Stream, ThatFailsIsCutWithoutItsLastChunk) {
    for (const Body& body : {Body(breaks), Body(throws)}) {
        bool stays = true;
        const RawResponse response = stream_of(body, &stays);
        EXPECT_EQ(response.body, "half");
        EXPECT_FALSE(response.complete);
        EXPECT_FALSE(stays);
    }
}

struct Seen {
    explicit Seen(asio::any_io_executor executor) : changed(executor) {}
    Signal changed;
    std::size_t written = 0;
    bool closed = false;
    bool failed = false;
};

asio::awaitable<Result<void>> writes_for_ever(Seen* seen, BodyWriter* writer) {
    const std::string chunk(64U << 10U, 'x');
    while (true) {
        const auto written = co_await writer->write(chunk);
        if (!written) {
            EXPECT_EQ(written.error().code, Errc::cancelled);
            seen->failed = true;
            seen->changed.notify();
            co_return written;
        }
        seen->written += chunk.size();
        seen->changed.notify();
    }
}

asio::awaitable<void> reads_nothing_then_leaves(Harness* harness, Seen* seen) {
    RawClient client(*harness);
    client.set_small_receive_buffer();
    co_await client.connect();
    co_await client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    std::size_t before = 1;
    while (seen->written == 0 || seen->written != before) {
        before = seen->written;
        co_await harness->pause(50ms);
    }
    EXPECT_LT(seen->written, 64U << 20U) << "the writer has to wait for the reader";
    client.close();
    while (!seen->failed) co_await seen->changed.wait();
}

TEST(Stream, WaitsForASlowReaderAndEndsWhenItLeaves) {
    Harness harness;
    Seen seen(harness.context.get_executor());
    harness.open(
        streaming([&seen](BodyWriter& writer) { return writes_for_ever(&seen, &writer); }));
    harness.run(reads_nothing_then_leaves(&harness, &seen));
}

asio::awaitable<Result<void>> waits_for_close(Seen* seen, BodyWriter* writer) {
    co_await writer->write("begin");
    seen->written = 5;
    seen->changed.notify();
    co_await writer->closed();
    seen->closed = true;
    seen->changed.notify();
    co_return fail(Errc::cancelled, "nobody listens");
}

asio::awaitable<void> leaves(Harness* harness, Seen* seen) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    while (seen->written == 0) co_await seen->changed.wait();
    EXPECT_FALSE(seen->closed);
    client.close();
    while (!seen->closed) co_await seen->changed.wait();
}

TEST(Stream, LearnsThatTheClientLeftWhileItWaits) {
    Harness harness;
    Seen seen(harness.context.get_executor());
    harness.open(
        streaming([&seen](BodyWriter& writer) { return waits_for_close(&seen, &writer); }));
    harness.run(leaves(&harness, &seen));
}

asio::awaitable<void> stop_meanwhile(Harness* harness, Seen* seen) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    while (seen->written == 0) co_await seen->changed.wait();
    co_await harness->server->stop(30s);
    EXPECT_TRUE(seen->closed);
    EXPECT_FALSE((co_await client.response()).complete);
}

TEST(Stream, LearnsThatTheServerStops) {
    Harness harness;
    Seen seen(harness.context.get_executor());
    harness.open(
        streaming([&seen](BodyWriter& writer) { return waits_for_close(&seen, &writer); }));
    harness.run(stop_meanwhile(&harness, &seen));
}

asio::awaitable<void> pipelines_behind(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const std::string request = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";
    co_await client.send(request + request);
    co_await client.send(request);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ((co_await client.response()).body, "one,two,three");
    }
}

TEST(Stream, KeepsRequestsThatComeMeanwhile) {
    Harness harness;
    harness.open(streaming(three_chunks));
    harness.run(pipelines_behind(&harness));
}

}  // namespace
}  // namespace muster::http
