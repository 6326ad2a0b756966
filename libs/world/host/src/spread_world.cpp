#include "spread_world.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "control_messages.hpp"
#include "muster/rtc/sdp.hpp"

namespace muster::host {
namespace {

/// After a server's end its players are somebody else's within this time, or nobody's.
constexpr Instant elsewhere_for{10'000'000};
constexpr std::uint32_t statistics_every = 15;  ///< ticks
constexpr std::size_t servers_max = 1'024;

mesh::Instant boot_time() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::duration_cast<mesh::Instant>(std::chrono::seconds(now.tv_sec) +
                                                     std::chrono::nanoseconds(now.tv_nsec));
}

SharedBytes share(replication::Bytes bytes) {
    return std::make_shared<const replication::Bytes>(std::move(bytes));
}

Person person_of(const sim::World& world, sim::PlayerId id) {
    const sim::Player& player = world.players()[id];
    return {.present = true,
            .generation = player.generation,
            .team = player.team,
            .bot = player.bot,
            .name = std::string(world.name_of(id))};
}

}  // namespace

SpreadWorld::SpreadWorld(Around around, Spread spread, std::uint16_t bots_wanted)
    : shared_(around.shared),
      door_(around.door),
      world_(around.world),
      bots_(around.bots),
      post_(around.post),
      people_(around.people),
      answer_(std::move(around.answer)),
      spread_(std::move(spread)),
      lines_(spread_.life),
      known_(world_.players().size()),
      elsewhere_until_(world_.players().size()),
      bots_wanted_(bots_wanted),
      inbox_(spread_.bus, [this](const std::string& text) { say(text); }),
      member_(world_, {.world = door_.name, .life = spread_.life, .strip = spread_.strip}, *this) {
    people_.set_others(*this);
}

SpreadWorld::~SpreadWorld() = default;

Result<void> SpreadWorld::start() {
    return inbox_.start("bus-" + door_.name);
}

// ---- a tick

void SpreadWorld::decided(const mesh::Decision& decision) {
    member_.decided(decision, boot_time());
    flush();
}

void SpreadWorld::withdrawn(const territory::Withdraw& withdraw) {
    member_.withdrawn(withdraw);
    flush();
}

void SpreadWorld::guest_answered(const GuestAnswerCommand& answer) {
    member_.guest_answers(answer.to, answer.answer);
}

void SpreadWorld::receive(Instant now) {
    now_ = now;
    inbox_.take(received_);
    const mesh::Instant at = boot_time();
    for (const auto& message : received_) member_.received(message, at);
    received_.clear();
    flush();
    for (const auto& [player, line] : lines_.expire(now)) tell(player, {line});
}

bool SpreadWorld::before_step() {
    if (spread_.is_linked) member_.linked(spread_.is_linked());
    const bool may = member_.before_step(boot_time());
    flush();
    if (!may) publish_statistics();
    return may;
}

void SpreadWorld::before_bots() {
    const auto there = static_cast<std::uint16_t>(std::min<std::size_t>(bots_.count(), 65'535));
    bots_.set_wanted(takes_players() ? bots_wanted_ : std::min(bots_wanted_, there));
    present_before_ = world_.players_present();
}

void SpreadWorld::after_bots() {
    if (world_.players_present() == present_before_) return;
    for (const sim::PlayerId id : world_.present()) {
        const sim::Player& player = world_.players()[id];
        if (player.bot && !player.ghost && !member_.owns(id)) member_.joined(id);
    }
}

void SpreadWorld::after_step() {
    member_.after_step(boot_time());
    flush();
    publish_statistics();
}

void SpreadWorld::flush() {
    for (const auto& [to, answer] : std::exchange(answers_, {})) member_.guest_answers(to, answer);
    for (auto& [to, talk] : std::exchange(talks_, {})) member_.tell(to, std::move(talk));
}

void SpreadWorld::publish_statistics() {
    if (steps_++ % statistics_every != 0) return;
    const mesh::Statistics now = member_.statistics();
    const std::lock_guard lock(mutex_);
    published_ = now;
}

mesh::Statistics SpreadWorld::statistics() const {
    const std::lock_guard lock(mutex_);
    return published_;
}

// ---- the people's

bool SpreadWorld::has(sim::PlayerId player) const {
    if (player >= elsewhere_until_.size()) return false;
    const sim::Player& here = world_.players()[player];
    return (here.present && here.ghost) || now_ < elsewhere_until_[player];
}

void SpreadWorld::joined(sim::PlayerId player) {
    elsewhere_until_[player] = {};
    member_.joined(player);
}

// What it was invited to before it came, or by a connection that it has no more.
void SpreadWorld::page_came(sim::PlayerId player) {
    const auto invitation = invitations_.find(player);
    if (invitation == invitations_.end()) return;
    people_.tell(player, share(write_invitation(invitation->second)));
}

void SpreadWorld::said(SharedBytes message, Audience audience) {
    const Lines::Line line = lines_.say(std::move(message), std::move(audience), now_);
    pass_on(line);
    member_.tell_all(
        {.team = sim::Team::none,
         .player = sim::no_player,
         .bytes = talk::write(talk::Line{line.origin, line.number, line.audience, *line.message})});
}

void SpreadWorld::visit(const std::function<void(const Contact&)>& each) const {
    for (const auto& [server, rows] : rolls_) {
        for (const mesh::Roll::Row& row : rows) {
            if (row.bot) continue;
            each({.id = row.player,
                  .generation = row.generation,
                  .team = row.team,
                  .is_away = row.away,
                  .name = row.name,
                  .party = row.party});
        }
    }
}

void SpreadWorld::page_offers(sim::PlayerId player, std::uint32_t number, std::string sdp) {
    member_.page_offers(player, number, std::move(sdp));
}

void SpreadWorld::guest_changed(sim::PlayerId player, bool is_open) {
    member_.guest_changed(player, is_open);
}

// ---- the Member's

void SpreadWorld::publish(std::string_view subject, std::span<const std::byte> bytes) {
    // What is lost is said again.
    (void)spread_.bus->publish(subject, bytes);
}

void SpreadWorld::listen(const std::vector<std::string>& subjects) {
    inbox_.listen(subjects);
}

void SpreadWorld::ask(const mesh::Question& question) {
    if (spread_.ask) spread_.ask(question);
}

mesh::Seat SpreadWorld::seat_of(sim::PlayerId player) {
    return people_.seat_of(player, now_);
}

void SpreadWorld::invite(sim::PlayerId player, std::string_view, std::uint32_t number) {
    invitations_[player] = number;
    people_.tell(player, share(write_invitation(number)));
}

void SpreadWorld::disinvite(sim::PlayerId player) {
    const auto invitation = invitations_.extract(player);
    if (invitation.empty()) return;
    people_.tell(player, share(write_answer(invitation.mapped(), {}, "it is not needed any more")));
}

void SpreadWorld::offer_answered(sim::PlayerId player, const mesh::Answer& answer) {
    people_.tell(player, share(write_answer(answer.number, answer.sdp, answer.error)));
}

void SpreadWorld::guest_comes(std::string_view from, const mesh::Offer& offer) {
    const auto refuse = [&](const Error& error) {
        answers_.emplace_back(from, mesh::Answer{offer.number, offer.player, {}, error.message});
    };
    if (offer.player >= world_.players().size()) return;
    const sim::Player& player = world_.players()[offer.player];
    if (!player.present || !player.ghost || player.generation != offer.generation) {
        return refuse({Errc::not_found, "the player is not to be seen from here", {}});
    }
    auto read = rtc::parse_offer(offer.sdp);
    if (!read) return refuse(read.error());
    if (shared_.stopping.load()) return refuse({Errc::unavailable, "the server is stopping", {}});
    people_.expect_guest(offer.player, from, std::move(*read),
                         [answer = answer_, to = std::string(from), number = offer.number,
                          id = offer.player](const Result<Joined>& joined) {
                             answer({to,
                                     {number, id, joined ? joined->sdp : std::string(),
                                      joined ? std::string() : joined.error().message}});
                         });
}

void SpreadWorld::departed(sim::PlayerId player, std::string_view server, bool is_connected) {
    invitations_.erase(player);
    seen_elsewhere(player);
    auto told = lines_.departed(player);
    if (is_connected) {
        // To nobody else: they would take it for the word of who lets the player go to them.
        talks_.emplace_back(
            server,
            mesh::Talk{.team = sim::Team::none, .player = player, .bytes = talk::write(told)});
    }
    people_.depart(player, is_connected);
}

void SpreadWorld::arrived(sim::PlayerId player, const mesh::Seat& seat) {
    elsewhere_until_[player] = {};
    introduce(player, person_of(world_, player));
    if (people_.arrive(player, seat, now_)) {
        tell(player, lines_.arrived(player, now_));
    } else {
        lines_.came_alone(player);
    }
}

void SpreadWorld::orphaned(sim::PlayerId player) {
    invitations_.erase(player);
    seen_elsewhere(player);
    (void)lines_.departed(player);
    people_.depart(player, false);
}

void SpreadWorld::introduced(sim::PlayerId player) {
    if (player >= known_.size() || !world_.players()[player].present) return;
    if (world_.players()[player].ghost) seen_elsewhere(player);
    introduce(player, person_of(world_, player));
}

void SpreadWorld::talk(const mesh::Talk& talk) {
    const auto said = talk::read(talk.bytes, room_);
    if (!said) return;
    if (const auto* line = std::get_if<talk::Line>(&*said)) {
        if (line->origin == spread_.life) return;
        // A server of the release before says so which team its words are for.
        Audience audience = line->audience;
        if (talk.team != sim::Team::none) audience = audience::Team{talk.team};
        pass_on({line->origin, line->number, std::move(audience),
                 share({line->message.begin(), line->message.end()}), now_});
        return;
    }
    if (talk.player >= world_.players().size()) return;
    tell(talk.player, lines_.told(talk.player, std::get<talk::Told>(*said), now_));
}

void SpreadWorld::rolled(std::string_view server, std::span<const mesh::Roll::Row> rows) {
    if (rows.empty()) {
        if (const auto known = rolls_.find(server); known != rolls_.end()) rolls_.erase(known);
        return;
    }
    if (rolls_.size() >= servers_max && !rolls_.contains(server)) return;
    rolls_.insert_or_assign(std::string(server),
                            std::vector<mesh::Roll::Row>(rows.begin(), rows.end()));
    for (const mesh::Roll::Row& row : rows) {
        if (row.player >= known_.size()) continue;
        const sim::Player& here = world_.players()[row.player];
        if (here.present && !here.ghost) continue;  // it has just come here
        seen_elsewhere(row.player);
        if (!here.present) {
            introduce(row.player, {.present = true,
                                   .generation = row.generation,
                                   .team = row.team,
                                   .bot = row.bot,
                                   .name = row.name});
        }
    }
}

void SpreadWorld::say(std::string_view text) {
    shared_.log(LogLevel::info, door_.name + ": " + std::string(text));
}

// ---- what both sides need

void SpreadWorld::pass_on(const Lines::Line& line) {
    people_.pass_on(line.audience, line.message, lines_.heard(line));
}

void SpreadWorld::tell(sim::PlayerId player, const std::vector<Lines::Line>& lines) {
    for (const Lines::Line& line : lines)
        if (people_.is_for(line.audience, player)) people_.tell(player, line.message);
}

void SpreadWorld::introduce(sim::PlayerId player, Person person) {
    if (known_[player] == person) return;
    known_[player] = person;
    post_.send_all(mail::Introduce{player, std::move(person)}, true);
}

void SpreadWorld::seen_elsewhere(sim::PlayerId player) {
    elsewhere_until_[player] = now_ + elsewhere_for;
}

void SpreadWorld::add_to(Board& board) const {
    std::vector<bool> is_there(board.rank.size());
    for (const Board::Row& row : board.rows) is_there[row.id] = true;
    for (const auto& [server, rows] : rolls_) {
        for (const mesh::Roll::Row& row : rows) {
            if (row.player >= is_there.size() || is_there[row.player]) continue;
            is_there[row.player] = true;
            board.rows.push_back(
                {row.player, row.team, row.score, row.kills, row.deaths, row.captures});
            if (row.bot) ++board.bots;
        }
    }
}

}  // namespace muster::host
