#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// Copies: twice a second to who would follow, who goes on from the last of them.
namespace muster::mesh {
namespace {

constexpr std::uint32_t copies_that_may_be_lost = 3;
constexpr std::size_t players_in_part = 40;  ///< a record has 4 KiB at most
/// A copy that was not followed by another: who made it gives them to somebody else by now.
constexpr milliseconds kept_for{8'000};
constexpr milliseconds own_kept_for{30'000};
constexpr std::size_t kept_max = 256;  ///< regions; more are not kept

}  // namespace

void Member::Impl::tell_copies() {
    const auto& regions = land.own();
    std::erase_if(unconfirmed, [this](Unconfirmed& one) {
        if (one.copies++ < copies_that_may_be_lost) return false;
        send(one.to, one.crossed);
        return true;
    });
    if (regions.empty()) return;
    std::vector<std::vector<sim::PlayerId>> inside(regions.size());
    for (const sim::PlayerId id : owned) {
        inside[land.place_of(world.players()[id].at)].push_back(id);
    }
    for (std::size_t i = 0; i < regions.size(); ++i) {
        const Land::Region& region = regions[i];
        if (region.keeper.empty()) continue;
        const auto& ids = inside[i];
        const std::uint32_t number = ++copy_numbers[region.id];
        const auto parts = static_cast<std::uint16_t>(
            std::max<std::size_t>(1, (ids.size() + players_in_part - 1) / players_in_part));
        for (std::uint16_t part = 0; part < parts; ++part) {
            Copy copy{.region = region.id,
                      .epoch = region.epoch,
                      .number = number,
                      .part = part,
                      .parts = parts,
                      .players = {}};
            const std::size_t first = part * players_in_part;
            const std::size_t last = std::min(ids.size(), first + players_in_part);
            for (std::size_t k = first; k < last; ++k) {
                const auto record = world.copy(ids[k]);
                if (!record) continue;
                copy.players.push_back({.hop = abouts[ids[k]].hop,
                                        .record = record->encode(),
                                        .seat = listener.seat_of(ids[k])});
            }
            publish(subject("to", region.keeper), std::move(copy));
        }
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

void Member::Impl::hand_on(PeerIndex to, Kept& copy) {
    for (Traveller& traveller : copy.players) {
        const auto record = sim::Record::decode(traveller.record);
        if (!record || is_own(record->id) || is_alive(abouts[record->id].owner)) continue;
        ++traveller.hop;
        const std::string& server = peers[to].server;
        send(server, Crossing{traveller});
        departures[record->id] = {std::move(traveller), record->player.at, server, now, now};
    }
}

void Member::Impl::forget_copies() {
    std::erase_if(kept, [this](const auto& one) {
        const bool is_own = one.second.server == self;
        return one.second.number != 0 && now - one.second.at > (is_own ? own_kept_for : kept_for);
    });
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
            if (id != gain->region && is_alive(find_peer(copy.server))) continue;
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
        traveller.hop = 1 + (is_same ? std::max(about.hop, traveller.hop) : traveller.hop);
        traveller.seat.lost_for_ms += static_cast<std::uint32_t>(
            std::clamp<std::int64_t>((now - copy.at).count(), 1, 3'600'000));
        if (adopt(*record, traveller)) ++taken;
        return true;
    });
    return taken;
}

}  // namespace muster::mesh
