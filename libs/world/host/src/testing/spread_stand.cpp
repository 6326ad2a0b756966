#include "spread_stand.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>
#include <variant>

namespace muster::host::testing {
namespace {

constexpr const char* world_name = "wide";
constexpr std::uint16_t ids_in_a_loan = 8;
constexpr std::size_t loans_max = 4;  ///< to one server
constexpr sim::PlayerId ids = 128;

territory::Config patient() {
    territory::Config out;
    out.lease = std::chrono::milliseconds(2'500);
    // Nothing moves but by a drain or a death, or a test would not know who has what.
    out.move_gap = 1'000'000;
    out.split_above = 1'000'000;
    out.merge_below = 0;
    return out;
}

}  // namespace

sim::Map long_room() {
    sim::Map map;
    map.name = "long room";
    map.bounds = {{-1'600 * sim::unit, -200 * sim::unit}, {1'600 * sim::unit, 200 * sim::unit}};
    for (const int x : {-200, -160, -120, 120, 160, 200}) {
        for (const int y : {-80, 0, 80})
            map.spawns.push_back({{x * sim::unit, y * sim::unit}, sim::Team::none});
    }
    map.flag_bases = {sim::Vec{-1'000 * sim::unit, 0}, sim::Vec{1'000 * sim::unit, 0}};
    return map;
}

// ---- the coordinator

Leases::Leases() : state_(patient(), now()) {}

bool Leases::has_heard_all() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(servers_, [](const auto& one) { return one.second.has_asked; });
}

void Leases::declare(std::uint32_t regions) {
    const std::lock_guard lock(mutex_);
    decide(territory::DeclareWorld{{.name = world_name,
                                    .bounds = {-1'600, -200, 1'600, 200},
                                    .regions_min = regions,
                                    .strip = 700}});
}

territory::Instant Leases::now() const {
    return std::chrono::duration_cast<territory::Instant>(std::chrono::steady_clock::now() -
                                                          began_);
}

void Leases::decide(decltype(territory::Event::what) what) {
    for (const auto& action : territory::decide(state_, {now(), std::move(what)})) {
        if (const auto* rejected = std::get_if<territory::Reject>(&action))
            throw std::runtime_error(rejected->error.message);
        if (is_away_) continue;
        if (const auto* answer = std::get_if<territory::Answer>(&action)) {
            Server& server = servers_.at(answer->server);
            if (server.world == nullptr) continue;
            mesh::Decision decision{*answer, {}};
            if (std::exchange(server.wants_ids, false) && server.loans < loans_max) {
                ++server.loans;
                decision.loans.push_back({next_id_, ids_in_a_loan});
                next_id_ = static_cast<sim::PlayerId>(next_id_ + ids_in_a_loan);
            }
            server.world->decided(std::move(decision));
        }
        if (const auto* withdraw = std::get_if<territory::Withdraw>(&action)) {
            Server& server = servers_.at(withdraw->server);
            if (server.world != nullptr) server.world->withdrawn(*withdraw);
        }
    }
}

void Leases::come(const std::vector<Coming>& all) {
    const std::lock_guard lock(mutex_);
    for (const Coming& one : all) {
        const std::uint64_t session = ++sessions_;
        servers_[one.server] = {.world = one.world, .session = session};
        territory::ServerCame came{.server = one.server,
                                   .session = session,
                                   .life = one.life,
                                   .capacity = 1'000,
                                   .worlds = {world_name},
                                   .regions = {},
                                   .holds = {}};
        decide(std::move(came));
    }
}

void Leases::gone(const std::string& server) {
    const std::lock_guard lock(mutex_);
    servers_.at(server).world = nullptr;
    decide(territory::ServerGone{server, servers_.at(server).session});
}

void Leases::heard(const std::string& name, const mesh::Question& question) {
    const std::lock_guard lock(mutex_);
    const auto server = servers_.find(name);
    if (server == servers_.end() || server->second.world == nullptr) return;
    server->second.has_asked = true;
    server->second.wants_ids = question.wants_ids;
    decide(territory::ServerHeard{.server = name,
                                  .session = server->second.session,
                                  .request = question.request.number,
                                  .holds = question.request.holds,
                                  .released = question.request.released,
                                  .loads = question.loads});
}

void Leases::drain(const std::string& server) {
    const std::lock_guard lock(mutex_);
    decide(territory::AskDrain{server});
}

void Leases::time_passes() {
    const std::lock_guard lock(mutex_);
    decide(territory::TimePassed{});
}

void Leases::be_away(bool is_away) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
}

std::string Leases::holder_of(std::int32_t x) const {
    const std::lock_guard lock(mutex_);
    for (const auto& region : state_.list()) {
        if (region.area.contains({x, 0})) return region.server;
    }
    return {};
}

// ---- all of it

SpreadStand::SpreadStand(const Settings& settings) {
    std::vector<Leases::Coming> coming;
    for (const std::string& name : settings.servers) {
        const std::uint64_t life = coming.size() + 1;
        Options options = small_server();
        WorldOptions& world = options.worlds[0];
        world.name = world_name;
        world.map = long_room();
        world.rules.players_max = ids;
        options.resume = 30s;
        options.joins_per_second = options.joins_per_address_per_second = 10'000;
        world.spread = Spread{
            .bus = std::make_shared<bus::InProcessBus>(hub_, name),
            .life = life,
            .ask = [this, name](const mesh::Question& question) { leases.heard(name, question); }};
        if (settings.change) settings.change(options);
        auto opened = WorldServer::open(std::move(options));
        if (!opened) throw std::runtime_error(opened.error().message);
        servers_[name] = std::move(*opened);
        coming.push_back({name, servers_[name].get(), life});
    }
    leases.come(coming);
    if (!until([&] { return leases.has_heard_all(); }))
        throw std::runtime_error("the servers do not ask");
    leases.declare(settings.regions);
    const auto all_held = [&] {
        std::size_t held = 0;
        for (const auto& [name, server] : servers_)
            held += server->statistics().worlds.front().spread->regions;
        return held == settings.regions;
    };
    if (!until(all_held)) throw std::runtime_error("the regions are not held");
    left = leases.holder_of(-1'599);
    right = leases.holder_of(1'599);
}

SpreadStand::~SpreadStand() {
    while (!servers_.empty()) kill(servers_.begin()->first);
}

void SpreadStand::kill(const std::string& name) {
    leases.gone(name);
    servers_.erase(name);
}

Result<Joined> SpreadStand::ask(Player& player, const std::string& at,
                                const Stand::JoinOptions& options) {
    const auto answer = std::make_shared<std::promise<Result<Joined>>>();
    auto future = answer->get_future();
    server(at).join({.world = world_name,
                     .sdp = player.offer(),
                     .name = options.name,
                     .team = options.team,
                     .resume = options.resume,
                     .remote_address = options.address},
                    [answer](Result<Joined> got) { answer->set_value(std::move(got)); });
    if (future.wait_for(5s) != std::future_status::ready)
        return fail(Errc::timeout, "no answer to a join");
    return future.get();
}

Player& SpreadStand::join(const std::string& at, const std::string& name, sim::Team team) {
    auto player = std::make_unique<Player>();
    Result<Joined> answer = fail(Errc::unavailable, "");
    // Ids come with an answer of the coordinator's.
    const bool is_in = until([&] {
        answer = ask(*player, at, {.name = name, .team = team});
        return answer || answer.error().code != Errc::unavailable;
    });
    if (!is_in || !answer) throw std::runtime_error(answer.error().message);
    joined = *answer;
    if (auto started = player->start(joined); !started)
        throw std::runtime_error(started.error().message);
    players.push_back(std::move(player));
    return *players.back();
}

bool SpreadStand::resume(Player& player, std::chrono::milliseconds limit) {
    const std::string ticket = player.ticket();
    player.begin_again();
    return until(
        [&] {
            for (const auto& [name, server] : servers_) {
                const auto answer = ask(player, name, {.resume = ticket});
                if (!answer) continue;
                joined = *answer;
                return player.start(joined).has_value();
            }
            return false;
        },
        limit);
}

bool SpreadStand::until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        leases.time_passes();
        const bool holds = take_turns(players, condition);
        if (holds) return true;
        if (std::chrono::steady_clock::now() >= end) return false;
    }
}

}  // namespace muster::host::testing
