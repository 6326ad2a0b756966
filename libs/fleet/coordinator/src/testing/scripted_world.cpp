#include "testing/scripted_world.hpp"

#include <boost/asio/detached.hpp>

#include "muster/link/join_token.hpp"
#include "testing/turns.hpp"

namespace muster::coordinator::testing {

std::string answer_of(const std::string& server) {
    return "v=0 of " + server + "\r\na=fingerprint:sha-256 " + std::string(fingerprint) + "\r\n";
}

ScriptedWorld::ScriptedWorld(asio::io_context& context, std::uint16_t port)
    : context_(context), port_(port) {
    identity_.private_key_pem = pki::new_private_key().value();
    hello.set_protocol(link::world_protocol);
    hello.set_version("0.1.0");
    hello.set_name("scripted");
    hello.add_addresses("203.0.113.7");
    hello.set_udp_port(7777);
    hello.set_sessions_max(100);
    hello.set_uptime_s(7'200);
    hello.set_location("eu-west");
    auto& world = *hello.add_worlds();
    world.set_name("ctf");
    world.set_mode("ctf");
    world.set_map("classic");
    world.set_players_max(40);
}

Result<void> ScriptedWorld::enrol(const std::string& join_token) {
    const auto token = link::parse_join_token(join_token);
    if (!token) return std::unexpected(token.error());
    link::wire::EnrollRequest message;
    message.set_join_token(join_token);
    message.set_signing_request_der(pki::signing_request(identity_.private_key_pem).value());
    message.set_name("scripted");
    auto reply = finish(context_, link::WorldClient::enrol(
                                      context_.get_executor(), "127.0.0.1:" + std::to_string(port_),
                                      token->authority_digest, std::move(message), patience));
    return take(std::move(reply));
}

Result<void> ScriptedWorld::enrol_with_key(const std::string& name, const link::ClusterKey& key) {
    link::wire::EnrollRequest message;
    message.set_signing_request_der(pki::signing_request(identity_.private_key_pem).value());
    message.set_name("scripted");
    link::NamedKey named{name, key};
    return take(finish(context_, link::WorldClient::enrol_with_key(
                                     context_.get_executor(), "127.0.0.1:" + std::to_string(port_),
                                     std::move(named), std::move(message), patience)));
}

Result<void> ScriptedWorld::take(Result<link::wire::EnrollReply> reply) {
    if (!reply) return std::unexpected(reply.error());
    id = reply->node_id();
    identity_.certificate_pem = reply->certificate_pem();
    authority_pem_ = reply->ca_pem();
    return {};
}

Result<void> ScriptedWorld::renew() {
    auto reply =
        finish(context_,
               client_->renew(pki::signing_request(identity_.private_key_pem).value(), patience));
    if (!reply) return std::unexpected(reply.error());
    identity_.certificate_pem = reply->certificate_pem();
    return {};
}

Result<void> ScriptedWorld::connect() {
    link::Client::Options options;
    options.address = "127.0.0.1:" + std::to_string(port_);
    options.authority_pem = authority_pem_;
    options.identity = identity_;
    auto client = link::WorldClient::open(context_.get_executor(), std::move(options));
    if (!client) return std::unexpected(client.error());
    client_ = *std::move(client);
    auto session = finish(context_, client_->session(patience));
    if (!session) return std::unexpected(session.error());
    session_ = *std::move(session);
    inbox_ = std::make_shared<Received>();
    asio::co_spawn(context_, listen(session_, inbox_), asio::detached);
    world_wire::FromWorld message;
    *message.mutable_hello() = hello;
    send(std::move(message));
    run_until(context_,
              [&] { return inbox_->has(world_wire::ToWorld::kWelcome) || inbox_->is_over; });
    if (inbox_->is_over) return std::unexpected(inbox_->why);
    EXPECT_EQ(next(world_wire::ToWorld::kWelcome).welcome().world_server_id(), id);
    return {};
}

void ScriptedWorld::leave() {
    if (session_) session_->close();
    session_.reset();
    client_.reset();
}

asio::awaitable<void> ScriptedWorld::listen(std::shared_ptr<link::WorldClient::Session> session,
                                            std::shared_ptr<Received> inbox) {
    const std::weak_ptr<bool> alive = alive_;
    for (;;) {
        auto message = co_await session->receive();
        if (!message) inbox->why = message.error();
        if (!message || alive.expired()) break;
        if (hears_leases && (message->has_lease_answer() || message->has_withdraw())) {
            hears_leases(*message);
            continue;
        }
        if (!message->has_join_offer()) {
            inbox->messages.push_back(*std::move(message));
            continue;
        }
        inbox->offer = message->join_offer();
        if (answers == Answers::silent) continue;
        world_wire::FromWorld reply;
        auto& answer = *reply.mutable_join_answer();
        answer.set_request_id(message->join_offer().request_id());
        if (resume_answer && !message->join_offer().resume().empty()) {
            answer.set_error_code(std::string(name_of(resume_answer->code)));
            answer.set_error_message(resume_answer->message);
            answer.set_error_field(resume_answer->field);
        } else if (answers == Answers::full) {
            answer.set_error_code("exhausted");
            answer.set_error_message("the world is full");
        } else {
            answer.set_sdp(answer_of(id));
            answer.set_ticket("ticket-of-" + id);
            answer.set_player(7);
        }
        static_cast<void>(session->send(std::move(reply)));
    }
    inbox->is_over = true;
}

void ScriptedWorld::send(world_wire::FromWorld message) {
    ASSERT_TRUE(session_);
    ASSERT_TRUE(session_->send(std::move(message)));
}

void ScriptedWorld::load(std::uint32_t people, double cpu) {
    world_wire::FromWorld message;
    for (int i = 0; i < hello.worlds_size(); ++i) {
        auto& world = *message.mutable_load()->add_worlds();
        world.set_people(people);
        world.set_tick_p99_us(1'200);
    }
    message.mutable_load()->set_sessions(people);
    message.mutable_load()->set_cpu(cpu);
    send(std::move(message));
}

world_wire::ToWorld ScriptedWorld::next(world_wire::ToWorld::MessageCase kind) {
    return inbox_->next(context_, kind);
}

}  // namespace muster::coordinator::testing
