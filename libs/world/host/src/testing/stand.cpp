#include "stand.hpp"

#include <poll.h>

#include <future>
#include <stdexcept>

namespace muster::host::testing {
namespace {

using Clock = std::chrono::steady_clock;

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

bool take_turns(const std::vector<std::unique_ptr<Player>>& players,
                const std::function<bool()>& condition) {
    for (const auto& player : players) player->turn();
    if (condition()) return true;
    std::vector<pollfd> waiting;
    for (const auto& player : players) waiting.push_back({player->descriptor(), POLLIN, 0});
    poll(waiting.data(), waiting.size(), 4);
    return false;
}

bool Stand::until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    while (!take_turns(players, condition)) {
        if (Clock::now() >= end) return false;
    }
    return true;
}

}  // namespace muster::host::testing
