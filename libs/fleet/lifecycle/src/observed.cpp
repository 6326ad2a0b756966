#include "machine.hpp"

namespace muster::lifecycle {

void Machine::on(const event::Observed& seen) {
    if (!s_.engine || s_.removed) return;
    observe(seen.what, alive(s_.life));
    advance();
}

void Machine::observe(const Observation& what, bool was_alive) {
    const bool is_alive = alive(what.life);
    const bool other_run = what.run != s_.run && what.run != 0;
    s_.life = what.life;
    s_.outdated = what.life != Life::none && what.outdated;
    if (other_run) s_.run = what.run;
    if (is_alive && (!was_alive || other_run)) {
        born();
    } else if (was_alive && !is_alive) {
        died(what);
    } else if (!is_alive && other_run) {
        // A whole run between two looks.
        died(what);
    } else if (!is_alive && what.run != 0 && what.run == s_.ended_run) {
        s_.memory.exit_code = what.exit_code;
    }
    if (undisturbed()) settle();
}

// Whether nothing that is under way changes what runs (yet), so that the state is what is seen.
bool Machine::undisturbed() const {
    const bool before_ending =
        s_.task != Task::kill && s_.ending == Ending::not_begun && alive(s_.life);
    return s_.task == Task::none || s_.task == Task::pause || s_.task == Task::unpause ||
           before_ending;
}

void Machine::born() {
    s_.unhealthy = false;
    s_.early_end.reset();
    s_.clean_exit_at.reset();
    s_.ended_run = 0;
    if (!s_.rules.ready_by_line) {
        s_.memory.ready_run = s_.run;
    } else if (s_.memory.ready_run != s_.run && s_.rules.ready_timeout.count() > 0) {
        set_timer(Timer::ready, s_.ready_timer, s_.rules.ready_timeout);
    }
    set_timer(Timer::healthy, s_.healthy_timer, s_.rules.healthy_after);
    const bool called_off = s_.ghost && s_.ghost->call == Call::start && !s_.memory.wanted;
    if (called_off && !s_.kill && s_.task == Task::none) {
        show(State::stopping, "it was called off");
        request_kill();
    }
}

void Machine::died(const Observation& what) {
    s_.ready_timer = 0;
    s_.healthy_timer = 0;
    s_.unhealthy = false;
    s_.memory.exit_code = what.exit_code;
    if (s_.kill || s_.task == Task::kill || (s_.run == s_.ended_run && s_.run != 0)) {
        // Remembered, so that a node that begins anew does not take it for a crash.
        s_.memory.counted_run = s_.run;
        if (!s_.kill && s_.memory.state != State::stopping) show(State::stopped);
        if (!s_.kill && s_.task == Task::none) show(State::stopped);
        return;
    }
    if (s_.call && s_.call->call == Call::start) {
        // Over before the engine answered the start: judged when the answer is here.
        s_.early_end = what;
        show(State::starting);
        return;
    }
    const std::string why =
        what.life == Life::none
            ? "its container was removed by somebody else"
            : "it ended with " + describe_exit(what.exit_code, what.out_of_memory);
    const bool busy = s_.task != Task::none && s_.task != Task::pause && s_.task != Task::unpause;
    if (busy) {
        // The task that is under way decides what comes next.
        s_.memory.counted_run = s_.run;
        const bool clean = what.exit_code == 0 && !what.out_of_memory;
        show(clean ? State::stopped : State::crashed, why);
        return;
    }
    if (what.ended_with_engine && s_.memory.wanted) {
        s_.memory.counted_run = s_.run;
        show(State::crashed, "it ended together with the engine, or while the node was away");
        return;  // and is started again by who looked
    }
    if (what.life != Life::none && what.exit_code == 0 && !what.out_of_memory) {
        s_.memory.wanted = false;
        s_.clean_exit_at = moment_.now;
        show(State::stopped, "it ended by itself (exit code 0)");
        return;
    }
    crashed(why);
}

void Machine::crashed(const std::string& why) {
    ++s_.memory.crashes;
    s_.memory.counted_run = s_.run;
    if (s_.memory.wanted && s_.rules.restart_on_crash) {
        if (s_.rules.give_up_after == 0 || s_.memory.crashes < s_.rules.give_up_after) {
            show(State::crashed, why);
            recover_later();
            return;
        }
        show(State::crashed, "given up after " + std::to_string(s_.memory.crashes) +
                                 " crashes in a row; the last: " + why);
    } else {
        show(State::crashed, why);
    }
    s_.memory.wanted = false;
}

void Machine::recover_later() {
    const milliseconds delay = backoff(s_.rules, s_.memory.crashes, moment_.random);
    set_timer(Timer::restart, s_.restart_timer, delay);
}

// The state that follows from what is true when nothing is under way.
void Machine::settle() {
    if (s_.kill) return;
    const auto is = [&](State state) {
        if (s_.memory.state != state) show(state);
    };
    switch (s_.life) {
        case Life::running:
            if (s_.memory.ready_run == s_.run) {
                is(State::ready);
            } else if (s_.unhealthy) {
                is(State::unhealthy);
            } else {
                is(State::starting);
            }
            return;
        case Life::paused:
            is(State::paused);
            return;
        case Life::none:
        case Life::standing:
            if (s_.memory.state != State::crashed) is(State::stopped);
            return;
    }
}

void Machine::on(const event::ReadyLine& line) {
    if (!alive(s_.life) || line.run != s_.run) return;
    s_.memory.ready_run = s_.run;
    s_.ready_timer = 0;
    s_.unhealthy = false;
    if (undisturbed()) settle();
}

void Machine::on(const event::TimerFired& fired) {
    const auto counts = [&](std::uint64_t& ticket) {
        if (ticket == 0 || ticket != fired.ticket) return false;
        ticket = 0;
        return true;
    };
    switch (fired.timer) {
        case Timer::ready:
            if (!counts(s_.ready_timer) || !alive(s_.life)) return;
            if (s_.memory.ready_run == s_.run) return;
            s_.unhealthy = true;
            if (undisturbed() && s_.life == Life::running) {
                show(State::unhealthy, "it did not say that it is ready in time");
            }
            return;
        case Timer::healthy:
            if (counts(s_.healthy_timer) && alive(s_.life)) s_.memory.crashes = 0;
            return;
        case Timer::grace:
            if (!counts(s_.grace_timer)) return;
            s_.grace_over = true;
            if (s_.call && s_.call->call == Call::type_stop) call_off_current();
            advance();
            return;
        case Timer::restart:
            if (!counts(s_.restart_timer) || !s_.memory.wanted || alive(s_.life)) return;
            if (s_.task != Task::none) return;
            begin(Task::recover, "");
            advance();
            return;
    }
}

void Machine::on(const event::EngineAway&) {
    if (!s_.engine) return;
    s_.engine = false;
    s_.away_since = moment_.now;
    if (s_.clean_exit_at && moment_.now - *s_.clean_exit_at <= engine_farewell) {
        // An engine that is shut down stops what runs in it, in the orderly way; nobody wanted this
        // server stopped.
        s_.memory.wanted = true;
    }
    s_.clean_exit_at.reset();
}

void Machine::on(const event::EngineBack& back) {
    if (s_.removed) return;
    s_.engine = true;
    s_.away_since.reset();
    const bool first = !s_.looked;
    s_.looked = true;
    Observation what = back.what;
    if (first && what.exit_code == 0 && !what.out_of_memory) {
        // Nobody saw it end: it may have ended by itself, or have been ended by an engine that was
        // shut down. What was wanted is started again rather than lost.
        what.ended_with_engine = true;
    }
    bool was_alive = alive(s_.life);
    if (first) {
        s_.run = s_.memory.counted_run;
        // What should run and has run is taken to have run until now, unless its end is known.
        was_alive = s_.memory.wanted && what.run != 0 && what.run != s_.memory.counted_run &&
                    !alive(what.life);
    }
    observe(what, was_alive);
    if (s_.memory.wanted && !alive(s_.life) && s_.task == Task::none && s_.restart_timer == 0) {
        if (s_.memory.crashes > 0) {
            recover_later();
        } else {
            begin(Task::recover, "");
        }
    }
    advance();
}

}  // namespace muster::lifecycle
