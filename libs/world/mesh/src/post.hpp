#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/mesh/wire.hpp"
#include "muster/territory/holdings.hpp"

namespace muster::mesh {

using Instant = territory::Instant;

/// The letters of one server: numbered, repeated until acknowledged, delivered once and in order,
/// over a bus that loses, repeats, delays and reorders. Pure: parcels and times in, parcels out.
///
/// Numbers belong to a *line*, from one process to another: a server that was started again is
/// another process. They are never used twice on a line, not even after forget(): what was sent and
/// then taken back is said again as a *blank*, a Talk without bytes, which takes its number and is
/// delivered to nobody. So whoever forgets, or takes one process for another for a while, loses no
/// letter that comes after.
///
/// A receiver keeps nothing that is not next: a bus seldom reorders, and what is missing comes
/// again within `repeat_after` together with what follows it, so that a window of what came early
/// would save a tenth of a second now and then and cost memory that peers decide on.
class Post {
  public:
    static constexpr std::size_t waiting_max = 4'096;  ///< letters for one peer
    static constexpr std::size_t waiting_bytes_max = 8U << 20U;
    static constexpr std::size_t window = 1'024;  ///< sent and not acknowledged
    static constexpr std::size_t parcel_bytes_max = 64U << 10U;
    static constexpr std::size_t parcels_max = 8;  ///< for one peer in a flush
    static constexpr std::size_t peers_max = 1'024;
    static constexpr std::chrono::milliseconds repeat_after{100};
    /// With the time between two flushes no more than 50.
    static constexpr std::chrono::milliseconds acknowledge_after{30};
    /// Another process has a server's name only after this one was silent for so long; until then
    /// what comes in the name of another is taken for something late.
    static constexpr std::chrono::milliseconds quiet_before_restart{1'000};

    /// `life` is this process's.
    explicit Post(std::uint64_t life) : life_(life) {}

    /// To be said by the next flush(). When too much waits, the oldest Talk is dropped, or, when
    /// there is none, the oldest of what is neither a Crossing nor a Crossed; when all are those,
    /// or there are too many peers: false, and the letter stays the caller's. A Talk without bytes
    /// says nothing and is not sent.
    [[nodiscard]] bool send(std::string_view peer, Letter&& letter);

    /// Where a letter stands among all that were sent to a peer.
    struct Place {
        std::uint64_t line = 0;  ///< 0: nowhere
        std::uint64_t number = 0;
    };
    /// Of the last letter to the peer.
    [[nodiscard]] Place last(std::string_view peer) const;
    /// Whether the peer's process has acknowledged it. Not to be asked of what was taken back.
    [[nodiscard]] bool has_come(std::string_view peer, Place place) const;

    struct Heard {
        bool is_late = false;            ///< of a process that is no more: nothing in it counts
        std::vector<Letter> returned{};  ///< what an earlier process has not acknowledged, in
                                         ///< order; it may have got it, and the new one never will
    };
    /// To be called for every message of whatever kind, before anything in it is used.
    [[nodiscard]] Heard heard(std::string_view peer, std::uint64_t life, Instant now);
    /// The letters in it that are next, in order. Nothing from whom heard() said is late.
    [[nodiscard]] std::vector<Letter> take(std::string_view peer, std::uint64_t life,
                                           Parcel&& parcel, Instant now);

    /// What is due: new letters, those that are not acknowledged for too long, acknowledgements.
    void flush(Instant now, const std::function<void(std::string_view peer, Parcel&&)>& publish);

    /// Takes back what the peer has not acknowledged, in order; it may have got it.
    [[nodiscard]] std::vector<Letter> forget(std::string_view peer);
    /// For whom letters wait who was not heard of for so long.
    [[nodiscard]] std::vector<std::string> silent(Instant now,
                                                  std::chrono::milliseconds time) const;
    /// For whom letters were dropped since the last call.
    [[nodiscard]] std::vector<std::string> overflowed();

    struct Statistics {
        std::size_t peers = 0;
        std::size_t waiting = 0;     ///< letters
        std::uint64_t repeated = 0;  ///< letters
        std::uint64_t dropped = 0;   ///< letters
    };
    [[nodiscard]] Statistics statistics() const;

  private:
    /// To one process of a peer, and from it.
    struct Line {
        std::uint64_t serial = 0;  ///< its own, not 0
        std::uint64_t life = 0;    ///< 0: not known yet, nothing was sent
        // Out. Numbers: up to `acknowledged`, then `blanks`, then the queue's.
        std::uint64_t acknowledged = 0;
        std::uint64_t sent = 0;  ///< the greatest number that was ever sent
        std::size_t blanks = 0;
        std::deque<Letter> queue{};     ///< with blanks for what was sent and then dropped
        std::size_t waiting = 0;        ///< in the queue, but blanks
        std::size_t waiting_bytes = 0;  ///< of these
        Instant repeat_at{};
        // In.
        std::uint64_t received = 0;
        std::optional<Instant> acknowledge_at{};

        [[nodiscard]] std::uint64_t last_number() const {
            return acknowledged + blanks + queue.size();
        }
        [[nodiscard]] std::vector<Letter> take_back();
        void acknowledge(std::uint64_t number, Instant now);
        [[nodiscard]] bool drop_one();
    };
    struct Peer {
        std::deque<Line> lines{};  ///< the newest process first
        std::optional<Instant> heard_at{};
        std::optional<Instant> asked_at{};  ///< for its life
        bool overflowed = false;

        [[nodiscard]] Line& line() { return lines.front(); }
        [[nodiscard]] const Line& line() const { return lines.front(); }
    };
    using Publish = std::function<void(std::string_view peer, Parcel&&)>;

    Peer* peer_of(std::string_view name);
    bool make_place();
    void flush_line(std::string_view name, Line& line, Instant now, const Publish& publish);
    [[nodiscard]] Parcel parcel_from(const Line& line, std::uint64_t first) const;

    std::uint64_t life_;
    std::map<std::string, Peer, std::less<>> peers_;
    std::uint64_t lines_ = 0;  ///< ever made
    std::uint64_t repeated_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace muster::mesh
