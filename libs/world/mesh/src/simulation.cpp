#include "simulation.hpp"

#include <algorithm>
#include <utility>

namespace muster::mesh::simulation {
namespace {

constexpr sim::Rules rules{.mode = sim::Mode::team_deathmatch,
                           .players_max = 256,
                           .match_length = 1'000'000,
                           .respawn = 60,
                           .spawn_protection = 10};
constexpr std::int32_t strip_units = 250;
constexpr std::uint32_t handshake = 6;       ///< ticks
constexpr std::uint32_t patience = 90;       ///< ticks without a word, then a page resumes
constexpr std::uint32_t told_after = 30;     ///< ticks after copies of one were taken by two
constexpr std::uint32_t agreed_after = 180;  ///< ticks after a partition
constexpr std::uint16_t ids_lent = 32;

territory::Config config() {
    territory::Config out;
    out.lease = milliseconds(1'500);
    out.contact = milliseconds(700);
    out.leave_deadline = milliseconds(15'000);
    return out;
}

Options options_of(std::uint64_t life) {
    return {.world = "w", .life = life, .strip = strip_units * sim::unit};
}

/// What a message says of a player's record; empty: nothing.
std::string about_watched(sim::PlayerId watched, std::span<const std::byte> bytes) {
    if (watched == sim::no_player) return {};
    const auto message = decode(bytes);
    if (!message) return {};
    const auto is_it = [watched](const Traveller& one) {
        const auto record = sim::Record::decode(one.record);
        return record && record->id == watched;
    };
    std::string out;
    if (const auto* copy = std::get_if<Copy>(&message->body)) {
        const auto found = std::ranges::find_if(copy->players, is_it);
        if (found != copy->players.end()) {
            out = "a copy of region " + std::to_string(copy->region) + ", hop " +
                  std::to_string(found->hop);
        } else {
            out = "no copy in region " + std::to_string(copy->region);
        }
    }
    if (const auto* parcel = std::get_if<Parcel>(&message->body)) {
        for (const Letter& letter : parcel->letters) {
            const auto* crossing = std::get_if<Crossing>(&letter);
            if (crossing != nullptr && is_it(crossing->traveller)) {
                out += "its crossing, hop " + std::to_string(crossing->traveller.hop);
            }
            const auto* crossed = std::get_if<Crossed>(&letter);
            if (crossed != nullptr && crossed->player == watched) {
                out += std::string(crossed->adopted ? "it adopted" : "it refused") + ", hop " +
                       std::to_string(crossed->hop);
            }
        }
    }
    return out.empty() ? out : message->server + " say: " + out;
}

}  // namespace

// ---- a server's host

Server::Server(Fleet& its_fleet, std::string its_name, std::uint64_t its_life)
    : fleet(its_fleet),
      name(std::move(its_name)),
      life(its_life),
      world(fleet.map, rules, 7),
      member(world, options_of(life), *this) {}

void Server::publish(std::string_view subject, std::span<const std::byte> bytes) {
    auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
    const std::string of_watched = about_watched(fleet.watched, bytes);
    for (const auto& [other, server] : fleet.servers) {
        if (server.get() == this || !fleet.reach(name, other)) continue;
        if (fleet.loses && fleet.loses(name, subject, decode(bytes).value())) continue;
        fleet.send(1, true, [&to = fleet, other, copy, of_watched, on = std::string(subject)] {
            Server* const there = to.find(other);
            if (there == nullptr || !there->subjects.contains(on)) return;
            if (!of_watched.empty()) there->say("hears " + of_watched);
            there->member.received(*copy, to.now());
        });
    }
}

void Server::listen(const std::vector<std::string>& wanted) {
    subjects = {wanted.begin(), wanted.end()};
}

void Server::ask(const Question& question) {
    if (!fleet.reach(name, "coordinator")) return;
    // Links to the coordinator are streams: they delay, or end.
    fleet.send(1, false, [&to = fleet, from = name, its = session, question] {
        territory::ServerHeard heard{.server = from, .session = its};
        heard.request = question.request.number;
        heard.holds = question.request.holds;
        heard.released = question.request.released;
        heard.loads = question.loads;
        to.tell(std::move(heard));
    });
}

Seat Server::seat_of(sim::PlayerId player) {
    return {.is_bot = false,
            .ticket_hash = seats[player],
            .lost_for_ms = connected.contains(player) ? 0U : 1U};
}

void Server::invite(sim::PlayerId player, std::string_view server, std::uint32_t number) {
    invited[player] = server;
    if (!connected.contains(player)) return;
    fleet.send(2, false, [&to = fleet, from = name, player, number] {
        Server* const here = to.find(from);
        if (here != nullptr) here->member.page_offers(player, number, "offer");
    });
}

void Server::disinvite(sim::PlayerId player) {
    Page* const page = fleet.page_of(player);
    if (page == nullptr || page->active != name || page->standby.empty()) return;
    Server* const there = fleet.find(std::exchange(page->standby, {}));
    if (there == nullptr) return;
    there->guests.erase(player);
    there->member.guest_changed(player, false);
}

void Server::guest_comes(std::string_view from, const Offer& offer) {
    const sim::Player& player = world.players()[offer.player];
    if (!player.ghost || player.generation != offer.generation) {
        return member.guest_answers(from, {offer.number, offer.player, {}, "not seen"});
    }
    member.guest_answers(from, {offer.number, offer.player, "answer", {}});
}

// The page shakes hands with the other server.
void Server::offer_answered(sim::PlayerId player, const Answer& answer) {
    if (answer.sdp.empty()) return;
    const Page* const page = fleet.page_of(player);
    if (page == nullptr || page->active != name) return;
    fleet.send(handshake, false, [&to = fleet, from = name, player] {
        Page* const its = to.page_of(player);
        const Server* const here = to.find(from);
        if (its == nullptr || its->active != from || here == nullptr) return;
        // Which server it is that answered is in its SDP; here the one that invited knows.
        Server* const there = to.find(here->invited.at(player));
        if (there == nullptr || there->member.owns(player)) return;
        its->standby = there->name;
        there->guests.insert(player);
        there->member.guest_changed(player, true);
    });
}

void Server::departed(sim::PlayerId player, std::string_view server, bool is_connected) {
    tell_of(player, "departs to " + std::string(server) + (is_connected ? " with its page" : ""));
    ++fleet.crossings;
    if (is_connected) ++fleet.connected_crossings;
    seats.erase(player);
    connected.erase(player);
    Page* const page = fleet.page_of(player);
    if (page == nullptr || page->active != name) return;
    page->active = is_connected ? std::exchange(page->standby, {}) : std::string();
    page->standby.clear();
    page->resume_at = fleet.at() + 5;
}

void Server::arrived(sim::PlayerId player, const Seat& seat) {
    tell_of(player, "arrives");
    if (seat.lost_for_ms > 0) fleet.taken_over_at = fleet.at();
    seats[player] = seat.ticket_hash;
    if (guests.erase(player) > 0) connected.insert(player);
}

void Server::orphaned(sim::PlayerId player) {
    tell_of(player, "is orphaned");
    seats.erase(player);
    connected.erase(player);
    Page* const page = fleet.page_of(player);
    if (page == nullptr || page->active != name) return;
    page->active.clear();
    page->standby.clear();
    page->resume_at = fleet.at() + 5;
}

void Server::tell_of(sim::PlayerId player, std::string_view what) {
    if (player == fleet.watched) say("player " + std::to_string(player) + " " + std::string(what));
}

void Server::talk(const Talk&) {
    ++talks;
}

void Server::rolled(std::string_view server, std::span<const Roll::Row> rows) {
    rolls[std::string(server)] = rows.size();
}

void Server::say(std::string_view text) {
    fleet.log.push_back(std::to_string(fleet.at()) + " " + name + ": " + std::string(text));
}

// ---- the fleet

Fleet::Fleet(std::uint64_t seed, std::size_t count, Faults its_faults, std::size_t regions)
    : faults(its_faults),
      map(sim::generate_map(1'600, 1'200, 3).value()),
      random_(seed),
      state_(config(), Instant(1'000)) {
    map.spawns.clear();
    for (int x = -750; x <= 750; x += 100) {
        for (int y = -550; y <= 550; y += 100) {
            map.spawns.push_back({{x * sim::unit, y * sim::unit}, sim::Team::none});
        }
    }
    map.walls.clear();
    const sim::Box& bounds = map.bounds;
    territory::WorldSpec spec{.name = "w",
                              .bounds = {bounds.low.x / sim::unit, bounds.low.y / sim::unit,
                                         bounds.high.x / sim::unit, bounds.high.y / sim::unit},
                              .regions_min = static_cast<std::uint32_t>(regions),
                              .strip = strip_units};
    for (std::size_t i = 0; i < count; ++i) start("s" + std::to_string(i));
    tell(territory::DeclareWorld{spec});
}

Server* Fleet::find(std::string_view name) {
    const auto found = servers.find(name);
    return found == servers.end() ? nullptr : found->second.get();
}

Page* Fleet::page_of(sim::PlayerId player) {
    const auto found = std::ranges::find(pages, player, &Page::player);
    return found == pages.end() ? nullptr : &*found;
}

void Fleet::start(const std::string& name) {
    auto server = std::make_unique<Server>(*this, name, next_life_++);
    server->session = next_session_++;
    territory::ServerCame came{.server = name, .session = server->session, .life = server->life};
    came.capacity = 100;
    loans_[name] = {};
    if (next_id_ + ids_lent <= rules.players_max) {
        loans_[name].push_back({next_id_, ids_lent});
        next_id_ += ids_lent;
    }
    servers[name] = std::move(server);
    tell(came);
}

void Fleet::send(std::uint32_t least, bool may_be_lost, std::function<void()> deliver) {
    if (may_be_lost && random_.below(1'000) < faults.lost_per_mille) return;
    if (may_be_lost && random_.below(1'000) < faults.twice_per_mille) {
        under_way_.emplace(tick_ + least + random_.below(faults.delay_max), deliver);
    }
    under_way_.emplace(tick_ + least + random_.below(faults.delay_max), std::move(deliver));
}

// It knows what it had kept, and every server comes to it in a new session.
void Fleet::come_back() {
    back_at_ = 0;
    log.push_back(std::to_string(tick_) + " the coordinator is back");
    state_ = territory::State(config(), now());
    state_.restore(kept_standing_);
    for (const auto& [name, record] : kept_worlds_) {
        if (!state_.restore(record)) log.push_back("a record cannot be used");
    }
    for (const auto& [name, server] : servers) {
        server->session = next_session_++;
        server->member.linked(!cut.contains(name));
        territory::ServerCame came{
            .server = name, .session = server->session, .life = server->life};
        came.capacity = 100;
        tell(came);
    }
}

void Fleet::tell(decltype(territory::Event::what) what) {
    if (back_at_ > 0) return;
    perform(territory::decide(state_, {now(), std::move(what)}));
}

void Fleet::perform(const std::vector<territory::Action>& actions) {
    for (const territory::Action& action : actions) {
        if (const auto* persist = std::get_if<territory::Persist>(&action)) {
            if (persist->subject == territory::Subject::standing) {
                kept_standing_ = state_.standing();
            } else if (const auto record = state_.world(persist->world)) {
                kept_worlds_[persist->world] = *record;
            }
        }
        if (const auto* answer = std::get_if<territory::Answer>(&action)) {
            if (!reach(answer->server, "coordinator")) continue;
            send(1, false, [this, decision = Decision{*answer, loans_[answer->server]}] {
                Server* const there = find(decision.answer.server);
                if (there != nullptr) there->member.decided(decision, now());
            });
        }
        if (const auto* withdraw = std::get_if<territory::Withdraw>(&action)) {
            if (!reach(withdraw->server, "coordinator")) continue;
            send(1, false, [this, said = *withdraw] {
                Server* const there = find(said.server);
                if (there != nullptr) there->member.withdrawn(said);
            });
        }
    }
}

void Fleet::populate() {
    for (std::size_t i = 0; i < players; ++i) {
        auto next = servers.begin();
        std::advance(next, static_cast<std::ptrdiff_t>(i % servers.size()));
        Server& server = *next->second;
        if (!server.member.takes_players()) continue;
        const auto id = server.world.join({.name = "p" + std::to_string(i)});
        if (!id) continue;
        server.member.joined(*id);
        server.seats[*id] = "ticket";
        server.connected.insert(*id);
        pages.push_back({.player = *id,
                         .generation = server.world.players()[*id].generation,
                         .active = server.name});
    }
}

void Fleet::rest() {
    pages_walk = false;
    run(6 * 60);
    pages_walk = true;
}

// As the page does: the coordinator knows nothing of players, so all are asked in turn.
void Fleet::resume(Page& page) {
    page.resume_at = tick_ + 15;
    for (const auto& [name, server] : servers) {
        if (!server->seats.contains(page.player) || !server->member.owns(page.player)) continue;
        ++resumed;
        page.active = name;
        page.standby.clear();
        page.alone_since = tick_;
        server->connected.insert(page.player);
        return;
    }
}

// Every page sends each of its inputs to both its connections.
void Fleet::play() {
    for (Page& page : pages) {
        if (page.active.empty()) {
            if (page.resume_at <= tick_) resume(page);
            continue;
        }
        Server* const active = find(page.active);
        if (active == nullptr) {
            page.active.clear();
            continue;
        }
        // Its player never came there.
        if (active->connected.contains(page.player)) page.alone_since = tick_;
        longest_gap = std::max(longest_gap, tick_ - page.alone_since);
        if (tick_ - page.alone_since > patience) {
            log.push_back(std::to_string(tick_) + " page " + std::to_string(page.player) +
                          " hears nothing from " + page.active);
            page.active.clear();
            page.standby.clear();
            continue;
        }
        const sim::Player& player = active->world.players()[page.player];
        if (!pages_walk) page.input.buttons = 0;
        if (pages_walk && random_.below(40) == 0) {
            page.input.buttons = static_cast<std::uint8_t>(random_.below(16));
            if (player.at.x < -600 * sim::unit) page.input.buttons = sim::Input::right;
            if (player.at.x > 600 * sim::unit) page.input.buttons = sim::Input::left;
            if (player.at.y < -450 * sim::unit) page.input.buttons = sim::Input::down;
            if (player.at.y > 450 * sim::unit) page.input.buttons = sim::Input::up;
            page.input.buttons |= sim::Input::fire;
            page.input.aim = static_cast<sim::Angle>(random_.below(65'536));
        }
        page.input.sequence = ++page.sequence;
        for (const std::string& to : {page.active, page.standby}) {
            if (Server* const server = find(to)) server->world.submit(page.player, page.input);
        }
    }
}

void Fleet::tick() {
    ++tick_;
    befall();
    if (tick_ % 15 == 0) tell(territory::TimePassed{});
    while (!under_way_.empty() && under_way_.begin()->first <= tick_) {
        const auto deliver = std::move(under_way_.begin()->second);
        under_way_.erase(under_way_.begin());
        deliver();
    }
    play();
    for (const auto& [name, server] : servers) {
        if (!server->member.before_step(now())) continue;
        server->world.step();
        server->member.after_step(now());
    }
}

std::vector<std::string> Fleet::owners_of(sim::PlayerId player) const {
    std::vector<std::string> out;
    for (const auto& [name, server] : servers) {
        const sim::Player& there = server->world.players()[player];
        if (server->member.owns(player) != (there.present && !there.ghost)) {
            out.push_back(name + " is not at one with itself");
        }
        if (there.present && !there.ghost) out.push_back(name);
    }
    return out;
}

std::string Fleet::wrong(bool is_quiet) {
    for (Page& page : pages) {
        const auto owners = owners_of(page.player);
        const std::string who = "player " + std::to_string(page.player);
        if (owners.size() > 1 && (is_quiet || (cut.empty() && tick_ - healed_ > agreed_after &&
                                               tick_ - taken_over_at > told_after))) {
            return who + " is " + owners[0] + "'s and " + owners[1] + "'s";
        }
        if (!is_quiet) continue;
        if (owners.empty()) return who + " is lost";
        if (page.active != owners[0]) {
            return who + " plays on '" + page.active + "' and is " + owners[0] + "'s";
        }
    }
    return {};
}

Outcome play_out(std::uint64_t seed, sim::PlayerId watched) {
    constexpr std::uint32_t second = 60;
    Fleet fleet(seed, 4, {});
    fleet.watched = watched;
    fleet.run(30 * second);
    fleet.populate();
    // Until the first copies are made: who joined a moment ago is in none.
    fleet.run(2 * second);
    fleet.faults = {.lost_per_mille = 50,
                    .twice_per_mille = 20,
                    .delay_max = 5,
                    .crashes = 2,
                    .drains = 1,
                    .partitions = 1,
                    .restarts = 1};
    std::string wrong;
    for (std::uint32_t i = 0; i < 60 * second && wrong.empty(); ++i) {
        fleet.tick();
        wrong = fleet.wrong(false);
    }
    if (wrong.empty()) {
        fleet.heal();
        fleet.run(15 * second);
        fleet.rest();
        wrong = fleet.wrong(true);
    }
    if (!wrong.empty()) {
        wrong = "at tick " + std::to_string(fleet.at()) + ": " + wrong;
        for (const std::string& line : fleet.log) wrong += "\n    " + line;
    }
    return {std::move(wrong), fleet.crossings, fleet.connected_crossings, fleet.resumed,
            fleet.killed};
}

}  // namespace muster::mesh::simulation
