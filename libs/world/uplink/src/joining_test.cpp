#include "round.hpp"
#include "uplink_testing.hpp"

// How a world server comes to belong to a coordinator, and to which of several.
namespace muster::uplink {
namespace {

using testing::HasSubstr;

TEST_F(UplinkTest, JoinsAndComesBackToWhicheverOfItsCoordinatorsLeads) {
    first_.stands_by = true;
    open(first_);
    open(second_);
    begin();
    connect();
    EXPECT_EQ(enrolments_, 1);
    EXPECT_GE(first_.refused, 1);
    for (int round = 0; round < 2; ++round) {
        Place& dead = round == 0 ? second_ : first_;
        Place& next = round == 0 ? first_ : second_;
        close(dead);
        next.stands_by = false;
        connect();
        dead.stands_by = true;
        open(dead);
        EXPECT_EQ(ids_.back(), "world-1");
    }
    // It stays where it was let in, and was refused by who stood by for nothing to remember.
    EXPECT_EQ(ids_.size(), 3U);
    EXPECT_EQ(enrolments_, 1);
    EXPECT_FALSE(link::is_marked_refused(folder_ / "identity"));
    EXPECT_THAT(log_, HasSubstr("127.0.0.1:" + std::to_string(second_.port)));
}

TEST_F(UplinkTest, JoinsWithItsNamedKeyWhereverThatIsHeld) {
    key_name_ = "arena";
    key_ = link::read_or_make_cluster_key(folder_ / "keys", "arena")->key;
    first_.stands_by = true;
    open(first_);
    open(second_);
    begin({});
    connect();
    end();
    EXPECT_EQ(log_.find("made the key"), std::string::npos);
    begin({});  // with its identity; the key is not asked for again
    connect();
    EXPECT_EQ(enrolments_, 1);
    EXPECT_EQ(ids_, (std::vector<std::string>{"world-1", "world-1"}));
}

TEST_F(UplinkTest, MakesItsKeySaysWhereToCopyItAndAsksOnce) {
    key_name_ = "arena";
    open();
    begin({});
    until([this] { return how_.has_value(); });
    ASSERT_FALSE(*how_);
    EXPECT_EQ(how_->error().code, Errc::unauthenticated);
    EXPECT_EQ(how_->error().field, "key_name");
    EXPECT_EQ(enrolments_, 1);
    const auto path = (folder_ / "keys" / "arena").string();
    EXPECT_THAT(log_, HasSubstr("made the key arena: copy " + path));
    EXPECT_THAT(how_->error().message, HasSubstr(path));
    const auto key = link::read_cluster_key(folder_ / "keys", "arena");
    ASSERT_TRUE(key);
    EXPECT_EQ(log_.find(key->bytes), std::string::npos);
    EXPECT_EQ(log_.find(link::to_text(*key)), std::string::npos);
    uplink_.reset();
    key_ = *key;
    begin({});
    connect();
}

TEST_F(UplinkTest, DoesNotComeBackWithItsKeyWhenItWasRevoked) {
    key_name_ = "arena";
    key_ = link::read_or_make_cluster_key(folder_ / "keys", "arena")->key;
    open();
    begin({});
    connect();
    revoked_ = true;
    first_.server->revoke_world_server("world-1", "it was revoked");
    until([this] { return log_.find("go on without a coordinator") != std::string::npos; });
    end();
    log_.clear();
    begin({});
    until([this] { return log_.find("go on without a coordinator") != std::string::npos; });
    EXPECT_EQ(enrolments_, 1);
}

TEST_F(UplinkTest, ComesBackAfterAWhileWhenTheCoordinatorIsFull) {
    open();
    begin();
    next(wire::FromWorld::kHello);
    session_->close(Error{Errc::exhausted, "there are 1000 world servers already", {}});
    until([this] { return log_.find("1000 world servers already") != std::string::npos; });
    const auto refused_at = std::chrono::steady_clock::now();
    connect();
    EXPECT_GE(std::chrono::steady_clock::now() - refused_at, 200ms) << "it asked again at once";
}

TEST(Round, AsksAllOfThemBeforeItWaits) {
    Round round(3);
    EXPECT_EQ(round.at(), 0U);
    EXPECT_FALSE(round.move_on());
    EXPECT_FALSE(round.move_on());
    EXPECT_EQ(round.at(), 2U);
    EXPECT_TRUE(round.move_on());
    EXPECT_EQ(round.at(), 0U);
    EXPECT_FALSE(round.move_on());
    round.let_in();
    EXPECT_TRUE(round.move_on()) << "whoever leads next needs a moment";
    EXPECT_FALSE(round.move_on());
    Round alone(1);
    EXPECT_TRUE(alone.move_on());
    EXPECT_EQ(alone.at(), 0U);
}

}  // namespace
}  // namespace muster::uplink
