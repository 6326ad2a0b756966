#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examiner.hpp"
#include "histogram.hpp"

namespace muster::load {

inline constexpr std::size_t reasons_max = 32;  ///< they are the server's words; then "others"

/// What joining was like, from the start of the run to its end. Times in microseconds.
struct Joins {
    Histogram answer;  ///< from the request until its answer
    Histogram first;   ///< from the request until the first snapshot
    std::uint64_t asked = 0, playing = 0, failed = 0;
    std::uint64_t put_off = 0;  ///< answers 429 and 503: asked again later
    std::uint64_t dropped = 0;  ///< connections that the world ended, or that broke
    /// Of `put_off`, `failed` and `dropped`; at most `reasons_max` different ones.
    std::map<std::string, std::uint64_t> reasons;
    std::string last_refusal;  ///< of an answer that was none: its status and the server's words
    void count(const std::string& reason);
    void merge(const Joins& other);
};

/// How players came from one server of the world to the next. Times in microseconds.
struct Crossings {
    Histogram gap;   ///< between the last snapshot of one server and the first of the next
    Histogram back;  ///< the same, where the player had no connection between the two: it resumed
    std::uint64_t count = 0;        ///< by a second connection
    std::uint64_t unconnected = 0;  ///< without: the player was moved, and resumed
    std::uint64_t invitations = 0;  ///< to a next server
    std::uint64_t refused = 0;      ///< invitations that came to nothing by the next server's word
    std::uint64_t strangers = 0;    ///< came out as somebody else: the player before is lost
    std::uint64_t doubles = 0;      ///< snapshots in which a player saw itself among the others
    std::map<std::string, std::uint64_t> falls;  ///< why players had to resume
    void merge(const Crossings& other);
};

/// What playing was like within the measured time.
struct Measured {
    Histogram input_to_ack;  ///< microseconds, from when an input was due to be sent
    Histogram seen_age;      ///< milliseconds, of entities in view when the witness looked
    Histogram gap;           ///< microseconds between two snapshots of one client
    Verdict verdict;
    Crossings crossings;
    std::vector<std::uint32_t> identities;  ///< at the end: the id above the generation
    std::uint64_t snapshots = 0, entities = 0, stale_snapshots = 0, bad_messages = 0;
    std::uint64_t inputs = 0, inputs_unsent = 0;  ///< the second: the channel did not take them
    std::uint64_t freezes = 0;                    ///< more than 500 ms without a snapshot
    std::uint64_t datagrams_up = 0, datagrams_down = 0, bytes_up = 0, bytes_down = 0;
    std::uint64_t socket_drops = 0;  ///< our own system did not take a datagram
    std::uint64_t notices_overload = 0, notices_chat = 0;
    std::uint64_t client_ticks = 0;  ///< inputs due while playing: the unit of a server's cost
    std::uint64_t witnesses = 0, witnesses_failed = 0;
    double cpu_seconds = 0, cpu_share_max = 0;  ///< of our threads; the second of the busiest
    double seconds = 0;
    std::uint64_t players = 0;  ///< that played at the end
    void merge(const Measured& other);
};

}  // namespace muster::load
