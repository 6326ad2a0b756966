#include "muster/http/server.hpp"

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

// What a request was to the handler, as JSON.
asio::awaitable<Answer> echo(Request request) {
    nlohmann::json out{{"method", request.method},
                       {"path", request.path},
                       {"body", request.body},
                       {"route", request.route},
                       {"secure", request.secure},
                       {"address", request.remote_address},
                       {"query", nlohmann::json::array()},
                       {"parameters", request.path_parameters}};
    for (const auto& [name, value] : request.query) out["query"].push_back({name, value});
    Response response;
    response.headers.add("Content-Type", "application/json");
    response.body = out.dump();
    co_return response;
}

asio::awaitable<Answer> fails(Request) {
    throw std::runtime_error("secret detail");
    co_return Response{};
}

Router echo_router() {
    Router router;
    router.add("GET", "/echo", echo);
    router.add("POST", "/echo", echo);
    router.add("PUT", "/things/{id}/part/{part}", echo);
    router.add("GET", "/fails", fails);
    return router;
}

std::string problem_code(const RawResponse& response) {
    EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json");
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    EXPECT_EQ(body.value("status", 0), response.status);
    return body.value("code", "");
}

asio::awaitable<void> a_request_and_its_answer(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(
        "POST /echo?a=1&b=x%20y HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    const RawResponse response = co_await client.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.headers.find("Date"));
    EXPECT_EQ(response.headers.find("X-Content-Type-Options"), "nosniff");
    const auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(body["method"], "POST");
    EXPECT_EQ(body["path"], "/echo");
    EXPECT_EQ(body["body"], "hello");
    EXPECT_EQ(body["route"], "/echo");
    EXPECT_EQ(body["secure"], false);
    EXPECT_EQ(body["address"], "127.0.0.1");
    EXPECT_EQ(body["query"], nlohmann::json::parse(R"([["a","1"],["b","x y"]])"));
    // The same connection goes on.
    co_await client.send(
        "PUT /things/a%2Fb/part/%C3%A9 HTTP/1.1\r\nHost: x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    const auto second = nlohmann::json::parse((co_await client.response()).body);
    EXPECT_EQ(second["parameters"], (nlohmann::json{{"id", "a/b"}, {"part", "é"}}));
    EXPECT_EQ(second["route"], "/things/{id}/part/{part}");
    EXPECT_EQ(second["body"], "abcde");
}

TEST(Server, AnswersRequestsOnAConnectionThatStays) {
    Harness harness;
    harness.open(echo_router());
    harness.run(a_request_and_its_answer(&harness));
}

asio::awaitable<void> pipelined(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    std::string all;
    for (int i = 0; i < 50; ++i) {
        all += "POST /echo?n=" + std::to_string(i) +
               " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    }
    co_await client.send(all);
    for (int i = 0; i < 50; ++i) {
        const auto body = nlohmann::json::parse((co_await client.response()).body);
        EXPECT_EQ(body["query"][0][1], std::to_string(i));
        EXPECT_EQ(body["body"], "abc");
    }
}

TEST(Server, AnswersPipelinedRequestsInTheirOrder) {
    Harness harness;
    harness.open(echo_router());
    harness.run(pipelined(&harness));
}

asio::awaitable<void> byte_by_byte(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const std::string bytes = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    for (const char c : bytes) co_await client.send(std::string(1, c));
    const RawResponse response = co_await client.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(nlohmann::json::parse(response.body)["body"], "hello");
}

TEST(Server, ReadsARequestThatComesByteByByte) {
    Harness harness;
    harness.open(echo_router());
    harness.run(byte_by_byte(&harness));
}

asio::awaitable<void> methods(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse get = co_await client.get("/echo");
    co_await client.send("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawResponse head = co_await client.response(true);
    EXPECT_EQ(head.status, 200);
    // "HEAD" is one character longer than "GET" in the echo's body.
    EXPECT_EQ(std::stoul(std::string(*head.headers.find("Content-Length"))), get.body.size() + 1);
    co_await client.send("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawResponse options = co_await client.response();
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.headers.find("Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_FALSE(options.headers.find("Content-Length"));
    co_await client.send("DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawResponse refused = co_await client.response();
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.find("Allow"), "GET, HEAD, OPTIONS, POST");
    problem_code(refused);
    co_await client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ((co_await client.response()).status, 204);
    const RawResponse unknown = co_await client.get("/nowhere");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(problem_code(unknown), "not_found");
}

TEST(Server, DerivesHeadOptionsAndAllowFromTheRoutes) {
    Harness harness;
    harness.open(echo_router());
    harness.run(methods(&harness));
}

asio::awaitable<void> bad_paths(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    for (const char* path : {"/echo%", "/echo%zz", "/%ff", "/%00", "/echo?a=%", "/echo?a=%c3"}) {
        const RawResponse response = co_await client.get(path);
        EXPECT_EQ(response.status, 400) << path;
        EXPECT_EQ(problem_code(response), "invalid_argument") << path;
    }
    EXPECT_EQ((co_await client.get("/echo")).status, 200) << "the connection goes on";
}

TEST(Server, RefusesPathsThatAreNoText) {
    Harness harness;
    harness.open(echo_router());
    harness.run(bad_paths(&harness));
}

asio::awaitable<void> refused(Harness* harness, std::string bytes, int status) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(bytes);
    const RawResponse response = co_await client.response();
    EXPECT_EQ(response.status, status) << bytes.substr(0, 100);
    EXPECT_EQ(response.headers.find("Connection"), "close");
    problem_code(response);
    EXPECT_EQ(co_await client.read_to_end(), "") << "nothing follows a refusal";
}

TEST(Server, RefusesWhatIsNoRequestAndCloses) {
    const std::string host = "Host: x\r\n";
    const std::string next = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::vector<std::pair<std::string, int>> cases{
        {"nonsense\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n", 400},
        {"GET /echo HTTP/1.1\r\n\r\n", 400},
        {"GET /echo HTTP/1.1\r\n" + host + host + "\r\n", 400},
        {"GET /echo HTTP/3.0\r\n" + host + "\r\n", 505},
        {"GET /echo HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n", 417},
        {"GET /echo HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
         400},
        {"POST /echo HTTP/1.1\r\n" + host +
             "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next,
         400},
        {"POST /echo HTTP/1.1\r\n" + host +
             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + next,
         400},
        {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n" + next, 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n" + next, 400},
        {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
    };
    for (const auto& [bytes, status] : cases) {
        Harness harness;
        harness.open(echo_router());
        harness.run(refused(&harness, bytes, status));
    }
}

TEST(Server, RefusesWhatIsTooLarge) {
    Limits limits;
    limits.header_bytes_max = 1000;
    limits.body_bytes_max = 2000;
    const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    const std::vector<std::pair<std::string, int>> cases{
        {"GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(5000, 'a') + "\r\n\r\n", 431},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(5000, 'a'), 431},
        {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
        {post + "Content-Length: 2001\r\n\r\n", 413},
        {post + "Content-Length: 2001\r\nExpect: 100-continue\r\n\r\n", 413},
        {post + "Content-Length: 300000\r\n\r\n" + std::string(300000, 'b'), 413},
        {post + "Transfer-Encoding: chunked\r\n\r\n7d1\r\n" + std::string(2001, 'b') +
             "\r\n0\r\n\r\n",
         413},
    };
    for (const auto& [bytes, status] : cases) {
        Harness harness;
        harness.open(echo_router(), limits);
        harness.run(refused(&harness, bytes, status));
    }
}

asio::awaitable<void> expects_continue(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ((co_await client.response()).status, 100);
    co_await client.send("ok");
    EXPECT_EQ(nlohmann::json::parse((co_await client.response()).body)["body"], "ok");
}

TEST(Server, SaysContinueToWhoWaitsForIt) {
    Harness harness;
    harness.open(echo_router());
    harness.run(expects_continue(&harness));
}

asio::awaitable<void> old_clients(Harness* harness) {
    RawClient once(*harness);
    co_await once.connect();
    co_await once.send("GET /echo HTTP/1.0\r\n\r\n");
    const RawResponse response = co_await once.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.find("Connection"), "close");
    EXPECT_EQ(co_await once.read_to_end(), "");

    RawClient closes(*harness);
    co_await closes.connect();
    EXPECT_EQ((co_await closes.get("/echo", "Connection: close\r\n")).status, 200);
    EXPECT_EQ(co_await closes.read_to_end(), "");
}

TEST(Server, ClosesWhenTheClientWantsThat) {
    Harness harness;
    harness.open(echo_router());
    harness.run(old_clients(&harness));
}

asio::awaitable<Answer> smuggled(Request request) {
    co_return Response{200, {}, request.headers.find("Authorization") ? "smuggled" : "clean"};
}

asio::awaitable<void> sends_trailers(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    co_await client.send(
        "POST /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
    EXPECT_EQ((co_await client.response()).body, "clean");
}

TEST(Server, TrailersAreNoHeaders) {
    Router router;
    router.add("POST", "/headers", smuggled);
    Harness harness;
    harness.open(std::move(router));
    harness.run(sends_trailers(&harness));
}

asio::awaitable<void> cut_short(Harness* harness) {
    for (const char* bytes : {"", "GET /ec", "GET /echo HTTP/1.1\r\nHost: x\r\n",
                              "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"}) {
        RawClient client(*harness);
        co_await client.connect();
        co_await client.send(bytes);
        client.shut_write();
        EXPECT_EQ(co_await client.read_to_end(), "") << bytes;
    }
}

TEST(Server, AnswersNothingToARequestThatIsCutShort) {
    Harness harness;
    harness.open(echo_router());
    harness.run(cut_short(&harness));
}

asio::awaitable<void> faults(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse response = co_await client.get("/fails");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(problem_code(response), "internal");
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
    EXPECT_EQ((co_await client.get("/echo")).status, 200) << "the server goes on";
}

TEST(Server, ReportsAHandlersExceptionAndGoesOn) {
    std::vector<std::string> reported;
    Router router = echo_router();
    router.set_fault_sink([&reported](const Request& request, std::string_view what) {
        reported.push_back(request.route + ": " + std::string(what));
    });
    Harness harness;
    harness.open(std::move(router));
    harness.run(faults(&harness));
    EXPECT_EQ(reported, std::vector<std::string>{"/fails: secret detail"});
}

asio::awaitable<std::optional<Response>> only_alice(Request& request) {
    if (request.headers.find("Authorization") != "Bearer alice") {
        co_return problem(Error{Errc::unauthenticated, "who are you?", {}});
    }
    request.headers.set("X-Who", request.route);
    co_return std::nullopt;
}

asio::awaitable<Answer> who(Request request) {
    co_return Response{200, {}, std::string(request.headers.find("X-Who").value_or(""))};
}

asio::awaitable<void> guarded(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse refused = co_await client.get("/who/1");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(problem_code(refused), "unauthenticated");
    const RawResponse granted = co_await client.get("/who/1", "Authorization: Bearer alice\r\n");
    EXPECT_EQ(granted.body, "/who/{id}");
}

TEST(Server, AsksTheGuardAfterRoutingAndBeforeTheHandler) {
    struct Seen {
        std::string route;
        int status;
    };
    std::vector<Seen> seen;
    Router router;
    router.add("GET", "/who/{id}", who);
    router.set_guard(only_alice);
    router.set_observer([&seen](const Request& request, int status, std::chrono::microseconds) {
        seen.push_back({request.route, status});
    });
    Harness harness;
    harness.open(std::move(router));
    harness.run(guarded(&harness));
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].route, "/who/{id}");
    EXPECT_EQ(seen[0].status, 401);
    EXPECT_EQ(seen[1].status, 200);
}

TEST(Server, TheObserverSeesRefusalsToo) {
    std::vector<int> seen;
    Router router = echo_router();
    router.set_observer([&seen](const Request& request, int status, std::chrono::microseconds) {
        EXPECT_EQ(request.path, status == 413 ? "/echo" : "");
        seen.push_back(status);
    });
    Limits limits;
    limits.body_bytes_max = 10;
    Harness harness;
    harness.open(std::move(router), limits);
    harness.run(
        refused(&harness, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n", 413));
    EXPECT_EQ(seen, std::vector<int>{413});
}

asio::awaitable<Answer> injects(Request request) {
    Response response;
    response.headers.add("X-Echo", request.query_one("v").value_or(""));
    response.headers.add("bad name", "x");
    response.headers.add("Content-Length", "99999");
    response.body = "ok";
    co_return response;
}

asio::awaitable<void> no_injection(Harness* harness) {
    RawClient client(*harness);
    co_await client.connect();
    const RawResponse response = co_await client.get("/injects?v=a%0D%0ASet-Cookie:%20b");
    EXPECT_EQ(response.headers.find("X-Echo"), "a  Set-Cookie: b");
    EXPECT_FALSE(response.headers.find("Set-Cookie"));
    EXPECT_FALSE(response.headers.find("bad name"));
    EXPECT_EQ(response.body, "ok");
}

TEST(Server, AFieldsValueCannotMakeAnotherField) {
    Router router;
    router.add("GET", "/injects", injects);
    Harness harness;
    harness.open(std::move(router));
    harness.run(no_injection(&harness));
}

TEST(Server, SaysWhichAddressIsTaken) {
    asio::io_context context;
    auto first = Server::open(context.get_executor(), {}, Router());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ((*first)->host(), "127.0.0.1");
    Server::Options options;
    options.port = (*first)->port();
    const auto second = Server::open(context.get_executor(), options, Router());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::unavailable);
    EXPECT_NE(second.error().message.find("127.0.0.1:" + std::to_string(options.port)),
              std::string::npos);
    options.host = "no.such.host";
    EXPECT_EQ(Server::open(context.get_executor(), options, Router()).error().code,
              Errc::invalid_argument);
}

}  // namespace
}  // namespace muster::http
