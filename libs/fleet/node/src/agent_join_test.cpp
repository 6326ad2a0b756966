#include "agent_scene.hpp"
#include "muster/link/membership.hpp"

// How a node that is no longer welcome comes back, and an engine that answers late.
namespace muster::node {
namespace {

using namespace scene;

TEST_F(AgentTest, AnExpiredNodeSaysWhatToDoAndComesBackWithANewToken) {
    join();
    coordinator.tell(deploy("op-1", "srv-a"));
    until([this] { return coordinator.results("op-1") == 1; });
    stop();
    const auto key = read_file(folder.path() / "identity" / "key.pem").value();
    clock.advance(2h);
    start("");
    until([this] { return was_said("certificate ended on"); });
    EXPECT_TRUE(was_said("--join-token"));
    runtime.exit("muster-srv-a", 1);
    until_with_time([this] { return runtime.starts("muster-srv-a") == 2; });
    EXPECT_EQ(coordinator.sessions, 1);
    stop();
    coordinator.valid = 10h;
    start(coordinator.token());
    until([this] { return coordinator.sessions == 2; });
    EXPECT_EQ(coordinator.enrolments, 2);
    EXPECT_EQ(read_file(folder.path() / "identity" / "key.pem").value(), key);
}

TEST_F(AgentTest, ARevokedNodeJoinsAgainAsAnotherOnlyAtAStartWithANewToken) {
    join();
    wire::ToNode goodbye;
    goodbye.mutable_goodbye()->set_for_good(true);
    coordinator.tell(goodbye);
    until([this] { return coordinator.session == nullptr; });
    until([this] { return was_said("--join-token"); });
    stop();
    const auto read = [this](const char* name) {
        return read_file(folder.path() / "identity" / name).value();
    };
    const auto key = read("key.pem");
    const auto password = read("node.password");
    // A token that is no good does not take the node from its servers.
    start(coordinator.token("another-secret-12345"));
    until([this] { return coordinator.sessions == 2; });
    EXPECT_EQ(read("key.pem"), key);
    stop();
    coordinator.node_id = "node-2";
    start(coordinator.token());
    until([this] { return coordinator.sessions == 3; });
    EXPECT_EQ(enrolled, "node-2");
    EXPECT_EQ(read("node.id"), "node-2");
    EXPECT_NE(read("key.pem"), key);
    EXPECT_EQ(read("node.password"), password);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "identity.new"));
    stop();
    start("");
    until([this] { return coordinator.sessions == 4; });
    EXPECT_EQ(enrolled, "node-2");
}

TEST_F(AgentTest, SaysWhatItsEngineIsWhenThatAnswersLater) {
    runtime.hold("facts");
    join_with_time();
    until([this] { return coordinator.heard.size() >= 2; });
    EXPECT_EQ(coordinator.heard.front().hello().runtime(), "");
    EXPECT_FALSE(coordinator.heard[1].inventory().runtime_answers());
    runtime.release("facts");
    until_with_time([this] {
        return coordinator.count([](const wire::FromNode& message) {
            return message.has_inventory() && message.inventory().runtime_answers() &&
                   !message.inventory().runtime().empty();
        }) > 0;
    });
}

TEST_F(AgentTest, JoinsAndComesBackToWhicheverOfItsCoordinatorsLeads) {
    coordinator.open();
    second.stand_by_for(coordinator);
    second.open();
    std::swap(coordinator.closed_to_all, second.closed_to_all);
    start(coordinator.token());
    until([this] { return second.session != nullptr; });
    EXPECT_EQ(second.enrolments, 1);
    EXPECT_GE(coordinator.refused, 1);

    for (int round = 0; round < 2; ++round) {
        auto& dead = round == 0 ? second : coordinator;
        auto& next = round == 0 ? coordinator : second;
        dead.close();
        next.closed_to_all.reset();
        until_with_time([&] { return next.session != nullptr; });
        dead.closed_to_all = Error{Errc::unavailable, "another one leads", ""};
        dead.open();
    }
    // Being refused by one that stands by is nothing to remember.
    EXPECT_FALSE(link::is_marked_refused(folder.path() / "identity"));
    EXPECT_EQ(enrolled, "node-1");
}

TEST_F(AgentTest, WaitsAMomentForItsEngineBeforeTheHello) {
    runtime.fail_next("facts", Error{Errc::unavailable, "not yet", ""}, 2);
    join_with_time();
    until([this] { return !coordinator.heard.empty(); });
    EXPECT_NE(coordinator.heard.front().hello().runtime(), "");
}

}  // namespace
}  // namespace muster::node
