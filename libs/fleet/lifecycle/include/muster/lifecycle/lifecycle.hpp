#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// The life of one server on its node, as a pure state machine: events in, actions out. No clock,
/// no random numbers, no I/O; the caller passes the time, carries the actions out and says how they
/// went.
namespace muster::lifecycle {

enum class State {
    creating,    ///< accepted, nothing is there yet
    installing,  ///< the image is fetched, files are written, the instance is made
    starting,    ///< runs, and has not said that it is ready
    ready,
    unhealthy,  ///< runs, but did not become ready in time
    paused,
    stopping,
    stopped,
    crashed,  ///< ended by itself with an error, or could not be made or started; see the reason
    unknown   ///< the engine does not answer
};
[[nodiscard]] std::string_view name_of(State state);

/// What the game and its owner say about ready, stop and crash.
struct Rules {
    bool ready_by_line = false;     ///< else it is ready as soon as it runs
    milliseconds ready_timeout{0};  ///< 0: for ever. Then it is unhealthy, and still runs
    bool stop_by_console = false;   ///< a command is typed first, then the signal
    milliseconds grace{30'000};     ///< so long it may take to stop
    bool restart_on_crash = true;
    milliseconds backoff_first{1'000};
    milliseconds backoff_max{60'000};
    std::uint32_t give_up_after = 5;     ///< crashes in a row; 0: never
    milliseconds healthy_after{60'000};  ///< running so long ends the row
    bool operator==(const Rules&) const = default;
};
/// After the console command's grace the signal gets as much again, but no more than this.
inline constexpr milliseconds signal_grace_max{10'000};
/// A clean exit so shortly before the engine went away was the engine's doing (it stops what runs).
inline constexpr milliseconds engine_farewell{15'000};

enum class Life { none, standing, running, paused };

/// What the engine says about the server's instance.
struct Observation {
    Life life = Life::none;
    std::int64_t run = 0;  ///< names the run: its start in Unix milliseconds; 0: never started
    int exit_code = 0;
    bool out_of_memory = false;
    bool outdated = false;           ///< made from an older specification
    bool ended_with_engine = false;  ///< ended because the engine or the host did
    bool operator==(const Observation&) const = default;
};

/// What the caller does to the world. Each is safe to repeat and is answered by event::Done; before
/// the Done of `start`, `kill`, `pause` and `unpause` the caller looks and sends what it Observed.
/// After a Done with `engine_gone` it sends EngineBack as soon as the engine answers again.
enum class Call {
    pull,         ///< fetch the image, as the specification's policy says
    install,      ///< make folders, write files, choose and check ports
    create,       ///< the instance
    start,        ///< it
    type_stop,    ///< the stop command into its console
    signal_stop,  ///< the stop signal
    kill,         ///< done when it is dead
    pause,
    unpause,
    remove,     ///< the instance
    remove_all  ///< the instance and all that the node keeps of the server
};
[[nodiscard]] std::string_view name_of(Call call);
enum class Timer { ready, grace, restart, healthy };

namespace event {
/// Commands. `operation` comes back in Conclude; empty when nobody waits.
struct Deploy {
    std::string operation;
    Rules rules;
    bool start = true;     ///< false on a running server: takes effect at its next start
    bool resumed = false;  ///< begun before: what is up to date already is kept
};
struct Start {
    std::string operation;
};
struct Stop {
    std::string operation;
};
struct Restart {
    std::string operation;
};
struct Kill {
    std::string operation;
};
struct Pause {
    std::string operation;
};
struct Unpause {
    std::string operation;
};
struct Remove {
    std::string operation;
};
/// The current command's deadline is over (or somebody takes it back).
struct CallOff {
    Error reason;
};
struct Done {
    std::uint64_t ticket = 0;
    Result<void> result;
    bool engine_gone = false;  ///< failed because the engine does not answer
};
struct Observed {
    Observation what;
};
/// The console said the ready line, in the run of that name.
struct ReadyLine {
    std::int64_t run = 0;
};
struct TimerFired {
    Timer timer = Timer::ready;
    std::uint64_t ticket = 0;
};
struct EngineAway {};
/// Also the first word after the node's own start.
struct EngineBack {
    Observation what;
};
}  // namespace event

using Event = std::variant<event::Deploy, event::Start, event::Stop, event::Restart, event::Kill,
                           event::Pause, event::Unpause, event::Remove, event::CallOff, event::Done,
                           event::Observed, event::ReadyLine, event::TimerFired, event::EngineAway,
                           event::EngineBack>;

namespace action {
/// At most one is in flight at a time, and a kill beside it.
struct Do {
    Call call = Call::pull;
    std::uint64_t ticket = 0;
};
/// The call is not needed any more: end it if it can be ended; its Done is not awaited.
struct Cancel {
    std::uint64_t ticket = 0;
};
/// Replaces the timer of that kind.
struct SetTimer {
    Timer timer = Timer::ready;
    milliseconds after{0};
    std::uint64_t ticket = 0;
};
/// The command of that operation is over.
struct Conclude {
    std::string operation;
    Result<void> result;
};
/// What people see has changed.
struct Report {};
/// The memory has changed: keep it before what follows is done.
struct Remember {};
}  // namespace action

using Action = std::variant<action::Remember, action::Do, action::Cancel, action::SetTimer,
                            action::Conclude, action::Report>;

/// What must survive the node's own restart.
struct Memory {
    bool wanted = false;           ///< it should run
    std::uint32_t crashes = 0;     ///< in a row
    std::int64_t counted_run = 0;  ///< whose end has been counted already
    std::int64_t ready_run = 0;    ///< which has been ready
    int exit_code = 0;
    State state = State::creating;
    std::string reason;
    Timestamp since{};
    bool operator==(const Memory&) const = default;
};

/// One command at a time; kill is the exception.
enum class Task { none, deploy, start, stop, restart, kill, pause, unpause, remove, recover };

/// Where in ending a run we are.
enum class Ending { not_begun, typed, signalled, killed };

struct CallInFlight {
    Call call = Call::pull;
    std::uint64_t ticket = 0;
    Task task = Task::none;  ///< that asked for it
    bool operator==(const CallInFlight&) const = default;
};

/// The whole state. Read it freely; only step() changes it.
struct Server {
    Rules rules;
    Memory memory;
    Life life = Life::none;
    std::int64_t run = 0;
    std::int64_t ended_run = 0;  ///< that we ended: its death is no news
    bool outdated = false;
    bool engine = false;  ///< answers
    std::optional<Timestamp> away_since;
    bool looked = false;     ///< the engine has answered once since the node's own start
    bool unhealthy = false;  ///< this run was not ready in time
    bool removed = false;
    std::optional<Observation> early_end;  ///< of a run that was over before its start was answered

    Task task = Task::none;
    std::vector<std::string> operations;  ///< that wait for the task
    bool start_after = false;             ///< deploy: start it
    bool pulled = false;                  ///< in this task
    bool installed = false;
    Ending ending = Ending::not_begun;
    bool grace_over = false;
    std::optional<CallInFlight> call;
    std::optional<CallInFlight> ghost;  ///< called off, but may yet come true
    std::optional<std::uint64_t> kill;  ///< in flight beside the call

    std::uint64_t last_ticket = 0;
    std::uint64_t ready_timer = 0;  ///< tickets of the timers that count; 0: none
    std::uint64_t grace_timer = 0;
    std::uint64_t restart_timer = 0;
    std::uint64_t healthy_timer = 0;
    std::optional<Timestamp> clean_exit_at;
};

/// What people see: the last known state, or `unknown` while the engine does not answer.
[[nodiscard]] State shown(const Server& server);

/// A new server, or one whose memory was kept. Until the first EngineBack it is unknown.
[[nodiscard]] Server restore(Rules rules, Memory memory);

struct Moment {
    Timestamp now{};
    std::uint32_t random = 0;  ///< any number, for the jitter of the back-off
};

/// Takes one event. The actions are to be carried out in their order.
[[nodiscard]] std::vector<Action> step(Server& server, const Event& event, Moment moment);

/// How long to wait before the restart after the n-th crash in a row: doubled each time, capped,
/// and then between half and all of it.
[[nodiscard]] milliseconds backoff(const Rules& rules, std::uint32_t crashes, std::uint32_t random);

/// "exit code 3", "exit code 139 (signal 11)", "out of memory".
[[nodiscard]] std::string describe_exit(int exit_code, bool out_of_memory);

}  // namespace muster::lifecycle
