#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "muster/lifecycle/lifecycle.hpp"

namespace muster::lifecycle::testing_driver {

using namespace std::chrono_literals;

/// Drives one server by hand: what it asks for is looked at and answered by the test.
class Driver {
  public:
    explicit Driver(Rules rules = {}, Memory memory = {})
        : server_(restore(rules, std::move(memory))) {}

    void send(const Event& event) {
        for (Action& action : step(server_, event, {now_, 7})) {
            if (auto* call = std::get_if<action::Do>(&action)) {
                calls_.push_back(*call);
            } else if (auto* timer = std::get_if<action::SetTimer>(&action)) {
                timers_.push_back(*timer);
            } else if (auto* over = std::get_if<action::Conclude>(&action)) {
                concluded_.push_back(*over);
            } else if (auto* cancel = std::get_if<action::Cancel>(&action)) {
                cancelled_.push_back(cancel->ticket);
            }
        }
    }
    /// The last call asked for; fails the test when it is another one.
    std::uint64_t expect(Call call) {
        if (calls_.empty()) {
            ADD_FAILURE() << "nothing was asked for, not even " << name_of(call);
            return 0;
        }
        EXPECT_EQ(name_of(calls_.back().call), name_of(call));
        const std::uint64_t ticket = calls_.back().ticket;
        calls_.clear();
        return ticket;
    }
    void answer(Call call, Result<void> how = {}) {
        event::Done done;
        done.ticket = expect(call);
        done.result = std::move(how);
        if (call == Call::kill) look(Life::standing, server_.run, 137);
        send(done);
    }
    void look(Life life, std::int64_t run = 1, int exit_code = 0) {
        send(event::Observed{seen(life, run, exit_code)});
    }
    static Observation seen(Life life, std::int64_t run, int exit_code) {
        Observation what;
        what.life = life;
        what.run = run;
        what.exit_code = exit_code;
        return what;
    }
    void fire(Timer timer) {
        for (std::size_t i = timers_.size(); i-- > 0;) {
            if (timers_[i].timer != timer) continue;
            const event::TimerFired fired{timer, timers_[i].ticket};
            timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(i));
            send(fired);
            return;
        }
        ADD_FAILURE() << "the timer is not set";
    }
    void start_as_new(std::int64_t run = 1) {
        send(event::EngineBack{});
        send(event::Deploy{"deploy", server_.rules, true, false});
        answer(Call::pull);
        answer(Call::install);
        answer(Call::create);
        come_up(run);
    }
    void come_up(std::int64_t run) {
        look(Life::running, run);
        answer(Call::start);
    }
    [[nodiscard]] State state() const { return shown(server_); }
    [[nodiscard]] const std::string& reason() const { return server_.memory.reason; }
    [[nodiscard]] bool quiet() const { return calls_.empty(); }
    [[nodiscard]] std::string outcome(const std::string& operation) const {
        std::string found;
        for (const auto& over : concluded_) {
            if (over.operation != operation) continue;
            if (!found.empty()) return "concluded twice";
            found = over.result ? "ok" : std::string(name_of(over.result.error().code));
        }
        return found.empty() ? "open" : found;
    }
    [[nodiscard]] bool was_cancelled(std::uint64_t ticket) const {
        return std::ranges::find(cancelled_, ticket) != cancelled_.end();
    }
    [[nodiscard]] milliseconds last_timer() const { return timers_.back().after; }
    [[nodiscard]] const Server& server() const { return server_; }
    void advance(milliseconds by) { now_ += by; }

  private:
    Server server_;
    Timestamp now_{1'000'000ms};
    std::vector<action::Do> calls_;
    std::vector<action::SetTimer> timers_;
    std::vector<action::Conclude> concluded_;
    std::vector<std::uint64_t> cancelled_;
};

inline Rules by_line() {
    Rules rules;
    rules.ready_by_line = true;
    rules.ready_timeout = 60s;
    return rules;
}

}  // namespace muster::lifecycle::testing_driver
