#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chance.hpp"
#include "muster/territory/territory.hpp"
#include "promises.hpp"

namespace muster::territory {

struct SimulationSummary {
    std::size_t decisions = 0;
    std::size_t gained = 0;  ///< grants that began an ownership
    std::size_t withdrawals = 0;
    std::size_t splits = 0;
    std::size_t merges = 0;
    std::size_t stale = 0;       ///< answers that came too late to be looked at
    std::size_t ran_out = 0;     ///< leases that ended at a holder
    std::size_t to_keepers = 0;  ///< regions of the dead that went to who had the copy
    std::size_t drained = 0;     ///< servers that a drain had emptied at the end
    std::size_t coordinator_crashes = 0;
    std::size_t server_crashes = 0;
    std::size_t messages_lost = 0;
    std::vector<std::string> violations;

    void add(const SimulationSummary& other);
};

/// A coordinator and two to six world servers, each with a clock of its own that runs up to 2 %
/// fast or slow, under lost, late, repeated and reordered messages, partitions, stalls and crashes,
/// all from one seed. Then everything heals, and must come to rest.
class Simulation {
  public:
    Simulation(std::uint64_t seed, milliseconds of_faults);
    [[nodiscard]] SimulationSummary run();

  private:
    using Micros = std::int64_t;  ///< true time
    using Said = decltype(Event::what);

    struct ProcessClock {
        std::int64_t offset = 0;  ///< milliseconds
        std::int64_t ppm = 0;
        [[nodiscard]] Instant at(Micros time) const {
            return Instant(offset +
                           (time + time / 1'000'000 * ppm + time % 1'000'000 * ppm / 1'000'000) /
                               1'000);
        }
    };
    struct WorldServer {
        std::string id{};
        ProcessClock clock{};
        std::uint32_t capacity = 0;
        std::set<std::string> worlds{};
        std::unique_ptr<Holdings> holdings{};  ///< none: it is dead
        std::uint64_t session = 0;             ///< 0: it has no link
        Micros answered_at = 0;                ///< or linked
        Micros stalled_until = 0;
        bool is_cut_up = false;    ///< nothing gets from it to the coordinator
        bool is_cut_down = false;  ///< nothing gets to it
        bool is_stubborn = false;  ///< never leaves
        bool wants_drain = false;
    };

    // ---- time
    void later(Micros delay, std::function<void()> what);
    void run_until(Micros end);

    // ---- the coordinator
    void tell(Said what);
    [[nodiscard]] bool persist(const std::vector<Action>& actions);
    void perform(const std::vector<Action>& actions);
    void tick();
    void crash();
    void restart();
    void note_record(const WorldRecord* before, const WorldRecord& after);

    // ---- servers
    void start(WorldServer& server);
    void turn(WorldServer& server, std::uint64_t life);
    void connect(WorldServer& server);
    void leave(WorldServer& server);
    void ask(WorldServer& server);
    void arrived(WorldServer& server, const Answer& answer);
    void deliver(WorldServer& server, const Answer& answer);
    [[nodiscard]] std::vector<RegionLoad> loads(const WorldServer& server);

    // ---- messages
    [[nodiscard]] Micros delay();
    void up(WorldServer& server, Said what, bool is_of_link);
    [[nodiscard]] WorldServer* server(std::string_view id);
    [[nodiscard]] std::vector<Promises::Owner> owners() const;

    // ---- faults and rest
    void disturb();
    void disturb_server(WorldServer& server);
    void disturb_people();
    void heal();
    void come_to_rest();
    [[nodiscard]] bool is_all_owned() const;
    [[nodiscard]] bool is_drained(const WorldServer& server) const;

    Chance chance_;
    Micros faults_end_;
    bool faults_ = true;
    bool is_tight_ = false;  ///< hardly any delay, so that only margins keep owners apart
    Micros now_ = 0;
    std::multimap<Micros, std::function<void()>> queue_;
    Promises promises_;
    SimulationSummary summary_;

    Config config_;
    ProcessClock clock_;
    std::unique_ptr<State> state_;  ///< none: it is down
    std::uint64_t incarnation_ = 0;
    Standing disk_standing_;
    bool has_standing_ = false;
    std::map<std::string, WorldRecord> disk_;

    std::vector<WorldServer> servers_;
    std::uint64_t sessions_ = 0;
    std::uint64_t lives_ = 0;
    Point crowd_{};
    std::int64_t crowd_players_ = 0;
    std::int64_t players_ = 0;
};

}  // namespace muster::territory
