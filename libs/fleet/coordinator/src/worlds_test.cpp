#include "testing/worlds_stand.hpp"
#include "world_servers.hpp"

// World servers that a test plays, as who runs them and who plays in them see them.
namespace muster::coordinator {
namespace {

using testing::FakeGate;
using testing::ScriptedWorld;
using testing::servers_path;
using testing::worlds_path;
namespace world_wire = link::world_wire;

using Worlds = testing::WorldsStand;

TEST_F(Worlds, AreListedWithWhatTheirServersSay) {
    open();
    EXPECT_EQ(get(servers_path).body["items"].size(), 0U);
    auto world = join_world();
    // The list is to be three seconds old at most.
    EXPECT_LE(WorldServers::load_seconds, 3U);
    world->load(12, 0.25);
    wait_for_people(*world, 12);
    const auto list = raw("GET", servers_path, "", {});
    ASSERT_EQ(list.body["items"].size(), 1U);
    const auto& item = list.body["items"][0];
    EXPECT_EQ(item["id"], world->id);
    EXPECT_EQ(item["name"], "attic");  // who made the token knows best
    EXPECT_EQ(item["addresses"], Json::array({"203.0.113.7"}));
    EXPECT_EQ(item["udp_port"], 7777);
    EXPECT_EQ(item["capacity"], 100);
    EXPECT_DOUBLE_EQ(item["load"].get<double>(), 0.25);
    EXPECT_EQ(item["worlds"][0]["people"], 12);
    EXPECT_EQ(item["players"], 12);
    EXPECT_EQ(item["version"], "0.1.0");
    EXPECT_EQ(item["location"], "eu-west");
    EXPECT_GE(item["uptime_s"], 7'200);
    EXPECT_LT(item["uptime_s"], 7'260);
    const auto worlds = raw("GET", worlds_path, "", {});
    EXPECT_EQ(worlds.body["worlds"][0]["name"], "ctf");
    EXPECT_EQ(worlds.body["worlds"][0]["people"], 12);
    EXPECT_EQ(raw("GET", "/api/v1/worlds/ctf", "", {}).body["players_max"], 40);
    EXPECT_EQ(raw("GET", "/api/v1/worlds/nowhere", "", {}).status, 404);
    world->leave();
    testing::run_until(context, [&] { return get(servers_path).body["items"].empty(); });
    EXPECT_EQ(raw("GET", worlds_path, "", {}).body["worlds"].size(), 0U);
}

TEST_F(Worlds, CostALineWhileTheirListIsTheSame) {
    open();
    auto world = join_world();
    const auto first = get(servers_path);
    const std::string tag(first.headers.find("ETag").value_or(""));
    http::Fields known;
    known.set("If-None-Match", tag);
    const auto same = raw("GET", servers_path, "", known);
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.text, "");
    world->load(1);
    wait_for_people(*world, 1);
    const auto next = raw("GET", servers_path, "", known);
    EXPECT_EQ(next.status, 200);
    EXPECT_GT(next.body["list_version"], first.body["list_version"]);
}

TEST_F(Worlds, AreJoinedAndLeftThroughTheCoordinator) {
    open();
    auto world = join_world();
    const auto joined = play("ctf", Json{{"name", "Anna"}, {"team", "red"}});
    ASSERT_EQ(joined.status, 200) << joined.text;
    EXPECT_EQ(joined.body["sdp"], testing::answer_of(world->id));
    EXPECT_EQ(joined.body["server"], world->id);
    EXPECT_EQ(joined.body["player"], 7);
    EXPECT_EQ(world->last_offer()->world(), "ctf");
    EXPECT_EQ(world->last_offer()->name(), "Anna");
    EXPECT_EQ(world->last_offer()->team(), "red");
    EXPECT_EQ(world->last_offer()->remote_address(), "127.0.0.1");
    const auto ticket = joined.body["ticket"].get<std::string>();
    const auto again = play("ctf", Json{{"resume", ticket}});
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(world->last_offer()->resume(), "ticket-of-" + world->id);
    const auto left = raw("POST", "/api/v1/worlds/ctf/leave", Json{{"ticket", ticket}}.dump(), {});
    EXPECT_EQ(left.status, 204);
    EXPECT_EQ(world->next(world_wire::ToWorld::kLeave).leave().ticket(), "ticket-of-" + world->id);
}

TEST_F(Worlds, RefuseAWishThatIsWrongWithItsField) {
    open();
    auto world = join_world();
    const auto refused = [this](const Json& body) {
        const auto reply = raw("POST", "/api/v1/worlds/ctf/join", body.dump(), {});
        EXPECT_EQ(reply.status, 400) << reply.text;
        return reply.body.value("field", "");
    };
    EXPECT_EQ(refused(Json::object()), "sdp");
    EXPECT_EQ(refused(Json{{"sdp", "x"}, {"team", "green"}}), "team");
    EXPECT_EQ(refused(Json{{"sdp", "x"}, {"strategy", "best"}}), "strategy");
    EXPECT_EQ(refused(Json{{"sdp", "x"}, {"sever", "y"}}), "sever");
    const auto nowhere = play("ctf", Json{{"server", "world-nowhere"}});
    EXPECT_EQ(nowhere.status, 404);
    EXPECT_EQ(nowhere.body["field"], "server");
    EXPECT_EQ(play("nowhere").status, 404);
}

TEST_F(Worlds, AreFilledByLoadOrPackedOrAsIsWished) {
    open();
    auto busy = join_world();
    auto idle = join_world();
    busy->load(30);
    idle->load(2);
    wait_for_people(*busy, 30);
    wait_for_people(*idle, 2);
    EXPECT_EQ(raw("GET", worlds_path, "", {}).body["worlds"][0]["servers"], 2);
    EXPECT_EQ(play("ctf").body["server"], idle->id);
    EXPECT_EQ(play("ctf", Json{{"strategy", "packed"}}).body["server"], busy->id);
    EXPECT_EQ(play("ctf", Json{{"server", busy->id}}).body["server"], busy->id);
    // Nobody waits for the next load: the places just given are counted.
    EXPECT_EQ(get(std::string(servers_path) + "/" + idle->id).body["players"], 3);
}

TEST_F(Worlds, TakeAReturningPlayerToItsLastServerThenToTheOneBefore) {
    open();
    auto busy = join_world();
    auto fuller = join_world();
    auto idle = join_world();
    busy->load(30);
    fuller->load(35);
    idle->load(2);
    wait_for_people(*busy, 30);
    wait_for_people(*fuller, 35);
    wait_for_people(*idle, 2);
    const Json last{{"last", {fuller->id, busy->id}}};
    EXPECT_EQ(play("ctf", last).body["server"], fuller->id);
    fuller->load(40);
    wait_for_people(*fuller, 40);
    EXPECT_EQ(play("ctf", last).body["server"], busy->id) << "the last one is full";
    busy->load(40);
    wait_for_people(*busy, 40);
    EXPECT_EQ(play("ctf", last).body["server"], idle->id) << "as anybody";
    EXPECT_EQ(play("ctf", Json{{"last", {"world-gone"}}}).body["server"], idle->id);
    EXPECT_EQ(play("ctf", Json{{"last", "x"}}).body["field"], "last");
}

TEST_F(Worlds, AreChosenByThePlayersOwnPings) {
    open();
    auto near = join_world();
    auto far = join_world();
    auto unmeasured = join_world();
    near->load(20);
    wait_for_people(*near, 20);
    const auto pings = [&](double to_near, double to_far) {
        return Json{{"strategy", "lowest_ping"},
                    {"pings", {{near->id, to_near}, {far->id, to_far}, {"world-gone", 1}}}};
    };
    EXPECT_EQ(play("ctf", pings(12, 70)).body["server"], near->id);
    EXPECT_EQ(play("ctf", pings(70, 12.5)).body["server"], far->id);
    EXPECT_EQ(play("ctf", pings(70, 72)).body["server"], far->id) << "nobody feels two of them";
    const auto field = [&](const Json& body) {
        const auto refused = play("ctf", body);
        EXPECT_EQ(refused.status, 400) << refused.text;
        return refused.body["field"].get<std::string>();
    };
    EXPECT_EQ(field(Json{{"strategy", "lowest_ping"}}), "pings");
    EXPECT_EQ(field(Json{{"pings", {{near->id, 1}}}}), "pings");
    EXPECT_EQ(field(Json{{"strategy", "lowest_ping"}, {"pings", {1, 2}}}), "pings");
    EXPECT_EQ(field(pings(-1, 1)), "pings." + near->id);
    EXPECT_EQ(field(Json{{"strategy", "lowest_ping"}, {"pings", {{far->id, "12"}}}}),
              "pings." + far->id);
}

TEST_F(Worlds, AreSeenFromOutsideInDiagnostics) {
    open();
    auto world = join_world();
    world->load(12);
    wait_for_people(*world, 12);
    const auto got = raw("GET", "/api/v1/diagnostics", "", {});
    ASSERT_EQ(got.status, 200) << got.text;
    EXPECT_EQ(got.body["type"], "coordinator");
    EXPECT_EQ(got.body["players"], 0);
    EXPECT_EQ(got.body["players_total"], 12);
    EXPECT_EQ(got.body["world_servers"], 1);
    EXPECT_GE(got.body["uptime_s"], 0);
    EXPECT_LT(got.body["uptime_s"], 60);
}

TEST_F(Worlds, ThatAreFullNameTheAlternatives) {
    open();
    auto full = join_world();
    auto other = std::make_unique<ScriptedWorld>(context, coordinator->grpc_port());
    other->hello.mutable_worlds(0)->set_name("tdm");
    ASSERT_TRUE(other->enrol(world_token()));
    ASSERT_TRUE(other->connect());
    full->load(40);
    wait_for_people(*full, 40);
    const auto refused = play("ctf");
    EXPECT_EQ(refused.status, 409) << refused.text;
    EXPECT_EQ(refused.body["code"], "exhausted");
    ASSERT_EQ(refused.body["alternatives"].size(), 1U) << refused.text;
    EXPECT_EQ(refused.body["alternatives"][0]["world"], "tdm");
    EXPECT_EQ(refused.body["alternatives"][0]["server"], other->id);
    EXPECT_EQ(refused.body["alternatives"][0]["people"], 0);
    EXPECT_EQ(refused.body["alternatives"][0]["players_max"], 40);
}

TEST_F(Worlds, ThatRefuseLeaveThePlayerToTheNext) {
    open();
    auto first = join_world();
    auto second = join_world();
    first->load(1);
    second->load(5);
    wait_for_people(*first, 1);
    wait_for_people(*second, 5);
    first->answers = ScriptedWorld::Answers::full;
    EXPECT_EQ(play("ctf").body["server"], second->id);
    second->answers = ScriptedWorld::Answers::full;
    EXPECT_EQ(play("ctf").status, 409);
}

TEST_F(Worlds, ThatDoNotAnswerAreNotWaitedForForEver) {
    open();
    auto world = join_world();
    world->answers = ScriptedWorld::Answers::silent;
    EXPECT_EQ(play("ctf").status, 504);
    // A place that comes too late is given back.
    world_wire::FromWorld late;
    late.mutable_join_answer()->set_request_id(world->last_offer()->request_id());
    late.mutable_join_answer()->set_sdp(testing::answer_of(world->id));
    late.mutable_join_answer()->set_ticket("too-late");
    world->send(std::move(late));
    EXPECT_EQ(world->next(world_wire::ToWorld::kLeave).leave().ticket(), "too-late");
}

TEST_F(Worlds, ThatAreDrainedTakeNobodyNew) {
    open();
    auto world = join_world();
    const auto joined = play("ctf");
    const std::string path = std::string(servers_path) + "/" + world->id + "/drain";
    EXPECT_EQ(as(new_token("viewer"), "POST", path).status, 403);
    EXPECT_EQ(post(path).body["draining"], true);
    EXPECT_TRUE(world->next(world_wire::ToWorld::kDrain).drain().draining());
    EXPECT_EQ(play("ctf").status, 404);
    EXPECT_EQ(play("ctf", Json{{"resume", joined.body["ticket"]}}).status, 200);
    EXPECT_EQ(post(path, Json{{"draining", false}}).body["draining"], false);
    EXPECT_EQ(play("ctf").status, 200);
    EXPECT_EQ(post(std::string(servers_path) + "/world-nowhere/drain").status, 404);
}

TEST_F(Worlds, OfARevokedServerDoNotComeBack) {
    open();
    auto world = join_world();
    const std::string path = std::string(servers_path) + "/" + world->id;
    EXPECT_EQ(call("DELETE", path).status, 204);
    EXPECT_TRUE(world->next(world_wire::ToWorld::kGoodbye).goodbye().for_good());
    testing::run_until(context, [&] { return world->is_over(); });
    EXPECT_EQ(world->why().code, Errc::permission_denied);
    EXPECT_EQ(get(servers_path).body["items"].size(), 0U);
    EXPECT_EQ(world->renew().error().code, Errc::permission_denied);
    world->leave();
    EXPECT_EQ(world->connect().error().code, Errc::permission_denied);
    EXPECT_EQ(call("DELETE", path).status, 404);
    // It is written down, so it holds after a restart, too.
    close();
    open();
    ScriptedWorld other(context, coordinator->grpc_port());
    EXPECT_EQ(call("DELETE", path).status, 404);
}

TEST_F(Worlds, AreDelistedWhenTheirServerIsSilentForItsLease) {
    options.lease = std::chrono::milliseconds(1'500);
    open();
    auto world = join_world();
    ASSERT_EQ(get(servers_path).body["items"].size(), 1U);
    testing::run_until(context, [&] { return world->is_over(); });
    EXPECT_EQ(world->why().code, Errc::timeout);
    EXPECT_EQ(get(servers_path).body["items"].size(), 0U);
    ASSERT_TRUE(world->connect());
    EXPECT_EQ(get(servers_path).body["items"].size(), 1U);
}

TEST_F(Worlds, ComeBackAsTheSameWhenTheirServerConnectsAnew) {
    open();
    auto world = join_world();
    ScriptedWorld stranger(context, coordinator->grpc_port());
    EXPECT_EQ(stranger.enrol("mst1-" + std::string(64, 'a') + "-abcdefghijklmnopqrst").error().code,
              Errc::unauthenticated);
    world->leave();
    ASSERT_TRUE(world->connect());
    ASSERT_TRUE(world->renew());
    EXPECT_EQ(get(servers_path).body["items"][0]["id"], world->id);
}

TEST_F(Worlds, AreNotJoinedByATokenOfTheOtherKind) {
    open();
    ScriptedWorld world(context, coordinator->grpc_port());
    const auto for_node = post("/api/v1/join-tokens");
    EXPECT_EQ(for_node.body["kind"], "node");
    const auto refused = world.enrol(for_node.body.value("token", ""));
    EXPECT_EQ(refused.error().code, Errc::permission_denied);
    EXPECT_EQ(refused.error().field, "join_token");
    const auto for_world = world_token();
    testing::ScriptedNode node(context, coordinator->grpc_port());
    EXPECT_EQ(node.enrol(for_world).error().code, Errc::permission_denied);
    EXPECT_EQ(post("/api/v1/join-tokens", Json{{"kind", "moon"}}).body["field"], "kind");
    ASSERT_TRUE(world.enrol(for_world));
    ASSERT_TRUE(world.connect());
}

TEST_F(Worlds, OfAServerThatSpeaksOtherwiseAreRefusedWithFieldAndReason) {
    open();
    ScriptedWorld world(context, coordinator->grpc_port());
    ASSERT_TRUE(world.enrol(world_token()));
    world.hello.set_protocol(99);
    auto refused = world.connect();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_EQ(refused.error().field, "protocol");
    EXPECT_TRUE(world.next(world_wire::ToWorld::kGoodbye).goodbye().for_good());
    world.leave();
    world.hello.set_protocol(1);
    world.hello.set_udp_port(0);
    refused = world.connect();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(refused.error().field, "udp_port");
    EXPECT_EQ(get(servers_path).body["items"].size(), 0U);
}

TEST_F(Worlds, OfThisProcessLieUnderTheSamePath) {
    const auto gate = std::make_shared<FakeGate>();
    gate->facts = {{"ffa", "ffa", "classic", 1, 2, 10, false},
                   {"ctf", "ctf", "classic", 5, 0, 10, false}};
    options.worlds = gate;
    options.ice_servers = [] { return R"([{"urls":["stun:stun.example.org"]}])"; };
    options.web_origin = "https://play.example.org";
    open();
    auto world = join_world();
    const auto list = raw("GET", worlds_path, "", {});
    const auto diagnostics = raw("GET", "/api/v1/diagnostics", "", {}).body;
    EXPECT_EQ(diagnostics["type"], "up");
    EXPECT_EQ(diagnostics["players"], 6);
    ASSERT_EQ(list.body["worlds"].size(), 2U);
    EXPECT_EQ(list.body["worlds"][0]["name"], "ffa");
    EXPECT_EQ(list.body["worlds"][1]["players_max"], 50);
    EXPECT_EQ(list.body["worlds"][1]["servers"], 2);
    EXPECT_EQ(list.body["ice_servers"][0]["urls"][0], "stun:stun.example.org");
    EXPECT_EQ(list.headers.find("Access-Control-Allow-Origin"), "https://play.example.org");
    EXPECT_EQ(play("ctf").body["server"], world->id);
    const auto here = play("ctf", Json{{"server", "local"}, {"name", "Anna"}});
    EXPECT_EQ(here.body["server"], "local");
    const auto ticket = here.body["ticket"].get<std::string>();
    EXPECT_EQ(gate->last.name, "Anna");
    EXPECT_EQ(play("ctf", Json{{"resume", ticket}}).body["server"], "local");
    EXPECT_EQ(gate->last.resume, "local-ticket");
    EXPECT_EQ(raw("POST", "/api/v1/worlds/ctf/leave", Json{{"ticket", ticket}}.dump(), {}).status,
              204);
    EXPECT_EQ(gate->left, "local-ticket");
}

}  // namespace
}  // namespace muster::coordinator
