#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <optional>

#include "identity.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/link/link.hpp"
#include "muster/node/join_token.hpp"
#include "muster/node/node.hpp"
#include "scene.hpp"
#include "uplink.hpp"

namespace muster::node {
namespace {

using namespace scene;

/// The coordinator's end of the link, real, with what the node says to it.
class Coordinator {
  public:
    explicit Coordinator(boost::asio::io_context& loop) : loop_(loop) {
        authority_ =
            pki::new_authority("Muster test authority", now(), std::chrono::days{10}).value();
    }

    static Timestamp now() { return SystemClock{}.now(); }

    void open() {
        link::Server::Handlers handlers;
        handlers.enrol = [this](link::EnrolRequest asked) { return enrol(this, std::move(asked)); };
        handlers.renew = [this](std::string node, std::string request) {
            return renew(this, std::move(node), std::move(request));
        };
        handlers.admit = [](const std::string&, const std::string&) { return Result<void>(); };
        handlers.session = [this](std::shared_ptr<link::NodeSession> opened_session) {
            return serve(this, std::move(opened_session));
        };
        handlers.carrier = [this](std::string, std::string id,
                                  std::shared_ptr<link::Carrier> carrier) {
            return carry(this, std::move(id), std::move(carrier));
        };
        link::Server::Options options;
        options.host = "127.0.0.1";
        options.port = port_;
        options.authority_pem = authority_.certificate_pem;
        options.identity.private_key_pem = pki::new_private_key().value();
        const pki::Subject subject{"test", {std::string(link::coordinator_name)}, {}};
        options.identity.certificate_pem = pki::issue(authority_, options.identity.private_key_pem,
                                                      subject, pki::Usage::server, now(), 60min)
                                               .value();
        auto opened = link::Server::open(loop_.get_executor(), std::move(options), handlers);
        ASSERT_TRUE(opened) << opened.error().message;
        server_ = std::move(*opened);
        port_ = server_->port();
    }
    void close() {
        session.reset();
        server_.reset();
    }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string token(const std::string& secret = "a-secret-of-this-test") const {
        return to_text({pki::facts(authority_.certificate_pem)->digest_hex, secret});
    }
    void tell(const wire::ToNode& message) {
        ASSERT_NE(session, nullptr);
        ASSERT_TRUE(session->send(message));
    }
    void tell(const wire::Command& command) {
        wire::ToNode message;
        *message.mutable_command() = command;
        tell(message);
    }
    [[nodiscard]] int count(const std::function<bool(const wire::FromNode&)>& what) const {
        return static_cast<int>(std::ranges::count_if(heard, what));
    }
    [[nodiscard]] int results(const std::string& operation) const {
        return count([&](const wire::FromNode& message) {
            return message.has_result() && message.result().operation_id() == operation;
        });
    }
    [[nodiscard]] bool saw(const std::string& server, wire::ServerState state) const {
        return count([&](const wire::FromNode& message) {
                   return message.has_server() && message.server().server_id() == server &&
                          message.server().state() == state;
               }) > 0;
    }

    std::shared_ptr<link::NodeSession> session;
    std::vector<wire::FromNode> heard;
    int enrolments = 0;
    int renewals = 0;
    int sessions = 0;
    std::string carried;  ///< what the streams brought
    bool carried_end = false;
    std::optional<Error> carried_error;
    std::string to_carry;  ///< said at the beginning of each stream

  private:
    Result<wire::EnrollReply> certify(const std::string& request_der) const {
        wire::EnrollReply reply;
        reply.set_node_id("node-1");
        const pki::Subject subject{"node:node-1", {}, {}};
        auto certificate = pki::issue_for_request(authority_, request_der, subject,
                                                  pki::Usage::client, now(), 60min);
        if (!certificate) return std::unexpected(certificate.error());
        reply.set_certificate_pem(*certificate);
        reply.set_ca_pem(authority_.certificate_pem);
        return reply;
    }
    static asio::awaitable<Result<wire::EnrollReply>> enrol(Coordinator* self,
                                                            link::EnrolRequest asked) {
        ++self->enrolments;
        if (asked.message.join_token() != self->token()) {
            co_return fail(Errc::permission_denied, "the token is spent");
        }
        EXPECT_THAT(asked.message.password_hash(), testing::HasSubstr("$argon2id$"));
        co_return self->certify(asked.message.signing_request_der());
    }
    static asio::awaitable<Result<wire::EnrollReply>> renew(Coordinator* self, std::string,
                                                            std::string request) {
        ++self->renewals;
        co_return self->certify(request);
    }
    static asio::awaitable<void> serve(Coordinator* self,
                                       std::shared_ptr<link::NodeSession> session) {
        ++self->sessions;
        self->session = session;
        while (auto message = co_await session->receive()) self->heard.push_back(*message);
        if (self->session == session) self->session.reset();
    }
    static asio::awaitable<void> carry(Coordinator* self, std::string,
                                       std::shared_ptr<link::Carrier> carrier) {
        if (!self->to_carry.empty()) {
            wire::Piece piece;
            piece.set_data(self->to_carry);
            (void)co_await carrier->write(std::move(piece));
        }
        for (;;) {
            auto piece = co_await carrier->read();
            if (!piece) self->carried_error = piece.error();
            if (!piece || !*piece) break;
            self->carried += (*piece)->data();
        }
        self->carried_end = true;
    }

    boost::asio::io_context& loop_;
    pki::Identity authority_;
    std::uint16_t port_ = 0;
    std::unique_ptr<link::Server> server_;
};

class AgentTest : public testing::Test {
  protected:
    AgentTest() : coordinator(loop), runtime(loop.get_executor(), clock) {
        runtime::FakeProgram program = Scene::program();
        program.on_line = [](runtime::FakeProcess& process, std::string_view line) {
            process.print("you said " + std::string(line));
        };
        runtime.add_image("game", program);
    }
    ~AgentTest() override { stop(); }

    /// Hashing a password is slow on purpose; once is enough for these tests.
    void put_password() const {
        static const Folder once;
        ASSERT_TRUE(load_or_make_password(once.path()));
        std::filesystem::create_directories(folder.path() / "identity");
        for (const char* name : {"node.password", "node.password.hash"}) {
            std::filesystem::copy_file(once.path() / name, folder.path() / "identity" / name,
                                       std::filesystem::copy_options::skip_existing);
        }
    }
    void start(const std::string& token) {
        put_password();
        Options options;
        options.data_dir = folder.path();
        options.coordinator = coordinator.address();
        options.join_token = token;
        options.name = "attic";
        options.version = "test";
        options.timers = &timers;
        options.on_enrolled = [this](const std::string& id) { enrolled = id; };
        agent = std::make_unique<Agent>(loop.get_executor(), std::move(options), runtime, clock);
        outcome.reset();
        boost::asio::co_spawn(loop, agent->run(),
                              [this](std::exception_ptr error, Result<void> how) {
                                  if (error) std::rethrow_exception(error);
                                  outcome = std::move(how);
                              });
    }
    void stop() {
        if (!agent) return;
        bool stopped = outcome.has_value();
        if (!stopped) {
            boost::asio::co_spawn(loop, agent->stop(), [&](std::exception_ptr) { stopped = true; });
        }
        until([&] { return stopped && outcome.has_value(); });
        agent.reset();
    }
    void until(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + 60s;
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << "it does not happen";
            if (loop.stopped()) loop.restart();
            loop.run_one_for(10ms);
        }
    }
    /// Lets the node's own time pass until it happens.
    void until_with_time(const std::function<bool()>& condition) {
        until([&] {
            if (condition()) return true;
            clock.advance(100ms);
            timers.advance(100ms);
            return false;
        });
    }
    void join() {
        coordinator.open();
        start(coordinator.token());
        until([this] { return coordinator.session != nullptr; });
    }
    wire::OpenStream stream(const std::string& id) {
        wire::OpenStream open;
        open.set_stream_id(id);
        return open;
    }
    void open(const wire::OpenStream& wanted) {
        wire::ToNode message;
        *message.mutable_open_stream() = wanted;
        coordinator.tell(message);
    }

    boost::asio::io_context loop;
    Folder folder;
    Coordinator coordinator;
    ManualClock clock{Coordinator::now()};
    ManualTimers timers;
    runtime::FakeRuntime runtime;
    std::unique_ptr<Agent> agent;
    std::optional<Result<void>> outcome;
    std::string enrolled;
};

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
    start(to_text({std::string(64, 'b'), "a-secret-of-this-test"}));
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
    options.coordinator = coordinator.address();
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
            const milliseconds delay = reconnect_delay(tries, random);
            EXPECT_GE(delay, 250ms);
            EXPECT_LE(delay, 30s);
            if (tries >= 6) EXPECT_GE(delay, 15s);
        }
    }
}

}  // namespace
}  // namespace muster::node
