#include "simulation.hpp"

#include <algorithm>
#include <utility>

namespace muster::territory {

namespace {

constexpr std::int64_t ms = 1'000;
constexpr std::int64_t ask_every = 250 * ms;
constexpr std::int64_t silence_max = 1'200 * ms;

Config quick_config() {
    Config config;
    config.lease = milliseconds(1'000);
    config.contact = milliseconds(700);
    config.leave_deadline = milliseconds(2'000);
    config.forget = milliseconds(10'000);
    config.settle = milliseconds(200);
    config.age_min = milliseconds(600);
    config.change_interval = milliseconds(300);
    config.regions_per_world_max = 12;
    return config;
}

}  // namespace

void SimulationSummary::add(const SimulationSummary& other) {
    decisions += other.decisions;
    gained += other.gained;
    withdrawals += other.withdrawals;
    splits += other.splits;
    merges += other.merges;
    stale += other.stale;
    ran_out += other.ran_out;
    to_keepers += other.to_keepers;
    drained += other.drained;
    coordinator_crashes += other.coordinator_crashes;
    server_crashes += other.server_crashes;
    messages_lost += other.messages_lost;
}

Simulation::Simulation(std::uint64_t seed, milliseconds of_faults)
    : chance_(seed), faults_end_(of_faults.count() * ms), config_(quick_config()) {
    const auto any_clock = [&] {
        // The ends of what is allowed are where it would break.
        const std::int64_t ppm = chance_.one_in(2) ? 20'000 : chance_.below(20'001);
        return ProcessClock{chance_.below(1'000'000'000), chance_.one_in(2) ? ppm : -ppm};
    };
    is_tight_ = chance_.one_in(5);
    clock_ = any_clock();
    const auto count = static_cast<std::size_t>(2 + chance_.below(5));
    for (std::size_t index = 0; index < count; ++index) {
        WorldServer& one = servers_.emplace_back();
        one.id = "server-" + std::to_string(index);
        one.clock = any_clock();
        one.capacity = static_cast<std::uint32_t>(50 + chance_.below(150));
        if (index > 0 && chance_.one_in(4)) {
            one.worlds = {"plain"};
        }
    }
    restart();
    tell(DeclareWorld{
        {"plain", {0, 0, 400, 200}, static_cast<std::uint32_t>(1 + chance_.below(4)), 20}});
    for (WorldServer& one : servers_) {
        start(one);
    }
    tick();
    disturb();
}

SimulationSummary Simulation::run() {
    run_until(faults_end_);
    heal();
    come_to_rest();
    summary_.violations = std::move(promises_.violations);
    return std::move(summary_);
}

void Simulation::later(Micros delay, std::function<void()> what) {
    queue_.emplace(now_ + delay, std::move(what));
}

void Simulation::run_until(Micros end) {
    while (!queue_.empty() && queue_.begin()->first <= end && promises_.violations.size() < 10) {
        auto first = queue_.extract(queue_.begin());
        now_ = first.key();
        first.mapped()();
    }
    now_ = end;
}

// ---- the coordinator

void Simulation::tell(Said what) {
    if (!state_) {
        return;
    }
    ++summary_.decisions;
    const auto actions = decide(*state_, {clock_.at(now_), std::move(what)});
    if (faults_ && chance_.one_in(700)) {
        crash();  // before anything is durable
        return;
    }
    const bool is_new = persist(actions);
    if (faults_ && is_new && chance_.one_in(40)) {
        crash();  // durable, and nothing is sent
        return;
    }
    perform(actions);
}

bool Simulation::persist(const std::vector<Action>& actions) {
    bool is_any = false;
    for (const Action& action : actions) {
        const auto* one = std::get_if<Persist>(&action);
        if (one == nullptr) {
            continue;
        }
        is_any = true;
        if (one->subject == Subject::standing) {
            if (state_->standing().epoch < disk_standing_.epoch ||
                state_->standing().version < disk_standing_.version) {
                promises_.complain("what only grows has shrunk");
            }
            disk_standing_ = state_->standing();
            has_standing_ = true;
        } else if (one->erase) {
            disk_.erase(one->world);
        } else {
            WorldRecord after = state_->world(one->world).value();
            const auto before = disk_.find(one->world);
            note_record(before == disk_.end() ? nullptr : &before->second, after);
            disk_.insert_or_assign(one->world, std::move(after));
        }
    }
    return is_any;
}

void Simulation::note_record(const WorldRecord* before, const WorldRecord& after) {
    promises_.check_record(before, after, disk_standing_);
    if (before == nullptr) {
        return;
    }
    summary_.splits += after.regions.size() > before->regions.size() ? 1U : 0U;
    summary_.merges += after.regions.size() < before->regions.size() ? 1U : 0U;
    for (const RegionRecord& region : after.regions) {
        for (const RegionRecord& old : before->regions) {
            const bool is_given = old.id == region.id && old.epoch < region.epoch;
            summary_.to_keepers += is_given && region.server == old.keeper ? 1U : 0U;
        }
    }
}

void Simulation::perform(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        if (const auto* answer = std::get_if<Answer>(&action)) {
            promises_.check_durable(*answer, disk_);
            if (disk_standing_.lease < answer->lease) {
                promises_.complain("a lease is longer than what is durable");
            }
            for (int copies = faults_ && chance_.one_in(10) ? 2 : 1; copies > 0; --copies) {
                if (faults_ && chance_.one_in(12)) {
                    ++summary_.messages_lost;
                    continue;
                }
                later(delay(), [this, sent = *answer] { deliver(*server(sent.server), sent); });
            }
        } else if (const auto* withdraw = std::get_if<Withdraw>(&action)) {
            ++summary_.withdrawals;
            if (faults_ && chance_.one_in(8)) {
                ++summary_.messages_lost;
                continue;
            }
            later(delay(), [this, sent = *withdraw] {
                WorldServer& to = *server(sent.server);
                if (to.holdings && !to.is_cut_down) {
                    to.holdings->arrived(sent);
                }
            });
        }
    }
}

void Simulation::tick() {
    tell(TimePassed{});
    later((is_tight_ ? 15 + chance_.below(30) : 150 + chance_.below(100)) * ms, [this] { tick(); });
}

void Simulation::crash() {
    ++summary_.coordinator_crashes;
    state_.reset();
    for (WorldServer& one : servers_) {
        one.session = 0;
    }
    const std::int64_t down = chance_.one_in(3) ? chance_.below(4'000) : chance_.below(300);
    later(down * ms, [this] { restart(); });
}

void Simulation::restart() {
    if (state_) {
        return;
    }
    ++incarnation_;
    clock_.offset = chance_.below(1'000'000'000);
    state_ = std::make_unique<State>(config_, clock_.at(now_));
    if (has_standing_) {
        state_->restore(disk_standing_);
    }
    for (const auto& [name, record] : disk_) {
        if (const auto restored = state_->restore(record); !restored) {
            promises_.complain(restored.error().message);
        }
    }
}

// ---- servers

void Simulation::start(WorldServer& one) {
    if (one.holdings) {
        return;
    }
    one.holdings = std::make_unique<Holdings>(++lives_);
    one.session = 0;
    one.clock.offset = chance_.below(1'000'000'000);
    later(chance_.below(ask_every), [this, &one, life = lives_] { turn(one, life); });
}

void Simulation::turn(WorldServer& one, std::uint64_t life) {
    if (!one.holdings || one.holdings->life() != life) {
        return;
    }
    if (now_ < one.stalled_until) {
        later(one.stalled_until - now_, [this, &one, life] { turn(one, life); });
        return;
    }
    summary_.ran_out += one.holdings->time_passed(one.clock.at(now_)).size();
    if (now_ - one.answered_at > silence_max) {
        one.session = 0;  // as any link that says nothing
    }
    if (one.session == 0 && state_ && !one.is_cut_up) {
        connect(one);
    }
    leave(one);
    ask(one);
    later(ask_every - chance_.below(50 * ms), [this, &one, life] { turn(one, life); });
}

void Simulation::connect(WorldServer& one) {
    one.session = ++sessions_;
    one.answered_at = now_;
    ServerCame came{one.id, one.session, one.holdings->life(), one.capacity, one.worlds, {}, {}};
    for (const auto& [region, held] : one.holdings->held()) {
        came.holds.push_back({region, held.grant.epoch});
        if (chance_.one_in(3)) {
            came.regions.insert(region);
        }
    }
    up(one, came, true);
}

void Simulation::leave(WorldServer& one) {
    std::vector<RegionId> leaving;
    for (const auto& [region, held] : one.holdings->held()) {
        // Some hand over at once, some take their time, some never do; some leave unasked.
        const bool does = held.grant.leave ? !one.is_stubborn && !(faults_ && chance_.one_in(3))
                                           : faults_ && chance_.one_in(200);
        if (does) {
            leaving.push_back(region);
        }
    }
    for (const RegionId region : leaving) {
        if (const auto what = one.holdings->release(region)) {
            up(one, RegionReleased{one.id, one.holdings->life(), *what}, false);
        }
    }
}

void Simulation::ask(WorldServer& one) {
    if (one.session == 0) {
        return;
    }
    Holdings::Request request = one.holdings->ask(one.clock.at(now_));
    up(one,
       ServerHeard{one.id, one.session, request.number, one.wants_drain, std::move(request.holds),
                   std::move(request.released), loads(one)},
       true);
}

std::vector<RegionLoad> Simulation::loads(const WorldServer& one) {
    std::vector<RegionLoad> found;
    for (const auto& [region, held] : one.holdings->held()) {
        const Rectangle& area = held.grant.area;
        std::int64_t players = players_ * static_cast<std::int64_t>(area.area()) / 80'000;
        players += held.grant.world == "plain" && area.contains(crowd_) ? crowd_players_ : 0;
        players += faults_ ? chance_.below(players / 5 + 1) : 0;
        found.push_back({region, static_cast<std::uint32_t>(players),
                         static_cast<std::uint32_t>(players * 700 / one.capacity)});
    }
    return found;
}

void Simulation::deliver(WorldServer& one, const Answer& answer) {
    if (!one.holdings || one.is_cut_down) {
        return;
    }
    if (now_ < one.stalled_until) {
        later(one.stalled_until - now_ + chance_.below(2 * ms),
              [this, &one, answer] { deliver(one, answer); });
        return;
    }
    arrived(one, answer);
}

void Simulation::arrived(WorldServer& one, const Answer& answer) {
    one.answered_at = now_;
    const Instant now = one.clock.at(now_);
    const Holdings::Change change = one.holdings->arrived(answer, now);
    summary_.stale += change.is_stale ? 1U : 0U;
    summary_.gained += change.gained.size();
    promises_.check_owner({one.id, one.holdings.get(), now}, owners(), change.gained);
}

// ---- messages

Simulation::Micros Simulation::delay() {
    if (faults_ && chance_.one_in(20)) {
        return chance_.below(3'000 * ms);
    }
    if (is_tight_) {
        return chance_.below(2 * ms);
    }
    return 1 * ms + chance_.below(faults_ ? 60 * ms : 15 * ms);
}

/// What is of a link does not outlive the coordinator's end of it; a release may come by any way.
void Simulation::up(WorldServer& from, Said what, bool is_of_link) {
    for (int copies = faults_ && chance_.one_in(10) ? 2 : 1; copies > 0; --copies) {
        if (from.is_cut_up || (faults_ && chance_.one_in(12))) {
            ++summary_.messages_lost;
            continue;
        }
        later(delay(), [this, what, is_of_link, incarnation = incarnation_] {
            if (!is_of_link || incarnation == incarnation_) {
                tell(what);
            }
        });
    }
}

Simulation::WorldServer* Simulation::server(std::string_view id) {
    return &*std::ranges::find(servers_, id, &WorldServer::id);
}

std::vector<Promises::Owner> Simulation::owners() const {
    std::vector<Promises::Owner> all;
    for (const WorldServer& one : servers_) {
        if (one.holdings) {
            all.push_back({one.id, one.holdings.get(), one.clock.at(now_)});
        }
    }
    return all;
}

}  // namespace muster::territory
