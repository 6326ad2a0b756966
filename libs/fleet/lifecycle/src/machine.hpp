#pragma once

#include "muster/lifecycle/lifecycle.hpp"

namespace muster::lifecycle {

inline bool alive(Life life) {
    return life == Life::running || life == Life::paused;
}

/// One step under way: the server, and the actions so far.
class Machine {
  public:
    Machine(Server& server, Moment moment) : s_(server), moment_(moment) {}

    void on(const event::Deploy& command);
    void on(const event::Start& command);
    void on(const event::Stop& command);
    void on(const event::Restart& command);
    void on(const event::Kill& command);
    void on(const event::Pause& command);
    void on(const event::Unpause& command);
    void on(const event::Remove& command);
    void on(const event::CallOff& what);
    void on(const event::Done& done);
    void on(const event::Observed& seen);
    void on(const event::ReadyLine& line);
    void on(const event::TimerFired& fired);
    void on(const event::EngineAway& away);
    void on(const event::EngineBack& back);

    std::vector<Action> take() { return std::move(actions_); }

  private:
    // Commands and tasks (lifecycle.cpp).
    bool admit(const std::string& operation);
    void begin(Task task, const std::string& operation);
    void finish(Result<void> result);
    void call_off_current();
    void advance();
    bool advance_ending();
    bool advance_preparing();
    void advance_deploy();
    void advance_power();
    void request(Call call);
    void request_kill();
    // Answers (machine.cpp).
    void kill_done(const event::Done& done);
    void ghost_done(const event::Done& done);
    void call_done(const CallInFlight& call, const event::Done& done);
    void call_failed(const CallInFlight& call, const Error& error);
    void call_succeeded(Call call);
    // The truth (observed.cpp).
    void observe(const Observation& what, bool was_alive);
    void born();
    void died(const Observation& what);
    void crashed(const std::string& why);
    void recover_later();
    void settle();
    [[nodiscard]] bool undisturbed() const;

    void show(State state, std::string reason = {});
    void set_timer(Timer timer, std::uint64_t& ticket, milliseconds after);
    std::uint64_t new_ticket() { return ++s_.last_ticket; }

    Server& s_;
    Moment moment_;
    std::vector<Action> actions_;
};

}  // namespace muster::lifecycle
