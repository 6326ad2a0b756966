#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "enrolment.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/link/world_link.hpp"
#include "regions.hpp"
#include "signal.hpp"
#include "world_words.hpp"

namespace muster::coordinator {

/// The world servers that are here: a lease each, ended by silence and by the end of the session.
/// Nothing of it is kept over a restart: they come back by themselves.
class WorldServers {
  public:
    static constexpr std::size_t servers_max = 1'000;
    static constexpr std::size_t joins_max = 10'000;  ///< that wait for an answer, of one server
    static constexpr std::chrono::seconds hello_deadline{10};
    static constexpr std::chrono::milliseconds join_deadline{5'000};
    static constexpr std::uint32_t load_seconds = 1;

    WorldServers(asio::any_io_executor executor, const Options& options, const Clock& clock,
                 Enrolment& enrolment, Regions& regions);

    /// For as long as the session lives.
    asio::awaitable<void> serve(std::shared_ptr<link::WorldSession> session);
    /// Passes the offer on and waits for the answer; `unavailable` when the server is away,
    /// `timeout` when it does not answer (a place that it gives later is given back), `exhausted`
    /// and others as it says. The ticket is its own, without its id.
    asio::awaitable<Result<WorldPlace>> join(std::string id, WorldJoin wish);
    void leave(const std::string& id, std::string ticket);
    /// Takes nobody new, or does again; the regions of one that computes a part of a spread world
    /// go to others. `not_found` when it is not here.
    [[nodiscard]] Result<void> drain(const std::string& id, bool draining);
    /// Asked of who comes: whether it is to be drained from the start.
    void drain_on_entry(std::function<bool(const std::string& id)> asked) {
        is_drained_ = std::move(asked);
    }
    /// Ends the session and says why.
    void dismiss(const std::string& id, const Error& why, bool for_good);
    void dismiss_all(const std::string& reason);
    /// Delists who was silent for the lease. To be called every second.
    void delist_silent();

    struct Listed {
        WorldListing listing;
        Timestamp since{};
        Timestamp seen{};
        /// As lists show it, but for the regions of a spread world: written when it changes, for
        /// many ask, and often.
        std::string text;
    };
    [[nodiscard]] std::vector<const Listed*> list() const;  ///< in the order of their ids
    [[nodiscard]] const Listed* find(const std::string& id) const;
    /// Grows with every change of what the list shows, over restarts, too.
    [[nodiscard]] std::uint64_t list_version() const { return list_version_; }

  private:
    struct Waiting {
        explicit Waiting(asio::any_io_executor executor) : answered(std::move(executor)) {}
        Signal answered;
        std::string world;
        Result<WorldPlace> place = fail(Errc::unavailable, "the world server went away");
    };
    struct Session {
        explicit Session(asio::any_io_executor executor) : over(std::move(executor)) {}
        std::shared_ptr<link::WorldSession> link;
        std::uint64_t number = 0;  ///< rises with every session
        Listed listed;
        std::string shown;  ///< as the list shows it
        std::chrono::steady_clock::time_point heard{};
        bool is_greeted = false;
        Signal over;
        std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting;
    };
    using SessionPtr = std::shared_ptr<Session>;

    asio::awaitable<bool> greet(SessionPtr session);
    void refuse(const SessionPtr& session, const Error& why, bool for_good);
    /// Why it may not come, if it may not.
    [[nodiscard]] Result<void> settle(const SessionPtr& session, const WorldListing& listing);
    void enter(const SessionPtr& session, WorldListing listing);
    void tell(const std::string& id, std::uint64_t session, world_wire::ToWorld message);
    /// False when the session is to be ended.
    bool received(const SessionPtr& session, const world_wire::FromWorld& message);
    void answered(const SessionPtr& session, const world_wire::JoinAnswer& answer);
    void counted(const SessionPtr& session, const std::string& world);
    void changed(const SessionPtr& session);
    void end(const SessionPtr& session, const std::string& how);
    void say(LogLevel level, const std::string& text) const {
        if (options_.log) options_.log(level, text);
    }

    asio::any_io_executor executor_;
    const Options& options_;
    const Clock& clock_;
    Enrolment& enrolment_;
    Regions& regions_;
    std::map<std::string, SessionPtr> sessions_;
    std::function<bool(const std::string&)> is_drained_;
    std::uint64_t next_request_ = 1;
    std::uint64_t next_session_ = 1;
    std::uint64_t list_version_ = 0;
};

/// But for the regions, of which it says there are none.
[[nodiscard]] Json to_json(const WorldServers::Listed& listed);

}  // namespace muster::coordinator
