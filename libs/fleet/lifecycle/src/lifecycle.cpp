#include "muster/lifecycle/lifecycle.hpp"

#include <algorithm>
#include <array>

#include "machine.hpp"
#include "muster/base/assert.hpp"

namespace muster::lifecycle {
namespace {

/// Everything that people or the coordinator see; when it changes, it is reported.
struct Visible {
    State state;
    std::string reason;
    int exit_code;
    std::uint32_t crashes;
    std::int64_t run;
    bool removed;
    bool operator==(const Visible&) const = default;
};

Visible visible(const Server& server) {
    return {shown(server),         server.memory.reason, server.memory.exit_code,
            server.memory.crashes, server.run,           server.removed};
}

/// Calls that can be ended half-way: nothing of the engine is left in the air.
bool can_be_ended(Call call) {
    return call == Call::pull || call == Call::install || call == Call::type_stop;
}

}  // namespace

std::string_view name_of(State state) {
    static constexpr std::array<std::string_view, 10> names{
        "creating", "installing", "starting", "ready",   "unhealthy",
        "paused",   "stopping",   "stopped",  "crashed", "unknown"};
    return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(Call call) {
    static constexpr std::array<std::string_view, 11> names{
        "pull", "install", "create",  "start",  "type_stop", "signal_stop",
        "kill", "pause",   "unpause", "remove", "remove_all"};
    return names.at(static_cast<std::size_t>(call));
}

std::string describe_exit(int exit_code, bool out_of_memory) {
    if (out_of_memory) return "out of memory";
    std::string text = "exit code " + std::to_string(exit_code);
    if (exit_code > 128 && exit_code < 128 + 65) {
        text += " (signal " + std::to_string(exit_code - 128) + ")";
    }
    return text;
}

milliseconds backoff(const Rules& rules, std::uint32_t crashes, std::uint32_t random) {
    const std::uint32_t doublings = std::min(crashes > 0 ? crashes - 1 : 0, 20U);
    const auto first = std::max<std::int64_t>(rules.backoff_first.count(), 0);
    const auto most = std::max<std::int64_t>(rules.backoff_max.count(), first);
    const std::int64_t whole = first > (most >> doublings) ? most : first << doublings;
    const std::int64_t half = whole / 2;
    return milliseconds(whole - static_cast<std::int64_t>(random) % (half + 1));
}

State shown(const Server& server) {
    return server.engine ? server.memory.state : State::unknown;
}

Server restore(Rules rules, Memory memory) {
    Server server;
    server.rules = rules;
    server.memory = std::move(memory);
    return server;
}

std::vector<Action> step(Server& server, const Event& event, Moment moment) {
    const Memory memory = server.memory;
    const Visible before = visible(server);
    Machine machine(server, moment);
    std::visit([&](const auto& what) { machine.on(what); }, event);
    std::vector<Action> after = machine.take();
    std::vector<Action> actions;
    actions.reserve(after.size() + 2);
    if (server.memory != memory) actions.emplace_back(action::Remember{});
    if (visible(server) != before) actions.emplace_back(action::Report{});
    std::ranges::move(after, std::back_inserter(actions));
    return actions;
}

void Machine::show(State state, std::string reason) {
    if (s_.memory.state != state) s_.memory.since = moment_.now;
    s_.memory.state = state;
    s_.memory.reason = std::move(reason);
}

void Machine::set_timer(Timer timer, std::uint64_t& ticket, milliseconds after) {
    ticket = new_ticket();
    actions_.emplace_back(action::SetTimer{timer, after, ticket});
}

void Machine::request(Call call) {
    MUSTER_ASSERT(!s_.call && !s_.ghost);
    s_.call = CallInFlight{call, new_ticket(), s_.task};
    actions_.emplace_back(action::Do{call, s_.call->ticket});
}

void Machine::request_kill() {
    MUSTER_ASSERT(!s_.kill);
    s_.kill = new_ticket();
    s_.ended_run = s_.run;
    s_.ending = Ending::killed;
    actions_.emplace_back(action::Do{Call::kill, *s_.kill});
}

bool Machine::admit(const std::string& operation) {
    std::optional<Error> why;
    if (s_.removed) why = Error{Errc::not_found, "the server has been removed", ""};
    if (s_.task != Task::none && s_.task != Task::recover) {
        why = Error{Errc::conflict, "another operation on this server is under way", ""};
    }
    if (!why) return true;
    if (!operation.empty()) {
        actions_.emplace_back(action::Conclude{operation, std::unexpected(*why)});
    }
    return false;
}

void Machine::begin(Task task, const std::string& operation) {
    if (s_.call && can_be_ended(s_.call->call)) call_off_current();
    s_.task = task;
    s_.operations.clear();
    if (!operation.empty()) s_.operations.push_back(operation);
    s_.pulled = false;
    s_.installed = false;
    s_.ending = Ending::not_begun;
    s_.grace_over = false;
    s_.grace_timer = 0;
    s_.restart_timer = 0;
    s_.clean_exit_at.reset();
    if (task != Task::recover) s_.memory.crashes = 0;
}

void Machine::finish(Result<void> result) {
    if (!result) s_.ended_run = 0;
    for (const std::string& operation : s_.operations) {
        actions_.emplace_back(action::Conclude{operation, result});
    }
    s_.operations.clear();
    s_.task = Task::none;
    s_.grace_timer = 0;
}

void Machine::call_off_current() {
    if (!s_.call) return;
    if (can_be_ended(s_.call->call)) {
        actions_.emplace_back(action::Cancel{s_.call->ticket});
    } else {
        s_.ghost = s_.call;
    }
    s_.call.reset();
}

void Machine::on(const event::Deploy& command) {
    if (!admit(command.operation)) return;
    s_.rules = command.rules;
    if (!command.resumed) s_.outdated = s_.life != Life::none;
    if (alive(s_.life) && !command.start) {
        // It is stored; a server that runs is not disturbed for it.
        if (!command.operation.empty()) {
            actions_.emplace_back(action::Conclude{command.operation, {}});
        }
        return;
    }
    begin(Task::deploy, command.operation);
    s_.start_after = command.start;
    if (!command.start) s_.memory.wanted = false;
    advance();
}

void Machine::on(const event::Start& command) {
    if (!admit(command.operation)) return;
    begin(Task::start, command.operation);
    advance();
}

void Machine::on(const event::Stop& command) {
    if (!admit(command.operation)) return;
    begin(Task::stop, command.operation);
    s_.memory.wanted = false;
    advance();
}

void Machine::on(const event::Restart& command) {
    if (!admit(command.operation)) return;
    begin(Task::restart, command.operation);
    advance();
}

void Machine::on(const event::Pause& command) {
    if (!admit(command.operation)) return;
    begin(Task::pause, command.operation);
    advance();
}

void Machine::on(const event::Unpause& command) {
    if (!admit(command.operation)) return;
    begin(Task::unpause, command.operation);
    advance();
}

void Machine::on(const event::Remove& command) {
    if (s_.removed) {
        // Asked again after it came true.
        if (!command.operation.empty()) {
            actions_.emplace_back(action::Conclude{command.operation, {}});
        }
        return;
    }
    if (!admit(command.operation)) return;
    begin(Task::remove, command.operation);
    s_.memory.wanted = false;
    advance();
}

void Machine::on(const event::Kill& command) {
    if (s_.task == Task::kill) {
        if (!command.operation.empty()) s_.operations.push_back(command.operation);
        return;
    }
    finish(fail(Errc::cancelled, "the server was killed meanwhile"));
    call_off_current();
    begin(Task::kill, command.operation);
    s_.memory.wanted = false;
    advance();
}

void Machine::on(const event::CallOff& what) {
    if (s_.task == Task::none || s_.task == Task::recover) return;
    const bool starts =
        s_.task == Task::deploy || s_.task == Task::start || s_.task == Task::restart;
    const std::int64_t ended_run = s_.ended_run;
    call_off_current();
    finish(std::unexpected(what.reason));
    // A stop that is called off may still come true; then it was no crash.
    s_.ended_run = ended_run;
    if (starts && !alive(s_.life) && !s_.ghost) {
        s_.memory.wanted = false;
        show(State::crashed, what.reason.message);
        return;
    }
    settle();
}

}  // namespace muster::lifecycle
