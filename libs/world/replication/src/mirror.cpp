#include "muster/replication/mirror.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "frame_parts.hpp"
#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::replication {
namespace {

constexpr sim::Tick forget_ticks = 60;
// Before a Welcome nothing says how many places there are, so the lists grow by what comes.
constexpr std::uint32_t not_seen = 0xffffffff;

// Whether `a` is after `b`. Ticks do not wrap: 2^32 of them are two years.
bool is_after(sim::Tick a, sim::Tick b) {
    return a > b;
}

}  // namespace

struct Mirror::Impl {
    struct Known {
        std::uint32_t place = not_seen;  ///< in `seen`
        sim::Tick gone_at = 0;           ///< the newest snapshot that said so; 0: none
        std::string name;
    };

    std::vector<std::uint64_t> room;
    bool welcomed = false;
    sim::PlayerId player = sim::no_player;
    std::string resume;
    sim::Tick newest = 0;
    std::uint32_t bits = 0;
    std::uint32_t acknowledged = 0;
    sim::Vec own_at;
    std::vector<Seen> seen;
    sim::Tick oldest = 0;      ///< nothing in `seen` is older
    std::vector<Known> known;  ///< by id
    // The ids of the last shots, each of which comes twice: a ring by the id's low bits.
    struct Shot {
        std::uint16_t id = 0;
        sim::Tick tick = 0;
    };
    std::array<Shot, 256> shots{};
    Counts counts;

    Known& of(sim::PlayerId id) {
        if (id >= known.size()) known.resize(std::size_t{id} + 1);
        return known[id];
    }
    void take(const protocol::Welcome& welcome);
    void take(const protocol::People& people);
    Result<void> take(const protocol::Snapshot& snapshot);
    bool count_in(sim::Tick tick);
    void take_entity(sim::Tick tick, const EntityRecord& record);
    void take_gone(sim::Tick tick, sim::PlayerId id);
    void take_shots(const protocol::Snapshot& snapshot);
    void drop(std::uint32_t place);
    void forget_old();
};

Mirror::Mirror() : impl_(std::make_unique<Impl>()) {}
Mirror::~Mirror() = default;
Mirror::Mirror(Mirror&&) noexcept = default;
Mirror& Mirror::operator=(Mirror&&) noexcept = default;

Result<void> Mirror::receive(std::span<const std::byte> bytes) {
    Impl& mirror = *impl_;
    const auto message = protocol::read_from_world(protocol::aligned(bytes, mirror.room));
    if (!message) return std::unexpected(message.error());
    mirror.counts.bytes += bytes.size();
    const auto& body = **message;
    switch (body.body_type()) {
        case protocol::Body::Welcome:
            mirror.take(*body.body_as_Welcome());
            break;
        case protocol::Body::People:
            mirror.take(*body.body_as_People());
            break;
        case protocol::Body::Newspaper:
            mirror.counts.news += body.body_as_Newspaper()->news()->size();
            break;
        case protocol::Body::Chat:
            ++mirror.counts.chats;
            break;
        case protocol::Body::Snapshot:
            return mirror.take(*body.body_as_Snapshot());
        default:
            break;
    }
    return {};
}

void Mirror::Impl::take(const protocol::Welcome& welcome) {
    welcomed = true;
    player = welcome.player();
    resume = welcome.resume()->str();
}

void Mirror::Impl::take(const protocol::People& people) {
    for (const auto* person : *people.people()) {
        auto& one = of(person->id());
        one.name.assign(person->name()->c_str(), person->name()->size());
    }
}

// False for one that is a copy of another, or too old to mean anything.
bool Mirror::Impl::count_in(sim::Tick tick) {
    if (counts.snapshots == 0 || is_after(tick, newest)) {
        const auto shift = counts.snapshots == 0 ? 32U : tick - newest;
        // The former newest is bit shift - 1 of the new one's.
        bits = shift > 32
                   ? 0U
                   : static_cast<std::uint32_t>(((std::uint64_t{bits} << 1U | 1U) << (shift - 1)));
        if (counts.snapshots == 0) bits = 0;
        newest = tick;
        return true;
    }
    ++counts.stale;
    if (tick == newest || newest - tick >= forget_ticks) return false;
    const auto bit = newest - tick - 1;
    if (bit >= 32) return true;
    const bool came_before = (bits >> bit & 1U) != 0;
    bits |= 1U << bit;
    return !came_before;
}

Result<void> Mirror::Impl::take(const protocol::Snapshot& snapshot) {
    const auto tick = snapshot.tick();
    if (tick == 0) return fail(Errc::invalid_argument, "A snapshot has a tick.", "tick");
    const auto before = newest;
    const bool counts_in = count_in(tick);
    ++counts.snapshots;
    if (!counts_in) return {};
    if (tick == newest && (before != tick || counts.snapshots == 1)) {
        acknowledged = std::max(acknowledged, snapshot.acknowledged());
        if (const auto* own = snapshot.own()) own_at = {own->x(), own->y()};
    }
    if (const auto* gone = snapshot.gone())
        for (const auto id : *gone) take_gone(tick, id);
    if (const auto* entities = snapshot.entities()) {
        counts.entities += entities->size();
        const auto* data = entities->Data();
        for (std::size_t n = 0; n < entities->size(); ++n) {
            EntityRecord record;
            std::memcpy(&record, data + n * sizeof(record), sizeof(record));
            take_entity(tick, record);
        }
    }
    take_shots(snapshot);
    if (const auto* effects = snapshot.effects()) counts.effects += effects->size();
    forget_old();
    return {};
}

void Mirror::Impl::take_entity(sim::Tick tick, const EntityRecord& record) {
    auto& one = of(record.id);
    if (one.place != not_seen) {
        auto& it = seen[one.place];
        if (is_after(tick, it.at)) it = {record, tick};
        return;
    }
    // Late news of somebody who has left since then, or is forgotten already.
    if (one.gone_at >= tick && one.gone_at != 0) return;
    if (newest - tick >= forget_ticks) return;
    one.place = static_cast<std::uint32_t>(seen.size());
    oldest = seen.empty() ? tick : std::min(oldest, tick);
    seen.push_back({record, tick});
}

void Mirror::Impl::take_gone(sim::Tick tick, sim::PlayerId id) {
    auto& one = of(id);
    one.gone_at = std::max(one.gone_at, tick);
    if (one.place != not_seen && !is_after(seen[one.place].at, tick)) drop(one.place);
}

void Mirror::Impl::take_shots(const protocol::Snapshot& snapshot) {
    if (snapshot.shots() == nullptr) return;
    for (const auto* shot : *snapshot.shots()) {
        auto& last = shots[shot->id() % shots.size()];
        const auto fired = snapshot.tick() - shot->ago();
        if (last.tick == fired && last.id == shot->id()) continue;
        last = {shot->id(), fired};
        ++counts.shots;
    }
}

void Mirror::Impl::drop(std::uint32_t place) {
    known[seen[place].record.id].place = not_seen;
    if (place + 1 != seen.size()) {
        seen[place] = seen.back();
        known[seen[place].record.id].place = place;
    }
    seen.pop_back();
}

// Nobody lives longer than a second without being heard of, so that a lost goodbye does no harm.
void Mirror::Impl::forget_old() {
    if (newest - oldest < forget_ticks) return;
    oldest = newest;
    for (std::uint32_t place = 0; place < seen.size();) {
        if (newest - seen[place].at >= forget_ticks) {
            drop(place);
        } else {
            oldest = std::min(oldest, seen[place].at);
            ++place;
        }
    }
}

bool Mirror::welcomed() const {
    return impl_->welcomed;
}
sim::PlayerId Mirror::player() const {
    return impl_->player;
}
sim::Tick Mirror::newest() const {
    return impl_->newest;
}
std::uint32_t Mirror::received_bits() const {
    return impl_->bits;
}
std::uint32_t Mirror::acknowledged() const {
    return impl_->acknowledged;
}
std::span<const Mirror::Seen> Mirror::seen() const {
    return impl_->seen;
}
const Mirror::Seen* Mirror::find(sim::PlayerId id) const {
    if (id >= impl_->known.size() || impl_->known[id].place == not_seen) return nullptr;
    return &impl_->seen[impl_->known[id].place];
}
sim::Vec Mirror::own_at() const {
    return impl_->own_at;
}
std::string_view Mirror::name_of(sim::PlayerId id) const {
    return id < impl_->known.size() ? std::string_view(impl_->known[id].name) : std::string_view{};
}
const std::string& Mirror::resume() const {
    return impl_->resume;
}
const Mirror::Counts& Mirror::counts() const {
    return impl_->counts;
}

}  // namespace muster::replication
