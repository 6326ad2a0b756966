#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "host_facts.hpp"
#include "server.hpp"

namespace muster::node {

/// Everything that a node does on its machine: servers, containers, operations. It neither knows
/// nor needs a coordinator; what there is to say goes to `send`.
class Host {
  public:
    struct Options {
        std::filesystem::path data_dir;
        std::string node_id;
        std::uint16_t port_first = 20'000;
        std::uint16_t port_last = 29'999;
        std::size_t operations_max = 8;  ///< at the same time; a kill is not counted
        std::function<void(wire::FromNode)> send;
        std::function<void(const std::string&)> log;
    };
    static constexpr std::size_t operations_waiting_max = 1'000;
    static constexpr std::size_t servers_max = 1'000;

    /// Reads what the node knows from its folder; refuses to run on one that it cannot read.
    static Result<std::unique_ptr<Host>> open(Tasks& tasks, Options options,
                                              runtime::Runtime& runtime, const Clock& clock,
                                              Timers& timers);
    ~Host();

    void begin();  ///< starts to look after things
    /// Until the engine has said what it is, but no longer than `first_look_max`: a machine that
    /// starts brings both up at once.
    asio::awaitable<void> first_look();
    static constexpr milliseconds first_look_max{3'000};
    void stop();  ///< afterwards drain the tasks; nothing that runs is touched
    void command(wire::Command command);
    void acknowledge(const std::string& operation) { journal_.acknowledge(operation); }
    [[nodiscard]] wire::Inventory inventory() const;
    [[nodiscard]] std::vector<wire::OperationResult> unacknowledged() const;
    [[nodiscard]] wire::Samples sample();  ///< takes and keeps one; to be called once a second

    [[nodiscard]] std::shared_ptr<Server> find(const std::string& server) const;
    [[nodiscard]] const std::map<std::string, std::shared_ptr<Server>>& servers() const {
        return servers_;
    }
    [[nodiscard]] Surroundings& around() { return around_; }
    [[nodiscard]] const History& history() const { return history_; }
    [[nodiscard]] bool engine_answers() const { return engine_; }
    /// As it said last; empty before the first time.
    [[nodiscard]] const runtime::EngineFacts& engine_facts() const { return engine_facts_; }

  private:
    struct Lane {
        std::deque<std::string> waiting;
        std::string running;
        int kills = 0;  ///< under way beside it; nothing new begins meanwhile
    };
    struct Pending {
        wire::Command command;
        Timestamp begun{};
        bool resumed = false;
        bool kill = false;
        std::string lane;
        Timers::Id deadline = 0;
    };

    Host(Tasks& tasks, Options options, runtime::Runtime& runtime, const Clock& clock,
         Timers& timers, Journal journal);
    Result<void> load_servers();
    void resume_operations();

    void add_listening(wire::Inventory& to) const;

    // host_operations.cpp
    [[nodiscard]] Result<void> admit(const wire::Command& command) const;
    void refuse(const std::string& operation, const Error& why);
    void enqueue(wire::Command command, Timestamp begun, bool resumed);
    [[nodiscard]] std::string lane_of(const wire::Command& command) const;
    [[nodiscard]] std::shared_ptr<Server> server_of_container(const std::string& container) const;
    void run_lanes();
    void kill_lane(const std::string& lane, const std::string& operation);
    void run(Pending& pending);
    void deploy(Pending& pending);
    void power_server(Pending& pending, const std::shared_ptr<Server>& server,
                      wire::PowerKind kind);
    void deadline_over(const std::string& operation);
    void conclude(const std::string& operation, const Result<void>& result);
    Result<wire::Command> with_ports(wire::Command command) const;
    static asio::awaitable<void> power_container(Host* self, wire::Command command,
                                                 std::optional<Timestamp> resumed);
    static asio::awaitable<void> remove_container(Host* self, wire::Command command);
    static asio::awaitable<void> pull_image(Host* self, wire::Command command);

    // host_engine.cpp
    static asio::awaitable<void> watch_engine(Host* self);
    asio::awaitable<Result<void>> resynchronise();
    asio::awaitable<void> follow_events(runtime::StreamPtr<runtime::RuntimeEvent> events);
    asio::awaitable<void> happened(runtime::RuntimeEvent event);
    void engine_away(const Error& why);
    void container_seen(const runtime::Instance& instance);
    void container_gone(const std::string& id);

    Tasks& tasks_;
    Options options_;
    Journal journal_;
    Surroundings around_;
    std::map<std::string, std::shared_ptr<Server>> servers_;
    std::map<std::string, wire::ContainerObserved> containers_;  ///< by id
    std::map<std::string, Pending> pending_;                     ///< by operation
    std::map<std::string, Lane> lanes_;
    std::size_t running_ = 0;
    bool laning_ = false;
    bool stopped_ = false;
    bool engine_ = false;
    bool engine_seen_ = false;  ///< once since the start
    runtime::EngineFacts engine_facts_;
    std::string engine_error_ = "it has not answered yet";
    runtime::Stream<runtime::RuntimeEvent>* events_ = nullptr;
    Timestamp last_event_{};
    Gate engine_pause_;
    Gate engine_asked_gate_;
    HostMeter meter_;
    History history_;
};

}  // namespace muster::node
