#include "agent_scene.hpp"
#include "uplink.hpp"

namespace muster::node {
namespace {

using namespace scene;

TEST_F(AgentTest, EnrolsSaysWhoItIsAndDeploys) {
    join();
    EXPECT_EQ(enrolled, "node-1");
    until([this] { return coordinator.heard.size() >= 2; });
    EXPECT_EQ(coordinator.heard[0].hello().name(), "attic");
    EXPECT_GT(coordinator.heard[0].hello().memory_bytes(), 0);
    EXPECT_TRUE(coordinator.heard[1].has_inventory());
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    EXPECT_TRUE(coordinator.saw("srv-a", wire::READY));
    wire::ToNode ping;
    ping.mutable_ping()->set_id(77);
    coordinator.tell(ping);
    until([this] {
        return coordinator.count([](const wire::FromNode& message) {
            return message.has_pong() && message.pong().id() == 77;
        }) == 1;
    });
    until_with_time([this] {
        return coordinator.count([](const wire::FromNode& m) { return m.has_samples(); }) > 1;
    });
    for (const char* name : {"key.pem", "node.password", "node.password.hash"}) {
        EXPECT_EQ(std::filesystem::status(folder.path() / "identity" / name).permissions(),
                  std::filesystem::perms(0600));
    }
    EXPECT_EQ(agent->password().size(), 20U);
}

TEST_F(AgentTest, GivesUpASessionInWhichThePromisedPingsStayAway) {
    join();
    wire::ToNode welcome;
    welcome.mutable_welcome()->set_ping_seconds(5);
    coordinator.tell(welcome);
    wire::ToNode ping;
    ping.mutable_ping()->set_id(1);
    coordinator.tell(ping);
    until([this] {
        return coordinator.count([](const wire::FromNode& m) { return m.has_pong(); }) == 1;
    });
    EXPECT_EQ(coordinator.sessions, 1);
    until_with_time([this] { return coordinator.sessions == 2; });
}

TEST_F(AgentTest, ARefusedTokenIsTheEnd) {
    coordinator.open();
    start(coordinator.token("another-secret-12345"));
    until([this] { return outcome.has_value(); });
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().field, "join_token");
    EXPECT_EQ(outcome->error().code, Errc::permission_denied);
    EXPECT_THAT(outcome->error().message, testing::Not(testing::HasSubstr("another-secret")));
}

TEST_F(AgentTest, WithoutIdentityAndTokenThereIsNothingToDo) {
    coordinator.open();
    start("");
    until([this] { return outcome.has_value(); });
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().field, "join_token");
}

TEST_F(AgentTest, AnotherCoordinatorThanTheTokensIsNotTrusted) {
    coordinator.open();
    start(link::to_text({std::string(64, 'b'), "a-secret-of-this-test"}));
    for (int i = 0; i < 20; ++i) {
        loop.run_one_for(20ms);
        timers.advance(1s);
        if (loop.stopped()) loop.restart();
    }
    EXPECT_EQ(coordinator.enrolments, 0);
}

TEST_F(AgentTest, ComesBackTellsAgainWhatWasNotAcknowledgedAndDoesNothingTwice) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    coordinator.session->close("for the test");
    until([this] { return coordinator.session == nullptr; });
    until_with_time([this] { return coordinator.sessions == 2; });
    until([this] { return coordinator.results("op-1") == 2; });
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 3; });
    EXPECT_EQ(runtime.starts("muster-srv-a"), 1);
    wire::ToNode acknowledge;
    acknowledge.mutable_acknowledge()->set_operation_id("op-1");
    coordinator.tell(acknowledge);
    wire::ToNode ask;
    ask.mutable_ask_inventory();
    coordinator.tell(ask);
    until([this] {
        return coordinator.heard.back().has_inventory() &&
               coordinator.heard.back().inventory().unacknowledged_operations_size() == 0;
    });
    EXPECT_EQ(coordinator.enrolments, 1);
}

TEST_F(AgentTest, LooksAfterItsServersWithNoCoordinator) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    stop();
    coordinator.close();
    runtime.exit("muster-srv-a", 1);
    start("");
    until_with_time([this] { return runtime.starts("muster-srv-a") == 2; });
    coordinator.open();
    until_with_time([this] { return coordinator.session != nullptr; });
    EXPECT_EQ(coordinator.enrolments, 1);
}

TEST_F(AgentTest, RenewsItsCertificateInTime) {
    join();
    const std::string before = read_file(folder.path() / "identity" / "certificate.pem").value();
    clock.advance(45min);
    until([this] { return coordinator.heard.size() >= 2; });
    timers.advance(60s);
    until([this] { return coordinator.renewals == 1; });
    until_with_time([this] { return coordinator.sessions == 2 && coordinator.session; });
    EXPECT_NE(read_file(folder.path() / "identity" / "certificate.pem").value(), before);
}

TEST_F(AgentTest, ARevokedNodeDoesNotComeBackButRunsOn) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    wire::ToNode goodbye;
    goodbye.mutable_goodbye()->set_for_good(true);
    coordinator.tell(goodbye);
    until([this] { return coordinator.session == nullptr; });
    runtime.exit("muster-srv-a", 1);
    until_with_time([this] { return runtime.starts("muster-srv-a") == 2; });
    timers.advance(120s);
    EXPECT_EQ(coordinator.sessions, 1);
    EXPECT_FALSE(outcome.has_value());
}

TEST_F(AgentTest, CarriesLogs) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    for (const char* line : {"one", "two", "three"}) runtime.print("muster-srv-a", line);
    wire::OpenStream logs = stream("s-1");
    logs.mutable_logs()->set_container_id("srv-a");
    logs.mutable_logs()->set_tail(2);
    open(logs);
    until([this] { return coordinator.carried_end; });
    EXPECT_EQ(coordinator.carried, "two\nthree\n");
    EXPECT_FALSE(coordinator.carried_error);
}

TEST_F(AgentTest, CarriesAConsoleBothWaysUntilItIsClosed) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    coordinator.to_carry = "hello\n";
    wire::OpenStream console = stream("s-1");
    console.mutable_console()->set_server_id("srv-a");
    open(console);
    until([this] { return coordinator.carried.find("you said hello") != std::string::npos; });
    wire::ToNode close;
    close.mutable_close_stream()->set_stream_id("s-1");
    coordinator.tell(close);
    until([this] { return coordinator.carried_end; });
}

TEST_F(AgentTest, AStreamOfWhatIsNotThereEndsWithTheReason) {
    join();
    wire::OpenStream console = stream("s-1");
    console.mutable_console()->set_server_id("srv-none");
    open(console);
    until([this] { return coordinator.carried_end; });
    ASSERT_TRUE(coordinator.carried_error);
    EXPECT_EQ(coordinator.carried_error->code, Errc::not_found);
}

TEST_F(AgentTest, AnswersQuestions) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    wire::ToNode question;
    question.mutable_query()->set_id(5);
    question.mutable_query()->mutable_type_console()->set_server_id("srv-a");
    question.mutable_query()->mutable_type_console()->set_line("say hi");
    coordinator.tell(question);
    question.mutable_query()->set_id(6);
    question.mutable_query()->mutable_inspect()->set_container_id("srv-a");
    coordinator.tell(question);
    question.mutable_query()->set_id(7);
    question.mutable_query()->mutable_remove_data()->set_name("srv-a");
    coordinator.tell(question);
    question.mutable_query()->set_id(8);
    question.mutable_query()->mutable_data();
    coordinator.tell(question);
    std::map<std::uint64_t, wire::Answer> answers;
    until([&] {
        for (const wire::FromNode& message : coordinator.heard) {
            if (message.has_answer()) answers[message.answer().id()] = message.answer();
        }
        return answers.size() == 4;
    });
    EXPECT_TRUE(answers[5].ok()) << answers[5].error_message();
    EXPECT_THAT(runtime.typed("muster-srv-a"), testing::ElementsAre("say hi"));
    EXPECT_EQ(answers[6].container().phase(), "running");
    EXPECT_EQ(answers[7].error_code(), "conflict");
    ASSERT_EQ(answers[8].data_size(), 1);
    EXPECT_EQ(answers[8].data(0).server_id(), "srv-a");
}

TEST_F(AgentTest, TwoOnOneFolderAreRefused) {
    join();
    Options options;
    options.data_dir = folder.path();
    options.coordinators = {coordinator.address()};
    Agent second(loop.get_executor(), std::move(options), runtime, clock);
    std::optional<Result<void>> how;
    boost::asio::co_spawn(loop, second.run(),
                          [&](std::exception_ptr, Result<void> ended) { how = std::move(ended); });
    until([&] { return how.has_value(); });
    ASSERT_FALSE(*how);
    EXPECT_EQ(how->error().field, "data_dir");
}

TEST(Reconnect, WaitsLongerEachTimeUpToHalfAMinute) {
    for (unsigned tries = 0; tries < 70; ++tries) {
        for (const std::uint32_t random : {0U, 12'345U, 0x3fffffffU}) {
            const milliseconds delay = link::reconnect_delay(tries, random);
            EXPECT_GE(delay, 250ms);
            EXPECT_LE(delay, 30s);
            if (tries >= 6) EXPECT_GE(delay, 15s);
        }
    }
}

}  // namespace
}  // namespace muster::node
