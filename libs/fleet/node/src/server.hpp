#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "console.hpp"
#include "history.hpp"
#include "muster/lifecycle/lifecycle.hpp"
#include "ports.hpp"
#include "surroundings.hpp"

namespace muster::node {

/// One server: its lifecycle, and the hands that carry out what it says. Used on the node's
/// executor; a coroutine of it keeps it alive.
class Server : public std::enable_shared_from_this<Server> {
  public:
    /// `deploy` is the command whose specification it has, with every port's number.
    Server(Surroundings& around, wire::Command deploy, std::optional<lifecycle::Memory> memory);

    [[nodiscard]] const std::string& id() const { return deploy_.server_id(); }
    [[nodiscard]] const wire::ServerSpec& spec() const { return deploy_.deploy().spec(); }
    [[nodiscard]] const wire::Command& deploy_command() const { return deploy_; }
    [[nodiscard]] std::string instance_name() const { return "muster-" + id(); }
    [[nodiscard]] const lifecycle::Server& machine() const { return machine_; }
    [[nodiscard]] std::string data_name() const;
    [[nodiscard]] wire::ServerObserved observed() const;
    [[nodiscard]] ConsoleHub& console() { return *console_; }
    [[nodiscard]] History& history() { return history_; }
    [[nodiscard]] bool runs() const { return machine_.life == lifecycle::Life::running; }

    std::uint64_t generation = 0;  ///< the newest that any command had
    std::optional<runtime::Stats> latest_stats;
    std::int64_t disk_used = 0;

    /// Commands. Each is concluded through Surroundings::conclude.
    void deploy(wire::Command command, bool resumed);
    void power(const std::string& operation, wire::PowerKind kind,
               std::optional<Timestamp> resumed);
    void remove(const std::string& operation, bool with_data);
    void call_off(const std::string& operation, Error why);

    void feed(lifecycle::Event event);
    /// Something happened to the instance: see what is true.
    void look_soon();
    /// The engine answers (again). Fails with `unavailable` when it does not after all.
    asio::awaitable<Result<void>> engine_back();
    /// Takes up statistics and the log again, should their streams have ended early.
    void tend() {
        if (!stopped_ && !feeding_) follow_what_runs();
    }
    /// Streams end, timers are forgotten, nothing more is carried out.
    void stop();

  private:
    using Call = lifecycle::Call;
    void perform(const lifecycle::Action& action);
    void set_timer(const lifecycle::action::SetTimer& timer);
    void cancel(std::uint64_t ticket);
    void remember();
    void report();
    void progress(const std::string& step, double fraction, const std::string& detail);
    void follow_what_runs();

    // server_calls.cpp
    static asio::awaitable<void> carry_out(std::shared_ptr<Server> self, Call call,
                                           std::uint64_t ticket);
    asio::awaitable<Result<void>> make_call(Call call, std::uint64_t ticket);
    asio::awaitable<Result<void>> pull(std::uint64_t ticket);
    Result<void> install();
    asio::awaitable<Result<void>> create();
    asio::awaitable<Result<void>> start();
    asio::awaitable<Result<void>> kill();
    asio::awaitable<Result<void>> power_call(runtime::Power power, std::string signal);
    asio::awaitable<Result<void>> remove_instance();
    asio::awaitable<Result<void>> remove_all();
    [[nodiscard]] runtime::InstanceSpec instance_spec() const;

    // server_watch.cpp
    asio::awaitable<Result<lifecycle::Observation>> inspect();
    [[nodiscard]] lifecycle::Observation observation_of(const runtime::Instance& instance) const;
    static asio::awaitable<void> look(std::shared_ptr<Server> self);
    static asio::awaitable<void> watch_for_ready(std::shared_ptr<Server> self, std::int64_t run);
    static asio::awaitable<void> watch_stats(std::shared_ptr<Server> self);

    Surroundings& around_;
    wire::Command deploy_;
    lifecycle::Server machine_;
    std::deque<lifecycle::Event> events_;
    bool feeding_ = false;
    bool stopped_ = false;
    std::string instance_id_;
    bool remove_data_ = false;
    std::uint64_t epoch_ = 0;  ///< counts answered calls: what was seen before one is out of date
    bool looking_ = false;
    bool look_again_ = false;
    std::array<Timers::Id, 4> timers_{};
    Gate pause_;
    std::map<std::uint64_t, runtime::Stream<runtime::PullProgress>*> pulls_;
    std::int64_t ready_watched_ = 0;  ///< the run whose log is read for the ready line
    runtime::Stream<runtime::LogLine>* ready_log_ = nullptr;
    runtime::Stream<runtime::Stats>* stats_stream_ = nullptr;
    bool stats_watched_ = false;
    std::int64_t console_run_ = 0;
    std::shared_ptr<ConsoleHub> console_;
    History history_;
};

}  // namespace muster::node
