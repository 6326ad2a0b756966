#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "enrolment.hpp"
#include "events.hpp"
#include "fleet.hpp"
#include "inventory.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/link/link.hpp"
#include "signal.hpp"

namespace muster::coordinator {

/// The sessions with nodes: what they say becomes events for the fleet and facts in the inventory,
/// and questions find their answers.
class NodeLinks {
  public:
    static constexpr std::size_t queries_max = 10'000;
    static constexpr std::chrono::seconds hello_deadline{30};

    NodeLinks(asio::any_io_executor executor, const Options& options, const Clock& clock,
              Enrolment& enrolment, Fleet& fleet, Inventory& inventory, Events& events);

    /// For as long as the session lives.
    asio::awaitable<void> serve(std::shared_ptr<link::NodeSession> session);
    /// If that session is still the node's.
    void send(const std::string& node_id, std::uint64_t session, wire::ToNode message);
    /// Asks the node; `unavailable` when it is away, `timeout` when it does not answer. Its own
    /// error otherwise.
    asio::awaitable<Result<wire::Answer>> ask(std::string node_id, wire::Query question);
    /// Whatever session the node has now. `unavailable` when it is away.
    [[nodiscard]] Result<void> tell(const std::string& node_id, wire::ToNode message);
    /// Ends the node's session and tells it why.
    void dismiss(const std::string& node_id, const std::string& reason, bool for_good);
    void dismiss_all(const std::string& reason);
    [[nodiscard]] bool is_connected(const std::string& node_id) const;
    [[nodiscard]] std::size_t count() const { return sessions_.size(); }

    struct Counts {
        std::uint64_t messages_in = 0;
        std::uint64_t messages_out = 0;
        std::uint64_t queries = 0;
        std::uint64_t query_timeouts = 0;
        double query_seconds = 0;
        std::uint64_t sessions = 0;  ///< ever
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    struct Waiting {
        explicit Waiting(asio::any_io_executor executor) : answered(std::move(executor)) {}
        Signal answered;
        Result<wire::Answer> answer = fail(Errc::unavailable, "the node went away");
    };
    struct Session {
        explicit Session(asio::any_io_executor executor) : over(std::move(executor)) {}
        std::shared_ptr<link::NodeSession> link;
        std::uint64_t number = 0;
        std::chrono::steady_clock::time_point heard{};
        bool is_lost = false;
        Signal over;
        std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting;
    };
    using SessionPtr = std::shared_ptr<Session>;

    asio::awaitable<bool> greet(SessionPtr session);
    asio::awaitable<void> ping(SessionPtr session);
    void end(const SessionPtr& session);
    void received(const SessionPtr& session, const wire::FromNode& message);
    void inventory_came(const SessionPtr& session, const wire::Inventory& inventory);
    void server_changed(const SessionPtr& session, const wire::ServerObserved& observed);
    void container_changed(const std::string& node_id, const wire::ContainerObserved& observed);
    void container_gone(const std::string& node_id, const std::string& id);
    void result_came(const SessionPtr& session, const wire::OperationResult& result);
    void sampled(const std::string& node_id, const wire::Samples& samples);
    void answered(const SessionPtr& session, const wire::Answer& answer);
    [[nodiscard]] bool is_current(const SessionPtr& session) const;
    void publish(const Container& container, bool gone);

    asio::any_io_executor executor_;
    const Options& options_;
    const Clock& clock_;
    Enrolment& enrolment_;
    Fleet& fleet_;
    Inventory& inventory_;
    Events& events_;
    std::map<std::string, SessionPtr> sessions_;
    std::uint64_t next_session_ = 1;
    std::uint64_t next_query_ = 1;
    Counts counts_;
};

}  // namespace muster::coordinator
