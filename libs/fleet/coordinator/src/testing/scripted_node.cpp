#include "testing/scripted_node.hpp"

#include <boost/asio/detached.hpp>

#include "muster/base/text.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {

Result<void> ScriptedNode::enrol(const std::string& join_token, std::uint16_t via) {
    const auto parts = split_list(join_token, '-');
    if (identity_.private_key_pem.empty()) {
        auto key = pki::new_private_key();
        if (!key) return std::unexpected(key.error());
        identity_.private_key_pem = *std::move(key);
    }
    auto request = pki::signing_request(identity_.private_key_pem);
    if (!request) return std::unexpected(request.error());
    wire::EnrollRequest message;
    message.set_join_token(join_token);
    message.set_signing_request_der(*request);
    message.set_name("scripted");
    auto reply = testing::finish(
        context_, link::Client::enrol(context_.get_executor(),
                                      "127.0.0.1:" + std::to_string(via != 0 ? via : port_),
                                      parts.size() > 1 ? parts[1] : std::string(),
                                      std::move(message), patience));
    if (!reply) return std::unexpected(reply.error());
    id = reply->node_id();
    identity_.certificate_pem = reply->certificate_pem();
    authority_pem_ = reply->ca_pem();
    return {};
}

Result<void> ScriptedNode::renew() {
    auto request = pki::signing_request(identity_.private_key_pem);
    if (!request) return std::unexpected(request.error());
    auto reply = testing::finish(context_, client_->renew(*request, patience));
    if (!reply) return std::unexpected(reply.error());
    identity_.certificate_pem = reply->certificate_pem();
    return {};
}

Result<void> ScriptedNode::connect() {
    link::Client::Options options;
    options.address = "127.0.0.1:" + std::to_string(port_);
    options.authority_pem = authority_pem_;
    options.identity = identity_;
    auto client = link::Client::open(context_.get_executor(), std::move(options));
    if (!client) return std::unexpected(client.error());
    client_ = *std::move(client);
    auto session = testing::finish(context_, client_->session(patience));
    if (!session) return std::unexpected(session.error());
    session_ = *std::move(session);
    inbox_ = std::make_shared<Received>();
    asio::co_spawn(context_, listen(session_, inbox_), asio::detached);
    if (hello.name().empty()) {
        hello.set_name("scripted");
        hello.set_version("0.1.0");
        hello.set_hostname("box");
        hello.set_advertise("203.0.113.7");
        hello.set_runtime("docker");
        hello.set_runtime_version("20.10");
        hello.set_memory_bytes(std::int64_t{8} << 30);
        hello.set_cpus(4);
        hello.set_port_first(20'000);
        hello.set_port_last(20'099);
    }
    wire::FromNode message;
    *message.mutable_hello() = hello;
    send(std::move(message));
    send_inventory();
    static_cast<void>(next(wire::ToNode::kWelcome));
    return {};
}

void ScriptedNode::send_inventory() {
    wire::FromNode message;
    inventory.set_runtime_answers(true);
    *message.mutable_inventory() = inventory;
    send(std::move(message));
}

void ScriptedNode::leave() {
    if (session_) session_->close();
    session_.reset();
    client_.reset();
}

asio::awaitable<void> ScriptedNode::listen(std::shared_ptr<link::Client::Session> session,
                                           std::shared_ptr<Received> inbox) {
    const std::weak_ptr<bool> alive = alive_;
    for (;;) {
        auto message = co_await session->receive();
        if (!message || alive.expired()) break;
        if (message->has_ping()) {
            if (!answers_pings) continue;
            wire::FromNode pong;
            pong.mutable_pong()->set_id(message->ping().id());
            static_cast<void>(session->send(std::move(pong)));
        } else if (message->has_query() && answer_) {
            wire::FromNode reply;
            *reply.mutable_answer() = answer_(message->query());
            reply.mutable_answer()->set_id(message->query().id());
            static_cast<void>(session->send(std::move(reply)));
        } else {
            inbox->messages.push_back(*std::move(message));
        }
    }
    inbox->is_over = true;
}

void ScriptedNode::send(wire::FromNode message) {
    ASSERT_TRUE(session_);
    ASSERT_TRUE(session_->send(std::move(message)));
}

bool ScriptedNode::has(wire::ToNode::MessageCase kind) const {
    return inbox_->has(kind);
}

wire::ToNode ScriptedNode::next(wire::ToNode::MessageCase kind) {
    return inbox_->next(context_, kind);
}

wire::Command ScriptedNode::next_command() {
    return next(wire::ToNode::kCommand).command();
}

void ScriptedNode::progress(const std::string& operation_id, const std::string& step,
                            double fraction) {
    wire::FromNode message;
    message.mutable_progress()->set_operation_id(operation_id);
    message.mutable_progress()->set_step(step);
    message.mutable_progress()->set_fraction(fraction);
    send(std::move(message));
}

void ScriptedNode::finish(const std::string& operation_id, const std::string& error_code,
                          const std::string& error_message) {
    wire::FromNode message;
    auto& result = *message.mutable_result();
    result.set_operation_id(operation_id);
    result.set_ok(error_code.empty());
    result.set_error_code(error_code);
    result.set_error_message(error_message);
    send(std::move(message));
    EXPECT_EQ(next(wire::ToNode::kAcknowledge).acknowledge().operation_id(), operation_id);
}

void ScriptedNode::observe(const std::string& server_id, std::uint64_t generation,
                           wire::ServerState state) {
    wire::FromNode message;
    auto& server = *message.mutable_server();
    server.set_server_id(server_id);
    server.set_generation(generation);
    server.set_state(state);
    server.set_instance_id("container-" + server_id);
    server.set_since_ms(1'780'000'000'000);
    send(std::move(message));
}

void ScriptedNode::report_container(wire::ContainerObserved container) {
    wire::FromNode message;
    *message.mutable_container() = std::move(container);
    send(std::move(message));
}

std::unique_ptr<link::Carrier> ScriptedNode::open_stream(wire::OpenStream& asked) {
    asked = next(wire::ToNode::kOpenStream).open_stream();
    auto carrier = testing::finish(context_, client_->carry(asked.stream_id()));
    EXPECT_TRUE(carrier);
    return carrier ? *std::move(carrier) : nullptr;
}

void ScriptedNode::write(link::Carrier& carrier, const std::string& bytes, bool is_error) {
    wire::Piece piece;
    piece.set_data(bytes);
    piece.set_is_error(is_error);
    EXPECT_TRUE(testing::finish(context_, carrier.write(std::move(piece))));
}

}  // namespace muster::coordinator::testing
