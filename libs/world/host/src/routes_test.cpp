#include "muster/host/routes.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "muster/http/client.hpp"
#include "testing/stand.hpp"

namespace muster::host {
namespace {

namespace asio = boost::asio;
using Json = nlohmann::json;
using testing::Player;
using testing::Stand;
using namespace std::chrono_literals;

struct Reply {
    int status = 0;
    Json body;
    http::Fields headers;
};

/// The routes of a server, behind real HTTP.
class Site {
  public:
    explicit Site(RouteOptions options = {}, Options server = testing::small_server())
        : stand(std::move(server)) {
        http::Router router;
        added = add_routes(router, *stand.server, std::move(options));
        auto opened = http::Server::open(context.get_executor(), {}, std::move(router));
        if (!opened) throw std::runtime_error(opened.error().message);
        http = std::move(*opened);
        asio::co_spawn(context, http->run(), [](std::exception_ptr) {});
        client = std::make_unique<http::Client>(
            context.get_executor(), http::Endpoint{http::Endpoint::Tcp{"127.0.0.1", http->port()}});
    }
    ~Site() { run(http->stop(0ms)); }

    template <typename T>
    T run(asio::awaitable<T> work) {
        std::optional<T> out;
        asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, T value) {
            if (error) std::rethrow_exception(error);
            out = std::move(value);
        });
        wait([&] { return out.has_value(); });
        return std::move(*out);
    }
    void run(asio::awaitable<void> work) {
        bool done = false;
        asio::co_spawn(context, std::move(work), [&](std::exception_ptr) { done = true; });
        wait([&] { return done; });
    }

    Reply call(const std::string& method, const std::string& target, const Json& body = nullptr,
               http::Fields headers = {}) {
        http::ClientRequest request{.method = method,
                                    .target = target,
                                    .headers = headers,
                                    .body = body.is_null() ? "" : body.dump()};
        auto response = run(client->send(std::move(request), 10s));
        if (!response) throw std::runtime_error(response.error().message);
        return {response->status, Json::parse(response->body, nullptr, false), response->headers};
    }

    Stand stand;
    asio::io_context context;
    std::vector<std::pair<std::string, std::string>> added;
    std::unique_ptr<http::Server> http;
    std::unique_ptr<http::Client> client;

  private:
    void wait(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < end) context.run_one_for(50ms);
        if (!done()) throw std::runtime_error("it took too long");
    }
};

TEST(Routes, AJoinOverHttpPlaysAndALeaveEndsIt) {
    Site site;
    auto player = std::make_unique<Player>();
    const Reply joined =
        site.call("POST", "/api/v1/worlds/room/join", {{"sdp", player->offer()}, {"name", "Anna"}});
    ASSERT_EQ(joined.status, 200) << joined.body;
    EXPECT_EQ(joined.body["world"], "room");
    ASSERT_TRUE(player->start({.sdp = joined.body["sdp"], .ticket = {}, .player = 0}));
    Player& anna = *player;
    site.stand.players.push_back(std::move(player));
    ASSERT_TRUE(site.stand.until([&] { return anna.mirror().welcomed(); }));
    EXPECT_EQ(anna.mirror().player(), joined.body["player"]);
    const Json ticket{{"ticket", joined.body["ticket"]}};
    EXPECT_EQ(site.call("POST", "/api/v1/worlds/room/leave", ticket).status, 204);
    EXPECT_TRUE(site.stand.until([&] { return anna.is_closed(); }));
}

TEST(Routes, DiagnosticsSayWhatItIsAndWhoIsHere) {
    Site site;
    auto player = std::make_unique<Player>();
    const Json offer{{"sdp", player->offer()}};
    ASSERT_EQ(site.call("POST", "/api/v1/worlds/room/join", offer).status, 200);
    ASSERT_TRUE(site.stand.until([&] { return site.stand.world().people == 1; }));
    const Reply got = site.call("GET", "/api/v1/diagnostics");
    ASSERT_EQ(got.status, 200);
    EXPECT_EQ(got.body["type"], "world");
    EXPECT_EQ(got.body["players"], 1);
    EXPECT_EQ(got.body["players_total"], 1);
    EXPECT_GE(got.body["uptime_s"], 0);
    EXPECT_LE(got.body["uptime_s"], 60);
    EXPECT_EQ(got.body["capacity"], site.stand.statistics().sessions_max);
}

TEST(Routes, ErrorsAreProblemsWithTheField) {
    Site site;
    const Reply wrong = site.call("POST", "/api/v1/worlds/room/join", {{"sdp", "v=0"}});
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.body["field"], "sdp");
    EXPECT_EQ(wrong.headers.find("Content-Type"), "application/problem+json");
    Player player;
    const Json offer{{"sdp", player.offer()}};
    EXPECT_EQ(site.call("POST", "/api/v1/worlds/moon/join", offer).status, 404);
    EXPECT_EQ(site.call("POST", "/api/v1/worlds/room/leave", {{"x", 1}}).status, 400);
    EXPECT_EQ(site.call("GET", "/api/v1/worlds/moon").status, 404);
    EXPECT_EQ(site.call("GET", "/api/v1/worlds/moon/metrics").status, 404);
}

TEST(Routes, AFullWorldIsAConflictAndTooManyJoinsAreToComeBackLater) {
    Options options = testing::small_server();
    options.worlds[0].rules.players_max = 2;
    options.joins_per_address_per_second = 0.5;
    options.joins_per_second = 0.5;
    Site site({}, std::move(options));
    Player player;
    const Json offer{{"sdp", player.offer()}};
    ASSERT_EQ(site.call("POST", "/api/v1/worlds/room/join", offer).status, 200);
    const Reply limited = site.call("POST", "/api/v1/worlds/room/join", offer);
    ASSERT_EQ(limited.status, 429);
    EXPECT_EQ(limited.headers.find("Retry-After"), "1");
    Options small = testing::small_server();
    small.worlds[0].rules.players_max = 1;
    Site full({}, std::move(small));
    ASSERT_EQ(full.call("POST", "/api/v1/worlds/room/join", offer).status, 200);
    EXPECT_EQ(full.call("POST", "/api/v1/worlds/room/join", offer).status, 409);
}

TEST(Routes, ListsWorldsWithIceServersThatAreNotKept) {
    RouteOptions options;
    options.ice.stun_urls = {"stun:stun.example.org"};
    options.ice.turn_urls = {"turn:turn.example.org"};
    options.ice.turn_secret = "secret";
    Site site(options);
    const Reply list = site.call("GET", "/api/v1/worlds");
    ASSERT_EQ(list.status, 200);
    EXPECT_EQ(list.body["worlds"][0]["name"], "room");
    EXPECT_EQ(list.body["worlds"][0]["mode"], "free_for_all");
    EXPECT_EQ(list.body["ice_servers"].size(), 2);
    EXPECT_EQ(list.headers.find("Cache-Control"), "no-store");
    const Reply one = site.call("GET", "/api/v1/worlds/room");
    EXPECT_EQ(one.body["players_max"], 16);
    EXPECT_NE(one.body["ice_servers"][1]["username"], list.body["ice_servers"][1]["username"]);
    EXPECT_EQ(site.call("GET", "/api/v1/worlds/room/metrics").body["server"]["sessions"], 0);
    EXPECT_FALSE(list.headers.find("Access-Control-Allow-Origin"));
    const Reply all = site.call("GET", "/api/v1/worlds/statistics");
    EXPECT_EQ(all.body["worlds"][0]["name"], "room");
    EXPECT_GT(all.body["process"]["rss_bytes"], 1'000'000);
}

TEST(Routes, AnotherOriginMayJoinWhenItIsNamed) {
    RouteOptions options;
    options.origin = "https://play.example.org";
    Site site(options);
    const Reply list = site.call("GET", "/api/v1/worlds");
    EXPECT_EQ(list.headers.find("Access-Control-Allow-Origin"), "https://play.example.org");
    const Reply preflight = site.call("OPTIONS", "/api/v1/worlds/room/join");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(preflight.headers.find("Access-Control-Allow-Origin"), "https://play.example.org");
    EXPECT_EQ(preflight.headers.find("Access-Control-Allow-Headers"), "Content-Type");
    const Reply wrong = site.call("POST", "/api/v1/worlds/room/join", Json::object());
    EXPECT_EQ(wrong.headers.find("Access-Control-Allow-Origin"), "https://play.example.org");
}

TEST(Routes, AWitnessIsForThisMachineOnly) {
    Site site;
    const Reply witness = site.call("GET", "/api/v1/worlds/room/witness");
    ASSERT_EQ(witness.status, 200);
    EXPECT_GT(witness.body["tick"], 0);
    EXPECT_EQ(witness.body["hash"].get<std::string>().size(), 16);
    http::Fields proxied;
    proxied.set("X-Forwarded-For", "203.0.113.9");
    EXPECT_EQ(site.call("GET", "/api/v1/worlds/room/witness", nullptr, proxied).status, 403);
}

TEST(Routes, TheSeedsSocketTakesAnOfferAndAnswersIce) {
    Site site;
    auto player = std::make_unique<Player>();
    const auto talk = [](asio::any_io_executor executor, http::Endpoint endpoint,
                         std::string offer) -> asio::awaitable<std::vector<Json>> {
        std::vector<Json> out;
        auto socket =
            co_await http::WebSocketClient::connect(executor, endpoint, "/ws", http::Fields(), 5s);
        if (!socket) co_return out;
        const std::vector<std::string> messages{
            "nonsense", Json{{"sdp", Json{{"type", "offer"}, {"sdp", offer}}}}.dump(),
            R"({"ice":{"candidate":""}})"};
        for (const std::string& message : messages) {
            if (!co_await (*socket)->send(message)) co_return out;
            auto answer = co_await (*socket)->receive();
            if (!answer) co_return out;
            out.push_back(Json::parse(*answer, nullptr, false));
        }
        (*socket)->close();
        co_return out;
    };
    const auto answers = site.run(
        talk(site.context.get_executor(),
             http::Endpoint{http::Endpoint::Tcp{"127.0.0.1", site.http->port()}}, player->offer()));
    ASSERT_EQ(answers.size(), 3);
    EXPECT_EQ(answers[0]["error"]["code"], "invalid_argument");
    ASSERT_EQ(answers[1]["sdp"]["type"], "answer") << answers[1];
    EXPECT_TRUE(answers[2]["ice"]["candidate"].get<std::string>().starts_with("candidate:"));
    // The session does not end with the socket.
    ASSERT_TRUE(player->start({.sdp = answers[1]["sdp"]["sdp"], .ticket = {}, .player = 0}));
    Player& anna = *player;
    site.stand.players.push_back(std::move(player));
    EXPECT_TRUE(site.stand.until([&] { return anna.mirror().counts().snapshots > 3; }));
}

}  // namespace
}  // namespace muster::host
