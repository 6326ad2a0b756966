#include "guard.hpp"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include "idempotency.hpp"
#include "inventory.hpp"
#include "muster/store/fake.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator {
namespace {

class Guards : public ::testing::Test {
  protected:
    Guards() {
        guard.set("GET", "/open", Access::anyone);
        guard.set("GET", "/view", Access::view);
        guard.set("POST", "/act", Access::operate);
        guard.set("POST", "/rule", Access::admin);
    }
    ~Guards() override { pool.join(); }

    std::string token(Role role) {
        Tokens::Wanted wanted;
        wanted.name = "x";
        wanted.role = role;
        auto made = tokens.create(std::move(wanted));
        EXPECT_TRUE(made);
        last_id = made->id;
        return made->token;
    }
    int check(const std::string& method, const std::string& route, const std::string& bearer,
              const std::string& address = "192.0.2.1") {
        http::Request request;
        request.method = method;
        request.route = request.path = route;
        request.remote_address = address;
        if (!bearer.empty()) request.headers.set("Authorization", "Bearer " + bearer);
        const auto response = guard.check(request);
        if (!response) principal = guard.who(request);
        return response ? response->status : 0;
    }

    store::FakeStore store;
    boost::asio::io_context context;
    boost::asio::thread_pool pool{1};
    Ledger ledger{context.get_executor(), pool.get_executor(), store, "audit"};
    ManualClock clock{testing::noon()};
    Tokens tokens{ledger, clock};
    Guard guard{tokens, clock, Guard::Limits{5, 20, 10}};
    std::optional<Principal> principal;
    std::string last_id;
};

TEST_F(Guards, LetEachRoleDoWhatItMay) {
    struct Case {
        Role role;
        int view, act, rule;
    };
    for (const auto& [role, view, act, rule] :
         {Case{Role::viewer, 0, 403, 403}, Case{Role::operating, 0, 0, 403},
          Case{Role::admin, 0, 0, 0}, Case{Role::allocator, 403, 403, 403}}) {
        const auto bearer = token(role);
        EXPECT_EQ(check("GET", "/open", ""), 0);
        EXPECT_EQ(check("GET", "/view", bearer), view) << name_of(role);
        EXPECT_EQ(check("POST", "/act", bearer), act) << name_of(role);
        EXPECT_EQ(check("POST", "/rule", bearer), rule) << name_of(role);
    }
}

TEST_F(Guards, TreatARouteThatNobodyDescribedAsForAdminsOnly) {
    EXPECT_EQ(check("GET", "/forgotten", token(Role::operating)), 403);
    EXPECT_EQ(check("GET", "/forgotten", ""), 401);
}

TEST_F(Guards, RefuseMissingWrongDeletedAndExpiredTokens) {
    EXPECT_EQ(check("GET", "/view", ""), 401);
    const auto good = token(Role::viewer);
    const auto id = last_id;
    EXPECT_EQ(check("GET", "/view", good), 0);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->id, id);
    EXPECT_EQ(check("GET", "/view", good + "x"), 401);
    EXPECT_EQ(check("GET", "/view", good.substr(0, good.size() - 1)), 401);
    ASSERT_TRUE(tokens.erase(id));
    EXPECT_EQ(check("GET", "/view", good), 401);
    Tokens::Wanted wanted;
    wanted.expires_in = std::chrono::seconds(60);
    const auto brief = tokens.create(std::move(wanted));
    EXPECT_EQ(check("GET", "/view", brief->token), 0);
    clock.advance(std::chrono::seconds(60));
    EXPECT_EQ(check("GET", "/view", brief->token), 401);
}

TEST_F(Guards, NeverBelieveAClientThatNamesAPrincipalItself) {
    static_cast<void>(token(Role::admin));
    http::Request request;
    request.method = "GET";
    request.route = "/open";
    request.headers.set("X-Muster-Token-Id", last_id);
    EXPECT_FALSE(guard.check(request));
    EXPECT_FALSE(guard.who(request));
}

TEST_F(Guards, LimitRequestsPerTokenAndSayWhenToComeBack) {
    const auto bearer = token(Role::viewer);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(check("GET", "/view", bearer), 0) << i;
    EXPECT_EQ(check("GET", "/view", bearer), 429);
    EXPECT_EQ(check("GET", "/view", token(Role::viewer)), 0);
    clock.advance(std::chrono::milliseconds(200));
    EXPECT_EQ(check("GET", "/view", bearer), 0);
    EXPECT_EQ(check("GET", "/view", bearer), 429);
}

TEST_F(Guards, LimitWrongTokensPerAddress) {
    const auto good = token(Role::viewer);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(check("GET", "/view", "wrong"), 401);
    EXPECT_EQ(check("GET", "/view", "wrong"), 429);
    EXPECT_EQ(check("GET", "/view", "wrong", "192.0.2.2"), 401);
    EXPECT_EQ(check("GET", "/view", good), 0);
    clock.advance(std::chrono::seconds(6));
    EXPECT_EQ(check("GET", "/view", "wrong"), 401);
}

TEST_F(Guards, ReadTheTokenOfABrowsersWebSocketFromItsSubprotocols) {
    http::Request request;
    request.headers.set("Sec-WebSocket-Protocol", "muster, bearer.abc-1");
    EXPECT_EQ(bearer_of(request), "abc-1");
    request.headers.set("Authorization", "Basic abc");
    EXPECT_EQ(bearer_of(request), "");
}

TEST_F(Guards, StoreOnlyHashesOfTokensAndKnowThemAfterARestart) {
    const auto bearer = token(Role::admin);
    ASSERT_TRUE(testing::finish(context, ledger.settled()));
    const auto secret = bearer.substr(bearer.rfind('-') + 1);
    const auto records = store.load("token");
    ASSERT_EQ(records->size(), 1U);
    EXPECT_EQ(records->front().body.find(secret), std::string::npos);
    Tokens again{ledger, clock};
    ASSERT_TRUE(again.load(store));
    EXPECT_TRUE(again.has_admin());
    const auto who = again.verify(bearer);
    ASSERT_TRUE(who);
    EXPECT_EQ(who->role, Role::admin);
}

TEST_F(Guards, RememberToTheMinuteWhenATokenWasUsed) {
    const auto bearer = token(Role::viewer);
    const auto id = last_id;
    EXPECT_TRUE((*tokens.describe(id))["last_used_at"].is_null());
    clock.advance(std::chrono::seconds(90));
    EXPECT_EQ(check("GET", "/view", bearer), 0);
    clock.advance(std::chrono::seconds(15));
    EXPECT_EQ(check("GET", "/view", bearer), 0);
    EXPECT_EQ((*tokens.describe(id))["last_used_at"], "2026-06-01T12:01:00.000Z");
    ASSERT_TRUE(testing::finish(context, ledger.settled()));
    const auto stored = [this] { return store.load("token")->front().body; };
    EXPECT_EQ(stored().find("12:01:00"), std::string::npos) << "a use alone writes nothing";
    tokens.keep_uses();
    ASSERT_TRUE(testing::finish(context, ledger.settled()));
    EXPECT_NE(stored().find("12:01:00"), std::string::npos);
    Tokens again{ledger, clock};
    ASSERT_TRUE(again.load(store));
    EXPECT_EQ((*again.describe(id))["last_used_at"], "2026-06-01T12:01:00.000Z");
    EXPECT_TRUE(again.verify(bearer));
}

TEST_F(Guards, ForgetSamplesThatAreOld) {
    Inventory inventory{clock};
    wire::Samples samples;
    samples.mutable_node()->set_pids(7);
    samples.add_servers()->set_server_id("srv-1");
    inventory.sampled("node-1", samples);
    clock.advance(std::chrono::seconds(10));
    ASSERT_NE(inventory.node_sample("node-1"), nullptr);
    EXPECT_EQ(inventory.node_sample("node-1")->pids(), 7);
    ASSERT_NE(inventory.server_sample("srv-1"), nullptr);
    clock.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(inventory.node_sample("node-1"), nullptr);
    EXPECT_EQ(inventory.server_sample("srv-1"), nullptr);
}

TEST_F(Guards, KeepTheLastAdminToken) {
    static_cast<void>(token(Role::admin));
    const auto first = last_id;
    EXPECT_EQ(tokens.erase(first).error().code, Errc::conflict);
    EXPECT_TRUE(tokens.find(first));
    static_cast<void>(token(Role::admin));
    EXPECT_TRUE(tokens.erase(first));
}

TEST_F(Guards, AnswerARepeatedKeyFromMemoryForADay) {
    Idempotency kept{ledger, clock};
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/servers";
    request.body = "{}";
    const auto name = Idempotency::name_of(request, "tok-1", "key-1");
    ASSERT_TRUE(name);
    ASSERT_TRUE(kept.begin(*name, request));
    EXPECT_EQ(kept.begin(*name, request).error().code, Errc::conflict);
    http::Response response;
    response.status = 202;
    response.body = "made";
    response.headers.set("Location", "/there");
    kept.finish(*name, response, false);
    ASSERT_TRUE(testing::finish(context, ledger.settled()));

    Idempotency again{ledger, clock};
    ASSERT_TRUE(again.load(store));
    for (Idempotency* one : {&kept, &again}) {
        const auto before = one->begin(*name, request);
        ASSERT_TRUE(before);
        ASSERT_TRUE(*before);
        EXPECT_EQ((*before)->status, 202);
        EXPECT_EQ((*before)->body, "made");
        EXPECT_EQ((*before)->headers.find("Location"), "/there");
    }
    request.body = "{ }";
    EXPECT_EQ(kept.begin(*name, request).error().code, Errc::unprocessable);
    EXPECT_NE(*name, *Idempotency::name_of(request, "tok-2", "key-1"));
    clock.advance(std::chrono::hours(25));
    const auto later = kept.begin(*name, request);
    ASSERT_TRUE(later);
    EXPECT_FALSE(*later);
}

}  // namespace
}  // namespace muster::coordinator
