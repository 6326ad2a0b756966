#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// Copies: twice a second to who would follow, who goes on from the last of them.
namespace muster::mesh {
namespace {

constexpr std::uint32_t copies_that_may_be_lost = 3;
constexpr std::size_t players_in_part = 40;  ///< a record has 4 KiB at most
/// Longer than a lease, which must run out when nobody is sure of a death.
constexpr milliseconds kept_for{60'000};
/// What was copied so long before the last word of who did it is its no more.
constexpr milliseconds outdated{3'000};
/// Who is silent for so long is not waited for any more by who has copies of it.
constexpr milliseconds alone_for{2'500};
constexpr std::size_t kept_max = 256;  ///< regions; more are not kept

}  // namespace

// Who has changed regions is told of with both for a while, for a copy may be lost; and who has
// left until it has come. By themselves only: whoever follows looks for them elsewhere first.
std::vector<std::vector<Traveller>> Member::Impl::copies_of_own() {
    const auto& regions = land.own();
    std::vector<std::vector<Traveller>> out(regions.size());
    for (const sim::PlayerId id : owned) {
        const auto record = world.copy(id);
        if (!record) continue;
        About& about = abouts[id];
        const std::size_t place = land.place_of(world.players()[id].at);
        if (about.copied_in != regions[place].id) {
            about.copied_before = std::exchange(about.copied_in, regions[place].id);
            about.copies = 0;
        }
        Traveller traveller{
            .hop = about.hop, .record = record->encode(), .seat = listener.seat_of(id)};
        const auto before = std::ranges::find(regions, about.copied_before, &Land::Region::id);
        if (about.copies++ < copies_that_may_be_lost && before != regions.end()) {
            Traveller spare = traveller;
            ++spare.hop;
            spare.is_spare = true;
            out[static_cast<std::size_t>(before - regions.begin())].push_back(std::move(spare));
        }
        out[place].push_back(std::move(traveller));
    }
    for (const auto& [id, departure] : departures) {
        if (regions.empty() || has_come(departure)) continue;
        const auto left = std::ranges::find(regions, departure.region, &Land::Region::id);
        const auto place = left == regions.end() ? land.place_of(departure.at)
                                                 : static_cast<std::size_t>(left - regions.begin());
        out[place].push_back(departure.traveller);
        out[place].back().is_spare = true;
    }
    return out;
}

void Member::Impl::tell_copies() {
    std::erase_if(unconfirmed, [this](Unconfirmed& one) {
        if (one.copies++ < copies_that_may_be_lost) return false;
        send(one.to, one.crossed);
        return true;
    });
    const auto copies = copies_of_own();
    for (std::size_t place = 0; place < copies.size(); ++place) tell_copy(place, copies[place]);
}

void Member::Impl::tell_copy(std::size_t place, const std::vector<Traveller>& players) {
    const Land::Region& region = land.own()[place];
    if (region.keeper.empty()) return;
    const std::uint32_t number = ++copy_numbers[region.id];
    const auto parts = static_cast<std::uint16_t>(
        std::max<std::size_t>(1, (players.size() + players_in_part - 1) / players_in_part));
    for (std::uint16_t part = 0; part < parts; ++part) {
        Copy copy{.region = region.id,
                  .epoch = region.epoch,
                  .number = number,
                  .part = part,
                  .parts = parts,
                  .players = {}};
        const std::size_t first = part * players_in_part;
        const std::size_t last = std::min(players.size(), first + players_in_part);
        for (std::size_t i = first; i < last; ++i) copy.players.push_back(players[i]);
        publish(subject("to", region.keeper), std::move(copy));
    }
}

void Member::Impl::hear(PeerIndex from, Copy& copy) {
    if (!kept.contains(copy.region) && kept.size() >= kept_max) return;
    Kept& one = kept[copy.region];
    if (copy.epoch < one.epoch) return;
    if (copy.epoch > one.epoch) {
        one = {};
        one.epoch = copy.epoch;
    }
    if (copy.number <= one.number) return;
    if (copy.number != one.next_number) {
        one.next_number = copy.number;
        one.next_part = 0;
        one.next.clear();
    }
    if (copy.part != one.next_part) return;  // one was lost: the next copy is whole again
    ++one.next_part;
    std::ranges::move(copy.players, std::back_inserter(one.next));
    if (one.next_part != copy.parts) return;
    one.server = peers[from].server;
    one.life = peers[from].life;
    one.number = copy.number;
    one.at = now;
    one.players = std::exchange(one.next, {});
}

void Member::Impl::keep_own(const std::vector<territory::Grant>& lost,
                            const std::vector<sim::PlayerId>& players) {
    std::vector<Kept> copies(lost.size());
    for (const sim::PlayerId id : players) {
        const auto record = world.copy(id);
        if (!record) continue;
        const sim::Vec at = world.players()[id].at;
        const auto found = std::ranges::find_if(
            lost, [at](const territory::Grant& grant) { return contains(box_of(grant.area), at); });
        // Who was beyond a border goes with any of them.
        const auto place = found == lost.end() ? 0 : found - lost.begin();
        copies[static_cast<std::size_t>(place)].players.push_back(
            {abouts[id].hop, record->encode(), listener.seat_of(id)});
    }
    for (std::size_t i = 0; i < lost.size(); ++i) {
        copies[i].server = self;
        copies[i].epoch = lost[i].epoch;
        copies[i].number = 1;
        copies[i].at = now;
        kept[lost[i].region] = std::move(copies[i]);
    }
}

// Whoever goes on with a region of this server's may lack its latest players.
void Member::Impl::hand_on(PeerIndex to, Kept& copy) {
    for (Traveller& traveller : copy.players) {
        const auto record = sim::Record::decode(traveller.record);
        if (!record || is_own(record->id) || is_alive(abouts[record->id].owner)) continue;
        ++traveller.hop;
        Departure& departure = departures[record->id];
        departure = {.traveller = std::move(traveller), .at = record->player.at, .first = now};
        send_departure(departure, peers[to].server);
    }
}

void Member::Impl::keep_spare(Kept& copy) {
    for (Traveller& traveller : copy.players) {
        const auto record = sim::Record::decode(traveller.record);
        if (!record || record->id >= abouts.size()) continue;
        if (!traveller.is_spare) ++traveller.hop;
        keep_spare(std::move(traveller), *record, copy);
    }
}

// Whoever goes on with a region need not be the one that had the latest copies: that one may be
// about to leave, or too full.
void Member::Impl::keep_copies_of_the_dead() {
    // To who is cut off itself everybody looks dead.
    bool hears_any = false;
    for (std::size_t i = 1; i < peers.size() && !hears_any; ++i) {
        hears_any = is_alive(static_cast<PeerIndex>(i));
    }
    if (!hears_any) lonely_at = now;
    if (now - lonely_at < alone_for) return;
    for (auto next = kept.begin(); next != kept.end();) {
        Kept& copy = next->second;
        if (copy.server == self || copy.number == 0 || !is_dead(copy, alone_for)) {
            ++next;
            continue;
        }
        keep_spare(copy);
        next = kept.erase(next);
    }
}

void Member::Impl::keep_spare(Traveller&& traveller, const sim::Record& record, const Kept& copy) {
    const auto known = departures.find(record.id);
    if (is_own(record.id) || arrivals.contains(record.id) ||
        (known != departures.end() && known->second.traveller.hop >= traveller.hop)) {
        return;
    }
    traveller.is_spare = true;
    departures[record.id] = {.traveller = std::move(traveller),
                             .at = record.player.at,
                             .of = copy.server,
                             .of_life = copy.life,
                             .since = now,
                             .first = now};
}

void Member::Impl::forget_copies() {
    std::erase_if(kept, [this](const auto& one) {
        return one.second.number != 0 && now - one.second.at > kept_for;
    });
}

bool Member::Impl::is_dead(const Kept& copy, milliseconds silence) const {
    const PeerIndex owner = find_peer(copy.server);
    return owner != nobody &&
           (now - peers[owner].heard > silence || peers[owner].life != copy.life);
}

/// Whether the last copy of a server's region can be gone on from. One that lives may have let the
/// region go in good order, and everybody in it by a letter: only who is not in its next roll is to
/// be gone on with.
bool Member::Impl::is_final(const Kept& copy, const Gain& gain) const {
    const PeerIndex owner = find_peer(copy.server);
    if (owner == nobody) return true;  // this server's own, or of somebody long gone
    return !is_alive(owner) || peers[owner].rolled_at > gain.at;
}

// Everybody of the copies who stood in a region that came, unless they are known to be elsewhere.
void Member::Impl::take_over() {
    if (gains.empty()) return;
    forget_copies();
    std::size_t taken = 0;
    for (auto gain = gains.begin(); gain != gains.end();) {
        const auto region = std::ranges::find(land.own(), gain->region, &Land::Region::id);
        bool is_done = true;
        for (auto& [id, copy] : kept) {
            // Equal: a lease that was over here and not yet there, and was renewed.
            if (region == land.own().end() || copy.epoch > gain->epoch) continue;
            // Of a neighbouring region of who died: it may have been cut differently since.
            const PeerIndex owner = find_peer(copy.server);
            const bool is_old = copy.at + outdated < peers[owner].heard;
            if (id != gain->region && (is_alive(owner) || is_old)) continue;
            if (!is_final(copy, *gain)) {
                is_done = false;
                continue;
            }
            taken += take_over(copy, region->box, id == gain->region);
        }
        gain = is_done ? gains.erase(gain) : std::next(gain);
    }
    counts.taken_over += taken;
    if (taken > 0) {
        say(std::to_string(taken) + " players are taken over from copies");
        // Of two who had copies of somebody one hears of the other at once.
        tell_roll();
    }
}

std::size_t Member::Impl::take_over(Kept& copy, const sim::Box& box, bool is_of_region) {
    const PeerIndex owner = find_peer(copy.server);
    std::size_t taken = 0;
    std::erase_if(copy.players, [&](Traveller& traveller) {
        const auto record = sim::Record::decode(traveller.record);
        if (!record || record->id >= abouts.size()) return true;
        // Who was beyond the border for a moment goes on here, and then to its neighbour.
        if (!is_of_region && !contains(box, record->player.at)) return false;
        const About& about = abouts[record->id];
        if (about.is_own || arrivals.contains(record->id)) return true;
        const bool is_same = about.generation == record->player.generation;
        const bool is_elsewhere =
            is_same && about.owner != owner && is_alive(about.owner) && about.hop > traveller.hop;
        const auto& listed = peers[owner].rows;
        const bool is_there =
            is_alive(owner) &&
            std::ranges::find(listed, record->id, &Roll::Row::player) != listed.end();
        // Of this server's own, who was gone on with by somebody else.
        const bool is_past = owner == nobody && is_same && about.hop > traveller.hop;
        if (is_elsewhere || is_there || is_past) return true;
        if (traveller.is_spare) {
            if (!is_alive(owner)) keep_spare(std::move(traveller), *record, copy);
            return true;
        }
        traveller.hop = 1 + (is_same ? std::max(about.hop, traveller.hop) : traveller.hop);
        traveller.seat.lost_for_ms += static_cast<std::uint32_t>(
            std::clamp<std::int64_t>((now - copy.at).count(), 1, 3'600'000));
        if (adopt(*record, traveller)) ++taken;
        return true;
    });
    return taken;
}

}  // namespace muster::mesh
