#include "cluster_keys.hpp"

#include <gmock/gmock.h>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "testing/scripted_world.hpp"
#include "testing/stand.hpp"
#include "testing/turns.hpp"

// Named keys, as who runs the coordinator and as a world server sees them, over real links.
namespace muster::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedWorld;

constexpr const char* keys_path = "/api/v1/cluster-keys";

class ClusterKeysTest : public testing::Stand {
  protected:
    link::ClusterKey add(const std::string& name) {
        const auto made = post(keys_path, Json{{"name", name}});
        EXPECT_EQ(made.status, 201) << made.text;
        return link::parse_cluster_key(made.body.value("key", "")).value();
    }
    std::unique_ptr<ScriptedWorld> server() {
        return std::make_unique<ScriptedWorld>(context, coordinator->grpc_port());
    }
    void expect_refused(const std::string& name, const link::ClusterKey& key) {
        const auto refused = server()->enrol_with_key(name, key);
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, Errc::unauthenticated) << refused.error().message;
        EXPECT_EQ(refused.error().field, "key_name");
    }
    void put_file(const std::string& name, std::string_view content) {
        ASSERT_TRUE(make_folder(options.data_dir / "keys", 0700));
        ASSERT_TRUE(write_file(options.data_dir / "keys" / name, content, 0600));
    }
    std::string key_of(const testing::Reply& reply) { return reply.body.value("key", ""); }
};

TEST_F(ClusterKeysTest, LetManyServersInEachAsItself) {
    open();
    const auto key = add("arena");
    auto first = server();
    auto second = server();
    ASSERT_TRUE(first->enrol_with_key("arena", key));
    ASSERT_TRUE(second->enrol_with_key("arena", key));
    EXPECT_NE(first->id, second->id);
    ASSERT_TRUE(first->connect());
    ASSERT_TRUE(second->connect());
    std::vector<std::string> names;
    for (const auto& item : get("/api/v1/world-servers").body["items"]) {
        names.push_back(item["name"]);
    }
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("scripted", "scripted-2"));
    EXPECT_EQ(get(keys_path).body["items"][0]["servers"], 2);
    // The same key pair is the same server: the answer may have been lost.
    const auto id = first->id;
    ASSERT_TRUE(first->enrol_with_key("arena", key));
    EXPECT_EQ(first->id, id);
    EXPECT_EQ(get(keys_path).body["items"][0]["servers"], 2);
}

TEST_F(ClusterKeysTest, OfAnotherNameOrWithOtherBytesAreRefusedAlike) {
    open();
    const auto key = add("arena");
    const auto wrong = server()->enrol_with_key("arena", link::new_cluster_key());
    const auto unknown = server()->enrol_with_key("nowhere", key);
    ASSERT_FALSE(wrong);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(wrong.error(), unknown.error());
    EXPECT_EQ(wrong.error().code, Errc::unauthenticated);
    EXPECT_EQ(wrong.error().field, "key_name");
    const auto no_name = server()->enrol_with_key("../arena", key);
    EXPECT_EQ(no_name.error().code, Errc::invalid_argument);
}

TEST_F(ClusterKeysTest, MakeAnAddressThatGuessesWaitButNoneThatIsRight) {
    open();
    const auto key = add("arena");
    for (int i = 0; i < static_cast<int>(ClusterKeys::wrong_proofs_per_minute); ++i) {
        expect_refused("arena", link::new_cluster_key());
    }
    const auto limited = server()->enrol_with_key("arena", link::new_cluster_key());
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().code, Errc::rate_limited);
    EXPECT_TRUE(server()->enrol_with_key("arena", key));
}

TEST_F(ClusterKeysTest, InTheFolderCountWithoutARestart) {
    open();
    const auto key = link::new_cluster_key();
    expect_refused("copied", key);
    put_file("copied", key.bytes);
    auto one = server();
    ASSERT_TRUE(one->enrol_with_key("copied", key));
    ASSERT_TRUE(one->connect());
    const auto pasted = link::new_cluster_key();
    put_file("pasted", link::to_text(pasted) + "\n");
    put_file("notes.txt", "no key at all");
    EXPECT_TRUE(server()->enrol_with_key("pasted", pasted));
    const auto list = get(keys_path).body["items"];
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0]["name"], "copied");
    EXPECT_EQ(list[0]["source"], "file");
    EXPECT_EQ(list[0]["servers"], 1);
    std::filesystem::remove(options.data_dir / "keys" / "copied");
    expect_refused("copied", key);
}

TEST_F(ClusterKeysTest, AreKeptOverARestartAndShownOnce) {
    open();
    const auto made = post(keys_path, Json{{"name", "arena"}});
    const auto key = link::parse_cluster_key(key_of(made)).value();
    EXPECT_THAT(get(keys_path).text, Not(HasSubstr(key_of(made))));
    EXPECT_THAT(get("/api/v1/audit").text, Not(HasSubstr(key_of(made).substr(5))));
    EXPECT_THAT(get("/api/v1/audit").text, HasSubstr("cluster_key.create"));
    close();
    open();
    EXPECT_TRUE(server()->enrol_with_key("arena", key));
}

TEST_F(ClusterKeysTest, ThatAreGivenAreNotShownAndMustBeKeys) {
    open();
    const auto key = link::new_cluster_key();
    const auto given = post(keys_path, Json{{"name", "mine"}, {"key", link::to_text(key)}});
    ASSERT_EQ(given.status, 201) << given.text;
    EXPECT_TRUE(given.body["key"].is_null());
    EXPECT_TRUE(server()->enrol_with_key("mine", key));
    const auto twice = post(keys_path, Json{{"name", "mine"}});
    EXPECT_EQ(twice.status, 409);
    EXPECT_EQ(twice.body["field"], "name");
    const auto bad = post(keys_path, Json{{"name", "bad"}, {"key", "mck1-short"}});
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(bad.body["field"], "key");
    const auto path = post(keys_path, Json{{"name", "../up"}});
    EXPECT_EQ(path.status, 400);
    EXPECT_EQ(path.body["field"], "name");
}

TEST_F(ClusterKeysTest, ThatWereRotatedAreGoodForTheirGrace) {
    open();
    const auto old = add("arena");
    const auto rotated = post(std::string(keys_path) + "/arena/rotate");
    ASSERT_EQ(rotated.status, 200) << rotated.text;
    const auto fresh = link::parse_cluster_key(key_of(rotated)).value();
    EXPECT_FALSE(get(keys_path).body["items"][0]["old_until"].is_null());
    EXPECT_TRUE(server()->enrol_with_key("arena", old));
    EXPECT_TRUE(server()->enrol_with_key("arena", fresh));
    // With none, everything before is over.
    const auto at_once = post(std::string(keys_path) + "/arena/rotate", Json{{"grace_seconds", 0}});
    ASSERT_EQ(at_once.status, 200);
    EXPECT_TRUE(at_once.body["old_until"].is_null());
    expect_refused("arena", old);
    expect_refused("arena", fresh);
    EXPECT_TRUE(
        server()->enrol_with_key("arena", link::parse_cluster_key(key_of(at_once)).value()));
    EXPECT_EQ(post(std::string(keys_path) + "/nowhere/rotate").status, 404);
    const auto long_grace =
        post(std::string(keys_path) + "/arena/rotate", Json{{"grace_seconds", -1}});
    EXPECT_EQ(long_grace.body["field"], "grace_seconds");
}

TEST_F(ClusterKeysTest, OfAFileAreRotatedAway) {
    open();
    const auto key = link::new_cluster_key();
    put_file("copied", key.bytes);
    const auto rotated =
        post(std::string(keys_path) + "/copied/rotate", Json{{"grace_seconds", 0}});
    ASSERT_EQ(rotated.status, 200) << rotated.text;
    expect_refused("copied", key);
    EXPECT_TRUE(
        server()->enrol_with_key("copied", link::parse_cluster_key(key_of(rotated)).value()));
}

TEST_F(ClusterKeysTest, ThatAreRevokedLetNobodyElseInAndLeaveWhoIsThere) {
    open();
    const auto key = add("arena");
    auto one = server();
    ASSERT_TRUE(one->enrol_with_key("arena", key));
    ASSERT_TRUE(one->connect());
    const auto revoked = call("DELETE", std::string(keys_path) + "/arena");
    ASSERT_EQ(revoked.status, 200) << revoked.text;
    EXPECT_EQ(revoked.body["servers_left"], 1);
    expect_refused("arena", key);
    EXPECT_TRUE(one->has_session());
    ASSERT_TRUE(one->renew());
    EXPECT_EQ(get(keys_path).body["items"].size(), 0U);
    EXPECT_EQ(call("DELETE", std::string(keys_path) + "/arena").status, 404);
    // Nor does the same key come back, as a file or otherwise, not even after a restart.
    close();
    open();
    put_file("arena", key.bytes);
    expect_refused("arena", key);
    EXPECT_EQ(post(keys_path, Json{{"name", "arena"}, {"key", link::to_text(key)}}).status, 409);
    EXPECT_TRUE(server()->enrol_with_key("arena", add("arena")));
}

TEST_F(ClusterKeysTest, TakeTheirServersAlongWhenThatIsAsked) {
    open();
    const auto key = add("arena");
    const auto other = add("other");
    auto gone = server();
    auto stays = server();
    ASSERT_TRUE(gone->enrol_with_key("arena", key));
    ASSERT_TRUE(stays->enrol_with_key("other", other));
    ASSERT_TRUE(gone->connect());
    ASSERT_TRUE(stays->connect());
    const auto revoked = call("DELETE", std::string(keys_path) + "/arena?servers=true");
    ASSERT_EQ(revoked.status, 200) << revoked.text;
    EXPECT_EQ(revoked.body["servers_revoked"], 1);
    testing::run_until(context, [&] { return gone->is_over(); });
    EXPECT_EQ(gone->why().code, Errc::permission_denied);
    EXPECT_THAT(gone->why().message, HasSubstr("arena"));
    gone->leave();
    EXPECT_EQ(gone->connect().error().code, Errc::permission_denied);
    // Another key does not wash it clean.
    EXPECT_EQ(gone->enrol_with_key("other", other).error().code, Errc::permission_denied);
    EXPECT_TRUE(stays->has_session());
    EXPECT_EQ(call("DELETE", std::string(keys_path) + "/other?servers=perhaps").body["field"],
              "servers");
}

TEST_F(ClusterKeysTest, AreTheAdminsAlone) {
    open();
    const auto viewer = new_token("viewer");
    const auto operating = new_token("operator");
    for (const auto& who : {viewer, operating}) {
        EXPECT_EQ(as(who, "GET", keys_path).status, 403);
        EXPECT_EQ(as(who, "POST", keys_path, Json{{"name", "x"}}).status, 403);
        EXPECT_EQ(as(who, "POST", std::string(keys_path) + "/x/rotate").status, 403);
        EXPECT_EQ(as(who, "DELETE", std::string(keys_path) + "/x").status, 403);
    }
}

TEST(KeyChallenges, AreKnownForTheirKeyAndNonceAndForAMinute) {
    const KeyChallenges challenges(std::string(32, 's'));
    const Timestamp now{std::chrono::hours(500'000)};
    wire::KeyProof proof;
    proof.set_key_name("arena");
    proof.set_nonce(std::string(32, 'n'));
    proof.set_challenge(challenges.make(now, std::string(24, 'r'), "arena", proof.nonce()));
    EXPECT_TRUE(challenges.knows(proof, now + std::chrono::seconds(60)));
    EXPECT_FALSE(challenges.knows(proof, now + std::chrono::seconds(61)));
    EXPECT_FALSE(KeyChallenges(std::string(32, 't')).knows(proof, now)) << "another run's";
    auto other = proof;
    other.set_nonce(std::string(32, 'm'));
    EXPECT_FALSE(challenges.knows(other, now));
    other = proof;
    other.set_key_name("arenA");
    EXPECT_FALSE(challenges.knows(other, now));
    for (std::size_t i = 0; i < proof.challenge().size(); ++i) {
        other = proof;
        (*other.mutable_challenge())[i] ^= 1;
        EXPECT_FALSE(challenges.knows(other, now)) << i;
    }
    other.set_challenge(proof.challenge().substr(1));
    EXPECT_FALSE(challenges.knows(other, now));
}

}  // namespace
}  // namespace muster::coordinator
