#include <gmock/gmock.h>

#include <sys/stat.h>

#include "muster/base/file.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator {
namespace {

class Api : public testing::Stand {
  protected:
    Api() { open(); }
};

TEST_F(Api, GivesTheFirstAdminTokenInAFileThatOnlyTheOwnerReads) {
    struct stat facts{};
    ASSERT_EQ(::stat(coordinator->admin_token_file().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_EQ(coordinator->new_admin_token(), token);
    const auto me = get("/api/v1/whoami");
    EXPECT_EQ(me.status, 200);
    EXPECT_EQ(me.body["role"], "admin");
    close();
    open();
    EXPECT_FALSE(coordinator->new_admin_token());
    EXPECT_EQ(get("/api/v1/whoami").status, 200);
}

TEST_F(Api, SaysWhatItIsWithoutAToken) {
    for (const char* path : {"/healthz", "/readyz", "/api/v1", "/api/openapi.json"}) {
        EXPECT_EQ(raw("GET", path, "", {}).status, 200) << path;
    }
    for (const char* path : {"/metrics", "/api/v1/servers", "/api/v1/nowhere"}) {
        EXPECT_GE(raw("GET", path, "", {}).status, 401) << path;
    }
}

TEST_F(Api, DescribesEveryRouteThatItServesAndNoOther) {
    // Each described path answers, if only with "no such thing": a path that is not served would be
    // a plain 404 whose detail names no object.
    for (const auto& [path, methods] : contract.document()["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            if (operation["responses"].contains("101")) continue;
            std::string target = path;
            for (const char* name : {"{id}", "{name}", "{world}"}) {
                if (const auto at = target.find(name); at != std::string::npos) {
                    target.replace(at, std::string(name).size(), "nothing");
                }
            }
            std::string upper = method;
            for (char& c : upper) c = static_cast<char>(std::toupper(c));
            if (upper == "POST" && target == "/api/v1/backup") continue;
            const auto reply = call(upper, target);
            EXPECT_NE(reply.status, 405) << upper << " " << target;
            EXPECT_NE(reply.status, 500) << upper << " " << target << reply.text;
            if (reply.status == 404) {
                EXPECT_THAT(reply.body.value("detail", ""), ::testing::HasSubstr("there is no"))
                    << upper << " " << target;
            }
        }
    }
}

TEST_F(Api, LetsEachRoleDoOnlyItsOwn) {
    const auto viewer = new_token("viewer");
    const auto operating = new_token("operator");
    const auto allocator = new_token("allocator");
    EXPECT_EQ(as(viewer, "GET", "/api/v1/servers").status, 200);
    EXPECT_EQ(as(viewer, "POST", "/api/v1/servers", Json::object()).status, 403);
    EXPECT_EQ(as(operating, "POST", "/api/v1/servers", Json::object()).status, 400);
    EXPECT_EQ(as(operating, "GET", "/api/v1/tokens").status, 403);
    EXPECT_EQ(as(allocator, "GET", "/api/v1/servers").status, 403);
    EXPECT_EQ(as(allocator, "GET", "/api/v1/whoami").status, 200);
}

TEST_F(Api, NamesTheFieldAndTheReasonOfABadDeploy) {
    const auto field_of = [this](const Json& body) {
        const auto reply = post("/api/v1/servers", body);
        EXPECT_EQ(reply.status, 400) << reply.text;
        EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
        return reply.body.value("field", "");
    };
    Json good{{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}};
    const auto with = [&good](const char* name, const Json& value) {
        Json out = good;
        out[name] = value;
        return out;
    };
    EXPECT_EQ(field_of(with("name", "")), "name");
    EXPECT_EQ(field_of(with("game", "testgam")), "game");
    EXPECT_EQ(field_of(with("variables", Json::object())), "variables.PASSWORD");
    EXPECT_EQ(field_of(with("variables", {{"PASSWORD", "sesame"}, {"X", "y"}})), "variables.X");
    EXPECT_EQ(field_of(with("ports", {{"gam", 1}})), "ports.gam");
    EXPECT_EQ(field_of(with("ports", {{"game", 70000}})), "ports.game");
    EXPECT_EQ(field_of(with("memory_bytes", -1)), "memory_bytes");
    EXPECT_EQ(field_of(with("cpus", "two")), "cpus");
    EXPECT_EQ(field_of(with("data", "../other")), "data");
    EXPECT_EQ(field_of(with("nmae", "x")), "nmae");
    const auto unknown = post("/api/v1/servers", with("node_id", "node-none"));
    EXPECT_GE(unknown.status, 400);
    EXPECT_EQ(unknown.body.value("field", ""), "node_id");
    EXPECT_EQ(get("/api/v1/servers").body["items"].size(), 0U);
    EXPECT_EQ(get("/api/v1/operations").body["items"].size(), 0U);
}

TEST_F(Api, GivesANameToOneServerOnly) {
    const auto deploy = [this](const std::string& name) {
        return post(
            "/api/v1/servers",
            Json{{"name", name}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}});
    };
    ASSERT_EQ(deploy("friday").status, 202);
    const auto again = deploy(" friday ");
    EXPECT_EQ(again.status, 409) << again.text;
    EXPECT_EQ(again.body["field"], "name");
    const auto other = deploy("Friday");
    ASSERT_EQ(other.status, 202);
    const std::string path = "/api/v1/servers/" + other.body["server"]["id"].get<std::string>();
    const auto renamed = call("PATCH", path, Json{{"name", "friday"}});
    EXPECT_EQ(renamed.status, 409);
    EXPECT_EQ(renamed.body["field"], "name");
    EXPECT_EQ(call("PATCH", path, Json{{"name", "Friday"}}).status, 200);
    // Sixty-four characters, of two bytes each; and what cannot be seen.
    std::string longest;
    for (int i = 0; i < 64; ++i) longest += "\xc3\xbc";
    EXPECT_EQ(deploy(longest).status, 202);
    for (const std::string& bad : {longest + "x", std::string("a\tb"), std::string("a\xe2\x80\x8b"),
                                   std::string("\xc2\x85"), std::string("  ")}) {
        const auto refused = deploy(bad);
        EXPECT_EQ(refused.status, 400) << bad;
        EXPECT_EQ(refused.body["field"], "name") << bad;
    }
}

TEST_F(Api, RefusesBodiesThatAreNoObject) {
    http::Fields headers;
    headers.set("Authorization", "Bearer " + token);
    for (const std::string body : {"", "[]", "{", "{\"a\":1}x", "nul", "\xff"}) {
        EXPECT_EQ(raw("POST", "/api/v1/servers", body, headers).status, 400) << body;
    }
    const std::string deep = std::string(1000, '[') + std::string(1000, ']');
    EXPECT_EQ(raw("POST", "/api/v1/servers", "{\"a\":" + deep + "}", headers).status, 400);
}

TEST_F(Api, LetsAServerWaitWithAReasonWhileThereIsNoNode) {
    const auto made = post(
        "/api/v1/servers",
        Json{{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}});
    ASSERT_EQ(made.status, 202) << made.text;
    EXPECT_EQ(made.headers.find("Location"),
              "/api/v1/operations/" + made.body["operation"]["id"].get<std::string>());
    const std::string id = made.body["server"]["id"];
    const auto server = get("/api/v1/servers/" + id);
    EXPECT_EQ(server.body["state"], "waiting");
    EXPECT_NE(server.body["reason"], "");
    EXPECT_EQ(server.body["variables"]["PASSWORD"], "********");
    EXPECT_EQ(server.body["variables"]["SERVER_NAME"], "friday");
    // Removing what no node has is done at once.
    const auto removed = call("DELETE", "/api/v1/servers/" + id);
    EXPECT_EQ(removed.status, 202) << removed.text;
    EXPECT_EQ(get("/api/v1/servers/" + id).status, 404);
}

TEST_F(Api, AnswersARepeatedKeyWithTheSameAgain) {
    http::Fields headers;
    headers.set("Idempotency-Key", "deploy-1");
    const Json body{
        {"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}};
    const auto first = post("/api/v1/servers", body, headers);
    ASSERT_EQ(first.status, 202);
    const auto again = post("/api/v1/servers", body, headers);
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.text, first.text);
    EXPECT_EQ(again.headers.find("Idempotent-Replayed"), "true");
    close();
    open();
    EXPECT_EQ(post("/api/v1/servers", body, headers).text, first.text);
    Json other = body;
    other["name"] = "saturday";
    EXPECT_EQ(post("/api/v1/servers", other, headers).status, 422);
    EXPECT_EQ(get("/api/v1/servers").body["items"].size(), 1U);
}

TEST_F(Api, ChangesOnlyTheVersionThatTheCallerSaw) {
    const auto made = post(
        "/api/v1/servers",
        Json{{"name", "friday"}, {"game", "testgame"}, {"variables", {{"PASSWORD", "sesame"}}}});
    const std::string path = "/api/v1/servers/" + made.body["server"]["id"].get<std::string>();
    const auto seen = get(path);
    const std::string tag(seen.headers.find("ETag").value_or(""));
    EXPECT_EQ(tag, "\"" + seen.body["version"].get<std::string>() + "\"");
    http::Fields headers;
    headers.set("If-Match", tag);
    const auto changed = call("PATCH", path,
                              Json{{"description", "of friends"},
                                   {"labels", {{"team", "red"}}},
                                   {"variables", {{"PASSWORD", "********"}, {"SERVER_NAME", "x"}}}},
                              headers);
    ASSERT_EQ(changed.status, 200) << changed.text;
    EXPECT_EQ(changed.body["description"], "of friends");
    EXPECT_EQ(changed.body["variables"]["SERVER_NAME"], "x");
    EXPECT_NE(changed.body["version"], seen.body["version"]);
    EXPECT_EQ(call("PATCH", path, Json{{"name", "late"}}, headers).status, 412);
    EXPECT_EQ(call("DELETE", path, nullptr, headers).status, 412);
    EXPECT_EQ(get(path).body["name"], "friday");
    EXPECT_EQ(get("/api/v1/servers?label=team:red").body["items"].size(), 1U);
    EXPECT_EQ(get("/api/v1/servers?label=team:blue").body["items"].size(), 0U);
    EXPECT_EQ(call("PATCH", path, Json{{"variables", {{"PASSWORD", "x"}}}}).body["field"],
              "variables.PASSWORD");
}

TEST_F(Api, PagesListsWithCursors) {
    for (int i = 0; i < 5; ++i) new_token("viewer");
    std::set<std::string> seen;
    std::string target = "/api/v1/tokens?limit=2";
    int pages = 0;
    for (; pages < 10; ++pages) {
        const auto page = get(target);
        ASSERT_EQ(page.status, 200);
        for (const auto& item : page.body["items"]) seen.insert(item["id"].get<std::string>());
        if (page.body["next_cursor"].is_null()) break;
        target = "/api/v1/tokens?limit=2&cursor=" + page.body["next_cursor"].get<std::string>();
    }
    EXPECT_EQ(pages, 2);
    EXPECT_EQ(seen.size(), 6U);
    EXPECT_EQ(get("/api/v1/tokens?limit=0").body["field"], "limit");
    EXPECT_EQ(get("/api/v1/tokens?limit=501").status, 400);
    EXPECT_EQ(get("/api/v1/servers?cursor=%21").body["field"], "cursor");
    EXPECT_EQ(get("/api/v1/servers?colour=red").body["field"], "colour");
}

TEST_F(Api, HidesServersFromATokenThatIsNotForThem) {
    const auto deploy = [this](const char* name) {
        return post("/api/v1/servers", Json{{"name", name},
                                            {"game", "testgame"},
                                            {"variables", {{"PASSWORD", "sesame"}}}})
            .body["server"]["id"]
            .get<std::string>();
    };
    const auto mine = deploy("mine");
    const auto other = deploy("other");
    const auto limited = new_token("operator", Json::array({mine}));
    EXPECT_EQ(as(limited, "GET", "/api/v1/servers").body["items"].size(), 1U);
    EXPECT_EQ(as(limited, "GET", "/api/v1/servers/" + mine).status, 200);
    EXPECT_EQ(as(limited, "GET", "/api/v1/servers/" + other).status, 404);
    EXPECT_EQ(as(limited, "POST", "/api/v1/servers/" + other + "/start").status, 404);
    EXPECT_EQ(as(limited, "DELETE", "/api/v1/servers/" + other).status, 404);
    EXPECT_EQ(as(limited, "GET", "/api/v1/nodes").status, 403);
    EXPECT_EQ(as(limited, "GET", "/api/v1/operations").body["items"].size(), 1U);
}

TEST_F(Api, AddsReplacesAndDeletesGames) {
    const Json game{{"id", "mine"}, {"name", "Mine"}, {"image", "mine:1"}};
    const auto added = call("PUT", "/api/v1/games/mine", game);
    EXPECT_EQ(added.status, 201) << added.text;
    EXPECT_EQ(call("PUT", "/api/v1/games/mine", added.body).status, 200);
    EXPECT_EQ(call("PUT", "/api/v1/games/other", game).body["field"], "id");
    http::Fields headers;
    headers.set("Authorization", "Bearer " + token);
    headers.set("Content-Type", "application/toml");
    EXPECT_EQ(raw("PUT", "/api/v1/games/mine",
                  "id = \"mine\"\nname = \"Mine\"\nimage = \"mine:2\"\n", headers)
                  .body["image"],
              "mine:2");
    const auto wrong = raw("PUT", "/api/v1/games/mine", "id = \"mine\"\nimag = \"x\"\n", headers);
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.body.value("field", ""), "");
    close();
    open();
    EXPECT_EQ(get("/api/v1/games/mine").body["custom"], true);
    EXPECT_EQ(call("DELETE", "/api/v1/games/mine").status, 204);
    EXPECT_EQ(get("/api/v1/games/mine").status, 404);
    EXPECT_EQ(call("DELETE", "/api/v1/games/testgame").status, 409);
    EXPECT_EQ(get("/api/v1/games/testgame").status, 200);
}

TEST_F(Api, KeepsAnAuditOfEveryChangeWithoutSecrets) {
    const auto secret = new_token("viewer");
    post("/api/v1/servers", Json{{"name", "friday"},
                                 {"game", "testgame"},
                                 {"variables", {{"PASSWORD", "open-sesame"}}}});
    post("/api/v1/servers", Json{{"name", ""}});
    const auto log = get("/api/v1/audit");
    ASSERT_EQ(log.body["items"].size(), 3U) << log.text;
    EXPECT_EQ(log.body["items"][0]["by"], "coordinator");
    EXPECT_EQ(log.body["items"][0]["by_name"], "coordinator");
    EXPECT_EQ(log.body["items"][1]["by_name"], "first admin");
    EXPECT_EQ(log.body["items"][1]["action"], "token.create");
    EXPECT_EQ(log.body["items"][2]["action"], "server.deploy");
    EXPECT_EQ(log.text.find("open-sesame"), std::string::npos);
    EXPECT_EQ(log.text.find(secret), std::string::npos);
    EXPECT_EQ(get("/api/v1/audit?after=2").body["items"].size(), 1U);
    const auto verdict = get("/api/v1/audit/verify");
    EXPECT_EQ(verdict.body["valid"], true);
    EXPECT_EQ(verdict.body["entries"], 3);
    EXPECT_TRUE(verdict.body["first_bad"].is_null());
}

TEST_F(Api, CutsTheOpenEventsOfADeletedToken) {
    const auto made = post("/api/v1/tokens", Json{{"name", "x"}, {"role", "viewer"}});
    auto socket = websocket("/api/v1/events", made.body["token"]);
    ASSERT_TRUE(socket);
    EXPECT_EQ(Json::parse(receive(*socket))["type"], "hello");
    EXPECT_EQ(call("DELETE", "/api/v1/tokens/" + made.body["id"].get<std::string>()).status, 204);
    EXPECT_THAT(receive_end(*socket), ::testing::HasSubstr("1008"));
}

TEST_F(Api, CopiesTheStoreWhileItServes) {
    new_token("viewer");
    const auto made = post("/api/v1/backup");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_GT(made.body["size_bytes"], 0);
    EXPECT_TRUE(std::filesystem::exists(made.body["path"].get<std::string>()));
}

TEST_F(Api, MakesAJoinCommandThatLeadsHere) {
    const auto made = post("/api/v1/join-tokens");
    ASSERT_EQ(made.status, 201);
    const std::string command = made.body["command"];
    EXPECT_THAT(command, ::testing::StartsWith("muster node --coordinator 127.0.0.1:" +
                                               std::to_string(coordinator->grpc_port()) +
                                               " --join-token mst1-"));
    EXPECT_TRUE(made.body.contains("warning"));
    EXPECT_EQ(get("/api/v1/join-tokens").text.find(made.body["token"].get<std::string>()),
              std::string::npos);
    http::Fields headers;
    headers.set("Host", "games.example.org:8080");
    const auto named = post("/api/v1/join-tokens", nullptr, headers);
    EXPECT_THAT(
        named.body.value("command", ""),
        ::testing::HasSubstr(" games.example.org:" + std::to_string(coordinator->grpc_port())));
    EXPECT_FALSE(named.body.contains("warning"));
    close();
    options.advertise = "muster.example.org:4000";
    open();
    EXPECT_THAT(post("/api/v1/join-tokens").body.value("command", ""),
                ::testing::HasSubstr(" muster.example.org:4000 "));
}

class FullDisk : public testing::Stand {
  protected:
    FullDisk() {
        fake_disk = std::make_shared<store::FakeDisk>();
        open();
    }
};

TEST_F(FullDisk, PromisesNothingThatIsNotStoredAndSaysSo) {
    EXPECT_EQ(get("/healthz").status, 200);
    const Json body{{"name", "x"}, {"role", "viewer"}};
    ASSERT_EQ(post("/api/v1/tokens", body).status, 201);
    fake_disk->commit_error = Error{Errc::internal, "the disk is full", {}};
    const auto refused = post("/api/v1/tokens", body);
    EXPECT_EQ(refused.status, 503) << refused.text;
    EXPECT_FALSE(refused.body.contains("token"));
    const auto health = get("/healthz");
    EXPECT_EQ(health.status, 503);
    EXPECT_THAT(health.body.value("reason", ""), ::testing::HasSubstr("the disk is full"));
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(post("/api/v1/tokens", body).status, 503);
    EXPECT_EQ(get("/api/v1/servers").status, 200);
    // It is tried again, and then all is well.
    fake_disk->commit_error.reset();
    testing::run_until(context, [this] { return get("/healthz").status == 200; });
    EXPECT_EQ(post("/api/v1/tokens", body).status, 201);
    EXPECT_EQ(get("/api/v1/audit/verify").body["valid"], true);
}

TEST_F(Api, CountsWhatItServesForPrometheus) {
    get("/api/v1/servers");
    const auto metrics = get("/metrics");
    ASSERT_EQ(metrics.status, 200);
    for (const char* name : {"gameservers_count", "gameservers_total", "nodes_count",
                             "gameserver_state_duration", "muster_workqueue_depth",
                             "muster_http_requests_total{route=\"GET /api/v1/servers\","
                             "status=\"200\"} 1"}) {
        EXPECT_THAT(metrics.text, ::testing::HasSubstr(name));
    }
}

}  // namespace
}  // namespace muster::coordinator
