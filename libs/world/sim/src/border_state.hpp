#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "muster/sim/border.hpp"

namespace muster::sim {

inline constexpr std::size_t claims_max = 4096;    ///< in a step; what is more is not claimed
inline constexpr std::size_t verdicts_max = 1024;  ///< in a step
inline constexpr Tick claim_interval = 15;         ///< between two for the same pickup or flag
inline constexpr std::uint16_t projectile_stride_max = 1024;

/// The last ones of a kind, to know what is repeated. Looked through from end to end.
template <std::size_t Max>
class Recent {
  public:
    [[nodiscard]] const Record::Known* find(std::uint32_t origin, std::uint32_t number) const {
        for (const Record::Known& known : list_) {
            if (known.number == number && known.origin == origin) return &known;
        }
        return nullptr;
    }
    void add(const Record::Known& known) {
        if (list_.size() < Max) {
            list_.push_back(known);
            return;
        }
        list_[oldest_] = known;
        oldest_ = (oldest_ + 1) % Max;
    }
    [[nodiscard]] std::vector<Record::Known> oldest_first() const {
        std::vector<Record::Known> out(list_);
        std::ranges::rotate(out, out.begin() + static_cast<std::ptrdiff_t>(oldest_));
        return out;
    }
    void clear() { *this = {}; }

  private:
    std::vector<Record::Known> list_;
    std::size_t oldest_ = 0;
};

/// What is remembered with a player, and goes where it goes: a claim that was judged here and is
/// repeated there is known there, which no memory by origin could do.
struct Ledger {
    Recent<Record::judged_max> judged;
    Recent<Record::counted_max> counted;
};

/// Which of the last claims of one origin on walls, pickups, points and flags were judged, and how.
struct Window {
    static constexpr std::uint32_t size = 4096;
    std::uint32_t origin = 0;
    std::uint32_t newest = 0;
    Tick used_at = 0;
    std::bitset<size> judged;
    std::bitset<size> granted;

    enum class State : std::uint8_t { fresh, judged, too_old };
    [[nodiscard]] State state(std::uint32_t number) const {
        if (number > newest) return State::fresh;
        if (newest - number >= size) return State::too_old;
        return judged[number % size] ? State::judged : State::fresh;
    }
    void set(std::uint32_t number, bool was_granted) {
        if (number > newest) {
            if (number - newest >= size) {
                judged.reset();
                newest = number;
            }
            while (newest != number) judged[++newest % size] = false;
        }
        judged[number % size] = true;
        granted[number % size] = was_granted;
    }
};
inline constexpr std::size_t windows_max = 64;

[[nodiscard]] inline bool lies_in(const std::vector<Box>& regions, Vec at) {
    return std::ranges::any_of(regions, [at](const Box& box) {
        return at.x >= box.low.x && at.x < box.high.x && at.y >= box.low.y && at.y < box.high.y;
    });
}

/// What a World has that is one of several; one that is alone has none.
struct Border {
    explicit Border(std::size_t players_max) : ledgers(players_max) {
        claims.reserve(claims_max);
        verdicts.reserve(verdicts_max);
    }

    /// What is made between two steps is told after the next.
    void forget_told() {
        claims.erase(claims.begin(), claims.begin() + static_cast<std::ptrdiff_t>(claims_told));
        verdicts.clear();
        claims_told = 0;
    }
    void tell() { claims_told = claims.size(); }

    Part part;
    // By the map's order; empty: decides on all.
    std::vector<std::uint8_t> own_walls;
    std::vector<std::uint8_t> own_pickups;
    std::vector<std::uint8_t> own_spawns;
    /// Where else own players may be spawned, when the map has no spawn for them in `part.regions`;
    /// numbered after the map's.
    std::vector<SpawnSpec> places;
    std::vector<Tick> pickups_claimed_at;
    std::array<Tick, 2> flags_claimed_at{};

    std::uint32_t next_number = 1;
    std::vector<Claim> claims;
    std::size_t claims_told = 0;
    std::vector<Verdict> verdicts;
    std::vector<Ledger> ledgers;  ///< by player
    std::vector<Window> windows;

    bool ids_are_lent = false;
    std::vector<bool> lent;  ///< by id: to be given again when it is free
};

}  // namespace muster::sim
