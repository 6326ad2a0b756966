#pragma once

#include <map>
#include <string>
#include <utility>

#include "house.hpp"
#include "metrics.hpp"

namespace muster::coordinator {

/// What is counted over time, beside what the parts count themselves. Series of a server that is
/// removed go with it: only games and states are labels.
class Observations {
  public:
    explicit Observations(const Clock& clock) : clock_(clock) {}

    void request(const http::Request& request, int status, std::chrono::microseconds took);
    /// A server that was there before we were: nobody knows how long it took.
    void found(const brain::Server& server, const brain::State& state);
    /// A server's record changed, or is gone when `server` is null.
    void server_changed(const std::string& id, const brain::Server* server,
                        const brain::State& state);
    [[nodiscard]] std::string expose(const House& house) const;

  private:
    struct Seen {
        std::string game;
        std::string state;
        Timestamp since{};
        Timestamp created{};
        bool was_ready = false;
    };
    void expose_fleet(Exposition& out, const House& house) const;
    void expose_work(Exposition& out, const House& house) const;

    const Clock& clock_;
    std::map<std::string, Seen> servers_;
    std::map<std::string, std::uint64_t> total_by_state_;  ///< entered, ever
    std::map<std::string, Histogram> creation_;            ///< by game
    std::map<std::string, Histogram> in_state_;            ///< by state
    struct Route {
        Histogram seconds;
        std::map<int, std::uint64_t> by_status;
    };
    std::map<std::string, Route> routes_;
};

void add_metrics_api(Routes& routes, House& house, const Observations& observations);

}  // namespace muster::coordinator
