#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "muster/sim/input.hpp"

namespace muster::sim {

inline constexpr std::uint8_t inputs_waiting_max = 32;
inline constexpr std::uint8_t credits_max = 12;
inline constexpr std::uint8_t buttons_known = 0x7f;
/// In every so many ticks, what was never needed of those that wait is given up but for one.
inline constexpr std::uint8_t surplus_window = 60;

/// The inputs of one player that wait to be consumed, and how many may be: one credit a tick, some
/// of them saved up, so that a client that was held up catches up and one whose clock hurries does
/// not run ahead. After a pause of the server's more wait than will ever be needed, and each input
/// would come late for as long as the player stays: the oldest are then dropped, and the client
/// corrects itself once.
class InputQueue {
  public:
    void clear() { *this = {}; }
    /// False: not newer than the newest, ignored.
    bool push(const Input& input) {
        if (input.sequence <= newest_) return false;
        newest_ = input.sequence;
        if (count_ == inputs_waiting_max) pop();
        ring_[(first_ + count_) % inputs_waiting_max] = input;
        ++count_;
        return true;
    }
    /// Once a tick.
    void earn() {
        if (credits_ < credits_max) ++credits_;
        if (++window_ < surplus_window) return;
        for (; surplus_ > 1; --surplus_) pop();
        window_ = 0;
        surplus_ = inputs_waiting_max;
    }
    /// The next input that may be consumed now, paid for; nullptr when there is none. Valid until
    /// the next push(). To be called until there is none.
    const Input* take() {
        if (count_ == 0 || credits_ == 0) {
            surplus_ = std::min(surplus_, count_);
            return nullptr;
        }
        --credits_;
        const Input* input = &ring_[first_];
        pop();
        return input;
    }
    /// Nothing came for so long that no more is saved.
    [[nodiscard]] bool starved() const { return credits_ == credits_max; }

    // What a player takes along to another world.
    [[nodiscard]] std::uint32_t newest() const { return newest_; }
    [[nodiscard]] std::uint8_t credits() const { return credits_; }
    [[nodiscard]] std::uint8_t count() const { return count_; }
    [[nodiscard]] const Input& waiting(std::uint8_t index) const {
        return ring_[(first_ + index) % inputs_waiting_max];
    }
    /// Begins a new window of the surplus: none is given up at once.
    void restore(std::span<const Input> inputs, std::uint32_t newest, std::uint8_t credits) {
        clear();
        for (const Input& input : inputs) push(input);
        newest_ = newest;
        credits_ = credits;
    }

    template <typename Digest>
    void digest(Digest& digest) const {
        digest.add(newest_);
        digest.add(credits_);
        digest.add(count_);
        digest.add(window_);
        digest.add(surplus_);
        for (std::uint8_t i = 0; i < count_; ++i) {
            const Input& input = ring_[(first_ + i) % inputs_waiting_max];
            digest.add(input.sequence);
            digest.add(input.seen);
            digest.add(input.aim);
            digest.add(input.buttons);
            digest.add(input.slot);
        }
    }

  private:
    void pop() {
        first_ = static_cast<std::uint8_t>((first_ + 1) % inputs_waiting_max);
        --count_;
    }

    std::uint32_t newest_ = 0;
    std::uint8_t first_ = 0;
    std::uint8_t count_ = 0;
    std::uint8_t credits_ = 0;
    std::uint8_t window_ = 0;   ///< ticks of it that passed
    std::uint8_t surplus_ = 0;  ///< that waited all through it; 0 at first, so none is given up
    std::array<Input, inputs_waiting_max> ring_{};
};

}  // namespace muster::sim
