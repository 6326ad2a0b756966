#include "testing/worlds_stand.hpp"

#include "muster/base/encoding.hpp"
#include "tickets.hpp"

// Tickets as who plays, who forges and who runs it see them.
namespace muster::coordinator {
namespace {

using testing::Reply;
using testing::ScriptedWorld;
namespace world_wire = link::world_wire;

constexpr const char* keys_path = "/.well-known/muster-keys.json";

class TicketsGiven : public testing::WorldsStand {
  protected:
    std::string ticket_of(const Reply& joined) {
        EXPECT_EQ(joined.status, 200) << joined.text;
        return joined.body.value("ticket", "");
    }
    Json keys() { return raw("GET", keys_path, "", {}).body["keys"]; }
    static Json part(const std::string& ticket, int index) {
        std::size_t begin = 0;
        for (int i = 0; i < index; ++i) begin = ticket.find('.', begin) + 1;
        const auto end = ticket.find('.', begin);
        return Json::parse(from_base64url(ticket.substr(begin, end - begin)).value());
    }
    /// Refused before any world server hears of it.
    void expect_refused(ScriptedWorld& world, const std::string& ticket, int status) {
        const auto request = world.last_offer()->request_id();
        const auto refused = play("ctf", Json{{"resume", ticket}});
        EXPECT_EQ(refused.status, status) << refused.text;
        EXPECT_EQ(refused.body["field"], "resume");
        EXPECT_EQ(world.last_offer()->request_id(), request) << "a world server was asked";
    }
};

TEST_F(TicketsGiven, AreCheckedWithThePublicKeysAlone) {
    open();
    auto world = join_world();
    const auto ticket = ticket_of(play("ctf"));
    const auto payload = part(ticket, 1);
    EXPECT_EQ(payload["world"], "ctf");
    EXPECT_EQ(payload["server"], world->id);
    EXPECT_EQ(payload["player"], 7);
    EXPECT_EQ(payload["fp"], testing::fingerprint);
    EXPECT_EQ(payload["exp"].get<std::int64_t>() - payload["iat"].get<std::int64_t>(), 24 * 3600);
    ASSERT_EQ(keys().size(), 1U);
    const auto key = keys()[0];
    EXPECT_EQ(part(ticket, 0)["kid"], key["kid"]);
    const auto last = ticket.rfind('.');
    EXPECT_TRUE(pki::is_signed(from_base64url(key["x"].get<std::string>()).value(),
                               ticket.substr(0, last),
                               from_base64url(ticket.substr(last + 1)).value()));
    for (const char* list : {"/api/v1/worlds", "/api/v1/worlds/ctf"}) {
        EXPECT_EQ(raw("GET", list, "", {}).body["public_keys_url"], keys_path);
    }
}

TEST_F(TicketsGiven, ThatAreForgedOrOfAnotherWorldAskNobody) {
    open();
    auto world = join_world();
    auto other = std::make_unique<ScriptedWorld>(context, coordinator->grpc_port());
    other->hello.mutable_worlds(0)->set_name("tdm");
    ASSERT_TRUE(other->enrol(world_token()));
    ASSERT_TRUE(other->connect());
    const auto ticket = ticket_of(play("ctf"));
    auto forged = ticket;
    forged[ticket.size() / 2] = forged[ticket.size() / 2] == 'A' ? 'B' : 'A';
    expect_refused(*world, forged, 401);
    expect_refused(*world, world->id + ".ticket-of-" + world->id, 401);
    expect_refused(*world, "ticket-of-" + world->id, 401);
    expect_refused(*world, ticket_of(play("tdm")), 403);
    const auto left = raw("POST", "/api/v1/worlds/ctf/leave", Json{{"ticket", forged}}.dump(), {});
    EXPECT_EQ(left.status, 401);
    EXPECT_EQ(left.body["field"], "ticket");
    EXPECT_EQ(play("ctf", Json{{"resume", ticket}}).status, 200);
}

TEST_F(TicketsGiven, BringTheNewestTokenOfTheirPlayer) {
    open();
    auto world = join_world();
    const auto ticket = ticket_of(play("ctf"));
    EXPECT_EQ(play("ctf", Json{{"resume", ticket + "~of-a-welcome"}}).status, 200);
    EXPECT_EQ(world->last_offer()->resume(), "of-a-welcome");
    const auto left = Json{{"ticket", ticket + "~of-a-welcome"}};
    EXPECT_EQ(raw("POST", "/api/v1/worlds/ctf/leave", left.dump(), {}).status, 204);
    EXPECT_EQ(world->next(world_wire::ToWorld::kLeave).leave().ticket(), "of-a-welcome");
}

TEST_F(TicketsGiven, OutliveARotationAndARestartButNotAnEnd) {
    open();
    auto world = join_world();
    const auto before = ticket_of(play("ctf"));
    EXPECT_EQ(as(new_token("operator"), "POST", "/api/v1/ticket-keys/rotate").status, 403);
    const auto rotated = post("/api/v1/ticket-keys/rotate");
    ASSERT_EQ(rotated.status, 200) << rotated.text;
    ASSERT_EQ(keys().size(), 2U);
    EXPECT_EQ(keys()[0]["kid"], rotated.body["kid"]);
    const auto after = ticket_of(play("ctf"));
    EXPECT_EQ(part(after, 0)["kid"], rotated.body["kid"]);
    EXPECT_NE(part(before, 0)["kid"], rotated.body["kid"]);
    EXPECT_EQ(play("ctf", Json{{"resume", before}}).status, 200);
    close();
    world->leave();
    open();
    EXPECT_EQ(keys()[0]["kid"], rotated.body["kid"]);
    world->port(coordinator->grpc_port());
    ASSERT_TRUE(world->connect());
    EXPECT_EQ(play("ctf", Json{{"resume", before}}).status, 200);
    EXPECT_EQ(play("ctf", Json{{"resume", after}}).status, 200);
    EXPECT_EQ(post("/api/v1/ticket-keys/rotate", Json{{"end_old", true}}).status, 200);
    EXPECT_EQ(keys().size(), 1U);
    expect_refused(*world, before, 401);
    expect_refused(*world, after, 401);
}

TEST_F(TicketsGiven, AreOfFewKeysAtATime) {
    open();
    Reply last;
    int made = 0;
    do {
        last = post("/api/v1/ticket-keys/rotate");
        ASSERT_LT(++made, 100);
    } while (last.status == 200);
    EXPECT_EQ(last.status, 409) << last.text;
    EXPECT_EQ(last.body["field"], "end_old");
    EXPECT_EQ(keys().size(), 8U);
    EXPECT_EQ(post("/api/v1/ticket-keys/rotate", Json{{"end", true}}).body["field"], "end");
}

}  // namespace
}  // namespace muster::coordinator
