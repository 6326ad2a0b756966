#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <optional>

#include "examiner.hpp"
#include "muster/http/client.hpp"
#include "player.hpp"
#include "tally.hpp"

namespace muster::load {

/// Asks the server for the truth of a tick twice a second, and holds players against it, a few at
/// a time, once what they were sent for that tick has had time to come.
class Watch {
  public:
    struct Options {
        std::string world;
        Instant settle{250'000};  ///< between an answer and its use
        sim::Tick age_max = 30;
    };
    Watch(Options options, Measured& measured);

    /// Asks until the client's context ends.
    http::asio::awaitable<void> ask(http::asio::io_context& context, http::Client& client,
                                    std::function<Instant()> now, const bool& measuring);

    /// Examines up to `at_most` of the players (nulls are skipped) against the truth that is ready.
    void examine(std::span<const Player* const> players, std::size_t at_most, Instant now);

  private:
    struct Answer {
        Truth truth;
        Instant at;
    };
    [[nodiscard]] const Truth* before(sim::Tick tick) const;

    Options options_;
    Measured& measured_;
    std::deque<Answer> waiting_;
    std::deque<Truth> past_;
    std::optional<Truth> present_;
    std::optional<Examiner> examiner_;
    std::size_t next_player_ = 0;
};

/// The answer of GET /api/v1/worlds/{world}/witness: {"tick", "entities": base64 of 12 bytes each}.
[[nodiscard]] Result<Truth> read_truth(const http::Response& response);

}  // namespace muster::load
