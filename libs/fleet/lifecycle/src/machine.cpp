#include "machine.hpp"

#include <algorithm>
#include <utility>

namespace muster::lifecycle {

// What to do next for the task. Everything is derived from what is true, so that a task that was
// interrupted anywhere is finished by asking for it again.
void Machine::advance() {
    if (!s_.engine || s_.kill) return;
    if (s_.task == Task::kill) {
        const bool may_start = s_.ghost && s_.ghost->call == Call::start;
        if (alive(s_.life) || (may_start && s_.ending != Ending::killed)) {
            show(State::stopping);
            request_kill();
            return;
        }
        show(State::stopped, "killed");
        // What was called off may yet come true, and must be ended then: only when it is back is
        // the kill over.
        if (!s_.ghost) finish({});
        return;
    }
    if (s_.call || s_.ghost) return;
    switch (s_.task) {
        case Task::none:
        case Task::kill:
            return;
        case Task::deploy:
            advance_deploy();
            return;
        default:
            advance_power();
            return;
    }
}

void Machine::advance_deploy() {
    const bool replaces = s_.life == Life::none || s_.outdated;
    if (replaces && !s_.pulled) {
        if (!alive(s_.life)) show(State::installing, "fetching the image");
        request(Call::pull);
        return;
    }
    if (replaces && !advance_ending()) return;
    if (alive(s_.life)) {
        s_.memory.wanted = true;
        finish({});
        settle();
        return;
    }
    if (!advance_preparing()) return;
    if (!s_.start_after) {
        show(State::stopped);
        finish({});
        return;
    }
    s_.memory.wanted = true;
    show(State::starting);
    request(Call::start);
}

void Machine::advance_power() {
    switch (s_.task) {
        case Task::restart:
            if (!advance_ending()) return;
            [[fallthrough]];
        case Task::start:
        case Task::recover:
            if (s_.life == Life::paused) {
                request(Call::unpause);
            } else if (s_.life == Life::running) {
                s_.memory.wanted = true;
                finish({});
                settle();
            } else if (advance_preparing()) {
                s_.memory.wanted = true;
                show(State::starting, s_.memory.reason);
                request(Call::start);
            }
            return;
        case Task::stop:
            if (!advance_ending()) return;
            show(State::stopped, s_.ending == Ending::killed
                                     ? "it did not stop in time and was killed"
                                     : std::string());
            finish({});
            return;
        case Task::remove:
            if (advance_ending()) request(Call::remove_all);
            return;
        case Task::pause:
            if (s_.life == Life::running) {
                request(Call::pause);
            } else {
                finish(s_.life == Life::paused ? Result<void>()
                                               : fail(Errc::conflict, "the server does not run"));
            }
            return;
        case Task::unpause:
            if (s_.life == Life::paused) {
                request(Call::unpause);
            } else {
                finish(s_.life == Life::running ? Result<void>()
                                                : fail(Errc::conflict, "the server does not run"));
            }
            return;
        case Task::none:
        case Task::deploy:
        case Task::kill:
            return;
    }
}

// Whether the run is over; else it asks for the next step of ending it.
bool Machine::advance_ending() {
    if (!alive(s_.life)) return true;
    show(State::stopping);
    if (s_.life == Life::paused) {
        request(Call::unpause);
        return false;
    }
    s_.ended_run = s_.run;
    if (s_.ending == Ending::not_begun && s_.rules.stop_by_console) {
        s_.ending = Ending::typed;
        set_timer(Timer::grace, s_.grace_timer, s_.rules.grace);
        request(Call::type_stop);
    } else if (s_.ending == Ending::not_begun || (s_.ending == Ending::typed && s_.grace_over)) {
        const bool typed = s_.ending == Ending::typed;
        s_.ending = Ending::signalled;
        s_.grace_over = false;
        set_timer(Timer::grace, s_.grace_timer,
                  typed ? std::min(s_.rules.grace, signal_grace_max) : s_.rules.grace);
        request(Call::signal_stop);
    } else if (s_.ending == Ending::signalled && s_.grace_over) {
        request_kill();
    } else if (s_.ending == Ending::killed) {
        request_kill();
    }
    return false;
}

// Whether an instance of the latest specification stands ready to be started.
bool Machine::advance_preparing() {
    if (s_.life == Life::standing && !s_.outdated) return true;
    if (!s_.pulled) {
        show(State::installing, "fetching the image");
        request(Call::pull);
    } else if (s_.life == Life::standing) {
        request(Call::remove);
    } else if (!s_.installed) {
        show(State::installing, "writing files");
        request(Call::install);
    } else {
        request(Call::create);
    }
    return false;
}

void Machine::on(const event::Done& done) {
    if (s_.kill == done.ticket) {
        s_.kill.reset();
        kill_done(done);
    } else if (s_.ghost && s_.ghost->ticket == done.ticket) {
        ghost_done(done);
    } else if (s_.call && s_.call->ticket == done.ticket) {
        const CallInFlight call = *s_.call;
        s_.call.reset();
        call_done(call, done);
    }
    // Anything else was cancelled: its outcome does not matter.
}

void Machine::kill_done(const event::Done& done) {
    if (done.result) {
        if (s_.task != Task::none) {
            advance();
        } else if (!alive(s_.life)) {
            show(State::stopped, "killed");
        } else if (!s_.memory.wanted && s_.run != s_.ended_run) {
            request_kill();  // a start that was called off came true after the kill
        } else {
            settle();
        }
        return;
    }
    if (done.engine_gone) {
        on(event::EngineAway{});
        return;
    }
    finish(done.result);
    settle();
}

void Machine::ghost_done(const event::Done& done) {
    const Call call = s_.ghost->call;
    s_.ghost.reset();
    if (done.engine_gone) {
        on(event::EngineAway{});
    } else if (done.result) {
        switch (call) {
            case Call::create:
                s_.life = Life::standing;
                break;
            case Call::remove:
                s_.life = Life::none;
                break;
            case Call::remove_all:
                s_.life = Life::none;
                s_.removed = true;
                break;
            case Call::start:
                if (alive(s_.life) && !s_.memory.wanted && !s_.kill && s_.task == Task::none) {
                    show(State::stopping, "it was called off");
                    request_kill();
                }
                break;
            default:
                break;
        }
    } else if (call == Call::start && s_.task == Task::none && !alive(s_.life) &&
               s_.memory.wanted) {
        s_.memory.wanted = false;
        show(State::crashed, "it could not be started: " + done.result.error().message);
    }
    s_.early_end.reset();
    advance();
}

void Machine::call_done(const CallInFlight& call, const event::Done& done) {
    if (done.engine_gone) {
        on(event::EngineAway{});
        return;
    }
    if (done.result) {
        call_succeeded(call.call);
    } else if (call.task == s_.task) {
        call_failed(call, done.result.error());
    } else {
        advance();
    }
}

void Machine::call_succeeded(Call call) {
    switch (call) {
        case Call::pull:
            s_.pulled = true;
            break;
        case Call::install:
            s_.installed = true;
            break;
        case Call::create:
            s_.life = Life::standing;
            s_.outdated = false;
            break;
        case Call::remove:
            s_.life = Life::none;
            s_.outdated = false;
            break;
        case Call::pause:
            if (s_.life == Life::running) s_.life = Life::paused;
            break;
        case Call::unpause:
            if (s_.life == Life::paused) s_.life = Life::running;
            break;
        case Call::remove_all:
            s_.life = Life::none;
            s_.removed = true;
            show(State::stopped, "removed");
            finish({});
            return;
        case Call::start: {
            const std::optional<Observation> end = std::exchange(s_.early_end, std::nullopt);
            const bool ours = s_.task == Task::start || s_.task == Task::restart ||
                              s_.task == Task::deploy || s_.task == Task::recover;
            if (ours) finish({});
            if (end && !alive(s_.life)) died(*end);
            break;
        }
        case Call::type_stop:
        case Call::signal_stop:
        case Call::kill:
            break;
    }
    if (s_.task == Task::pause || s_.task == Task::unpause) finish({});
    if (s_.task == Task::none) settle();
    advance();
}

void Machine::call_failed(const CallInFlight& call, const Error& error) {
    if (call.call == Call::type_stop) {
        // Nobody listens on its console: go on with the signal at once.
        s_.grace_over = true;
        advance();
        return;
    }
    const bool ends = s_.task == Task::stop || s_.task == Task::restart ||
                      s_.task == Task::remove || s_.task == Task::deploy;
    if (ends && alive(s_.life) && (call.call == Call::signal_stop || call.call == Call::unpause)) {
        request_kill();
        return;
    }
    s_.early_end.reset();
    const Task task = s_.task;
    finish(std::unexpected(error));
    if (task == Task::recover) {
        crashed("it could not be started: " + error.message);
    } else if (!alive(s_.life) &&
               (task == Task::deploy || task == Task::start || task == Task::restart)) {
        s_.memory.wanted = false;
        show(State::crashed, error.message);
    } else {
        settle();
    }
}

}  // namespace muster::lifecycle
