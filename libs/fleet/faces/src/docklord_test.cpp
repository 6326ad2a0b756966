#include <gmock/gmock.h>
#include <sodium.h>

#include "muster/base/encoding.hpp"
#include "testing/face_stand.hpp"

namespace muster::faces {
namespace {

using testing::Json;
namespace wire = muster::node::v1;

wire::ContainerObserved container(const std::string& id, const std::string& name) {
    wire::ContainerObserved out;
    out.set_id(id);
    out.set_name(name);
    out.set_image("debian:12");
    out.set_phase("running");
    out.set_created_ms(1'780'000'000'000);
    out.set_started_ms(1'780'000'001'000);
    return out;
}

class DocklordApi : public testing::FaceStand {
  protected:
    DocklordApi() {
        open_all();
        node = join("one");
        *node->inventory.add_containers() = container("c1", "web");
        give_password(*node, "sesame");
        other = join("two");
        *other->inventory.add_containers() = container("c2", "db");
        give_password(*other, "other");
        wait_for_containers(2);
    }
    /// As cheap a hash as there is: what it costs is not what is tested.
    void give_password(coordinator::testing::ScriptedNode& to, const std::string& password) {
        std::array<char, crypto_pwhash_STRBYTES> hash{};
        ASSERT_EQ(crypto_pwhash_str(hash.data(), password.data(), password.size(),
                                    crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                  0);
        to.hello.set_password_hash(hash.data());
        to.leave();
        ASSERT_TRUE(to.connect());
        coordinator::testing::run_until(
            context, [&] { return coordinator->node_password_hash(to.id) == hash.data(); });
    }
    void wait_for_containers(std::size_t count) {
        for (int i = 0; i < 1000 && get("/api/v1/containers").body["items"].size() != count; ++i) {
        }
    }
    static http::Fields credentials(const std::string& id, const std::string& password) {
        http::Fields out;
        out.set("X-Node-Id", id);
        out.set("X-Node-Password", password);
        return out;
    }
    http::Fields mine() const { return credentials(node->id, "sesame"); }
    FaceReply ask(const std::string& method, const std::string& target) {
        return end_of(begin(method, target, mine()));
    }

    std::unique_ptr<coordinator::testing::ScriptedNode> node;
    std::unique_ptr<coordinator::testing::ScriptedNode> other;
};

TEST_F(DocklordApi, ListTheContainersOfThatNodeAlone) {
    const auto list = ask("GET", "/api/containers");
    ASSERT_EQ(list.status, 200) << list.body;
    ASSERT_EQ(list.body["containers"].size(), 1U);
    const auto& one = list.body["containers"][0];
    EXPECT_EQ(one["container_id"], "c1");
    EXPECT_EQ(one["name"], "web");
    EXPECT_EQ(one["status"], "running");
    EXPECT_EQ(one["created"], 1'780'000'000);
    EXPECT_EQ(one["finished_at"], 0);
    EXPECT_EQ(ask("GET", "/api/containers/c1/status").body["status"]["started_at"], 1'780'000'001);
    EXPECT_EQ(ask("GET", "/api/containers/web/status").body["container_id"], "c1");
    EXPECT_EQ(ask("GET", "/api/containers/c2/status").status, 404);
    EXPECT_EQ(ask("GET", "/api/containers/db/status").status, 404);
    EXPECT_EQ(ask("POST", "/api/containers/c2/start").status, 404);
}

TEST_F(DocklordApi, TakeTheCredentialsInThreePlaces) {
    http::Fields basic;
    basic.set("Authorization", "Basic " + to_base64(node->id + ":sesame"));
    EXPECT_EQ(end_of(begin("GET", "/api/containers", basic)).status, 200);
    EXPECT_EQ(
        end_of(begin("GET", "/api/containers?node_id=" + node->id + "&password=sesame", {})).status,
        200);
    EXPECT_EQ(end_of(begin("GET", "/api/containers", {})).status, 401);
}

TEST_F(DocklordApi, RefuseWrongCredentialsAtOnceAndThenSlowDown) {
    EXPECT_EQ(end_of(begin("GET", "/api/containers", credentials("node-nobody", "x"))).status, 401);
    EXPECT_EQ(end_of(begin("GET", "/api/containers", credentials(other->id, "sesame"))).status,
              401);
    const auto refused = end_of(begin("GET", "/api/containers", credentials(node->id, "wrong")));
    EXPECT_EQ(refused.status, 401);
    EXPECT_TRUE(refused.headers.find("WWW-Authenticate"));
    int status = 401;
    for (int i = 0; i < 12 && status == 401; ++i) {
        status = end_of(begin("GET", "/api/containers", credentials(node->id, "wrong"))).status;
    }
    EXPECT_EQ(status, 429);
}

TEST_F(DocklordApi, AnswerAnActionWithItsOutcome) {
    auto pending = begin("POST", "/api/containers/web/stop", mine());
    auto command = node->next_command();
    EXPECT_EQ(command.container_power().container_id(), "c1");
    EXPECT_EQ(command.container_power().kind(), wire::STOP);
    node->finish(command.operation_id());
    const auto stopped = end_of(pending);
    ASSERT_EQ(stopped.status, 200) << stopped.body;
    EXPECT_EQ(stopped.body["container_id"], "c1");
    EXPECT_EQ(stopped.body["action"], "stop");
    EXPECT_EQ(stopped.body["result"]["message"], "done");
    pending = begin("DELETE", "/api/containers/c1", mine());
    command = node->next_command();
    EXPECT_TRUE(command.has_remove_container());
    EXPECT_FALSE(command.remove_container().force());
    node->finish(command.operation_id(), "conflict", "it runs");
    const auto refused = end_of(pending);
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.body["error"], "it runs");
    const auto log = get("/api/v1/audit").text;
    EXPECT_THAT(log, ::testing::HasSubstr("password:" + node->id));
    EXPECT_EQ(log.find("sesame"), std::string::npos);
}

TEST_F(DocklordApi, GiveTheLogsAsLines) {
    auto pending = begin("GET", "/api/containers/c1/logs?tail=2&since=1780000000", mine());
    wire::OpenStream asked;
    auto carrier = node->open_stream(asked);
    ASSERT_TRUE(carrier);
    EXPECT_EQ(asked.logs().container_id(), "c1");
    EXPECT_EQ(asked.logs().tail(), 2);
    EXPECT_EQ(asked.logs().since_ms(), 1'780'000'000'000);
    node->write(*carrier, "one\n");
    node->write(*carrier, "two\n");
    wire::Piece last;
    last.set_end(true);
    ASSERT_TRUE(testing::finish(context, carrier->write(std::move(last))));
    const auto logs = end_of(pending);
    ASSERT_EQ(logs.status, 200) << logs.body;
    EXPECT_EQ(logs.body["logs"]["logs"], (Json{"one", "two"}));
    EXPECT_EQ(ask("GET", "/api/containers/c1/logs?tail=-1").body["field"], "tail");
    EXPECT_EQ(ask("GET", "/api/containers/c1/logs?since=99999999999999999999").body["field"],
              "since");
}

TEST_F(DocklordApi, ShowASnapshotAndThenEveryChange) {
    const auto target = "/observe-containers?node_id=" + node->id + "&password=sesame";
    auto socket = websocket(target);
    ASSERT_TRUE(socket);
    EXPECT_EQ(Json::parse(receive(*socket))["containers"], (Json{"web"}));
    other->report_container(container("c4", "elsewhere"));
    node->report_container(container("c3", "cache"));
    const auto changed = Json::parse(receive(*socket));
    EXPECT_EQ(changed["containers"], (Json{"web", "cache"}));
    EXPECT_EQ(changed["items"][1]["container_id"], "c3");
    EXPECT_EQ(call("DELETE", "/api/v1/nodes/" + node->id).status, 204);
    EXPECT_THAT(receive_end(*socket), ::testing::HasSubstr("1008"));
    EXPECT_EQ(end_of(begin("GET", "/api/containers", mine())).status, 401);
    auto refused = websocket("/observe-containers?node_id=x&password=y");
    ASSERT_TRUE(refused);
    EXPECT_THAT(receive_end(*refused), ::testing::HasSubstr("1008"));
}

}  // namespace
}  // namespace muster::faces
