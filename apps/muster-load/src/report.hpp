#pragma once

#include <string>

#include "chat_check.hpp"
#include "options.hpp"
#include "relay.hpp"
#include "tally.hpp"

namespace muster::load {

/// What a run found.
struct Findings {
    Joins joins;
    Measured measured;
    ChatCheck chats{""};
    Relay::Counts relayed;
    double all_playing_seconds = 0;  ///< from the first request; 0: not all of them ever did
    std::string world;
    bool interrupted = false;

    [[nodiscard]] bool is_generator_bound() const { return measured.cpu_share_max > 0.8; }
    /// Clients that decoded what the server does not hold, or lost what cannot be lost.
    [[nodiscard]] bool is_wrong() const {
        return measured.verdict.mismatches() + measured.bad_messages + chats.lost() +
                   chats.out_of_order() + chats.doubled() + measured.crossings.strangers +
                   players_doubled() !=
               0;
    }
    /// Snapshots in which a player saw itself among the others, and players that two of ours were
    /// at the end.
    [[nodiscard]] std::uint64_t players_doubled() const;
    /// Not everybody played, or somebody was dropped. In a storm they come and go, and so it cannot
    /// be said; nor of a run that was interrupted before all had joined.
    [[nodiscard]] bool is_short(const Options& options) const {
        if (options.pattern == Pattern::storm) return false;
        return joins.dropped > 0 || (all_playing_seconds <= 0 && !interrupted);
    }
};

/// One JSON object, one line. Times in milliseconds, rates a second.
[[nodiscard]] std::string to_json(const Options& options, const Findings& findings);
/// For people.
[[nodiscard]] std::string to_table(const Options& options, const Findings& findings);

}  // namespace muster::load
