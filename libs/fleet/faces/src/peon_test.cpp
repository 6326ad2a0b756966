#include <gmock/gmock.h>

#include "muster/base/file.hpp"
#include "muster/base/text.hpp"
#include "testing/face_stand.hpp"

namespace muster::faces {
namespace {

using testing::Json;
namespace wire = muster::node::v1;

class PeonApi : public testing::FaceStand {
  protected:
    PeonApi() { open_all(); }

    FaceReply ask(const std::string& method, const std::string& path, const Json& body = nullptr) {
        return with(token, method, path, body);
    }
    FaceReply with(const std::string& key, const std::string& method, const std::string& path,
                   const Json& body = nullptr) {
        http::Fields headers;
        if (!key.empty()) headers.set("X-Api-Key", key);
        return end_of(begin(method, "/api/1.0" + path, std::move(headers),
                            body.is_null() ? std::string() : body.dump()));
    }
    static Json new_server() {
        return Json{{"game_uid", "testgame"},
                    {"servername", "friday"},
                    {"description", "for friends"},
                    {"settings",
                     {{{"type", "env"},
                       {"name", "env_vars"},
                       {"content", {{"PASSWORD", "sesame"}, {"EXTRA", "1"}}}},
                      {{"type", "json"}, {"name", "rules.json"}, {"content", {{"pvp", true}}}},
                      {{"type", "txt"}, {"name", "motd.txt"}, {"content", "a\tb\n"}}}}};
    }
    std::string id_of(const std::string& name) {
        return get("/api/v1/servers?name=" + name).body["items"][0]["id"];
    }
};

TEST_F(PeonApi, RefuseAMissingAndAWrongKey) {
    const auto none = with("", "GET", "/servers");
    EXPECT_EQ(none.status, 401);
    EXPECT_EQ(none.body["error"], "Not authorized");
    EXPECT_EQ(with("wrong", "GET", "/servers").status, 401);
    EXPECT_EQ(with("wrong", "POST", "/servers", Json{{"game_uid", 1}}).status, 401);
    EXPECT_EQ(with(new_token("viewer"), "POST", "/servers", new_server()).status, 403);
}

TEST_F(PeonApi, DeployWithSettingsOfAllThreeTypes) {
    auto node = join();
    const auto made = ask("POST", "/servers", new_server());
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.body["game_uid"], "testgame");
    EXPECT_EQ(made.body["servername"], "friday");
    EXPECT_EQ(made.body["description"], "for friends");
    EXPECT_EQ(made.body["time"], nullptr);
    EXPECT_EQ(made.body["server_config"]["PASSWORD"], "********");
    const auto command = node->next_command();
    const auto& spec = command.deploy().spec();
    EXPECT_TRUE(command.deploy().start());
    EXPECT_EQ(spec.environment().at("PASSWORD"), "sesame");
    EXPECT_EQ(spec.environment().at("EXTRA"), "1");
    ASSERT_EQ(spec.files_size(), 2);
    EXPECT_EQ(spec.files(0).path(), "config/rules.json");
    EXPECT_EQ(Json::parse(spec.files(0).content()), (Json{{"pvp", true}}));
    EXPECT_EQ(spec.files(1).content(), "a\tb\n");
    node->observe(command.server_id(), command.generation(), wire::READY);
    node->finish(command.operation_id());
    wait_for("/api/v1/servers/" + command.server_id(), "state", "ready");
    const auto shown = ask("GET", "/server/get/testgame.friday").body["server"];
    EXPECT_EQ(shown["container_state"], "running");
    EXPECT_EQ(shown["server_state"], "STARTED");
    EXPECT_EQ(shown["server_config"]["ip"], "203.0.113.7");
    EXPECT_EQ(ask("GET", "/servers").body["servers"].size(), 1U);
    EXPECT_TRUE(ask("GET", "/server/stats/testgame.friday").body["server"].contains("stats"));
    EXPECT_EQ(ask("POST", "/servers", new_server()).status, 409);
}

TEST_F(PeonApi, NameWhatIsWrong) {
    auto missing = new_server();
    missing.erase("servername");
    missing.erase("settings");
    const auto refused = ask("POST", "/servers", missing);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.body["field"], "servername");
    EXPECT_EQ(refused.body["error"], "these are required: servername, settings");
    auto unfilled = new_server();
    unfilled["settings"][0]["content"]["PASSWORD"] = "-REQUIRED-";
    EXPECT_EQ(ask("POST", "/servers", unfilled).status, 422);
    auto without = new_server();
    without["settings"] = Json::array();
    const auto lacks = ask("POST", "/servers", without);
    EXPECT_EQ(lacks.status, 422);
    EXPECT_EQ(lacks.body["field"], "variables.PASSWORD");
    auto unknown = new_server();
    unknown["game_uid"] = "nosuchgame";
    EXPECT_EQ(ask("POST", "/servers", unknown).status, 404);
    EXPECT_EQ(ask("GET", "/server/get/testgame.nobody").status, 404);
    EXPECT_EQ(ask("GET", "/server/get/nodot").status, 404);
    http::Fields headers;
    headers.set("X-Api-Key", token);
    EXPECT_EQ(end_of(begin("POST", "/api/1.0/servers", headers, "{")).status, 400);
    EXPECT_EQ(get("/api/v1/servers").body["items"].size(), 0U);
}

TEST_F(PeonApi, ListThePlans) {
    const auto plans = ask("GET", "/plans");
    ASSERT_EQ(plans.status, 200);
    EXPECT_EQ(plans.body["plans"][0]["game_uid"], "testgame");
    EXPECT_EQ(plans.body["plans"][0]["title"], "Test game");
}

TEST_F(PeonApi, StopAndRestartAndDescribe) {
    auto node = join();
    const auto id = deploy_ready(*node);
    EXPECT_EQ(ask("PUT", "/server/description/testgame.friday", Json{{"description", "new"}})
                  .body["server"]["description"],
              "new");
    EXPECT_EQ(ask("PUT", "/server/description/testgame.friday").status, 422);
    ASSERT_EQ(ask("PUT", "/server/restart/testgame.friday").status, 200);
    auto command = node->next_command();
    EXPECT_EQ(command.power().kind(), wire::RESTART);
    node->finish(command.operation_id());
    ASSERT_EQ(ask("PUT", "/server/stop", Json{{"server_uid", "testgame.friday"}}).status, 200);
    EXPECT_EQ(node->next_command().power().kind(), wire::STOP);
    EXPECT_THAT(get("/api/v1/audit").text, ::testing::HasSubstr("server.stop"));
}

TEST_F(PeonApi, StopWhenTheTimeHasCome) {
    auto node = join();
    const auto id = deploy_ready(*node);
    const std::string stop = "/server/stop/testgame.friday";
    const auto refused = ask("PUT", stop, Json{{"interval", "soon"}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.body["field"], "interval");
    EXPECT_EQ(ask("PUT", stop, Json{{"epoch_time", "1000000000"}}).body["field"], "epoch_time");
    EXPECT_EQ(with(new_token("viewer"), "PUT", stop, Json{{"interval", "1h"}}).status, 403);
    const auto pending = ask("PUT", stop, Json{{"interval", "1h"}});
    ASSERT_EQ(pending.status, 200) << pending.body;
    EXPECT_GT(pending.body["server"]["time"].get<std::int64_t>(), 1'700'000'000);
    EXPECT_EQ(pending.body["server"]["container_state"], "running");
    const auto kept = read_file(folder / "peon-stops.json");
    ASSERT_TRUE(kept);
    EXPECT_TRUE(Json::parse(*kept)[id]["token_id"].is_string());
    ASSERT_EQ(ask("PUT", stop, Json{{"interval", "1s"}}).status, 200);
    EXPECT_EQ(node->next_command().power().kind(), wire::STOP);
    EXPECT_EQ(get("/api/v1/servers/" + id).body["desired"], "stopped");
}

TEST_F(PeonApi, RemoveTheDataOnlyWhenAskedTo) {
    auto node = join();
    static_cast<void>(deploy_ready(*node));
    const auto unmeant = ask("DELETE", "/server/eradicate/testgame.friday");
    EXPECT_EQ(unmeant.status, 422);
    EXPECT_EQ(unmeant.body["field"], "eradicate");
    const auto gone =
        ask("DELETE", "/server/eradicate/testgame.friday", Json{{"eradicate", "True"}});
    EXPECT_EQ(gone.status, 200);
    EXPECT_THAT(gone.body["success"], ::testing::HasSubstr("testgame.friday"));
    const auto first = node->next_command();
    ASSERT_TRUE(first.has_remove());
    EXPECT_TRUE(first.remove().with_data());
    node->finish(first.operation_id());
    static_cast<void>(deploy_ready(*node, "saturday"));
    EXPECT_EQ(ask("DELETE", "/server/destroy/testgame.saturday").status, 200);
    const auto second = node->next_command();
    ASSERT_TRUE(second.has_remove());
    EXPECT_FALSE(second.remove().with_data());
}

}  // namespace
}  // namespace muster::faces
