#include "muster/mesh/member.hpp"

#include <algorithm>
#include <utility>

#include "member_impl.hpp"

namespace muster::mesh {
namespace {

constexpr milliseconds ask_at_first{250};
/// However long the lease is: so the coordinator knows who is there, and who hears whom.
constexpr milliseconds ask_at_least{300};
constexpr milliseconds peer_silent{3'000};
constexpr milliseconds peer_remembered{60'000};
/// Fewer ids than this to give away: more are asked for.
constexpr std::size_t ids_wanted = 32;

}  // namespace

Member::Impl::Impl(sim::World& its_world, Options its_options, Listener& its_listener)
    : world(its_world),
      options(std::move(its_options)),
      listener(its_listener),
      holdings(options.life),
      land(world.map().bounds),
      post(options.life),
      ask_every(ask_at_first),
      abouts(world.players().size()),
      peers(1),
      walls_told(world.walls().size()),
      pickups_told(world.pickups().size()),
      wall_tellers(world.walls().size()),
      pickup_tellers(world.pickups().size()) {
    sort_things();
}

std::string Member::Impl::subject(std::string_view kind, std::string_view of) const {
    std::string out = "muster." + options.world + "." + std::string(kind);
    if (!of.empty()) out += "." + std::string(of);
    return out;
}

void Member::Impl::publish(std::string_view on, Body body) {
    const Message message{self, options.life, std::move(body)};
    listener.publish(on, encode(message));
}

void Member::Impl::send(std::string_view to, Letter letter) {
    if (to.empty() || to == self) return;
    // What is refused, dropped, or goes to a process that ends is lost, and that is borne where it
    // matters: a Crossing by its departure, which sends it again until somebody is known to have
    // the player; a Crossed likewise, for a roll says the same; a claim by its claimant, who asks
    // until there is a verdict; offers, answers and Ready by the invitation that is made anew. Talk
    // is lost.
    static_cast<void>(post.send(to, std::move(letter)));
}

void Member::Impl::flush() {
    post.flush(now, [this](std::string_view to, Parcel&& parcel) {
        publish(subject("to", to), std::move(parcel));
    });
}

// ---- leases

void Member::Impl::decided(const Decision& decision, Instant at) {
    now = at;
    if (self.empty()) {
        if (decision.answer.server.empty()) return;
        self = decision.answer.server;
    }
    const auto change = holdings.arrived(decision.answer, now);
    if (change.is_stale) return;
    ask_every = std::clamp(decision.answer.lease / 4, milliseconds(50), ask_at_least);
    for (const IdLoan& loan : decision.loans) lend(loan);
    for (const territory::Grant& grant : change.gained) {
        gains.push_back({grant.region, grant.epoch, now});
        leaving.erase(grant.region);
    }
    land_changed();
    let_go(change.lost);
    if (!change.gained.empty() || !change.lost.empty()) {
        say("regions: " + std::to_string(land.own().size()) + " (" +
            std::to_string(change.gained.size()) + " came, " + std::to_string(change.lost.size()) +
            " went)");
    }
}

void Member::Impl::land_changed() {
    if (land.set(holdings.held(), self) && !land.own().empty()) {
        // Nothing of it can be refused: the regions come from rectangles that are none the less
        // looked at by who granted them; an empty one is left out there.
        if (auto set = world.set_part(land.part(options.life)); !set) {
            say("a region cannot be computed: " + set.error().message);
        }
        sort_things();
    }
    std::vector<std::string> wanted{subject("all", ""), subject("to", self)};
    for (const Land::Foreign& one : land.foreign()) {
        wanted.push_back(subject("strip", std::to_string(one.id)));
    }
    if (wanted == listening) return;
    listening = wanted;
    listener.listen(listening);
}

// Who is in what is no longer held, and in nothing else that is, is somebody else's to go on with.
void Member::Impl::let_go(const std::vector<territory::Grant>& lost) {
    if (lost.empty()) return;
    std::vector<sim::PlayerId> gone;
    for (const sim::PlayerId id : owned) {
        const sim::Vec at = world.players()[id].at;
        const bool is_lost = std::ranges::any_of(lost, [at](const territory::Grant& grant) {
            const territory::Rectangle& area = grant.area;
            return area.contains({at.x / sim::unit, at.y / sim::unit});
        });
        if (land.own().empty() || (is_lost && land.find(at) == nullptr)) gone.push_back(id);
    }
    keep_own(lost, gone);
    for (const sim::PlayerId id : gone) orphan(id);
}

void Member::Impl::lend(const IdLoan& loan) {
    if (!world.lend_ids(loan.first, loan.count)) return;
    for (std::size_t i = 0; i < loan.count; ++i) abouts[loan.first + i].is_lent = true;
}

void Member::Impl::ask() {
    if (now - asked_at < ask_every) return;
    asked_at = now;
    Question question;
    question.request = holdings.ask(now);
    std::map<territory::RegionId, std::uint32_t> players;
    for (const Land::Region& one : land.own()) players[one.id] = 0;
    question.used = owned;
    for (const sim::PlayerId id : owned) {
        const Land::Region* const region = land.find(world.players()[id].at);
        if (region != nullptr) ++players[region->id];
    }
    for (std::size_t i = 0; i < abouts.size(); ++i) {
        if (abouts[i].is_lent && !abouts[i].is_own) {
            question.spare.push_back(static_cast<sim::PlayerId>(i));
        }
    }
    for (const auto& [region, count] : players) {
        question.loads.push_back({.region = region, .players = count});
    }
    for (std::size_t i = 1; i < peers.size(); ++i) {
        if (is_alive(static_cast<PeerIndex>(i))) question.hears.push_back(peers[i].server);
    }
    question.wants_ids = question.spare.size() < ids_wanted;
    listener.ask(question);
}

// ---- a tick

bool Member::Impl::before_step(Instant at) {
    now = at;
    const auto over = holdings.time_passed(now);
    if (!over.empty()) {
        say("the lease of " + std::to_string(over.size()) + " regions is over");
        land_changed();
        let_go(over);
    }
    forget_silent();
    // Who came by itself first: a copy is older than any of them.
    welcome_arrivals();
    take_over();
    keep_copies_of_the_dead();
    settle_departures();
    const bool may_step = !is_cut_off() && holds_any();
    if (!may_step) {
        // Others must know that it is there before a region of theirs can come here with its pages.
        if (++idle_steps % 10 == 7 && !self.empty()) tell_roll();
        ask();
        flush();
    }
    return may_step;
}

bool Member::Impl::holds_any() const {
    return std::ranges::any_of(holdings.held(),
                               [this](const auto& one) { return now < one.second.until; });
}

// A server that never heard another one has nobody who could be given its regions.
bool Member::Impl::is_cut_off() const {
    if (is_linked) return false;
    bool had_any = false;
    for (std::size_t i = 1; i < peers.size(); ++i) {
        if (is_alive(static_cast<PeerIndex>(i))) return false;
        had_any = had_any || now - peers[i].heard < peer_remembered;
    }
    return had_any;
}

void Member::Impl::after_step(Instant at) {
    now = at;
    ++steps;
    forget_who_left();
    carry_claims();
    gather_events();
    look_at_borders();
    leave_regions();
    if (steps % 2 == 0) {
        tell_strips();
        show_successors();
        dispel_silent();
    }
    if (steps % 30 == 7) tell_roll();
    if (steps % 30 == 22) tell_copies();
    if (steps % 15 == 3 || world.match().phase != told_match.phase ||
        world.match().number != told_match.number || world.match().scores != told_match.scores) {
        tell_standing();
    }
    ask();
    flush();
}

void Member::Impl::own(sim::PlayerId player, Hop hop) {
    About& about = abouts[player];
    if (!about.is_own) owned.push_back(player);
    about = About{.hop = hop,
                  .generation = world.players()[player].generation,
                  .is_own = true,
                  .is_lent = true,  // once it has left
                  .heard = now,
                  .name = {},
                  .named_until = steps + 2 * sim::tick_rate};
}

// Whose id may be given to somebody else here.
void Member::Impl::forget_who_left() {
    const auto has_left = [this](sim::PlayerId id) {
        const sim::Player& player = world.players()[id];
        return !player.present || player.ghost || player.generation != abouts[id].generation;
    };
    if (std::ranges::none_of(owned, has_left)) return;
    const std::vector<sim::PlayerId> all = owned;
    for (const sim::PlayerId id : all) {
        if (!has_left(id)) continue;
        if (abouts[id].invited_by != nobody) disinvite(id);
        disown(id);
        abouts[id].is_lent = true;
    }
}

// ---- peers

void Member::Impl::received(std::span<const std::byte> bytes, Instant at) {
    now = at;
    ++counts.messages_in;
    auto message = decode(bytes);
    if (!message) {
        ++counts.messages_bad;
        return;
    }
    if (self.empty() || message->server == self) return;
    const auto heard = post.heard(message->server, message->life, now);
    if (heard.is_late) return;
    const PeerIndex from = peer_of(message->server, message->life);
    if (from == nobody) return;
    if (!heard.returned.empty()) letters_came_back(from);
    if (auto* strip = std::get_if<Strip>(&message->body)) return hear(from, *strip);
    if (auto* roll = std::get_if<Roll>(&message->body)) return hear(from, *roll);
    if (auto* standing = std::get_if<Standing>(&message->body)) return hear(from, *standing);
    if (auto* copy = std::get_if<Copy>(&message->body)) return hear(from, *copy);
    auto letters =
        post.take(message->server, message->life, std::move(std::get<Parcel>(message->body)), now);
    for (Letter& letter : letters) {
        std::visit([this, from](auto& one) { hear(from, one); }, letter);
    }
}

PeerIndex Member::Impl::find_peer(std::string_view name) const {
    const auto found = peer_by_name.find(name);
    return found == peer_by_name.end() ? nobody : found->second;
}

PeerIndex Member::Impl::peer_of(std::string_view name, std::uint64_t life) {
    PeerIndex index = find_peer(name);
    if (index == nobody) {
        if (peers.size() > peers_max) return nobody;
        index = static_cast<PeerIndex>(peers.size());
        peers.emplace_back().server = name;
        peer_by_name.emplace(name, index);
    }
    Peer& peer = peers[index];
    if (peer.life != life) {
        // Another process of the same name: nothing of the one before is its.
        peer.roll_tick = peer.standing_tick = 0;
        peer.roll_parts = 0;
        for (About& about : abouts) {
            if (about.owner == index) about.posed_tick = 0;
        }
    }
    peer.life = life;
    peer.heard = now;
    peer.is_gone = false;
    return index;
}

void Member::Impl::forget_silent() {
    for (std::size_t i = 1; i < peers.size(); ++i) {
        Peer& peer = peers[i];
        if (peer.is_gone || now - peer.heard < peer_silent) continue;
        peer.is_gone = true;
        peer.rows.clear();
        peer.roll_parts = 0;
        listener.rolled(peer.server, {});
        for (std::size_t id = 0; id < abouts.size(); ++id) {
            const About& about = abouts[id];
            if (about.is_own && about.invited_by == i) disinvite(static_cast<sim::PlayerId>(id));
        }
        static_cast<void>(post.forget(peer.server));
        letters_came_back(static_cast<PeerIndex>(i));
    }
}

// ---- the door

Member::Member(sim::World& world, Options options, Listener& listener)
    : impl_(std::make_unique<Impl>(world, std::move(options), listener)) {}
Member::~Member() = default;

void Member::received(std::span<const std::byte> bytes, Instant now) {
    impl_->received(bytes, now);
}
void Member::decided(const Decision& decision, Instant now) {
    impl_->decided(decision, now);
}
void Member::withdrawn(const territory::Withdraw& withdraw) {
    impl_->holdings.arrived(withdraw);
    impl_->land_changed();
}
void Member::linked(bool is_linked) {
    impl_->is_linked = is_linked;
}
bool Member::before_step(Instant now) {
    return impl_->before_step(now);
}
void Member::after_step(Instant now) {
    impl_->after_step(now);
}
const std::string& Member::server() const {
    return impl_->self;
}
bool Member::owns(sim::PlayerId player) const {
    return impl_->is_own(player);
}

bool Member::takes_players() const {
    const auto& own = impl_->land.own();
    const bool stays =
        std::ranges::any_of(own, [](const Land::Region& one) { return !one.leaves; });
    return stays && std::ranges::any_of(impl_->abouts, [](const About& about) {
               return about.is_lent && !about.is_own && about.owner == nobody;
           });
}

void Member::joined(sim::PlayerId player) {
    impl_->own(player, 1);
}

void Member::page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp) {
    if (!impl_->is_own(player)) return;
    const About& about = impl_->abouts[player];
    if (about.invited_by == nobody || about.invitation != number) return;
    impl_->send(impl_->peers[about.invited_by].server,
                Offer{number, player, about.generation, std::move(sdp)});
}

void Member::guest_answers(std::string_view to, const Answer& answer) {
    impl_->send(to, answer);
}

void Member::guest_changed(sim::PlayerId player, bool is_open) {
    if (player >= impl_->abouts.size()) return;
    About& about = impl_->abouts[player];
    about.is_guest = is_open;
    if (about.is_own || about.guest_of == nobody) return;
    impl_->send(impl_->peers[about.guest_of].server, Ready{player, about.generation, is_open});
}

void Member::tell_all(Talk talk) {
    for (std::size_t i = 1; i < impl_->peers.size(); ++i) {
        if (!impl_->peers[i].is_gone) impl_->send(impl_->peers[i].server, talk);
    }
}

void Member::tell(std::string_view server, Talk talk) {
    impl_->send(server, std::move(talk));
}

Statistics Member::statistics() const {
    Statistics out = impl_->counts;
    out.regions = impl_->land.own().size();
    out.own = impl_->owned.size();
    for (const About& about : impl_->abouts) {
        if (about.is_guest && !about.is_own) ++out.guests;
    }
    for (const sim::PlayerId id : impl_->world.present()) {
        if (impl_->world.players()[id].ghost) ++out.ghosts;
    }
    out.under_way = impl_->departures.size() + impl_->arrivals.size();
    for (const Peer& peer : impl_->peers) out.peers += peer.is_gone ? 0 : 1;
    return out;
}

}  // namespace muster::mesh
