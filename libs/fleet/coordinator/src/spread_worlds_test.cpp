#include <gmock/gmock.h>

#include "testing/region_holder.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

// A world that several servers compute together, as who runs them and who plays in it see it.
namespace muster::coordinator {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::RegionHolder;
using testing::Reply;
namespace world_wire = link::world_wire;

constexpr const char* world_path = "/api/v1/worlds/ffa";

class SpreadWorlds : public testing::Stand {
  protected:
    SpreadWorlds() { options.region_lease = 1'500ms; }
    std::unique_ptr<RegionHolder> enrolled(std::uint64_t life) {
        auto out = std::make_unique<RegionHolder>(context, coordinator->grpc_port(), life);
        const auto made = post("/api/v1/join-tokens", Json{{"kind", "world_server"}});
        EXPECT_TRUE(out->world.enrol(made.body.value("token", "")));
        return out;
    }
    std::unique_ptr<RegionHolder> holder(std::uint64_t life) {
        auto out = enrolled(life);
        const auto connected = out->connect();
        EXPECT_TRUE(connected) << connected.error().message;
        return out;
    }
    void until(const std::function<bool()>& holds) { testing::run_until(context, holds); }
    Reply play(Json body = Json::object()) {
        body["sdp"] = "v=0 offer";
        return raw("POST", std::string(world_path) + "/join", body.dump(), {});
    }
    Reply drain(const RegionHolder& one, bool draining) {
        return post("/api/v1/world-servers/" + one.world.id + "/drain",
                    Json{{"draining", draining}});
    }
    /// The world's regions move to it, one by one, and stay there.
    void move_all(RegionHolder& from, RegionHolder& to) {
        ASSERT_EQ(drain(from, true).status, 200);
        until([&] { return to.owned().size() == 2; });
    }
};

TEST_F(SpreadWorlds, AreOneWorldWhoseRegionsAreLeasedToItsServers) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2 && !first->ids.empty(); });
    EXPECT_EQ(play().body["server"], first->world.id);
    first->players = 5;
    until([&] { return get(world_path).body["regions"][0]["players"] == 5; });
    const auto alone = get(world_path).body;
    ASSERT_EQ(alone["regions"].size(), 2U);
    EXPECT_EQ(alone["regions"][0]["server"], first->world.id);
    EXPECT_EQ(alone["regions"][0]["area"]["right"], 2'000);
    const auto server = get("/api/v1/world-servers/" + first->world.id).body;
    ASSERT_EQ(server["regions"].size(), 2U);
    EXPECT_EQ(server["regions"][1]["world"], "ffa");
    auto second = holder(12);
    first->world.load(10);
    second->world.load(3);
    until([&] { return get(world_path).body["people"] == 13; });
    const auto shown = get(world_path).body;
    EXPECT_EQ(shown["servers"], 2);
    EXPECT_EQ(shown["players_max"], 300) << "they are the same places";
    EXPECT_EQ(shown["spread"], true);
    until([&] { return !second->ids.empty(); });
    for (const auto id : second->ids) EXPECT_FALSE(first->ids.contains(id)) << id;
}

TEST_F(SpreadWorlds, GoOnAtAnotherServerWhenOneHangsButNotBeforeItsLeaseIsOver) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    auto second = holder(12);
    until([&] { return second->renewed != decltype(second->renewed){}; });
    const auto before = first->greatest_epoch();
    first->hang();
    const auto renewed = first->renewed;
    until([&] {
        const bool is_taken = !second->owned().empty();
        EXPECT_FALSE(is_taken && !first->owned().empty()) << "two owners";
        return second->owned().size() == 2;
    });
    const auto waited = std::chrono::steady_clock::now() - renewed;
    EXPECT_GE(waited, 1'500ms);
    EXPECT_LE(waited, 3s);
    EXPECT_GT(second->greatest_epoch(), before);
    EXPECT_EQ(play().body["server"], second->world.id);
}

TEST_F(SpreadWorlds, GoOnAfterARestartOfTheCoordinatorWithTheirOwnersAndGreaterEpochs) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    const auto before = first->greatest_epoch();
    close();
    first->world.leave();
    open();
    EXPECT_EQ(get("/api/v1/worlds").body["worlds"].size(), 0U);
    EXPECT_EQ(get(world_path).body["servers"], 0);
    EXPECT_EQ(get(world_path).body["regions"][0]["server"], first->world.id);
    const auto nobody = play();
    EXPECT_EQ(nobody.status, 503) << nobody.text;
    EXPECT_EQ(nobody.headers.find("Retry-After"), "1");
    first->world.port(coordinator->grpc_port());
    ASSERT_TRUE(first->connect());
    until([&] { return first->owned().size() == 2; });
    EXPECT_EQ(first->greatest_epoch(), before) << "the same process has them on";
    auto second = holder(12);
    until([&] { return second->renewed != decltype(second->renewed){}; });
    first->hang();
    until([&] { return second->owned().size() == 2; });
    EXPECT_GT(second->greatest_epoch(), before);
}

TEST_F(SpreadWorlds, DrainedAwayFromAServerMoveAndLeaveItEmpty) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    auto second = holder(12);
    until([&] { return second->renewed != decltype(second->renewed){}; });
    const auto drained = drain(*first, true);
    EXPECT_EQ(drained.body["draining"], true);
    EXPECT_EQ(drained.body["regions"].size(), 2U);
    EXPECT_TRUE(first->world.next(world_wire::ToWorld::kDrain).drain().draining());
    until([&] { return get("/api/v1/world-servers/" + first->world.id).body["regions"].empty(); });
    until([&] { return second->owned().size() == 2; });
    EXPECT_EQ(play().body["server"], second->world.id);
    // It is remembered, also by who comes back.
    first->world.leave();
    ASSERT_TRUE(first->connect());
    EXPECT_TRUE(first->world.next(world_wire::ToWorld::kDrain).drain().draining());
    EXPECT_EQ(drain(*first, false).body["draining"], false);
}

TEST_F(SpreadWorlds, AreResumedWhereverTheirPlayerIsNow) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    const auto ticket = play().body["ticket"].get<std::string>();
    EXPECT_EQ(play(Json{{"resume", ticket}}).body["server"], first->world.id);
    auto second = holder(12);
    until([&] { return second->renewed != decltype(second->renewed){}; });
    move_all(*first, *second);
    // The one it names has no part any more, and so is not asked.
    EXPECT_EQ(play(Json{{"resume", ticket}}).body["server"], second->world.id);
    EXPECT_EQ(second->world.last_offer()->resume(), "ticket-of-" + first->world.id);

    EXPECT_TRUE(second->world.last_offer()->resume_only());

    second->world.resume_answer = Error{Errc::invalid_argument, "no offer", "sdp"};
    EXPECT_EQ(play(Json{{"resume", ticket}}).body["field"], "sdp");
    second->world.resume_answer = Error{Errc::unavailable, "another server's", {}};
    const auto crossing = play(Json{{"resume", ticket}});
    EXPECT_EQ(crossing.status, 503) << "somebody has it, or will soon";
    EXPECT_EQ(crossing.body["field"], "resume");
    for (const auto& no : {Error{Errc::not_found, "not here", {}},
                           Error{Errc::invalid_argument, "not here", "resume"}}) {
        second->world.resume_answer = no;
        EXPECT_EQ(play(Json{{"resume", ticket}}).status, 200) << "nobody has it: it begins anew";
        EXPECT_EQ(second->world.last_offer()->resume(), "");
        EXPECT_FALSE(second->world.last_offer()->resume_only());
    }
}

TEST_F(SpreadWorlds, AreWaitedForWhileAPartOfThemHasNoOwner) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    const auto ticket = play().body["ticket"].get<std::string>();
    first->world.leave();
    until([&] { return get("/api/v1/world-servers").body["items"].empty(); });
    const auto resumed = play(Json{{"resume", ticket}});
    EXPECT_EQ(resumed.status, 503) << resumed.text;
    EXPECT_EQ(resumed.headers.find("Retry-After"), "1");
    EXPECT_EQ(resumed.body["field"], "resume");
    EXPECT_EQ(play().status, 503);
    auto second = holder(12);
    until([&] { return second->owned().size() == 2; });
    EXPECT_EQ(play(Json{{"resume", ticket}}).body["server"], second->world.id);
}

TEST_F(SpreadWorlds, OfAServerThatDoesNotFitAreRefusedWithTheField) {
    open();
    auto first = holder(11);
    until([&] { return first->owned().size() == 2; });
    const auto refused = [&](const std::function<void(world_wire::Hello&)>& spoil) {
        auto other = enrolled(12);
        spoil(other->world.hello);
        const auto connected = other->connect();
        EXPECT_FALSE(connected);
        return connected ? Error{} : connected.error();
    };
    EXPECT_EQ(refused([](auto& hello) { hello.set_life(0); }).field, "life");
    EXPECT_EQ(refused([](auto& hello) {
                  auto& more = *hello.add_worlds();
                  more = hello.worlds(0);
                  more.set_name("tdm");
              }).field,
              "worlds.spread");
    const auto otherwise = refused(
        [](auto& hello) { hello.mutable_worlds(0)->mutable_spread()->set_fingerprint("def"); });
    EXPECT_EQ(otherwise.code, Errc::conflict);
    EXPECT_EQ(otherwise.field, "worlds.spread.fingerprint");
    const auto alone = refused([](auto& hello) { hello.mutable_worlds(0)->clear_spread(); });
    EXPECT_EQ(alone.field, "worlds.name");
    EXPECT_THAT(alone.message, HasSubstr("--spread"));
    EXPECT_EQ(get(world_path).body["servers"], 1);
}

}  // namespace
}  // namespace muster::coordinator
