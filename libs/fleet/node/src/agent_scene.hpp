#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <optional>

#include "identity.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/link/join_token.hpp"
#include "muster/link/link.hpp"
#include "muster/node/node.hpp"
#include "scene.hpp"

namespace muster::node::scene {

/// The coordinator's end of the link, real, with what the node says to it.
class Coordinator {
  public:
    explicit Coordinator(boost::asio::io_context& loop) : loop_(loop) {
        authority_ =
            pki::new_authority("Muster test authority", now(), std::chrono::days{10}).value();
    }

    static Timestamp now() { return SystemClock{}.now(); }
    std::chrono::minutes valid{60};  ///< the nodes' certificates
    std::string node_id = "node-1";
    std::optional<Error> closed_to_all;  ///< what a coordinator says that stands by
    int refused = 0;

    /// One of the two that share a store: it stands by for the other.
    void stand_by_for(const Coordinator& other) {
        authority_ = other.authority_;
        closed_to_all = Error{Errc::unavailable, "another one leads", ""};
    }

    void open() {
        link::Server::Handlers handlers;
        handlers.enrol = [this](link::EnrolRequest asked) { return enrol(this, std::move(asked)); };
        handlers.renew = [this](std::string node, std::string request) {
            return renew(this, std::move(node), std::move(request));
        };
        handlers.admit = [this](const std::string&, const std::string&) { return admit(); };
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
    [[nodiscard]] bool is_open() const { return server_ != nullptr; }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string token(const std::string& secret = "a-secret-of-this-test") const {
        return link::to_text({pki::facts(authority_.certificate_pem)->digest_hex, secret});
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
    Result<void> admit() {
        if (!closed_to_all) return {};
        ++refused;
        return std::unexpected(*closed_to_all);
    }
    Result<wire::EnrollReply> certify(const std::string& request_der) const {
        wire::EnrollReply reply;
        reply.set_node_id(node_id);
        const pki::Subject subject{"node:" + node_id, {}, {}};
        auto certificate = pki::issue_for_request(authority_, request_der, subject,
                                                  pki::Usage::client, now(), valid);
        if (!certificate) return std::unexpected(certificate.error());
        reply.set_certificate_pem(*certificate);
        reply.set_ca_pem(authority_.certificate_pem);
        return reply;
    }
    static asio::awaitable<Result<wire::EnrollReply>> enrol(Coordinator* self,
                                                            link::EnrolRequest asked) {
        if (auto open_to_all = self->admit(); !open_to_all) {
            co_return std::unexpected(open_to_all.error());
        }
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
    AgentTest() : coordinator(loop), second(loop), runtime(loop.get_executor(), clock) {
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
        options.coordinators = {coordinator.address()};
        if (second.is_open()) options.coordinators.push_back(second.address());
        options.join_token = token;
        options.name = "attic";
        options.version = "test";
        options.timers = &timers;
        said.clear();
        options.log = [this](const std::string& line) { said.push_back(line); };
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
    void join_with_time() {
        coordinator.open();
        start(coordinator.token());
        until_with_time([this] { return coordinator.session != nullptr; });
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
    Coordinator second;  ///< opened by tests of two that share a store
    ManualClock clock{Coordinator::now()};
    ManualTimers timers;
    runtime::FakeRuntime runtime;
    std::unique_ptr<Agent> agent;
    std::optional<Result<void>> outcome;
    [[nodiscard]] bool was_said(const std::string& part) const {
        return std::ranges::any_of(
            said, [&](const std::string& line) { return line.find(part) != std::string::npos; });
    }
    std::vector<std::string> said;
    std::string enrolled;
};

}  // namespace muster::node::scene
