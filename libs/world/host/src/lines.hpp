#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "histogram.hpp"
#include "links.hpp"
#include "talk.hpp"

namespace muster::host {

/// What is said in a world of several servers, and which of it a player who comes from another one
/// has been told there: each line once, wherever it was said and however it came here. Pure; the
/// world's thread. README.md tells why it is so.
class Lines {
  public:
    static constexpr std::size_t kept_max = 2'048;
    static constexpr std::size_t missed_max = 64;  ///< given to one player; the newest
    static constexpr std::size_t words_max = 4'096;
    static constexpr Instant kept_for{5'000'000};
    /// For the word of the server that a player has left.
    static constexpr Instant patience{1'000'000};

    struct Line {
        std::uint64_t origin = 0;
        std::uint64_t number = 0;
        Audience audience{};
        SharedBytes message{};
        Instant at{};
    };

    explicit Lines(std::uint64_t origin) : origin_(origin) {}

    /// Numbers what is said here.
    [[nodiscard]] Line say(SharedBytes message, Audience audience, Instant now);
    /// Every line, of here or elsewhere, when the players of here are told; by ascending id, whom
    /// it must not reach now: it did where they were, or may have.
    [[nodiscard]] std::vector<sim::PlayerId> heard(const Line& line);

    /// A player has come. What it has missed, if the word of the server that it left is here; else
    /// it is told nothing until told() or expire() says what it has missed.
    [[nodiscard]] std::vector<Line> arrived(sim::PlayerId player, Instant now);
    /// The word of the server that a player left, which may come before the player does.
    [[nodiscard]] std::vector<Line> told(sim::PlayerId player, const talk::Told& told, Instant now);
    /// It came without a page, which hears nothing.
    void came_alone(sim::PlayerId player) { words_.erase(player); }
    /// Those for whom no such word came: they are told what was said since they are here.
    [[nodiscard]] std::vector<std::pair<sim::PlayerId, Line>> expire(Instant now);
    /// How far a player who goes now has been told.
    [[nodiscard]] talk::Told departed(sim::PlayerId player);

  private:
    using Numbers = std::map<std::uint64_t, std::uint64_t>;  ///< the newest, by origin
    struct Arrival {
        Numbers told;
        Instant at{};
        bool is_known = false;  ///< `told` is what the other server said, not what was here then
    };
    struct Word {
        talk::Told told;
        Instant at{};
    };
    [[nodiscard]] std::vector<Line> missed(const Numbers& told, Instant now) const;
    static void note(Numbers& numbers, std::uint64_t origin, std::uint64_t number);

    const std::uint64_t origin_;
    std::uint64_t said_ = 0;
    Numbers newest_;
    std::deque<Line> kept_;
    std::map<sim::PlayerId, Arrival> arrivals_;
    std::map<sim::PlayerId, Word> words_;  ///< of players who are not here yet
};

}  // namespace muster::host
