#include <gmock/gmock.h>

#include "muster/base/file.hpp"
#include "testing/region_holder.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

// Servers of a world that the coordinator makes and sees off, with a node and world servers that a
// test plays.
namespace muster::coordinator {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RegionHolder;
using testing::Reply;
using testing::ScriptedNode;
using testing::ScriptedWorld;
namespace wire = muster::node::v1;

constexpr const char* scale_path = "/api/v1/worlds/ffa/scale";

class ScaledWorlds : public testing::Stand {
  protected:
    ScaledWorlds() {
        const auto game = read_file("../../../games/muster-world.toml");
        EXPECT_TRUE(game);
        EXPECT_TRUE(write_file(folder / "games" / "muster-world.toml", game.value_or("")));
        options.advertise = "play.example.org";
        options.region_lease = 1'500ms;
    }
    Reply put(const Json& body) { return call("PUT", scale_path, body); }
    void until(const std::function<bool()>& holds) { testing::run_until(context, holds); }

    /// What the node is told to make next, made: the join token in it.
    std::string make_next(ScriptedNode& node) {
        const auto command = node.next_command();
        EXPECT_TRUE(command.has_deploy()) << command.ShortDebugString();
        last = command;
        node.observe(command.server_id(), command.generation(), wire::READY);
        node.finish(command.operation_id());
        return command.deploy().spec().environment().at("MUSTER_WORLD_JOIN_TOKEN");
    }
    /// Plays the removal of a server that the node is told to remove.
    std::string remove_next(ScriptedNode& node) {
        const auto command = node.next_command();
        EXPECT_TRUE(command.has_remove()) << command.ShortDebugString();
        node.finish(command.operation_id());
        wire::FromNode gone;
        gone.mutable_server()->set_server_id(command.server_id());
        gone.mutable_server()->set_removed(true);
        node.send(std::move(gone));
        return command.server_id();
    }
    std::unique_ptr<ScriptedWorld> world_of(const std::string& join_token) {
        auto out = std::make_unique<ScriptedWorld>(context, coordinator->grpc_port());
        const auto enrolled = out->enrol(join_token);
        EXPECT_TRUE(enrolled) << enrolled.error().message;
        return out;
    }
    Json shown() { return get(scale_path).body; }

    wire::Command last;
};

TEST_F(ScaledWorlds, GetServersOfTheFleetWithATokenEachThatIsShownToNobody) {
    open();
    auto node = join();
    const auto asked = put(
        Json{{"count", 1},
             {"template",
              {{"memory_bytes", 256 << 20},
               {"variables", {{"MUSTER_WORLD_BOTS", "0"}, {"MUSTER_BUS_PASSWORD", "hunter2"}}}}}});
    ASSERT_EQ(asked.status, 200) << asked.text;
    EXPECT_EQ(asked.body["settled"], false);
    EXPECT_EQ(asked.body["template"]["variables"]["MUSTER_BUS_PASSWORD"], "********");
    const auto token = make_next(*node);
    const auto& spec = last.deploy().spec();
    const auto& environment = spec.environment();
    EXPECT_EQ(spec.name(), "ffa-1");
    EXPECT_EQ(spec.image(), "muster:latest");
    EXPECT_EQ(environment.at("MUSTER_WORLD_MODES"), "ffa");
    EXPECT_EQ(environment.at("MUSTER_WORLD_BOTS"), "0");
    EXPECT_EQ(environment.at("MUSTER_BUS_PASSWORD"), "hunter2");
    EXPECT_THAT(environment.at("MUSTER_WORLD_COORDINATOR"), HasSubstr("play.example.org:"));
    // It tells players the number and the address that they reach it at.
    ASSERT_EQ(spec.ports_size(), 1);
    EXPECT_EQ(spec.ports(0).inside(), spec.ports(0).outside());
    EXPECT_EQ(environment.at("MUSTER_UDP"), "0.0.0.0:" + std::to_string(spec.ports(0).outside()));
    EXPECT_EQ(environment.at("MUSTER_PUBLIC_IP"), "203.0.113.7");

    const std::string server = "/api/v1/servers/" + last.server_id();
    EXPECT_EQ(get(server).body["variables"]["MUSTER_WORLD_JOIN_TOKEN"], "********");
    auto world = world_of(token);
    ASSERT_TRUE(world->connect());
    wait_for(scale_path, "settled", true);
    // Once it was used it is kept nowhere.
    EXPECT_EQ(get(server).body["variables"]["MUSTER_WORLD_JOIN_TOKEN"], "");
    EXPECT_EQ(shown()["servers"][0]["world_server_id"], world->id);
    EXPECT_EQ(get("/api/v1/world-servers").body["items"][0]["name"], "ffa-1");
    for (const char* path : {"/api/v1/audit", "/api/v1/join-tokens", scale_path}) {
        EXPECT_THAT(get(path).text, Not(HasSubstr(token))) << path;
        EXPECT_THAT(get(path).text, Not(HasSubstr("hunter2"))) << path;
    }
}

TEST_F(ScaledWorlds, LoseTheEmptiestOnceNobodyPlaysThereAndItsIdentityWithIt) {
    open();
    auto node = join();
    ASSERT_EQ(put(Json{{"count", 2}}).status, 200);
    auto first = world_of(make_next(*node));
    ASSERT_TRUE(first->connect());
    auto second = world_of(make_next(*node));
    const std::string server = last.server_id();
    ASSERT_TRUE(second->connect());
    first->load(5);
    second->load(1);
    wait_for("/api/v1/world-servers/" + first->id, "players", 5);
    wait_for("/api/v1/world-servers/" + second->id, "players", 1);
    ASSERT_EQ(put(Json{{"count", 1}}).status, 200);
    until([&] { return get("/api/v1/world-servers/" + second->id).body["draining"] == true; });
    EXPECT_EQ(shown()["servers"][1]["leaving"], true);
    EXPECT_EQ(shown()["servers"][1]["people"], 1);
    EXPECT_EQ(shown()["servers"][0]["leaving"], false);
    second->load(0);
    EXPECT_EQ(remove_next(*node), server);
    wait_for(scale_path, "settled", true);
    until([&] { return second->is_over(); });
    EXPECT_FALSE(second->connect());
    EXPECT_EQ(get("/api/v1/servers/" + server).status, 404);
    EXPECT_FALSE(first->is_over());
}

TEST_F(ScaledWorlds, AreSeenOffOverARestartOfTheCoordinatorAndLinksThatBreak) {
    open();
    auto node = join();
    ASSERT_EQ(put(Json{{"count", 1}}).status, 200);
    auto world = world_of(make_next(*node));
    ASSERT_TRUE(world->connect());
    world->load(3);
    wait_for("/api/v1/world-servers/" + world->id, "players", 3);
    const auto asked = put(Json{{"count", 0}});
    EXPECT_EQ(asked.body["servers"][0]["leaving"], true);
    close();
    open();
    world->port(coordinator->grpc_port());
    ASSERT_TRUE(world->connect());
    // Whoever is about to go takes nobody from its first moment on.
    EXPECT_EQ(get("/api/v1/world-servers/" + world->id).body["draining"], true);
    EXPECT_EQ(shown()["count"], 0);
    EXPECT_EQ(shown()["servers"].size(), 1U);
}

TEST_F(ScaledWorlds, OfASpreadWorldHandTheirRegionsOnBeforeTheyGo) {
    open();
    auto node = join();
    const Json spread{{"MUSTER_WORLD_SPREAD", "true"}, {"MUSTER_WORLD_REGIONS", "2"}};
    ASSERT_EQ(put(Json{{"count", 2}, {"template", {{"variables", spread}}}}).status, 200);
    std::vector<std::unique_ptr<RegionHolder>> holders;
    for (std::uint64_t life = 1; life <= 2; ++life) {
        holders.push_back(std::make_unique<RegionHolder>(context, coordinator->grpc_port(), life));
        ASSERT_TRUE(holders.back()->world.enrol(make_next(*node)));
        ASSERT_TRUE(holders.back()->connect());
    }
    until([&] { return holders[0]->owned().size() == 1 && holders[1]->owned().size() == 1; });
    const auto refused =
        put(Json{{"count", 3}, {"template", {{"variables", {{"MUSTER_WORLD_MAP", "4000x3000"}}}}}});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.body["field"], "template.variables.MUSTER_WORLD_MAP");
    ASSERT_EQ(put(Json{{"count", 1}}).status, 200);
    until([&] { return holders[0]->owned().size() == 2 || holders[1]->owned().size() == 2; });
    remove_next(*node);
    wait_for(scale_path, "settled", true);
}

TEST_F(ScaledWorlds, AreReplacedOneByOneByNewerOnesThatCameFirst) {
    open();
    auto node = join();
    EXPECT_EQ(post("/api/v1/worlds/ffa/upgrade").status, 404);
    ASSERT_EQ(put(Json{{"count", 1}}).status, 200);
    auto old = world_of(make_next(*node));
    const std::string old_server = last.server_id();
    ASSERT_TRUE(old->connect());
    wait_for(scale_path, "settled", true);
    const auto asked = post("/api/v1/worlds/ffa/upgrade", Json{{"image", "muster:2"}});
    ASSERT_EQ(asked.status, 200) << asked.text;
    auto fresh = world_of(make_next(*node));
    EXPECT_EQ(last.deploy().spec().image(), "muster:2");
    EXPECT_EQ(get("/api/v1/world-servers/" + old->id).body["draining"], false);
    ASSERT_TRUE(fresh->connect());
    EXPECT_EQ(remove_next(*node), old_server);
    wait_for(scale_path, "settled", true);
}

TEST_F(ScaledWorlds, AreRefusedWithTheFieldAndTheReason) {
    open();
    auto node = join();
    EXPECT_EQ(get(scale_path).status, 404);
    const auto field = [&](const Json& body) {
        const auto reply = put(body);
        EXPECT_GE(reply.status, 400) << body << reply.text;
        return reply.body.value("field", "");
    };
    EXPECT_EQ(field(Json::object()), "count");
    EXPECT_EQ(field(Json{{"count", 65}}), "count");
    EXPECT_EQ(field(Json{{"count", 1}, {"template", {{"nodes", {"node-none"}}}}}),
              "template.nodes");
    EXPECT_EQ(field(Json{{"count", 1}, {"template", {{"imagee", "x"}}}}), "template.imagee");
    const auto variable = [&](const char* name, const char* value) {
        return field(Json{{"count", 1}, {"template", {{"variables", {{name, value}}}}}});
    };
    EXPECT_EQ(variable("MUSTER_WORLD_BOTS", "many"), "template.variables.MUSTER_WORLD_BOTS");
    EXPECT_EQ(variable("MUSTER_WORLD_JOIN_TOKEN", "x"),
              "template.variables.MUSTER_WORLD_JOIN_TOKEN");
    EXPECT_EQ(call("PUT", "/api/v1/worlds/moon/scale", Json{{"count", 1}}).body["field"], "world");
    EXPECT_EQ(as(new_token("viewer"), "PUT", scale_path, Json{{"count", 1}}).status, 403);
    EXPECT_EQ(get(scale_path).status, 404);  // nothing came of it
    ASSERT_EQ(put(Json{{"count", 0}}).status, 200);
    EXPECT_EQ(call("DELETE", scale_path).status, 204);
    EXPECT_EQ(get(scale_path).status, 404);
}

}  // namespace
}  // namespace muster::coordinator
