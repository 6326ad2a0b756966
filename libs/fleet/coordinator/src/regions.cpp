#include "regions.hpp"

#include <algorithm>
#include <ctime>
#include <utility>
#include <variant>

namespace muster::coordinator {
namespace {

/// A link that closed for another reason is back by then.
constexpr milliseconds missing_after{1'000};
/// Without a question over an open link: then a network between has it, or it hangs. It asks
/// several times a second, and takes itself for cut off after 800 ms without an answer.
constexpr milliseconds silent_after{2'000};
/// Half a second after the last word of the missing one, and the next question.
constexpr milliseconds unheard{700};

territory::Config config_of(const Options& options) {
    territory::Config out;
    out.lease = options.region_lease;
    out.contact = options.region_contact;
    return out;
}

/// A field of territory's, as the hello calls it.
Error as_of_hello(Error error) {
    if (error.field == "bounds" || error.field == "strip" || error.field == "regions_min") {
        error.field = "worlds.spread." + error.field;
    } else if (error.field == "name") {
        error.field = "worlds.name";
    }
    return error;
}

}  // namespace

Regions::Regions(Ledger& ledger, const Options& options, Now now)
    : ledger_(ledger), now_(std::move(now)), state_(config_of(options), now_()) {}

territory::Instant Regions::boot_time() {
    std::timespec time{};
    static_cast<void>(::clock_gettime(CLOCK_BOOTTIME, &time));
    return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                    std::chrono::nanoseconds(time.tv_nsec));
}

Result<void> Regions::load(store::Store& store) {
    auto standings = store.load(standing_kind);
    if (!standings) return std::unexpected(standings.error());
    for (const store::Record& record : *standings) {
        auto body = parse_record(record.kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        auto standing = read_standing(*body);
        if (!standing) return std::unexpected(standing.error());
        durable_ = {standing->epoch, standing->lease};
        state_.restore(*std::move(standing));
    }
    auto worlds = store.load(world_kind);
    if (!worlds) return std::unexpected(worlds.error());
    for (const store::Record& record : *worlds) {
        auto body = parse_record(record.kind, record.id, record.body);
        if (!body) return std::unexpected(body.error());
        auto kept = read_world(record.id, *body, state_.standing());
        if (!kept) return std::unexpected(kept.error());
        std::set<std::string> owners;
        for (const auto& region : kept->record.regions) {
            if (!region.server.empty()) owners.insert(region.server);
        }
        ids_.emplace(record.id,
                     territory::IdLedger(kept->facts.players_max, {}, now_(), std::move(owners)));
        worlds_.emplace(record.id, std::move(kept->facts));
        if (auto done = state_.restore(std::move(kept->record)); !done) return done;
    }
    return {};
}

// ---- what territory decides

Result<void> Regions::tell(decltype(territory::Event::what) what) {
    const auto actions = territory::decide(state_, {now_(), std::move(what)});
    if (keep(actions)) {
        const Durable now{state_.standing().epoch, state_.standing().lease};
        ledger_.after_commit([this, now] { committed(now); });
    }
    Result<void> done;
    for (const territory::Action& action : actions) {
        if (const auto* answer = std::get_if<territory::Answer>(&action)) {
            if (is_durable(*answer)) {
                waiting_.erase(answer->server);
                send(*answer);
            } else {
                waiting_.insert_or_assign(answer->server, *answer);
            }
        } else if (const auto* withdraw = std::get_if<territory::Withdraw>(&action)) {
            if (send_) send_(withdraw->server, withdraw->session, to_wire(*withdraw));
        } else if (const auto* reject = std::get_if<territory::Reject>(&action)) {
            done = std::unexpected(reject->error);
        } else if (std::holds_alternative<territory::Publish>(action) && changed_) {
            changed_();
        }
    }
    return done;
}

/// Whether there was anything.
bool Regions::keep(const std::vector<territory::Action>& actions) {
    bool is_any = false;
    for (const territory::Action& action : actions) {
        const auto* persist = std::get_if<territory::Persist>(&action);
        if (persist == nullptr) continue;
        is_any = true;
        if (persist->subject == territory::Subject::standing) {
            ledger_.put(std::string(standing_kind), std::string(standing_id),
                        to_text(record_of(state_.standing())));
        } else if (persist->erase) {
            ledger_.erase(std::string(world_kind), persist->world);
        } else if (const auto record = state_.world(persist->world)) {
            ledger_.put(std::string(world_kind), persist->world,
                        to_text(record_of(worlds_[persist->world], *record)));
        }
    }
    return is_any;
}

// Epochs rise over all worlds: all that is in an answer is in the store when its greatest is.
bool Regions::is_durable(const territory::Answer& answer) const {
    return answer.lease <= durable_.lease &&
           std::ranges::all_of(answer.grants, [&](const territory::Grant& grant) {
               return grant.epoch <= durable_.epoch;
           });
}

void Regions::committed(const Durable& durable) {
    durable_ = durable;
    for (auto one = waiting_.begin(); one != waiting_.end();) {
        if (!is_durable(one->second)) {
            ++one;
            continue;
        }
        const territory::Answer answer = std::move(one->second);
        one = waiting_.erase(one);
        send(answer);
    }
}

// Ids are lent with what really goes out: what is overtaken lends nothing.
void Regions::send(const territory::Answer& answer) {
    const auto found = servers_.find(answer.server);
    if (found == servers_.end() || found->second.session != answer.session) return;
    std::vector<territory::IdLoan> loans;
    const auto ids = ids_.find(found->second.world);
    if (std::exchange(found->second.wants_ids, false) && ids != ids_.end()) {
        loans = ids->second.lend(answer.server, now_());
    }
    if (send_) send_(answer.server, answer.session, to_wire(answer, loans));
}

// ---- from world servers

bool Regions::is_ownerless(std::string_view world) const {
    const bool is_played =
        std::ranges::any_of(servers_, [&](const auto& one) { return one.second.world == world; });
    return !is_played && std::ranges::all_of(regions_of(world), [](const auto& region) {
        return region.server.empty();
    });
}

Result<void> Regions::came(const std::string& server, std::uint64_t session, std::uint64_t life,
                           const SpreadWorld& world, std::string host) {
    const std::string& name = world.spec.name;
    const auto known = worlds_.find(name);
    if (known != worlds_.end() && known->second != world) {
        if (!is_ownerless(name)) return std::unexpected(difference(known->second, world));
        if (auto removed = tell(territory::RemoveWorld{name}); !removed) return removed;
        worlds_.erase(name);
        ids_.erase(name);
    }
    const auto [at, is_new] = worlds_.try_emplace(name, world);
    if (auto declared = tell(territory::DeclareWorld{world.spec}); !declared) {
        if (is_new) worlds_.erase(at);
        return std::unexpected(as_of_hello(declared.error()));
    }
    if (is_new) ids_.insert_or_assign(name, territory::IdLedger(world.players_max, {}));
    if (const auto before = servers_.find(server); before != servers_.end()) {
        gone(server, before->second.session);
    }
    servers_[server] = Server{.session = session, .life = life, .world = name, .last_word = now_()};
    missing_.erase(server);
    if (const auto ids = ids_.find(name); ids != ids_.end()) ids->second.came(server, now_());
    territory::ServerCame came;
    came.server = server;
    came.session = session;
    came.life = life;
    // One server can have all players of the world; how many people it takes is its own affair.
    came.capacity = world.players_max;
    came.worlds = {name};
    came.host = std::move(host);
    return tell(std::move(came));
}

Result<void> Regions::heard(const std::string& server, std::uint64_t session,
                            const world_wire::LeaseQuestion& question) {
    const auto found = servers_.find(server);
    if (found == servers_.end() || found->second.session != session) {
        return fail(Errc::invalid_argument, "only the server of a spread world asks for leases",
                    "lease_question");
    }
    auto read = read_question(question, worlds_.at(found->second.world).players_max);
    if (!read) return std::unexpected(read.error());
    if (const auto ids = ids_.find(found->second.world); ids != ids_.end()) {
        ids->second.reported(server, read->used, read->spare, now_());
    }
    found->second.wants_ids = read->wants_ids;
    found->second.hears = std::move(read->hears);
    found->second.heard_at = found->second.last_word = now_();
    read->heard.server = server;
    read->heard.session = session;
    return tell(std::move(read->heard));
}

void Regions::gone(const std::string& server, std::uint64_t session) {
    const auto found = servers_.find(server);
    if (found == servers_.end() || found->second.session != session) return;
    if (const auto ids = ids_.find(found->second.world); ids != ids_.end()) {
        ids->second.gone(server, now_());
    }
    if (missing_.size() < state_.config().servers_max) {
        missing_[server] = {found->second.life, found->second.world, now_()};
    }
    servers_.erase(found);
    waiting_.erase(server);
    static_cast<void>(tell(territory::ServerGone{server, session}));
}

// Those that are left tell, and all of them: somebody must be there to go on with its regions.
bool Regions::is_dead(const std::string& server, const Missing& missing) const {
    std::size_t witnesses = 0;
    for (const auto& [name, other] : servers_) {
        if (other.world != missing.world || name == server) continue;
        if (other.heard_at - missing.since < unheard || other.hears.contains(server)) return false;
        ++witnesses;
    }
    return witnesses > 0;
}

// Only when others speak: else it is this coordinator that slept.
void Regions::miss_the_silent() {
    std::vector<std::pair<std::string, Missing>> silent;
    for (const auto& [name, server] : servers_) {
        if (now_() - server.last_word < silent_after) continue;
        const Missing missing{server.life, server.world, server.last_word};
        if (is_dead(name, missing)) silent.emplace_back(name, missing);
    }
    for (const auto& [name, missing] : silent) {
        gone(name, servers_.at(name).session);
        missing_[name] = missing;
    }
}

void Regions::end_leases_of_the_dead() {
    miss_the_silent();
    for (auto next = missing_.begin(); next != missing_.end();) {
        const auto& [server, missing] = *next;
        const auto for_long = now_() - missing.since;
        if (for_long >= missing_after && is_dead(server, missing)) {
            static_cast<void>(tell(territory::ServerDied{server, missing.life}));
            next = missing_.erase(next);
        } else {
            // Its lease is over by then, whatever became of it.
            next = for_long > 4 * state_.config().lease ? missing_.erase(next) : std::next(next);
        }
    }
}

void Regions::time_passed() {
    end_leases_of_the_dead();
    static_cast<void>(tell(territory::TimePassed{}));
    for (auto& [name, ids] : ids_) {
        if (!is_whole(name)) ids.hold(now_());
    }
}

// ---- from people

Result<void> Regions::drain(const std::string& server, bool draining) {
    if (draining) return tell(territory::AskDrain{server});
    return tell(territory::EndDrain{server});
}

bool Regions::is_draining(const std::string& server) const {
    return state_.standing().draining.contains(server);
}

const SpreadWorld* Regions::world(std::string_view name) const {
    const auto found = worlds_.find(name);
    return found == worlds_.end() ? nullptr : &found->second;
}

std::vector<territory::Listed> Regions::regions_of(std::string_view world) const {
    auto out = state_.list();
    std::erase_if(out, [&](const territory::Listed& one) { return one.world != world; });
    return out;
}

std::vector<territory::Listed> Regions::regions_at(const std::string& server) const {
    auto out = state_.list();
    std::erase_if(out, [&](const territory::Listed& one) { return one.server != server; });
    return out;
}

bool Regions::is_in_contact(const std::string& server) const {
    const auto all = state_.servers();
    const auto found = std::ranges::find(all, server, &territory::ListedServer::server);
    return found != all.end() && found->connected &&
           now_() - found->last_heard <= state_.config().contact;
}

std::vector<std::string> Regions::holders(std::string_view world) const {
    std::vector<std::string> out;
    for (const territory::Listed& one : regions_of(world)) {
        if (!one.server.empty() && std::ranges::find(out, one.server) == out.end() &&
            is_in_contact(one.server)) {
            out.push_back(one.server);
        }
    }
    return out;
}

Result<std::vector<std::string>> Regions::open_servers(std::string_view world) const {
    std::vector<std::string> out;
    const auto now = now_();
    for (const territory::Listed& one : regions_of(world)) {
        if (std::ranges::find(out, one.server) != out.end()) continue;
        const territory::Point at{one.area.left, one.area.top};
        if (auto place = territory::find_place(state_, now, world, at)) {
            out.push_back(std::move(place->server));
        }
    }
    if (!out.empty()) return out;
    auto place = territory::find_place(state_, now, world);
    if (place) return std::vector{std::move(place->server)};
    return std::unexpected(std::move(place.error().error));
}

bool Regions::is_whole(std::string_view world) const {
    return std::ranges::all_of(regions_of(world), [this](const territory::Listed& one) {
        return !one.server.empty() && is_in_contact(one.server);
    });
}

}  // namespace muster::coordinator
