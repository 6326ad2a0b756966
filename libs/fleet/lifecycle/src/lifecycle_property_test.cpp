#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "muster/lifecycle/lifecycle.hpp"

namespace muster::lifecycle {
namespace {

using namespace std::chrono_literals;

/// An engine and a node around one server: calls are answered late, in any order against kills, and
/// may fail; instances die; the engine and the node go away and come back; commands come at any
/// time. It checks the promises after every event.
class Storm {
  public:
    explicit Storm(std::uint32_t seed) : random_(seed) {
        rules_.ready_by_line = below(2) == 0;
        rules_.ready_timeout = 60s;
        rules_.stop_by_console = below(2) == 0;
        rules_.restart_on_crash = below(4) != 0;
        rules_.give_up_after = 1 + below(5);
        server_ = restore(rules_, {});
    }

    void run(int events) {
        send(event::EngineBack{look()});
        for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) happen();
        if (!testing::Test::HasFailure()) end_by_kill();
        if (!testing::Test::HasFailure()) drain();
        for (const auto& [operation, times] : operations_) {
            ASSERT_EQ(times, 1) << operation << " was concluded so often";
        }
    }

  private:
    struct Open {
        Call call;
        std::uint64_t ticket;
        bool made = false;  ///< has come true in the engine, but is not answered
    };

    std::uint32_t below(std::uint32_t n) {
        return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_);
    }

    [[nodiscard]] Observation look() const {
        Observation what;
        what.life = life_;
        what.run = life_ == Life::none ? 0 : run_;
        what.exit_code = exit_code_;
        what.outdated = life_ != Life::none && made_from_ != specification_;
        what.ended_with_engine = ended_with_engine_;
        return what;
    }

    void send(const Event& event) {
        now_ += milliseconds(below(2000));
        for (const Action& action : step(server_, event, {now_, below(1000)})) carry_out(action);
        if (server_.memory.state == State::ready && shown(server_) == State::ready) {
            ASSERT_EQ(server_.life, Life::running);
        }
        ASSERT_LE(open_.size(), 2U) << "at most one call in flight and one called off";
    }

    void carry_out(const Action& action) {
        if (const auto* call = std::get_if<action::Do>(&action)) {
            asked(*call);
        } else if (const auto* cancel = std::get_if<action::Cancel>(&action)) {
            std::erase_if(open_, [&](const Open& o) { return o.ticket == cancel->ticket; });
        } else if (const auto* timer = std::get_if<action::SetTimer>(&action)) {
            timers_[timer->timer] = timer->ticket;
        } else if (const auto* over = std::get_if<action::Conclude>(&action)) {
            concluded(over->operation);
        } else if (std::get_if<action::Remember>(&action)) {
            kept_ = server_.memory;
        }
    }

    void concluded(const std::string& operation) {
        ASSERT_TRUE(operations_.contains(operation));
        ++operations_[operation];
        ASSERT_EQ(operations_[operation], 1) << operation;
        if (operation == current_) current_.clear();
    }

    void asked(const action::Do& call) {
        ASSERT_TRUE(engine_) << "asked of an engine that is known to be away";
        const bool ends = call.call == Call::type_stop || call.call == Call::signal_stop ||
                          call.call == Call::kill || call.call == Call::remove_all;
        if (ends) {
            const bool called_off = ghost_start_;
            ASSERT_TRUE(may_end_ || called_off) << name_of(call.call) << " on our own account";
        }
        if (call.call == Call::remove) ASSERT_NE(life_, Life::running) << "removes what runs";
        if (call.call == Call::start) {
            ASSERT_TRUE(wanted_) << "starts what nobody wants";
            ASSERT_EQ(server_.memory.wanted, true);
            if (current_.empty()) {
                ++own_starts_;
                ASSERT_LT(own_starts_, rules_.give_up_after + ends_with_engine_)
                    << "restarts without bound";
            }
        }
        open_.push_back({call.call, call.ticket});
    }

    // What the engine does with a call, before or without its answer.
    void come_true(Open& open) {
        if (open.made) return;
        open.made = true;
        switch (open.call) {
            case Call::create:
                if (life_ == Life::none) {
                    life_ = Life::standing;
                    made_from_ = specification_;
                }
                break;
            case Call::start:
                if (life_ == Life::standing) begin_run();
                break;
            case Call::kill:
                if (life_ == Life::running || life_ == Life::paused) end_run(137);
                break;
            case Call::signal_stop:
                if (life_ == Life::running && below(3) != 0) end_run(below(2) == 0 ? 0 : 143);
                break;
            case Call::pause:
                if (life_ == Life::running) life_ = Life::paused;
                break;
            case Call::unpause:
                if (life_ == Life::paused) life_ = Life::running;
                break;
            case Call::remove:
            case Call::remove_all:
                life_ = Life::none;
                break;
            default:
                break;
        }
    }
    void begin_run() {
        life_ = Life::running;
        ++run_;
        ended_with_engine_ = false;
    }
    void end_run(int exit_code) {
        life_ = Life::standing;
        exit_code_ = exit_code;
    }

    void answer(std::size_t index, bool may_fail) {
        Open open = open_[index];
        event::Done done;
        done.ticket = open.ticket;
        const bool fails = may_fail && below(12) == 0 && !open.made;
        if (!engine_up_) {
            done.result = fail(Errc::unavailable, "the engine does not answer");
            done.engine_gone = true;
        } else if (fails && open.call != Call::kill) {
            done.result = fail(Errc::internal, "the engine refuses");
        } else {
            come_true(open);
        }
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
        if (engine_up_ && (open.call == Call::start || open.call == Call::pause ||
                           open.call == Call::unpause || open.call == Call::kill)) {
            send(event::Observed{look()});
        }
        if (done.engine_gone) engine_ = false;
        send(done);
        if (open.call == Call::start) ghost_start_ = false;
        if (done.engine_gone && engine_up_) back();
    }

    std::string new_operation(bool wants, bool ends) {
        std::string operation = "op" + std::to_string(++last_operation_);
        operations_[operation] = 0;
        const bool busy = !current_.empty();
        if (!busy) {
            current_ = operation;
            wanted_ = wants;
            may_end_ = ends;
            own_starts_ = 0;
            if (engine_up_) ends_with_engine_ = 0;
        }
        return operation;
    }

    void command() {
        if (server_.removed) return;
        switch (below(8)) {
            case 0: {
                const bool start = below(4) != 0;
                const bool alive = server_.life == Life::running || server_.life == Life::paused;
                const bool keeps = alive && !start;
                const std::string operation = new_operation(keeps ? wanted_ : start, !keeps);
                if (current_ == operation) ++specification_;
                send(event::Deploy{operation, rules_, start, false});
                break;
            }
            case 1:
            case 2:
                send(event::Start{new_operation(true, false)});
                break;
            case 3:
                send(event::Stop{new_operation(false, true)});
                break;
            case 4:
                send(event::Restart{new_operation(true, true)});
                break;
            case 5:
                kill();
                break;
            case 6:
                send(event::Pause{new_operation(wanted_, may_end_)});
                break;
            default:
                send(event::Unpause{new_operation(wanted_, may_end_)});
                break;
        }
    }

    void kill() {
        const std::string operation = "op" + std::to_string(++last_operation_);
        operations_[operation] = 0;
        current_ = operation;
        wanted_ = false;
        may_end_ = true;
        for (const Open& open : open_) ghost_start_ = ghost_start_ || open.call == Call::start;
        send(event::Kill{operation});
    }

    void back() {
        engine_ = true;
        send(event::EngineBack{look()});
    }

    void happen() {
        switch (below(16)) {
            case 0:
            case 1:
            case 2:
                command();
                break;
            case 3:
            case 4:
            case 5:
            case 6:
                if (!open_.empty()) {
                    answer(below(static_cast<std::uint32_t>(open_.size())), true);
                }
                break;
            case 7:
                if (!open_.empty() && engine_up_) {
                    come_true(open_[below(static_cast<std::uint32_t>(open_.size()))]);
                    if (engine_) send(event::Observed{look()});
                }
                break;
            case 8:
                if (engine_) send(event::Observed{look()});
                break;
            case 9:
                if (life_ == Life::running) {
                    const bool clean = below(3) == 0;
                    end_run(clean ? 0 : 1 + static_cast<int>(below(200)));
                    if (engine_) send(event::Observed{look()});
                }
                break;
            case 10:
                send(event::ReadyLine{run_});
                break;
            case 11:
            case 12:
                fire();
                break;
            case 13:
                engine_comes_or_goes();
                break;
            case 14:
                if (below(4) == 0) restart_node();
                break;
            default:
                if (below(6) == 0 && !current_.empty()) {
                    const Error reason{Errc::timeout, "it took too long", ""};
                    send(event::CallOff{reason});
                }
                break;
        }
        learn();
    }

    // What the server decided by itself: a clean exit and giving up end the wish.
    void learn() {
        if (current_.empty() && !server_.memory.wanted) {
            wanted_ = false;
        } else if (server_.memory.wanted && server_.clean_exit_at == std::nullopt && !engine_) {
            wanted_ = true;  // taken back in the engine's farewell
        }
        if (server_.memory.crashes == 0) own_starts_ = std::min(own_starts_, 1U);
    }

    void fire() {
        if (timers_.empty()) return;
        auto it = timers_.begin();
        std::advance(it, below(static_cast<std::uint32_t>(timers_.size())));
        const event::TimerFired fired{it->first, it->second};
        timers_.erase(it);
        if (fired.timer == Timer::healthy && engine_ && server_.life == Life::running) {
            own_starts_ = 0;
            ends_with_engine_ = 0;
        }
        send(fired);
    }

    void engine_comes_or_goes() {
        if (engine_up_) {
            if (below(3) != 0) return;
            engine_up_ = false;
            engine_ = false;
            send(event::EngineAway{});
            if (below(2) == 0 && life_ == Life::running) {
                end_run(below(2) == 0 ? 0 : 137);
                ended_with_engine_ = true;
                ++ends_with_engine_;
            }
            ++ends_with_engine_;  // a clean exit may be taken back, too
        } else {
            engine_up_ = true;
            back();
        }
    }

    // kill -9 of the node: all that was not kept is gone; the current operation is asked for again.
    void restart_node() {
        for (Open& open : open_) {
            if (engine_up_ && below(2) == 0) come_true(open);
        }
        open_.clear();
        timers_.clear();
        ghost_start_ = false;
        server_ = restore(rules_, kept_);
        for (auto& [operation, times] : operations_) {
            if (times == 0) times = 1;  // resumed under another number, for this test
        }
        current_.clear();
        wanted_ = kept_.wanted;
        may_end_ = false;
        engine_ = false;
        ++ends_with_engine_;
        if (engine_up_) back();
    }

    void drain() {
        if (!engine_up_) {
            engine_up_ = true;
            back();
        }
        for (int i = 0; i < 200 && !open_.empty() && !testing::Test::HasFailure(); ++i) {
            answer(0, false);
            learn();
        }
        if (!engine_) back();
        for (int i = 0; i < 200 && !current_.empty() && !testing::Test::HasFailure(); ++i) {
            if (!open_.empty()) {
                answer(0, false);
            } else {
                send(event::Observed{look()});
                fire();
            }
        }
    }

    void end_by_kill() {
        drain();
        kill();
        drain();
        if (server_.removed || testing::Test::HasFailure()) return;
        ASSERT_TRUE(life_ == Life::standing || life_ == Life::none) << "still runs after a kill";
        ASSERT_EQ(shown(server_), State::stopped);
        ASSERT_TRUE(open_.empty());
        ASSERT_FALSE(server_.memory.wanted);
    }

    std::mt19937 random_;
    Rules rules_;
    Server server_;
    Memory kept_;
    Timestamp now_{1'000'000ms};
    // The engine.
    bool engine_up_ = true;
    bool engine_ = true;  ///< as far as the node knows
    Life life_ = Life::none;
    std::int64_t run_ = 0;
    int exit_code_ = 0;
    int specification_ = 0;
    int made_from_ = 0;
    bool ended_with_engine_ = false;
    std::deque<Open> open_;
    std::map<Timer, std::uint64_t> timers_;
    // What people want.
    std::map<std::string, int> operations_;
    std::string current_;
    int last_operation_ = 0;
    bool wanted_ = false;
    bool may_end_ = false;
    bool ghost_start_ = false;
    std::uint32_t own_starts_ = 0;
    std::uint32_t ends_with_engine_ = 0;
};

TEST(LifecycleProperty, ThePromisesHoldInAnyStorm) {
    for (std::uint32_t seed = 1; seed <= 1500; ++seed) {
        Storm storm(seed);
        storm.run(150);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace muster::lifecycle
