#pragma once

#include <gmock/gmock.h>

#include "testing/scripted_world.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {

inline constexpr const char* servers_path = "/api/v1/world-servers";
inline constexpr const char* worlds_path = "/api/v1/worlds";

/// Worlds of the coordinator's own process.
class FakeGate final : public WorldGate {
  public:
    std::vector<WorldFacts> worlds() const override { return facts; }
    void join(WorldJoin wish, std::function<void(Result<WorldPlace>)> then) override {
        last = std::move(wish);
        then(WorldPlace{answer_of("this process"), "local-ticket", 3});
    }
    void leave(std::string ticket) override { left = std::move(ticket); }

    std::vector<WorldFacts> facts;
    WorldJoin last;
    std::string left;
};

/// A coordinator, and world servers that a test plays.
class WorldsStand : public Stand {
  protected:
    std::string world_token() {
        const auto made =
            post("/api/v1/join-tokens", Json{{"kind", "world_server"}, {"name", "attic"}});
        EXPECT_THAT(made.body.value("command", ""),
                    ::testing::HasSubstr("muster world --coordinator"));
        return made.body.value("token", "");
    }
    std::unique_ptr<ScriptedWorld> join_world() {
        auto out = std::make_unique<ScriptedWorld>(context, coordinator->grpc_port());
        const auto enrolled = out->enrol(world_token());
        EXPECT_TRUE(enrolled) << enrolled.error().message;
        const auto connected = out->connect();
        EXPECT_TRUE(connected) << connected.error().message;
        return out;
    }
    Reply play(const std::string& world, Json body = Json::object()) {
        body["sdp"] = "v=0 offer";
        return raw("POST", "/api/v1/worlds/" + world + "/join", body.dump(), {});
    }
    /// Until the list shows so many people on that server.
    void wait_for_people(const ScriptedWorld& world, std::uint32_t people) {
        wait_for(std::string(servers_path) + "/" + world.id, "players", people);
    }
};

}  // namespace muster::coordinator::testing
