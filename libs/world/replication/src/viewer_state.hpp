#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "frame_parts.hpp"
#include "muster/replication/viewer.hpp"
#include "snapshot_layout.hpp"

namespace muster::replication {

/// Everything visible is sent again within 30 ticks (500 ms); one less, for those who come between.
inline constexpr sim::Tick refresh_ticks = 29;
/// A client forgets what it did not hear of for so long, and so may a viewer.
inline constexpr sim::Tick forget_ticks = 60;

inline constexpr std::size_t entities_max = 96, moments_max = 40, gone_max = 24;

/// Entities in the order in which they were last sent: a ring of id and stamp. What was sent again,
/// or left, stays in it until it comes to the front, and is then no longer as the ring says.
class SentOrder {
  public:
    struct Entry {
        sim::PlayerId id;
        std::uint8_t stamp;
    };
    [[nodiscard]] bool empty() const { return first_ == end_; }
    [[nodiscard]] Entry front() const { return ring_[first_ & (ring_.size() - 1)]; }
    void pop() { ++first_; }
    void push(Entry entry) {
        if (end_ - first_ == ring_.size()) grow();
        ring_[end_++ & (ring_.size() - 1)] = entry;
    }
    void clear() { first_ = end_ = 0; }
    /// Room for `entries` at least, a power of two, so that it seldom grows later. Empty before.
    void reserve(std::size_t entries) { ring_.resize(std::max(entries, ring_.size())); }

  private:
    void grow();
    std::vector<Entry> ring_;  ///< a power of two
    std::uint32_t first_ = 0, end_ = 0;
};

/// Who left and was not confirmed to be gone.
class Tombstones {
  public:
    void add(sim::PlayerId id, sim::Tick now);
    void remove(sim::PlayerId id);
    void acknowledge(sim::Tick received);
    void expire(sim::Tick now);
    [[nodiscard]] std::size_t size() const { return count_; }
    /// The oldest, at most `limit`, which the snapshot of `now` will carry.
    std::span<const sim::PlayerId> carry(sim::Tick now, std::size_t limit);
    void clear() { count_ = 0; }

  private:
    struct One {
        sim::PlayerId id;
        sim::Tick since;
        sim::Tick carried_since;  ///< in every snapshot from then on; 0: in none
    };
    std::array<One, 64> list_;  ///< the oldest first; the oldest gives way
    std::array<sim::PlayerId, gone_max> carried_;
    std::size_t count_ = 0;
};

struct Viewer::Impl {
    sim::PlayerId player;
    std::uint8_t generation;
    sim::Vec at;           ///< from where it sees
    sim::Length view = 0;  ///< at most the frame's
    sim::Tick last = 0;    ///< tick of the last write
    sim::Tick since = 2;   ///< ticks between the last two writes, of this and the one before
    sim::Tick since_before = 2;
    std::uint32_t writes = 0;
    std::uint32_t pressed = 1;       ///< 2: looks half as often for what else there is
    std::uint32_t waiting = 0;       ///< newcomers whom the last snapshots had no room for
    std::uint32_t known = 0;         ///< in view
    std::uint32_t acknowledged = 0;  ///< of the player's inputs, by the last write
    sim::Tick stalest = 0;

    std::vector<std::uint8_t>
        sent;  ///< by id: stamp of the tick in which it was sent; 0: not in view
    std::vector<std::uint16_t> met;  ///< by id: 0x100 | generation that was introduced, or 0
    SentOrder order;
    Tombstones tombstones;
    std::vector<sim::PlayerId> strangers;
    struct Attacker {
        sim::PlayerId id = sim::no_player;
        sim::Tick until = 0;
    };
    std::array<Attacker, 4> attackers;
    std::vector<std::byte> out;

    struct Plan;
    void begin(const Frame::Parts& parts, Plan& plan);
    void take_leavers(Plan& plan);
    void choose_moments(Plan& plan);
    void choose_personal(Plan& plan);
    void choose_moment(Plan& plan, std::uint32_t index);
    void send_oldest(Plan& plan);
    void send_urgent(Plan& plan);
    void send_due(Plan& plan);
    void look_into(Plan& plan, std::uint32_t cell, bool turn);
    void admit(Plan& plan);
    void send_best(Plan& plan);
    void adapt_view(const Plan& plan);
    void compose(Plan& plan);

    void send(Plan& plan, std::uint16_t index);
    void enter(const Plan& plan, sim::PlayerId id);
    void leave(sim::PlayerId id, sim::Tick now);
    void forget_all();
    [[nodiscard]] sim::Tick age(std::uint8_t stamp, std::uint8_t now) const {
        return now >= stamp ? static_cast<sim::Tick>(now - stamp)
                            : static_cast<sim::Tick>(now + 255 - stamp);
    }
};

/// One write: what was decided so far. On the stack.
struct Viewer::Impl::Plan {
    // The lists are left as they are: clearing them would cost as much as filling them.
    Plan(const Frame& frame, const Budget& limits) : parts(frame.parts()), budget(limits) {}

    const Frame::Parts& parts;
    const Budget& budget;
    std::size_t bytes = 0;  ///< of the budget, within what a packet takes
    std::uint8_t stamp = 1;
    CellDistances distances;
    SelfRecord own{};
    bool has_own = false;
    std::uint32_t acknowledged = 0;

    float enter_squared = 0, leave_squared = 0;
    std::size_t duty = 0;          ///< of the oldest that must be sent
    std::size_t known_max = 0;     ///< so many can be kept fresh
    std::size_t entity_limit = 0;  ///< by bytes
    std::size_t gone_reserved = 0;

    std::array<std::uint16_t, entities_max> entities;
    std::size_t entity_count = 0;
    std::array<ShotRecord, moments_max> shots;
    std::array<EffectRecord, moments_max> effects;
    std::size_t shot_count = 0, effect_count = 0, moment_limit = 0;
    std::array<std::uint32_t, moments_max> repeats;
    std::size_t repeat_count = 0;

    // What might be sent: its level of urgency, the highest for newcomers, above 16 bits of index.
    static constexpr std::uint8_t newcomer = 63;
    static constexpr std::size_t levels = newcomer + 1, candidates_max = 1'024;
    std::array<std::uint32_t, candidates_max> candidates;
    std::size_t candidate_count = 0, newcomers = 0;
    bool refused = false;  ///< somebody who would be in view

    [[nodiscard]] std::size_t slots() const {
        return entity_limit > entity_count ? entity_limit - entity_count : 0;
    }
};

}  // namespace muster::replication
