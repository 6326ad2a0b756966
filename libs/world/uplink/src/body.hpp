#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <thread>

#include "muster/base/text.hpp"
#include "muster/link/membership.hpp"
#include "muster/uplink/uplink.hpp"
#include "round.hpp"
#include "words.hpp"

namespace muster::uplink {

inline constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
inline constexpr std::string_view kind = "world";  // of a membership
inline constexpr milliseconds expired_pause{600'000};

/// Goes on while the machine sleeps.
[[nodiscard]] milliseconds boot_time();
/// What people call the machine.
[[nodiscard]] std::string host_name();

/// How it joins is in joining.cpp, what is said in a session in uplink.cpp.
class Uplink::Body : public std::enable_shared_from_this<Body> {
  public:
    using Session = link::WorldClient::Session;

    Body(asio::any_io_executor executor, Options options, host::WorldServer& worlds,
         const Clock& clock)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          worlds_(worlds),
          clock_(clock),
          cpu_(std::thread::hardware_concurrency()),
          round_(options_.coordinators.size()),
          pause_(executor_),
          report_(executor_),
          settled_(executor_, asio::steady_timer::time_point::max()),
          over_(executor_, asio::steady_timer::time_point::max()) {
        if (options_.name.empty()) options_.name = host_name();
    }

    asio::awaitable<Result<void>> run() {
        running_ = true;
        listen_to_questions(true);
        auto how = co_await work();
        listen_to_questions(false);
        running_ = false;
        over_.cancel();
        if (stopped_ && !how && how.error().code == Errc::cancelled) how = {};
        co_return how;
    }
    asio::awaitable<void> stop() {
        stopped_ = true;
        pause_.cancel();
        report_.cancel();
        ending_.emit(asio::cancellation_type::terminal);
        if (session_) session_->close();
        while (running_) co_await over_.async_wait(quietly);
    }

  private:
    asio::awaitable<Result<void>> work();
    /// With the join token, or without one with the named key.
    asio::awaitable<Result<link::Membership>> enrol(std::filesystem::path folder,
                                                    unsigned rounds_max);
    [[nodiscard]] Result<link::Application> application(const std::filesystem::path& folder);
    asio::awaitable<Result<link::wire::EnrollReply>> ask_to_enrol(link::Application application);
    [[nodiscard]] Error enrol_refused(const Error& why) const;
    [[nodiscard]] bool has_key() const { return !options_.key_name.empty(); }
    asio::awaitable<void> join_again();
    void judge(const Error& why);
    asio::awaitable<Result<void>> connect_once();
    asio::awaitable<Error> talk(std::shared_ptr<Session> session);
    asio::awaitable<void> report(std::shared_ptr<Session> session,
                                 std::shared_ptr<link::WorldClient> client);
    asio::awaitable<void> renew_if_due(std::shared_ptr<link::WorldClient> client);
    void handle(const std::shared_ptr<Session>& session, wire::ToWorld message);
    void offered(const std::shared_ptr<Session>& session, wire::JoinOffer offer);
    void listen_to_questions(bool on);
    void pass_question();
    void decided(const wire::LeaseAnswer& answer);
    /// The next coordinator, at once or after a while.
    asio::awaitable<void> move_on(const Error& why);
    [[nodiscard]] milliseconds pause_after(const Error& why);
    [[nodiscard]] const std::string& coordinator() const {
        return options_.coordinators[round_.at()];
    }
    void answer(const std::weak_ptr<Session>& session, std::uint64_t request_id,
                Result<host::Joined> joined);
    [[nodiscard]] std::string how_to_join_again() const {
        return "start it once with a new join token (`muster worlds join-token` on the "
               "coordinator): muster world --coordinator " +
               join(options_.coordinators, ",") + " --join-token TOKEN";
    }

    /// Waits for something of the link, but no longer than until stop().
    template <typename T>
    asio::awaitable<Result<T>> until_stopped(asio::awaitable<Result<T>> wait) {
        auto [error, result] = co_await asio::co_spawn(
            executor_, std::move(wait),
            asio::bind_cancellation_slot(ending_.slot(), asio::as_tuple(asio::use_awaitable)));
        if (error || stopped_) co_return fail(Errc::cancelled, "the world server is being stopped");
        co_return std::move(result);
    }
    asio::awaitable<void> rest(milliseconds time) {
        if (stopped_) co_return;
        pause_.expires_after(time);
        co_await pause_.async_wait(quietly);
    }
    void say(host::LogLevel level, const std::string& text) const {
        if (options_.log) options_.log(level, text);
    }

    const asio::any_io_executor executor_;
    Options options_;
    host::WorldServer& worlds_;
    const Clock& clock_;
    CpuShare cpu_;
    Round round_;
    std::optional<link::NamedKey> key_;
    asio::steady_timer pause_;
    asio::steady_timer report_;
    asio::steady_timer settled_;  ///< a report is over
    asio::steady_timer over_;
    asio::cancellation_signal ending_;
    link::Membership member_;
    std::shared_ptr<Session> session_;
    struct Asked {
        std::uint64_t request = 0;
        milliseconds at{};
    };
    std::deque<Asked> asked_;                       ///< not answered yet
    std::optional<milliseconds> unanswered_since_;  ///< in this session
    double cpu_last_ = 0;
    unsigned tries_ = 0;
    std::uint32_t load_seconds_ = 1;
    bool draining_ = false;
    std::string unwelcome_;  ///< why not to come back; empty: come
    bool running_ = false;
    bool stopped_ = false;
};

}  // namespace muster::uplink
