#include "router.hpp"

#include <gtest/gtest.h>

#include "muster/http/url.hpp"

namespace muster::http {
namespace {

asio::awaitable<Answer> nothing(Request) {
    co_return Response{};
}
asio::awaitable<void> no_socket(Request, std::shared_ptr<WebSocket>) {
    co_return;
}

Router make(std::initializer_list<std::pair<const char*, const char*>> routes) {
    Router router;
    for (const auto& [method, pattern] : routes) {
        if (std::string_view(method) == "WS") {
            router.add_websocket(pattern, no_socket);
        } else {
            router.add(method, pattern, nothing);
        }
    }
    return router;
}

std::string found(const Router& router, std::string_view method, std::string_view target) {
    const Match match = http::match(router.state(), method, parse_target(target)->segments);
    return match.route == nullptr ? "-" : match.route->pattern;
}

TEST(Router, FindsThePatternThatFits) {
    const Router router = make({{"GET", "/"},
                                {"GET", "/a"},
                                {"GET", "/a/{id}"},
                                {"GET", "/a/{id}/b"},
                                {"GET", "/files/{path*}"}});
    EXPECT_EQ(found(router, "GET", "/"), "/");
    EXPECT_EQ(found(router, "GET", "/a"), "/a");
    EXPECT_EQ(found(router, "GET", "/a/1?x=y"), "/a/{id}");
    EXPECT_EQ(found(router, "GET", "/a/1%2F2"), "/a/{id}");
    EXPECT_EQ(found(router, "GET", "/a/1/b"), "/a/{id}/b");
    EXPECT_EQ(found(router, "GET", "/files/x/y/z"), "/files/{path*}");
    for (const char* target : {"/b", "/a/", "/a/1/c", "/a/1/b/", "//a", "/A", "/files"}) {
        EXPECT_EQ(found(router, "GET", target), "-") << target;
    }
}

TEST(Router, ALiteralWinsOverAParameterWhateverCameFirst) {
    for (const Router& router :
         {make({{"GET", "/a/{id}"}, {"GET", "/a/list"}, {"GET", "/{any*}"}}),
          make({{"GET", "/{any*}"}, {"GET", "/a/list"}, {"GET", "/a/{id}"}})}) {
        EXPECT_EQ(found(router, "GET", "/a/list"), "/a/list");
        EXPECT_EQ(found(router, "GET", "/a/other"), "/a/{id}");
        EXPECT_EQ(found(router, "GET", "/b/other"), "/{any*}");
    }
}

TEST(Router, AMoreGeneralRouteMayHaveTheMethod) {
    const Router router = make({{"GET", "/a/list"}, {"POST", "/a/{id}"}});
    EXPECT_EQ(found(router, "POST", "/a/list"), "/a/{id}");
    EXPECT_EQ(found(router, "HEAD", "/a/list"), "/a/list");
    EXPECT_EQ(found(router, "HEAD", "/a/other"), "-");
    const Match match =
        http::match(router.state(), "DELETE", std::vector<std::string>{"a", "list"});
    EXPECT_EQ(allow_of(match), "GET, HEAD, OPTIONS, POST");
}

TEST(Router, ParametersAreTheDecodedSegments) {
    const Router router = make({{"GET", "/a/{id}/{rest*}"}});
    const auto segments = parse_target("/a/x%20y/b/c%2Fd/")->segments;
    const Match match = http::match(router.state(), "GET", segments);
    ASSERT_NE(match.route, nullptr);
    const std::map<std::string, std::string> expected{{"id", "x y"}, {"rest", "b/c/d/"}};
    EXPECT_EQ(parameters_of(*match.route, segments), expected);
}

TEST(Router, WebSocketsHaveTheirOwnTable) {
    const Router router = make({{"WS", "/a/{id}"}, {"GET", "/a/{id}"}, {"WS", "/b"}});
    const std::vector<std::string> a{"a", "1"};
    const std::vector<std::string> b{"b"};
    EXPECT_EQ(match_websocket(router.state(), a)->pattern, "/a/{id}");
    EXPECT_FALSE(http::match(router.state(), "POST", a).websocket_only);
    EXPECT_TRUE(http::match(router.state(), "GET", b).websocket_only);
    EXPECT_EQ(match_websocket(router.state(), std::vector<std::string>{"c"}), nullptr);
}

TEST(RouterDeathTest, TwoHandlersForOneRouteAreABug) {
    EXPECT_DEATH(make({{"GET", "/a"}, {"GET", "/a"}}), "router");
    EXPECT_DEATH(make({{"GET", "a"}}), "router");
    EXPECT_DEATH(make({{"GET", "/{rest*}/a"}}), "router");
}

}  // namespace
}  // namespace muster::http
