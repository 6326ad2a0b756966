#include "muster/coordinator/standby.hpp"

#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>

#include "muster/base/file.hpp"
#include "testing/proxy.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

// Two coordinators on one store: the stand's leads, and the other stands by.
namespace muster::coordinator {
namespace {

asio::awaitable<bool> stop(Standby* standby) {
    co_await standby->stop();
    co_return true;
}

class Standbys : public testing::Stand {
  protected:
    Standbys() {
        fake_disk = std::make_shared<store::FakeDisk>();
        store_beside = std::make_unique<store::FakeStore>(fake_disk);
        options.is_store_shared = true;
    }
    ~Standbys() override { end(); }

    Result<std::unique_ptr<Standby>> try_open() {
        auto authority = Standby::authority_in(*store_beside);
        if (!authority) return std::unexpected(authority.error());
        Options beside = options;
        beside.data_dir = folder / "beside";
        return Standby::open(context.get_executor(), std::move(beside), *authority, clock);
    }
    void stand_by() {
        auto opened = try_open();
        ASSERT_TRUE(opened) << opened.error().message;
        standby = *std::move(opened);
        is_standing_ = true;
        asio::co_spawn(context, standby->run(), [this](std::exception_ptr problem) {
            is_standing_ = false;
            if (problem) std::rethrow_exception(problem);
        });
    }
    void end() {
        if (!standby) return;
        testing::finish(context, stop(standby.get()));
        testing::run_until(context, [this] { return !is_standing_; });
        standby.reset();
        context.restart();
        context.poll();
    }
    [[nodiscard]] LeaderAddress leader() const {
        return {"127.0.0.1:" + std::to_string(coordinator->http_port()),
                "127.0.0.1:" + std::to_string(coordinator->grpc_port())};
    }
    /// A request to the one that stands by.
    http::Response ask(const std::string& target, const std::string& method = "GET",
                       std::string body = {}) {
        http::Endpoint endpoint;
        endpoint.at = http::Endpoint::Tcp{"127.0.0.1", standby->http_port()};
        http::Client client(context.get_executor(), std::move(endpoint));
        http::ClientRequest request;
        request.method = method;
        request.target = target;
        request.headers.set("Authorization", "Bearer " + token);
        request.body = std::move(body);
        auto response =
            testing::finish(context, client.send(std::move(request), testing::patience));
        EXPECT_TRUE(response) << response.error().message;
        return std::move(response).value_or(http::Response{});
    }

    std::unique_ptr<store::Store> store_beside;
    std::unique_ptr<Standby> standby;

  private:
    bool is_standing_ = false;
};

TEST_F(Standbys, WaitForTheAuthorityThatTheFirstLeaderPutsIntoTheStore) {
    const auto early = try_open();
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, Errc::unavailable);
    open();
    EXPECT_TRUE(fake_disk->records.contains({"authority", "ca"}));
    EXPECT_FALSE(std::filesystem::exists(options.data_dir / "authority"));
    EXPECT_TRUE(read_file(options.data_dir / "ca.pem").value_or("").starts_with("-----BEGIN"));
    stand_by();
}

TEST_F(Standbys, PassRequestsBodiesAndWebSocketsOnToTheLeader) {
    open();
    stand_by();
    standby->follow(leader());
    EXPECT_EQ(Json::parse(ask("/api/v1").body)["name"], "muster");
    const auto made = ask("/api/v1/tokens", "POST", R"({"name":"x","role":"viewer"})");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(get("/api/v1/tokens").body["items"].size(), 2U);

    http::Endpoint endpoint;
    endpoint.at = http::Endpoint::Tcp{"127.0.0.1", standby->http_port()};
    http::Fields headers;
    headers.set("Authorization", "Bearer " + token);
    auto socket = testing::finish(
        context,
        http::WebSocketClient::connect(context.get_executor(), std::move(endpoint),
                                       "/api/v1/events?kinds=node", headers, testing::patience));
    ASSERT_TRUE(socket) << socket.error().message;
    const auto node = join("attic");
    EXPECT_EQ(receive_event(**socket, "node", node->id)["object"]["id"], node->id);
}

TEST_F(Standbys, Say503WhileNobodyLeadsOrTheLeaderIsDead) {
    open();
    stand_by();
    for (const auto& whom : {std::optional<LeaderAddress>(), std::optional(leader())}) {
        if (whom) close();
        standby->follow(whom);
        for (const char* target : {"/", "/healthz", "/api/v1/servers"}) {
            const auto answer = ask(target);
            EXPECT_EQ(answer.status, 503) << target;
            EXPECT_EQ(answer.headers.find("Retry-After").value_or(""), "1");
            EXPECT_EQ(Json::parse(answer.body)["code"], "unavailable");
        }
        EXPECT_EQ(ask("/api/v1/servers", "POST", "{}").status, 503);
    }
}

TEST_F(Standbys, CutWhatWasPassedOnToAnotherLeader) {
    open();
    stand_by();
    standby->follow(leader());
    http::Endpoint endpoint;
    endpoint.at = http::Endpoint::Tcp{"127.0.0.1", standby->http_port()};
    http::Fields headers;
    headers.set("Authorization", "Bearer " + token);
    auto socket = testing::finish(
        context, http::WebSocketClient::connect(context.get_executor(), std::move(endpoint),
                                                "/api/v1/events", headers, testing::patience));
    ASSERT_TRUE(socket) << socket.error().message;
    standby->follow(LeaderAddress{"127.0.0.1:1", "127.0.0.1:2"});
    EXPECT_FALSE(receive_end(**socket).empty());
}

TEST_F(Standbys, RefuseNodesForNowAndNameTheLeader) {
    open();
    stand_by();
    standby->follow(leader());
    const auto join_token = post("/api/v1/join-tokens").body.value("token", "");
    testing::ScriptedNode node(context, standby->grpc_port());
    const auto enrolled = node.enrol(join_token);
    ASSERT_FALSE(enrolled);
    EXPECT_EQ(enrolled.error().code, Errc::unavailable);
    EXPECT_THAT(enrolled.error().message, ::testing::HasSubstr(leader().grpc));
    // The token is none the worse for it.
    ASSERT_TRUE(node.enrol(join_token, coordinator->grpc_port()));
    const auto connected = node.connect();
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code, Errc::unavailable) << connected.error().message;
    EXPECT_THAT(connected.error().message, ::testing::HasSubstr(leader().grpc));
    standby->follow(std::nullopt);
    EXPECT_THAT(node.connect().error().message, ::testing::HasSubstr("none leads"));
}

TEST_F(Standbys, LeadNextWithTheSameAuthorityNodesTokensAndServers) {
    open();
    auto node = join("attic");
    const auto server = deploy_ready(*node);
    const auto authority = read_file(options.data_dir / "ca.pem").value_or("");
    stand_by();
    const auto http_port = standby->http_port();
    const auto grpc_port = standby->grpc_port();
    node->leave();
    close();
    end();
    options.data_dir = folder / "beside";
    options.http_port = http_port;
    options.grpc_port = grpc_port;
    open();
    EXPECT_EQ(coordinator->http_port(), http_port);
    EXPECT_EQ(read_file(options.data_dir / "ca.pem").value_or(""), authority);
    EXPECT_FALSE(coordinator->new_admin_token());
    EXPECT_EQ(get("/api/v1/servers/" + server).body["name"], "friday");
    EXPECT_EQ(get("/api/v1/nodes").body["items"].size(), 1U);
}

TEST_F(Standbys, LeaveTheAuthorityToACoordinatorThatIsAloneWithACopyOfTheStore) {
    open();
    const auto shared = read_file(options.data_dir / "ca.pem").value_or("");
    close();
    options.is_store_shared = false;
    options.data_dir = folder / "alone";
    open();
    EXPECT_EQ(read_file(options.data_dir / "authority" / "ca.pem").value_or(""), shared);
}

TEST_F(Standbys, TakeTheAuthorityOfACoordinatorThatWasAlone) {
    options.is_store_shared = false;
    open();
    const auto own = read_file(options.data_dir / "authority" / "ca.pem").value_or("");
    ASSERT_FALSE(own.empty());
    EXPECT_FALSE(fake_disk->records.contains({"authority", "ca"}));
    close();
    options.is_store_shared = true;
    open();
    EXPECT_EQ(read_file(options.data_dir / "ca.pem").value_or(""), own);
    EXPECT_TRUE(fake_disk->records.contains({"authority", "ca"}));
}

}  // namespace
}  // namespace muster::coordinator
