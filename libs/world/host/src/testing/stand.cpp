#include "stand.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <stdexcept>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::host::testing {
namespace {

using Clock = std::chrono::steady_clock;

rtc::Instant now() {
    static const Clock::time_point began = Clock::now();
    return std::chrono::duration_cast<rtc::Instant>(Clock::now() - began);
}

std::shared_ptr<const rtc::Identity> identity() {
    static const auto made = rtc::Identity::make();
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
}

udp::Socket open_socket() {
    auto socket = udp::Socket::open({.host = "127.0.0.1"});
    if (!socket) throw std::runtime_error(socket.error().message);
    return std::move(*socket);
}

constexpr sctp::Reliability reliable{};
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

}  // namespace

sim::Map small_room() {
    sim::Map map;
    map.name = "small room";
    map.bounds = {{-400 * sim::unit, -200 * sim::unit}, {400 * sim::unit, 200 * sim::unit}};
    for (int i = 0; i < 8; ++i) {
        map.spawns.push_back({{(i * 60 - 210) * sim::unit, 0}, sim::Team::none});
    }
    map.flag_bases = {sim::Vec{-300 * sim::unit, 0}, sim::Vec{300 * sim::unit, 0}};
    return map;
}

Options small_server() {
    Options out;
    WorldOptions world;
    world.name = "room";
    world.map = small_room();
    world.rules.mode = sim::Mode::free_for_all;
    world.rules.players_max = 16;
    world.seed = 1;
    world.bots.reserved = 0;
    out.worlds.push_back(std::move(world));
    out.udp_host = "127.0.0.1";
    out.udp_port = 0;
    out.shards = 1;
    return out;
}

Player::Player() : socket_(open_socket()), caller_(identity(), {}, *this) {}
Player::~Player() = default;

Result<void> Player::start(const Joined& joined) {
    started_ = true;
    return caller_.start(joined.sdp, std::nullopt, now());
}

void Player::turn() {
    if (vanished_ || closed_ || !started_) return;
    socket_.receive(256, [this](const rtc::Address&, std::span<std::byte> datagram) {
        caller_.receive(datagram, now());
    });
    const auto deadline = caller_.deadline();
    if (deadline && *deadline <= now()) caller_.handle_timeouts(now());
    if (caller_.is_open() && mirror_.welcomed() && now() - inputs_at_ >= 33ms) {
        inputs_at_ = now();
        // Two new steps, and the two before them in case those were lost.
        sequence += 2;
        std::vector<replication::InputStep> steps(std::min(4U, sequence));
        for (auto& step : steps) step.buttons = buttons;
        const auto message =
            replication::write_inputs(sequence, mirror_.newest(), mirror_.received_bits(), steps);
        send(message, false);
    }
    caller_.flush(now());
    socket_.flush();
}

void Player::send(std::span<const std::byte> message, bool on_control) {
    (void)caller_.send(on_control ? protocol::control_stream : protocol::state_stream, false,
                       message, on_control ? reliable : unreliable, now());
}

void Player::say(const std::string& text, bool team_only) {
    send(replication::write_say(text, team_only), true);
}

void Player::say_bye() {
    send(replication::write_bye(), true);
}

void Player::send_custom(std::uint8_t command, std::string_view payload) {
    send(replication::write_custom(command, std::as_bytes(std::span(payload))), true);
}

void Player::ping() {
    send(replication::write_ping(7), false);
}

void Player::close() {
    caller_.close(now());
    socket_.flush();
}

void Player::on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) {
    socket_.send(to, datagram);
}

void Player::on_closed(std::string_view) {
    closed_ = true;
}

void Player::on_message(std::uint16_t, bool, std::span<const std::byte> bytes) {
    const auto got = mirror_.receive(bytes);
    EXPECT_TRUE(got) << got.error().message;
    const auto message = protocol::read_from_world(protocol::aligned(bytes, room_));
    ASSERT_TRUE(message) << message.error().message;
    if (const auto* chat = (*message)->body_as_Chat()) {
        chats_.push_back(chat->name()->str() + ": " + chat->text()->str());
    }
    if (const auto* notice = (*message)->body_as_Notice()) {
        notices_.emplace_back(protocol::EnumNameNoticeKind(notice->kind()));
    }
    if (const auto* custom = (*message)->body_as_Custom()) {
        const auto* payload = custom->payload();
        const auto* begin = payload ? reinterpret_cast<const char*>(payload->data()) : "";
        customs_.emplace_back(custom->command(), std::string(begin, payload ? payload->size() : 0));
    }
    if ((*message)->body_as_Pong() != nullptr) ++pongs_;
    if ((*message)->body_as_Scores() != nullptr) ++scores_;
}

Stand::Stand(Options options) {
    auto opened = WorldServer::open(std::move(options));
    if (!opened) throw std::runtime_error(opened.error().message);
    server = std::move(*opened);
}
Stand::~Stand() = default;

Result<Joined> Stand::ask(Player& player, const JoinOptions& options) {
    const auto answer = std::make_shared<std::promise<Result<Joined>>>();
    auto future = answer->get_future();
    server->join({.world = options.world,
                  .sdp = player.offer(),
                  .name = options.name,
                  .team = options.team,
                  .resume = options.resume,
                  .remote_address = options.address},
                 [answer](Result<Joined> got) { answer->set_value(std::move(got)); });
    if (future.wait_for(5s) != std::future_status::ready) {
        return fail(Errc::timeout, "no answer to a join");
    }
    return future.get();
}

Player& Stand::join(const JoinOptions& options) {
    auto player = std::make_unique<Player>();
    auto answer = ask(*player, options);
    if (!answer) throw std::runtime_error(answer.error().message);
    joined = *answer;
    if (auto started = player->start(joined); !started) {
        throw std::runtime_error(started.error().message);
    }
    players.push_back(std::move(player));
    return *players.back();
}

bool Stand::until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    while (true) {
        for (const auto& player : players) player->turn();
        if (condition()) return true;
        if (Clock::now() >= end) return false;
        std::vector<pollfd> waiting;
        for (const auto& player : players) waiting.push_back({player->descriptor(), POLLIN, 0});
        poll(waiting.data(), waiting.size(), 4);
    }
}

}  // namespace muster::host::testing
