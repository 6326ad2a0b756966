#include "muster/uplink/uplink.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>
#include <thread>

#include "muster/link/membership.hpp"
#include "muster/link/world_link.hpp"

namespace muster::uplink {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace wire = link::world_wire;
using SessionPtr = std::shared_ptr<link::WorldSession>;

constexpr const char* secret = "a-secret-of-this-test";

/// A coordinator that a test plays, and a real world server with its uplink.
class UplinkTest : public testing::Test {
  protected:
    UplinkTest() {
        authority_ =
            pki::new_authority("Muster test authority", clock_.now(), std::chrono::days{10})
                .value();
        identity_.private_key_pem = pki::new_private_key().value();
        identity_.certificate_pem =
            pki::issue(authority_, identity_.private_key_pem,
                       pki::Subject{"test", {std::string(link::coordinator_name)}, {}},
                       pki::Usage::server, clock_.now(), 60min)
                .value();
        folder_ = std::filesystem::temp_directory_path() /
                  ("muster-uplink-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        host::Options options;
        options.udp_host = "127.0.0.1";
        options.udp_port = 0;
        options.shards = 1;
        options.worlds.resize(1);
        options.worlds[0].name = "ffa";
        options.worlds[0].map = sim::classic_arena(7);
        options.worlds[0].rules.players_max = 10;
        worlds_ = host::WorldServer::open(std::move(options)).value();
    }
    ~UplinkTest() override {
        end();
        close();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void open() {
        link::Server::Options options;
        options.host = "127.0.0.1";
        options.port = port_;
        options.identity = identity_;
        options.authority_pem = authority_.certificate_pem;
        link::Server::Handlers nodes;
        nodes.admit = [](const std::string&, const std::string&) -> Result<void> {
            return fail(Errc::permission_denied, "no nodes here");
        };
        link::FleetServer::WorldHandlers worlds;
        worlds.enrol = [this](link::EnrolRequest asked) { return enrol(this, std::move(asked)); };
        worlds.renew = [this](std::string id, std::string der) {
            return renew(this, std::move(id), std::move(der));
        };
        worlds.admit = [this](const std::string& id, const std::string&) -> Result<void> {
            if (!revoked_) return {};
            return fail(Errc::permission_denied, "world server " + id + " was revoked");
        };
        worlds.session = [this](SessionPtr session) { return listen(this, std::move(session)); };
        auto opened = link::FleetServer::open(context_.get_executor(), std::move(options),
                                              std::move(nodes), std::move(worlds));
        ASSERT_TRUE(opened) << opened.error().message;
        server_ = std::move(*opened);
        port_ = server_->port();
    }
    void close() {
        session_.reset();
        server_.reset();
    }
    void begin(const std::string& token_secret = secret) {
        Options options;
        options.folder = folder_ / "identity";
        options.coordinator = "127.0.0.1:" + std::to_string(port_);
        options.join_token =
            token_secret.empty()
                ? std::string()
                : "mst1-" + pki::facts(authority_.certificate_pem)->digest_hex + "-" + token_secret;
        options.name = "attic";
        options.version = "0.1.0";
        options.log = [this](host::LogLevel, std::string_view text) {
            log_ += std::string(text) + "\n";
        };
        options.spread = spread_;
        how_.reset();
        uplink_ =
            std::make_unique<Uplink>(context_.get_executor(), std::move(options), *worlds_, clock_);
        asio::co_spawn(context_, uplink_->run(),
                       [this](std::exception_ptr, Result<void> how) { how_ = std::move(how); });
    }
    void end() {
        if (!uplink_) return;
        bool is_stopped = false;
        asio::co_spawn(context_, uplink_->stop(),
                       [&is_stopped](std::exception_ptr) { is_stopped = true; });
        until([&] { return is_stopped && how_.has_value(); });
        uplink_.reset();
    }
    void until(const std::function<bool()>& holds) {
        const auto limit = std::chrono::steady_clock::now() + 60s;
        while (!holds() && std::chrono::steady_clock::now() < limit) {
            context_.restart();
            context_.run_one_for(50ms);
        }
        ASSERT_TRUE(holds()) << log_;
    }
    /// The next message of that kind; earlier ones of others are thrown away.
    wire::FromWorld next(wire::FromWorld::MessageCase kind) {
        wire::FromWorld out;
        until([&] {
            while (!inbox_.empty() && out.message_case() != kind) {
                out = std::move(inbox_.front());
                inbox_.pop_front();
            }
            return out.message_case() == kind;
        });
        return out;
    }
    void welcome() {
        wire::ToWorld message;
        message.mutable_welcome()->set_load_seconds(1);
        ASSERT_TRUE(session_->send(std::move(message)));
    }
    void connect() {
        next(wire::FromWorld::kHello);
        welcome();
    }

    static asio::awaitable<Result<muster::node::v1::EnrollReply>> enrol(UplinkTest* self,
                                                                        link::EnrolRequest asked) {
        ++self->enrolments_;
        if (!asked.message.join_token().ends_with(secret)) {
            co_return fail(Errc::unauthenticated, "wrong, used or expired", "join_token");
        }
        co_return self->reply("world-" + std::to_string(self->enrolments_),
                              asked.message.signing_request_der());
    }
    static asio::awaitable<Result<muster::node::v1::EnrollReply>> renew(UplinkTest* self,
                                                                        std::string id,
                                                                        std::string der) {
        co_return self->reply(id, der);
    }
    Result<muster::node::v1::EnrollReply> reply(const std::string& id, const std::string& der) {
        auto certificate =
            pki::issue_for_request(authority_, der, pki::Subject{"world:" + id, {}, {}},
                                   pki::Usage::client, clock_.now(), 60min);
        if (!certificate) return std::unexpected(certificate.error());
        muster::node::v1::EnrollReply out;
        out.set_node_id(id);
        out.set_certificate_pem(std::move(*certificate));
        out.set_ca_pem(authority_.certificate_pem);
        return out;
    }
    static asio::awaitable<void> listen(UplinkTest* self, SessionPtr session) {
        self->session_ = session;
        self->ids_.push_back(session->world_server_id());
        while (auto message = co_await session->receive()) {
            self->inbox_.push_back(std::move(*message));
        }
        if (self->session_ == session) self->session_.reset();
    }

    SystemClock clock_;
    asio::io_context context_;
    pki::Identity authority_;
    pki::Identity identity_;
    std::filesystem::path folder_;
    std::unique_ptr<host::WorldServer> worlds_;
    std::unique_ptr<link::FleetServer> server_;
    std::unique_ptr<Uplink> uplink_;
    std::optional<SpreadWorld> spread_;
    std::optional<Result<void>> how_;
    SessionPtr session_;
    std::deque<wire::FromWorld> inbox_;
    std::vector<std::string> ids_;
    std::string log_;
    std::uint16_t port_ = 0;
    int enrolments_ = 0;
    bool revoked_ = false;
};

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
    server_->revoke_world_server("world-1", "it was revoked");
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
