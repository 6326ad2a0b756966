#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "extension_desk.hpp"
#include "histogram.hpp"
#include "muster/sim/recording.hpp"
#include "newsroom.hpp"
#include "people.hpp"
#include "recording_file.hpp"
#include "shared.hpp"
#include "spread_world.hpp"

namespace muster::host {

struct LeaveCommand {
    std::string ticket;
};
struct WitnessCommand {
    std::function<void(Witness)> then;
};
struct BotsCommand {
    std::uint16_t wanted = 0;
};
struct InjectCommand {
    std::uint8_t command = 0;
    std::vector<std::byte> payload;
};
struct AnnounceCommand {
    std::string text;
};
struct KickCommand {
    Kick kick;
    std::function<void(Result<PersonFacts>)> then;
};
struct PeopleCommand {
    std::function<void(Result<std::vector<PersonFacts>>)> then;
};
using Command = std::variant<JoinCommand, LeaveCommand, WitnessCommand, BotsCommand, InjectCommand,
                             AnnounceCommand, KickCommand, PeopleCommand, mesh::Decision,
                             territory::Withdraw, GuestAnswerCommand>;

/// A world and the thread that ticks it. open() before the shards start, start() after; what may be
/// called from other threads says so.
class WorldThread {
  public:
    [[nodiscard]] static Result<std::unique_ptr<WorldThread>> open(Shared& shared, WorldDoor& door,
                                                                   WorldOptions options);
    ~WorldThread();
    WorldThread(const WorldThread&) = delete;
    WorldThread& operator=(const WorldThread&) = delete;

    Result<void> start(std::optional<unsigned> core);
    void stop();  ///< returns when the thread has ended; what waits is answered `unavailable`

    /// Any thread: done at the start of the next tick. `unavailable` when too many wait.
    Result<void> post(Command command);
    [[nodiscard]] WorldStatistics statistics(Instant now) const;              ///< any thread
    [[nodiscard]] bool is_spread() const { return spread_ != nullptr; }       ///< any thread
    [[nodiscard]] bool has_extension() const { return door_.has_extension; }  ///< any thread
    [[nodiscard]] double load() const { return load_.share(); }               ///< any thread

  private:
    WorldThread(Shared& shared, WorldDoor& door, WorldOptions options,
                std::unique_ptr<RecordingFile> file);

    void run();
    void tick();
    void step(Instant now);
    void take_commands(Instant now);
    void take(Command& command, Instant now);
    void take_order(Command& command);
    void take_notes(Instant now);
    void tell();
    void tell_scores();
    void record();
    void sleep_until_wanted();
    [[nodiscard]] bool match_changed();

    static constexpr std::size_t commands_max = 4'096;
    static constexpr unsigned late_ticks_max = 3;  ///< made up for; beyond, they are skipped

    Shared& shared_;
    WorldDoor& door_;
    const WorldOptions options_;
    const std::string map_name_;
    sim::World world_;
    bots::Bots bots_;
    FramePool frames_;
    std::unique_ptr<RecordingFile> file_;
    std::optional<sim::Recorder> recorder_;
    Post post_;
    ExtensionDesk extension_;
    People people_;
    std::unique_ptr<SpreadWorld> spread_;  ///< null: the world is all ours
    std::vector<std::function<void(Witness)>> witnesses_;

    Newsroom newsroom_;
    sim::Match told_match_;
    std::vector<sim::Flag> told_flags_;
    std::chrono::steady_clock::time_point empty_since_;

    std::mutex mutex_;
    std::condition_variable wanted_;
    std::deque<Command> commands_;  // guarded by mutex_
    bool stopping_ = false;         // guarded by mutex_
    std::atomic<bool> has_commands_{false};

    const std::int64_t steps_;  ///< of 1/60 s, in a tick of ours

    Histogram inputs_time_, bots_time_, step_time_, frame_time_, tick_time_;
    Load load_;
    std::atomic<bool> asleep_{false};
    std::atomic<std::int64_t> ended_at_{0};  // microseconds
    std::atomic<std::uint64_t> tick_{0}, late_{0}, skipped_{0}, inputs_{0};
    std::atomic<std::uint16_t> people_count_{0}, bots_count_{0};
    std::thread thread_;
};

}  // namespace muster::host
