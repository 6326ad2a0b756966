#include <thread>

#include "uplink_testing.hpp"

namespace muster::uplink {
namespace {

using testing::HasSubstr;

TEST_F(UplinkTest, JoinsAndSaysWhatItRunsAndHowFullItIs) {
    open();
    begin();
    const auto hello = next(wire::FromWorld::kHello).hello();
    EXPECT_EQ(hello.name(), "attic");
    EXPECT_EQ(hello.udp_port(), worlds_->udp_port());
    EXPECT_EQ(hello.worlds(0).name(), "ffa");
    EXPECT_EQ(hello.worlds(0).players_max(), 10U);
    welcome();
    until([this] { return log_.find("registered with the coordinator") != std::string::npos; });
    const auto load = next(wire::FromWorld::kLoad).load();
    EXPECT_EQ(load.worlds_size(), 1);
    for (const char* name : {"key.pem", "certificate.pem", "world.id"}) {
        EXPECT_EQ(std::filesystem::status(folder_ / "identity" / name).permissions(),
                  std::filesystem::perms(0600))
            << name;
    }
}

TEST_F(UplinkTest, PassesOffersOnAndAnswersWithTheReason) {
    open();
    begin();
    connect();
    wire::ToWorld message;
    message.mutable_join_offer()->set_request_id(5);
    message.mutable_join_offer()->set_world("ffa");
    message.mutable_join_offer()->set_sdp("no offer at all");
    ASSERT_TRUE(session_->send(message));
    auto answer = next(wire::FromWorld::kJoinAnswer).join_answer();
    EXPECT_EQ(answer.request_id(), 5U);
    EXPECT_EQ(answer.error_code(), "invalid_argument");
    EXPECT_EQ(answer.error_field(), "sdp");
    wire::ToWorld drain;
    drain.mutable_drain()->set_draining(true);
    ASSERT_TRUE(session_->send(std::move(drain)));
    ASSERT_TRUE(session_->send(message));
    answer = next(wire::FromWorld::kJoinAnswer).join_answer();
    EXPECT_EQ(answer.error_code(), "unavailable");
    until([this] { return next(wire::FromWorld::kLoad).load().draining(); });
}

TEST_F(UplinkTest, CarriesQuestionsOfASpreadWorldAndWhatIsDecided) {
    open();
    std::vector<mesh::Decision> decisions;
    std::vector<territory::Withdraw> withdraws;
    SpreadWorld spread;
    spread.life = 9;
    spread.bounds = {0, 0, 1'600, 1'200};
    spread.strip = 700;
    spread.fingerprint = "abc";
    spread.questions = std::make_shared<Questions>();
    spread.on_decision = [&](const mesh::Decision& decision) { decisions.push_back(decision); };
    spread.on_withdraw = [&](const auto& withdraw) { withdraws.push_back(withdraw); };
    spread_ = spread;
    begin();
    const auto hello = next(wire::FromWorld::kHello).hello();
    EXPECT_EQ(hello.life(), 9U);
    EXPECT_EQ(hello.worlds(0).spread().bounds().right(), 1'600);
    EXPECT_EQ(hello.worlds(0).spread().fingerprint(), "abc");
    welcome();
    mesh::Question question;
    question.request.number = 3;
    question.request.holds = {{1, 2}};
    question.used = {4};
    question.wants_ids = true;
    std::thread([&] { spread.questions->ask(question); }).join();  // the world's
    const auto asked = next(wire::FromWorld::kLeaseQuestion).lease_question();
    EXPECT_EQ(asked.request(), 3U);
    EXPECT_EQ(asked.holds(0).epoch(), 2U);
    EXPECT_EQ(asked.used(0), 4U);
    EXPECT_TRUE(asked.wants_ids());

    const auto answer = [&](std::uint64_t request) {
        wire::ToWorld message;
        auto& out = *message.mutable_lease_answer();
        out.set_request(request);
        out.set_number(1);
        out.set_life(9);
        out.set_lease_ms(1'500);
        out.set_server("world-1");
        out.add_loans()->set_first(10);
        out.mutable_loans(0)->set_count(64);
        ASSERT_TRUE(session_->send(std::move(message)));
    };
    EXPECT_FALSE(spread.questions->is_linked());
    answer(2);  // of a question that this process never asked: somebody else's ids
    answer(3);
    answer(3);  // again, for something changed
    wire::ToWorld withdraw;
    withdraw.mutable_withdraw()->set_region(1);
    withdraw.mutable_withdraw()->set_successor("world-2");
    ASSERT_TRUE(session_->send(std::move(withdraw)));
    until([&] { return !withdraws.empty(); });
    EXPECT_EQ(withdraws[0].successor, "world-2");
    ASSERT_EQ(decisions.size(), 2U);
    until([&] { return !spread.questions->is_linked(); });  // not for ever
    EXPECT_EQ(decisions[0].answer.request, 3U);
    EXPECT_EQ(decisions[0].answer.lease, 1'500ms);
    EXPECT_EQ(decisions[0].loans.at(0).first, 10U);

    // What was asked while there was no session is said in the next one, the newest alone.
    close();
    until([this] { return log_.find("no session with the coordinator") != std::string::npos; });
    for (question.request.number = 4; question.request.number < 9; ++question.request.number) {
        spread.questions->ask(question);
    }
    open();
    connect();
    EXPECT_EQ(next(wire::FromWorld::kLeaseQuestion).lease_question().request(), 8U);
}

TEST_F(UplinkTest, ComesBackUnderTheSameIdentity) {
    open();
    begin();
    connect();
    close();
    open();
    connect();
    end();
    begin({});  // a new start needs no token
    connect();
    EXPECT_EQ(enrolments_, 1);
    EXPECT_EQ(ids_, (std::vector<std::string>{"world-1", "world-1", "world-1"}));
}

TEST_F(UplinkTest, EndsWithARefusedJoinToken) {
    open();
    begin("another-secret-of-this-test");
    until([this] { return how_.has_value(); });
    ASSERT_FALSE(*how_);
    EXPECT_EQ(how_->error().field, "join_token");
    EXPECT_THAT(how_->error().message, HasSubstr("wrong, used or expired"));
    begin({});
    until([this] { return how_.has_value(); });
    EXPECT_EQ(how_->error().field, "join_token");
}

TEST_F(UplinkTest, WaitsForACoordinatorThatIsNotThereYet) {
    open();
    close();
    begin();
    until([this] { return log_.find("cannot be joined yet") != std::string::npos; });
    open();
    connect();
}

TEST_F(UplinkTest, GoesOnAloneWhenItIsRevokedAndJoinsAnewWithATokenOnly) {
    open();
    begin();
    connect();
    revoked_ = true;
    first_.server->revoke_world_server("world-1", "it was revoked");
    until([this] { return log_.find("go on without a coordinator") != std::string::npos; });
    EXPECT_THAT(log_, HasSubstr("--join-token"));
    EXPECT_FALSE(how_);
    end();
    revoked_ = false;
    begin();
    connect();
    EXPECT_EQ(ids_.back(), "world-2");
}

TEST_F(UplinkTest, DoesNotComeBackWhenItSpeaksAnotherProtocol) {
    open();
    begin();
    next(wire::FromWorld::kHello);
    wire::ToWorld goodbye;
    goodbye.mutable_goodbye()->set_for_good(true);
    goodbye.mutable_goodbye()->set_reason("this coordinator speaks protocol 2");
    ASSERT_TRUE(session_->send(std::move(goodbye)));
    session_->close(Error{Errc::conflict, "another protocol", "protocol"});
    until([this] { return log_.find("go on without a coordinator") != std::string::npos; });
    EXPECT_THAT(log_, HasSubstr("speaks protocol 2"));
    end();
    begin({});
    next(wire::FromWorld::kHello);  // the next start tries again, as the same
    EXPECT_EQ(ids_.back(), "world-1");
}

}  // namespace
}  // namespace muster::uplink
