#include <gmock/gmock.h>

#include "muster/base/file.hpp"
#include "muster/pki/pki.hpp"
#include "testing/proxy.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

// What happens between the coordinator and its nodes when the line, or time, is against them.
namespace muster::coordinator {
namespace {

namespace wire = muster::node::v1;

class Links : public testing::Stand {
  protected:
    std::string join_token() { return post("/api/v1/join-tokens").body.value("token", ""); }
};

TEST_F(Links, GiveTheSameNodeAgainWhenTheAnswerToItsEnrolmentWasLost) {
    fake_disk = std::make_shared<store::FakeDisk>();
    open();
    const auto token_text = join_token();
    const auto is_used = [this] {
        for (const auto& [key, body] : fake_disk->records) {
            if (key.first == "join_token" && body.find("\"node-") != std::string::npos) return true;
        }
        return false;
    };
    testing::Proxy proxy(context, coordinator->grpc_port(), is_used);
    testing::ScriptedNode node(context, coordinator->grpc_port());
    EXPECT_FALSE(node.enrol(token_text, proxy.port()));
    EXPECT_GE(proxy.lost(), 1);
    const auto used_by = get("/api/v1/join-tokens").body["items"][0]["node_id"];
    ASSERT_TRUE(used_by.is_string());
    const auto enrolled = node.enrol(token_text);
    ASSERT_TRUE(enrolled) << enrolled.error().message;
    EXPECT_EQ(node.id, used_by.get<std::string>());
    ASSERT_TRUE(node.connect());
    EXPECT_EQ(get("/api/v1/nodes").body["items"].size(), 1U);
    // Another key with the same token is somebody else.
    testing::ScriptedNode other(context, coordinator->grpc_port());
    EXPECT_FALSE(other.enrol(token_text));
}

TEST_F(Links, KeepANodesPlaceWhenItJoinsAgainWithItsKeyUnlessItWasRevoked) {
    open();
    auto node = join("attic");
    const auto id = node->id;
    node->leave();
    ASSERT_TRUE(node->enrol(join_token()));
    EXPECT_EQ(node->id, id);
    ASSERT_TRUE(node->connect());
    EXPECT_EQ(get("/api/v1/nodes").body["items"].size(), 1U);
    EXPECT_EQ(call("DELETE", "/api/v1/nodes/" + id).status, 204);
    testing::run_until(context, [&] { return node->is_over(); });
    node->leave();
    ASSERT_TRUE(node->enrol(join_token()));
    EXPECT_NE(node->id, id);
    EXPECT_TRUE(node->connect());
}

TEST_F(Links, RenewACertificateForTheSameNode) {
    open();
    auto node = join();
    const auto before = pki::facts(node->certificate_pem());
    const auto renewed = node->renew();
    ASSERT_TRUE(renewed) << renewed.error().message;
    const auto after = pki::facts(node->certificate_pem());
    ASSERT_TRUE(before && after);
    EXPECT_EQ(after->common_name, "node:" + node->id);
    EXPECT_NE(after->serial_hex, before->serial_hex);
    EXPECT_GE(after->not_after, before->not_after);
    node->leave();
    ASSERT_TRUE(node->connect());
    EXPECT_EQ(call("DELETE", "/api/v1/nodes/" + node->id).status, 204);
    testing::run_until(context, [&] { return node->is_over(); });
    const auto refused = node->renew();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::permission_denied);
}

TEST_F(Links, LoseANodeWhosePongsStayAwayAndTakeItBack) {
    options.ping = std::chrono::milliseconds(200);
    options.lease = std::chrono::milliseconds(1);
    options.grace = std::chrono::milliseconds(0);
    open();
    auto node = join();
    const auto id = deploy_ready(*node);
    node->answers_pings = false;
    wait_for("/api/v1/nodes/" + node->id, "connected", false);
    wait_for("/api/v1/nodes/" + node->id, "state", "unreachable");
    EXPECT_EQ(get("/api/v1/servers/" + id).body["state"], "unknown");
    testing::run_until(context, [&] { return node->is_over(); });
    node->leave();
    node->answers_pings = true;
    auto& known = *node->inventory.add_servers();
    known.set_server_id(id);
    known.set_state(wire::READY);
    known.set_generation(1);
    ASSERT_TRUE(node->connect());
    wait_for("/api/v1/nodes/" + node->id, "state", "online");
    wait_for("/api/v1/servers/" + id, "state", "ready");
}

TEST_F(Links, LearnTheRuntimeOfANodeThatSaysItLater) {
    open();
    const auto token_text = join_token();
    testing::ScriptedNode node(context, coordinator->grpc_port());
    ASSERT_TRUE(node.enrol(token_text));
    node.hello.set_name("early");
    ASSERT_TRUE(node.connect());
    EXPECT_EQ(get("/api/v1/nodes/" + node.id).body["runtime"], "");
    node.inventory.set_runtime("docker");
    node.inventory.set_runtime_version("20.10");
    node.send_inventory();
    wait_for("/api/v1/nodes/" + node.id, "runtime", "docker");
    EXPECT_EQ(get("/api/v1/nodes/" + node.id).body["runtime_version"], "20.10");
}

TEST_F(Links, CloseAWatcherThatIsTooSlow) {
    open();
    auto node = join();
    auto slow = websocket("/api/v1/events?kinds=container");
    ASSERT_TRUE(slow);
    auto quick = websocket("/api/v1/events?kinds=container");
    ASSERT_TRUE(quick);
    receive(*quick);
    // The slow one does not read: what the system holds for it fills up, then its own queue.
    const std::string much(1U << 20U, 'x');
    for (int i = 0; i < 24; ++i) {
        wire::ContainerObserved container;
        container.set_id("c" + std::to_string(i));
        container.set_phase("running");
        (*container.mutable_labels())["much"] = much;
        node->report_container(std::move(container));
        EXPECT_NE(receive(*quick).find("\"c" + std::to_string(i) + "\""), std::string::npos);
    }
    EXPECT_THAT(receive_end(*slow), ::testing::HasSubstr("1013"));
}

TEST_F(Links, ServeHttpsWithTheirOwnAuthority) {
    options.own_https = true;
    open();
    const auto authority = read_file(options.data_dir / "authority" / "ca.pem");
    ASSERT_TRUE(authority);
    EXPECT_EQ(status_over_https(*authority), 200);
    const auto stranger =
        pki::new_authority("somebody else", clock.now(), std::chrono::days(1))->certificate_pem;
    EXPECT_EQ(status_over_https(stranger), 0);
}

TEST_F(Links, ServeHttpsWithAGivenCertificate) {
    const auto authority = pki::new_authority("of the house", clock.now(), std::chrono::days(1));
    ASSERT_TRUE(authority);
    options.http_private_key_pem = pki::new_private_key().value();
    const pki::Subject subject{"games.example", {"localhost"}, {"127.0.0.1"}};
    options.http_certificate_pem =
        pki::issue(*authority, options.http_private_key_pem, subject, pki::Usage::server,
                   clock.now(), std::chrono::hours(1))
            .value();
    open();
    EXPECT_EQ(status_over_https(authority->certificate_pem), 200);
    EXPECT_EQ(status_over_https(*read_file(options.data_dir / "authority" / "ca.pem")), 0);
}

}  // namespace
}  // namespace muster::coordinator
