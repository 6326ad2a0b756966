#include <gmock/gmock.h>

#include "testing/stand.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator {
namespace {

namespace wire = muster::node::v1;

class Fleets : public testing::Stand {
  protected:
    Fleets() { open(); }

    Json power(const std::string& id, const std::string& kind) {
        const auto reply = post("/api/v1/servers/" + id + "/" + kind);
        EXPECT_EQ(reply.status, 202) << reply.text;
        return reply.body;
    }
};

TEST_F(Fleets, DeployARealCommandAndFollowItUntilReady) {
    auto node = join();
    auto events = websocket("/api/v1/events?kinds=server,operation");
    const auto made = post("/api/v1/servers", Json{{"name", "friday"},
                                                   {"game", "testgame"},
                                                   {"variables", {{"PASSWORD", "sesame"}}},
                                                   {"ports", {{"game", 24'567}}},
                                                   {"labels", {{"team", "red"}}}});
    ASSERT_EQ(made.status, 202) << made.text;
    const std::string id = made.body["server"]["id"];
    const std::string operation = made.body["operation"]["id"];
    const auto command = node->next_command();
    EXPECT_EQ(command.operation_id(), operation);
    ASSERT_TRUE(command.has_deploy());
    const auto& spec = command.deploy().spec();
    EXPECT_TRUE(command.deploy().start());
    EXPECT_EQ(spec.image(), "muster/testgame:1");
    EXPECT_EQ(spec.environment().at("PASSWORD"), "sesame");
    ASSERT_EQ(spec.ports_size(), 1);
    EXPECT_EQ(spec.ports(0).inside(), 7777U);
    EXPECT_EQ(spec.ports(0).outside(), 24'567U);
    EXPECT_THAT(std::vector<std::string>(spec.command().begin(), spec.command().end()),
                ::testing::ElementsAre("--name", "friday", "--port", "24567"));
    EXPECT_EQ(spec.data_name(), id);
    node->progress(operation, "pulling the image", 0.5);
    const auto half = wait_for("/api/v1/operations/" + operation, "progress", 0.5);
    EXPECT_EQ(half["step"], "pulling the image");
    EXPECT_EQ(half["state"], "running");
    node->observe(id, command.generation(), wire::READY);
    node->finish(operation);
    const auto server = wait_for("/api/v1/servers/" + id, "state", "ready");
    EXPECT_EQ(server["address"], "203.0.113.7:24567");
    EXPECT_EQ(server["node_id"], node->id);
    EXPECT_EQ(server["node_name"], "scripted");
    const auto ended = wait_for("/api/v1/operations/" + operation, "state", "succeeded");
    EXPECT_EQ(ended["by_name"], "first admin");
    EXPECT_EQ(ended["node_name"], "scripted");
    const auto event = receive_event(*events, "server", id);
    EXPECT_EQ(event["action"], "put");
    EXPECT_EQ(receive_event(*events, "operation", operation)["object"]["kind"], "deploy");
    EXPECT_THAT(get("/metrics").text,
                ::testing::HasSubstr("gameserver_creation_duration_count{fleet=\"testgame\"} 1"));
}

TEST_F(Fleets, TellPeopleWhyAnOperationFailed) {
    auto node = join();
    const auto made = post(
        "/api/v1/servers",
        Json{{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}});
    const auto command = node->next_command();
    node->finish(command.operation_id(), "not_found", "there is no such image");
    const auto operation =
        wait_for("/api/v1/operations/" + command.operation_id(), "state", "failed");
    EXPECT_EQ(operation["error"]["code"], "not_found");
    EXPECT_EQ(operation["error"]["message"], "there is no such image");
}

TEST_F(Fleets, ActOnServersAndRemoveThem) {
    auto node = join();
    const auto id = deploy_ready(*node);
    for (const auto& [kind, wanted, state] : {std::tuple("stop", wire::STOP, wire::STOPPED),
                                              std::tuple("start", wire::START, wire::READY),
                                              std::tuple("restart", wire::RESTART, wire::READY),
                                              std::tuple("pause", wire::PAUSE, wire::PAUSED),
                                              std::tuple("unpause", wire::UNPAUSE, wire::READY),
                                              std::tuple("kill", wire::KILL, wire::STOPPED)}) {
        const auto operation = power(id, kind);
        EXPECT_EQ(operation["kind"], kind);
        const auto command = node->next_command();
        ASSERT_TRUE(command.has_power()) << kind;
        EXPECT_EQ(command.power().kind(), wanted);
        node->observe(id, command.generation(), state);
        node->finish(command.operation_id());
        wait_for("/api/v1/operations/" + command.operation_id(), "state", "succeeded");
    }
    EXPECT_EQ(get("/api/v1/servers/" + id).body["state"], "stopped");
    const auto removal = call("DELETE", "/api/v1/servers/" + id + "?data=delete");
    ASSERT_EQ(removal.status, 202);
    const auto command = node->next_command();
    ASSERT_TRUE(command.has_remove());
    EXPECT_TRUE(command.remove().with_data());
    node->finish(command.operation_id());
    testing::run_until(context, [&] { return get("/api/v1/servers/" + id).status == 404; });
}

TEST_F(Fleets, MakeAServerAnewWithItsChangedSettings) {
    auto node = join();
    const auto id = deploy_ready(*node);
    const auto changed =
        call("PATCH", "/api/v1/servers/" + id, Json{{"variables", {{"SERVER_NAME", "saturday"}}}});
    ASSERT_EQ(changed.status, 200) << changed.text;
    power(id, "update");
    const auto command = node->next_command();
    ASSERT_TRUE(command.has_deploy());
    EXPECT_EQ(command.deploy().spec().pull(), "always");
    EXPECT_EQ(command.deploy().spec().command(1), "saturday");
    EXPECT_EQ(command.deploy().spec().environment().at("PASSWORD"), "sesame-friday");
}

TEST_F(Fleets, KeepWhatTheyKnowAndQueueWhatIsAskedWhileANodeIsAway) {
    auto node = join();
    const auto id = deploy_ready(*node);
    wire::ContainerObserved container;
    container.set_id("c1");
    container.set_name("muster-" + id);
    container.set_phase("running");
    (*container.mutable_labels())["muster.server"] = id;
    node->report_container(container);
    wait_for("/api/v1/containers/c1", "server_id", id);
    node->leave();
    wait_for("/api/v1/nodes/" + node->id, "connected", false);
    EXPECT_EQ(get("/api/v1/containers").body["items"].size(), 1U);
    EXPECT_EQ(get("/api/v1/servers/" + id).status, 200);
    EXPECT_EQ(get("/api/v1/servers/" + id + "/stats").status, 503);
    const auto asked = power(id, "stop");
    EXPECT_EQ(asked["state"], "queued");

    auto& known = *node->inventory.add_servers();
    known.set_server_id(id);
    known.set_state(wire::READY);
    known.set_generation(1);
    ASSERT_TRUE(node->connect());
    const auto command = node->next_command();
    EXPECT_EQ(command.operation_id(), asked["id"].get<std::string>());
    EXPECT_EQ(command.power().kind(), wire::STOP);
}

TEST_F(Fleets, SendAgainWhatANodeNeverConfirmedAfterARestart) {
    auto node = join();
    const auto id = deploy_ready(*node);
    const auto asked = power(id, "stop");
    EXPECT_EQ(node->next_command().operation_id(), asked["id"].get<std::string>());
    const auto port = coordinator->grpc_port();
    node->leave();
    close();
    options.grpc_port = port;
    open();
    EXPECT_EQ(get("/api/v1/servers/" + id).body["name"], "friday");
    auto& known = *node->inventory.add_servers();
    known.set_server_id(id);
    known.set_state(wire::READY);
    known.set_generation(1);
    ASSERT_TRUE(node->connect());
    EXPECT_EQ(node->next_command().operation_id(), asked["id"].get<std::string>());
    node->finish(asked["id"].get<std::string>());
    wait_for("/api/v1/operations/" + asked["id"].get<std::string>(), "state", "succeeded");
}

TEST_F(Fleets, LetOneNodeJoinWithATokenAndNoOther) {
    const auto made = post("/api/v1/join-tokens");
    const std::string join_token = made.body["token"];
    testing::ScriptedNode first(context, coordinator->grpc_port());
    ASSERT_TRUE(first.enrol(join_token));
    testing::ScriptedNode second(context, coordinator->grpc_port());
    EXPECT_EQ(second.enrol(join_token).error().code, Errc::unauthenticated);
    std::string other = join_token;
    other.back() = other.back() == 'A' ? 'B' : 'A';
    EXPECT_FALSE(second.enrol(other));
    EXPECT_EQ(get("/api/v1/join-tokens").body["items"][0]["node_id"], first.id);
    const auto revoked = post("/api/v1/join-tokens");
    EXPECT_EQ(call("DELETE", "/api/v1/join-tokens/" + revoked.body["id"].get<std::string>()).status,
              204);
    EXPECT_FALSE(second.enrol(revoked.body["token"]));
}

TEST_F(Fleets, RevokeANodeAtOnceAndForGood) {
    auto node = join("attic");
    const auto seen = get("/api/v1/nodes/" + node->id);
    EXPECT_EQ(seen.body["state"], "online");
    EXPECT_EQ(seen.body["name"], "attic");
    EXPECT_EQ(call("DELETE", "/api/v1/nodes/" + node->id).status, 204);
    testing::run_until(context, [&] { return node->is_over(); });
    EXPECT_EQ(get("/api/v1/nodes/" + node->id).body["state"], "revoked");
    node->leave();
    EXPECT_FALSE(node->connect());
    close();
    open();
    EXPECT_EQ(get("/api/v1/nodes/" + node->id).body["state"], "revoked");
}

TEST_F(Fleets, ChangeNodesAndPlaceNothingOnACordonedOne) {
    auto node = join();
    const std::string path = "/api/v1/nodes/" + node->id;
    const auto seen = get(path);
    http::Fields headers;
    headers.set("If-Match", std::string(seen.headers.find("ETag").value_or("")));
    const auto changed =
        call("PATCH", path, Json{{"name", "attic"}, {"labels", {{"a", "b"}}}, {"cordoned", true}},
             headers);
    ASSERT_EQ(changed.status, 200) << changed.text;
    EXPECT_EQ(changed.body["name"], "attic");
    EXPECT_EQ(changed.body["labels"]["a"], "b");
    EXPECT_EQ(get("/api/v1/nodes?name=attic").body["items"].size(), 1U);
    const auto made = post(
        "/api/v1/servers",
        Json{{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}});
    EXPECT_EQ(made.body["server"]["state"], "waiting");
    EXPECT_EQ(call("PATCH", path, Json{{"cordoned", false}}).status, 200);
    EXPECT_TRUE(node->next_command().has_deploy());
}

TEST_F(Fleets, ListContainersByPageAndActOnThoseThatAreNoServers) {
    auto node = join();
    for (int i = 0; i < 5; ++i) {
        wire::ContainerObserved container;
        container.set_id("c" + std::to_string(i));
        container.set_name("other-" + std::to_string(i));
        container.set_phase(i < 3 ? "running" : "exited");
        container.set_created_ms(1'780'000'000'000);
        node->report_container(container);
    }
    testing::run_until(context, [&] { return get("/api/v1/containers/c4").status == 200; });
    const auto page = get("/api/v1/containers?limit=2&phase=running");
    EXPECT_EQ(page.body["items"].size(), 2U);
    const auto rest = get("/api/v1/containers?limit=2&phase=running&cursor=" +
                          page.body["next_cursor"].get<std::string>());
    EXPECT_EQ(rest.body["items"].size(), 1U);
    EXPECT_TRUE(rest.body["next_cursor"].is_null());
    const auto stopped = post("/api/v1/containers/c0/stop");
    EXPECT_EQ(stopped.status, 202) << stopped.text;
    const auto command = node->next_command();
    ASSERT_TRUE(command.has_container_power());
    EXPECT_EQ(command.container_power().container_id(), "c0");
    node->finish(command.operation_id());
    EXPECT_EQ(call("DELETE", "/api/v1/containers/c0?force=true").status, 202);
    EXPECT_TRUE(node->next_command().remove_container().force());
    wire::FromNode gone;
    gone.mutable_container_gone()->set_id("c0");
    node->send(std::move(gone));
    testing::run_until(context, [&] { return get("/api/v1/containers/c0").status == 404; });
}

TEST_F(Fleets, AskNodesForImagesHistoryAndData) {
    auto node = join();
    node->answer_with([](const wire::Query& query) {
        wire::Answer answer;
        answer.set_ok(true);
        if (query.has_artifacts()) {
            auto& image = *answer.add_artifacts();
            image.set_id("sha256:1");
            image.add_names("a:1");
        } else if (query.has_history()) {
            auto& sample = *answer.add_history();
            sample.set_time_ms(1'780'000'000'000);
            sample.set_cpu_percent(12.5);
        } else if (query.has_data()) {
            answer.add_data()->set_name("srv-old");
        } else if (query.has_change_artifact()) {
            answer.set_created_id("made");
        } else if (query.has_remove_data()) {
            answer.set_ok(false);
            answer.set_error_code("not_found");
            answer.set_error_message("there is no such folder");
        }
        return answer;
    });
    EXPECT_EQ(get("/api/v1/images").body["items"][0]["names"][0], "a:1");
    EXPECT_EQ(get("/api/v1/nodes/" + node->id + "/stats?seconds=5").body["items"][0]["cpu_percent"],
              12.5);
    EXPECT_EQ(get("/api/v1/nodes/" + node->id + "/data").body["items"][0]["name"], "srv-old");
    EXPECT_EQ(post("/api/v1/volumes", Json{{"name", "v"}}).body["id"], "made");
    EXPECT_EQ(call("DELETE", "/api/v1/networks/n1").status, 204);
    const auto missing = call("DELETE", "/api/v1/nodes/" + node->id + "/data/srv-x");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.body["detail"], "there is no such folder");
    const auto pull = post("/api/v1/images", Json{{"image", "b:1"}});
    EXPECT_EQ(pull.status, 202);
    EXPECT_EQ(node->next_command().pull().image(), "b:1");
    EXPECT_EQ(get("/api/v1/images?node=node-none").body["field"], "node");
}

TEST_F(Fleets, GiveNoPortThatAStrangersContainerHolds) {
    auto node = join();
    auto& container = *node->inventory.add_containers();
    container.set_id("c1");
    container.set_name("other");
    container.set_phase("running");
    (*container.mutable_labels())["muster.server"] = "srv-of-another-fleet";
    auto& port = *container.add_ports();
    port.set_inside(7777);
    port.set_outside(24'567);
    port.set_protocol("udp");
    node->send_inventory();
    testing::run_until(context, [&] { return get("/api/v1/containers/c1").status == 200; });
    const auto made = post("/api/v1/servers", Json{{"name", "friday"},
                                                   {"game", "testgame"},
                                                   {"variables", {{"PASSWORD", "sesame"}}},
                                                   {"ports", {{"game", 24'567}}}});
    ASSERT_EQ(made.status, 202) << made.text;
    EXPECT_EQ(made.body["server"]["state"], "waiting");
    EXPECT_NE(made.body["operation"]["detail"], "");
}

TEST_F(Fleets, TellWatchersSamplesAndKeepTheLatest) {
    auto node = join();
    const auto id = deploy_ready(*node);
    auto socket = websocket("/api/v1/events?kinds=sample");
    ASSERT_TRUE(socket);
    EXPECT_EQ(Json::parse(receive(*socket))["type"], "hello");
    wire::FromNode message;
    auto& sample = *message.mutable_samples()->add_servers();
    sample.set_server_id(id);
    sample.set_time_ms(1'780'000'000'000);
    sample.set_cpu_percent(42);
    node->send(std::move(message));
    const auto event = Json::parse(receive(*socket));
    EXPECT_EQ(event["object"]["server_id"], id);
    EXPECT_EQ(event["object"]["cpu_percent"], 42);
    EXPECT_EQ(get("/api/v1/servers/" + id).body["usage"]["cpu_percent"], 42);
    node->observe(id, 1000, wire::STOPPED);
    EXPECT_TRUE(wait_for("/api/v1/servers/" + id, "state", "stopped")["usage"].is_null());
}

TEST_F(Fleets, CancelOnlyWhatHasNotBegun) {
    auto node = join();
    const auto id = deploy_ready(*node);
    const auto running = power(id, "restart");
    static_cast<void>(node->next_command());
    const auto waiting = power(id, "stop");
    EXPECT_EQ(call("DELETE", "/api/v1/operations/" + running["id"].get<std::string>()).status, 409);
    EXPECT_EQ(call("DELETE", "/api/v1/operations/" + waiting["id"].get<std::string>()).status, 204);
    const auto list = get("/api/v1/operations?state=cancelled&server=" + id);
    ASSERT_EQ(list.body["items"].size(), 1U);
    EXPECT_EQ(list.body["items"][0]["id"], waiting["id"]);
}

}  // namespace
}  // namespace muster::coordinator
