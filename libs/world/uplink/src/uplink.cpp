#include "muster/uplink/uplink.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <deque>
#include <thread>

#include "muster/base/random.hpp"
#include "muster/link/membership.hpp"
#include "words.hpp"

namespace muster::uplink {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kind = "world";
constexpr milliseconds enrol_deadline{30'000};
constexpr milliseconds session_deadline{30'000};
constexpr milliseconds renew_deadline{30'000};
constexpr milliseconds expired_pause{600'000};
constexpr std::chrono::minutes renew_look{1};
constexpr std::uint32_t load_seconds_max = 60;
// Without leases a spread world stands still: its server comes back as fast as can be.
constexpr milliseconds spread_pause_max{500};
constexpr std::size_t questions_max = territory::Holdings::requests_max;
constexpr milliseconds unanswered_max{5'000};
// An older answer's ids may be others' by now (territory::IdLedger::keep).
constexpr milliseconds answer_age_max{30'000};
// Shorter than a coordinator waits before it takes a server for dead whose link has closed.
constexpr milliseconds linked_for{800};

/// Goes on while the machine sleeps.
milliseconds boot_time() {
    std::timespec time{};
    static_cast<void>(::clock_gettime(CLOCK_BOOTTIME, &time));
    return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                    std::chrono::nanoseconds(time.tv_nsec));
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "world";
    return name.data();
}

}  // namespace

void Questions::ask(mesh::Question question) {
    const std::lock_guard lock(mutex_);
    const bool is_first = !newest_;
    newest_ = std::move(question);
    if (is_first && wake_) wake_();
}
std::optional<mesh::Question> Questions::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(newest_, std::nullopt);
}
bool Questions::is_linked() const {
    return boot_time().count() - answered_at_ < linked_for.count();
}
void Questions::on_ask(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    if (newest_ && wake_) wake_();
}

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
    asio::awaitable<Result<link::Membership>> enrol(std::filesystem::path folder,
                                                    unsigned tries_max);
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
    [[nodiscard]] milliseconds pause_after(const Error& why);
    void answer(const std::weak_ptr<Session>& session, std::uint64_t request_id,
                Result<host::Joined> joined);
    [[nodiscard]] std::string how_to_join_again() const {
        return "start it once with a new join token (`muster worlds join-token` on the "
               "coordinator): muster world --coordinator " +
               options_.coordinator + " --join-token TOKEN";
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

asio::awaitable<Result<void>> Uplink::Body::work() {
    auto known = link::load_membership(options_.folder, kind);
    if (!known) co_return std::unexpected(known.error());
    if (*known) {
        member_ = std::move(**known);
        co_await join_again();
    } else {
        auto enrolled = co_await enrol(options_.folder, 0);
        if (!enrolled) co_return std::unexpected(enrolled.error());
        member_ = std::move(*enrolled);
    }
    while (!stopped_ && unwelcome_.empty()) {
        if (const auto since = link::ended_at(member_.identity.certificate_pem, clock_.now())) {
            // TLS would only say that it failed.
            say(host::LogLevel::error, "the world server's certificate ended on " +
                                           to_rfc3339(*since) +
                                           "; its worlds go on. To bring it "
                                           "back, " +
                                           how_to_join_again());
            co_await rest(expired_pause);
            continue;
        }
        const auto ended = co_await connect_once();
        if (stopped_) break;
        if (!ended) judge(ended.error());
        if (!unwelcome_.empty()) break;
        if (!ended) {
            say(host::LogLevel::warning,
                "no session with the coordinator: " + ended.error().message);
        }
        const milliseconds pause = ended ? milliseconds(0) : pause_after(ended.error());
        co_await rest(pause);
        ++tries_;
    }
    if (!unwelcome_.empty()) {
        say(host::LogLevel::error, unwelcome_ + "; its worlds go on without a coordinator");
    }
    while (!stopped_) co_await rest(expired_pause);
    co_return Result<void>();
}

milliseconds Uplink::Body::pause_after(const Error& why) {
    const milliseconds pause = link::reconnect_delay(tries_, random_below(1U << 30U));
    const bool is_refused = why.code == Errc::conflict || why.code == Errc::invalid_argument ||
                            why.code == Errc::exhausted;
    return options_.spread && !is_refused ? std::min(pause, spread_pause_max) : pause;
}

// Whether it is for good that there is no session.
void Uplink::Body::judge(const Error& why) {
    if (why.code == Errc::permission_denied) link::mark_refused(options_.folder);
    const bool is_refused =
        why.code == Errc::permission_denied || why.code == Errc::unauthenticated;
    if (!is_refused) return;
    unwelcome_ = "the coordinator refuses this world server: " + why.message +
                 ". To bring it back, " + how_to_join_again();
}

asio::awaitable<Result<link::Membership>> Uplink::Body::enrol(std::filesystem::path folder,
                                                              unsigned tries_max) {
    auto application =
        link::apply_for_membership(folder, options_.join_token, options_.name, options_.version);
    if (!application) co_return std::unexpected(application.error());
    for (unsigned tries = 0; !stopped_; ++tries) {
        auto reply = co_await until_stopped(
            link::WorldClient::enrol(executor_, options_.coordinator, application->authority_digest,
                                     application->message, enrol_deadline));
        if (reply) co_return link::take_membership(folder, kind, *application, *reply);
        if (stopped_) break;
        if (link::is_refusal(reply.error().code)) {
            co_return fail(reply.error().code,
                           "the coordinator refuses the join token: " + reply.error().message,
                           "join_token");
        }
        if (tries + 1 == tries_max) co_return std::unexpected(reply.error());
        say(host::LogLevel::warning, "the coordinator at " + options_.coordinator +
                                         " cannot be joined yet: " + reply.error().message);
        co_await rest(link::reconnect_delay(tries, random_below(1U << 30U)));
    }
    co_return fail(Errc::cancelled, "the world server was stopped before it had joined");
}

// With a join token, when the identity is no good any more. One that has expired keeps its key, and
// with it its id; a refused one becomes another.
asio::awaitable<void> Uplink::Body::join_again() {
    const bool refused = link::is_marked_refused(options_.folder);
    const auto ended = link::ended_at(member_.identity.certificate_pem, clock_.now());
    if ((!refused && !ended) || options_.join_token.empty()) co_return;
    const auto into = refused ? options_.folder.parent_path() / "identity.new" : options_.folder;
    std::error_code ignored;
    if (refused) std::filesystem::remove_all(into, ignored);
    auto fresh = co_await enrol(into, 1);
    if (fresh && refused) {
        if (auto put = link::replace_membership(options_.folder, into, {}); !put) {
            fresh = std::unexpected(put.error());
        }
    }
    if (!fresh) {
        say(host::LogLevel::error, "it could not join again: " + fresh.error().message);
        co_return;
    }
    member_ = std::move(*fresh);
    say(host::LogLevel::info, "it has joined again as " + member_.id);
}

asio::awaitable<Result<void>> Uplink::Body::connect_once() {
    link::Client::Options options;
    options.address = options_.coordinator;
    options.authority_pem = member_.authority_pem;
    options.identity = member_.identity;
    auto opened = link::WorldClient::open(executor_, std::move(options));
    if (!opened) co_return std::unexpected(opened.error());
    const std::shared_ptr<link::WorldClient> client = std::move(*opened);
    auto begun = co_await until_stopped(client->session(session_deadline));
    if (!begun) co_return std::unexpected(begun.error());
    const std::shared_ptr<Session> session = std::move(*begun);
    session_ = session;
    wire::FromWorld message;
    *message.mutable_hello() =
        hello_of(options_, worlds_.statistics(), worlds_.udp_port(), draining_);
    static_cast<void>(session->send(std::move(message)));
    unanswered_since_.reset();
    pass_question();
    // One at a time: a renewal of it may still be under way when the session is over.
    const auto reporting = std::make_shared<bool>(true);
    asio::co_spawn(executor_, report(session, client),
                   [self = shared_from_this(), reporting](std::exception_ptr) {
                       *reporting = false;
                       self->settled_.cancel();
                   });
    Error why = co_await talk(session);
    session_.reset();
    if (options_.on_connection) options_.on_connection(false);
    report_.cancel();
    while (*reporting) co_await settled_.async_wait(quietly);
    co_return std::unexpected(std::move(why));
}

asio::awaitable<Error> Uplink::Body::talk(std::shared_ptr<Session> session) {
    for (;;) {
        auto message = co_await session->receive();
        if (!message) co_return message.error();
        handle(session, std::move(*message));
    }
}

void Uplink::Body::handle(const std::shared_ptr<Session>& session, wire::ToWorld message) {
    switch (message.message_case()) {
        case wire::ToWorld::kWelcome:
            tries_ = 0;
            load_seconds_ = std::clamp(message.welcome().load_seconds(), 1U, load_seconds_max);
            say(host::LogLevel::info,
                "registered with the coordinator at " + options_.coordinator + " as " + member_.id);
            if (options_.on_connection) options_.on_connection(true);
            return;
        case wire::ToWorld::kJoinOffer:
            return offered(session, std::move(*message.mutable_join_offer()));
        case wire::ToWorld::kLeave:
            return worlds_.leave(std::move(*message.mutable_leave()->mutable_ticket()));
        case wire::ToWorld::kDrain:
            if (draining_ != message.drain().draining()) {
                draining_ = message.drain().draining();
                say(host::LogLevel::info,
                    draining_ ? "takes nobody new: it is being emptied" : "takes players again");
            }
            report_.cancel();
            return;
        case wire::ToWorld::kLeaseAnswer:
            return decided(message.lease_answer());
        case wire::ToWorld::kWithdraw:
            if (options_.spread && options_.spread->on_withdraw) {
                options_.spread->on_withdraw(withdraw_of(message.withdraw()));
            }
            return;
        case wire::ToWorld::kGoodbye:
            if (!message.goodbye().for_good()) return;
            unwelcome_ = "the coordinator sends this world server away for good: " +
                         message.goodbye().reason();
            return;
        case wire::ToWorld::MESSAGE_NOT_SET:
            return;  // of a newer coordinator
    }
}

void Uplink::Body::listen_to_questions(bool on) {
    if (!options_.spread || !options_.spread->questions) return;
    if (!on) return options_.spread->questions->on_ask({});
    options_.spread->questions->on_ask([weak = weak_from_this(), executor = executor_] {
        asio::post(executor, [weak] {
            if (const auto self = weak.lock()) self->pass_question();
        });
    });
}

// Without a session it waits, and a newer one takes its place.
void Uplink::Body::pass_question() {
    if (!session_ || !options_.spread || !options_.spread->questions) return;
    const auto question = options_.spread->questions->take();
    if (!question) return;
    const milliseconds now = boot_time();
    if (!unanswered_since_) unanswered_since_ = now;
    if (now - *unanswered_since_ > unanswered_max) {
        say(host::LogLevel::warning, "the coordinator does not answer; trying a new session");
        return session_->close();
    }
    asked_.push_back({question->request.number, now});
    if (asked_.size() > questions_max) asked_.pop_front();
    wire::FromWorld message;
    *message.mutable_lease_question() = question_of(*question, cpu_last_, draining_);
    static_cast<void>(session_->send(std::move(message)));
}

void Uplink::Body::decided(const wire::LeaseAnswer& answer) {
    if (!options_.spread) return;
    unanswered_since_.reset();
    const auto asked = std::ranges::find(asked_, answer.request(), &Asked::request);
    if (asked == asked_.end() || boot_time() - asked->at > answer_age_max) return;
    asked_.erase(asked_.begin(), asked);  // this one may be answered again
    if (options_.spread->questions) options_.spread->questions->answered(asked_.front().at);
    const auto decision = decision_of(answer);
    if (!decision) {
        say(host::LogLevel::error, "an answer of the coordinator makes no sense: " +
                                       decision.error().field + ": " + decision.error().message);
        return;
    }
    if (options_.spread->on_decision) options_.spread->on_decision(*decision);
}

void Uplink::Body::offered(const std::shared_ptr<Session>& session, wire::JoinOffer offer) {
    const std::uint64_t request_id = offer.request_id();
    auto request = request_of(std::move(offer), draining_);
    if (!request) return answer(session, request_id, std::unexpected(request.error()));
    worlds_.join(std::move(*request), [weak = weak_from_this(), executor = executor_, request_id,
                                       at = std::weak_ptr(session)](Result<host::Joined> joined) {
        asio::post(executor, [weak, request_id, at, joined = std::move(joined)]() mutable {
            if (const auto self = weak.lock()) {
                self->answer(at, request_id, std::move(joined));
            }
        });
    });
}

void Uplink::Body::answer(const std::weak_ptr<Session>& to, std::uint64_t request_id,
                          Result<host::Joined> joined) {
    wire::FromWorld message;
    *message.mutable_join_answer() = answer_of(request_id, joined);
    const auto session = to.lock();
    const bool is_told = session && session == session_ && session->send(std::move(message));
    // Whoever does not hear of its place shall not keep it.
    if (!is_told && joined) worlds_.leave(joined->ticket);
}

asio::awaitable<void> Uplink::Body::report(std::shared_ptr<Session> session,
                                           std::shared_ptr<link::WorldClient> client) {
    auto look = std::chrono::steady_clock::now() + renew_look;
    while (!stopped_ && session == session_) {
        const host::Statistics statistics = worlds_.statistics();
        const auto now = std::chrono::steady_clock::now();
        cpu_last_ = cpu_.since_last(statistics.process_cpu_seconds, now);
        wire::FromWorld message;
        *message.mutable_load() = load_of(statistics, cpu_last_, draining_);
        if (!session->send(std::move(message))) co_return;
        if (now >= look) {
            look = now + renew_look;
            co_await renew_if_due(client);
        }
        report_.expires_after(std::chrono::seconds(load_seconds_));
        co_await report_.async_wait(quietly);
    }
}

asio::awaitable<void> Uplink::Body::renew_if_due(std::shared_ptr<link::WorldClient> client) {
    const auto due = link::renewal_time(member_.identity.certificate_pem);
    if (!due || clock_.now() < *due) co_return;
    const auto request = pki::signing_request(member_.identity.private_key_pem);
    if (!request) co_return;
    const auto reply = co_await client->renew(*request, renew_deadline);
    if (!reply) {
        say(host::LogLevel::warning,
            "the certificate could not be renewed: " + reply.error().message);
        co_return;
    }
    auto fresh = link::take_renewal(options_.folder, kind, member_, *reply);
    if (!fresh) {
        say(host::LogLevel::error, "the new certificate cannot be kept: " + fresh.error().message);
        co_return;
    }
    member_ = std::move(*fresh);
    // A session with the old one ends here, and the next begins with the new one.
    if (session_) session_->close();
}

Uplink::Uplink(asio::any_io_executor executor, Options options, host::WorldServer& worlds,
               const Clock& clock)
    : body_(std::make_shared<Body>(std::move(executor), std::move(options), worlds, clock)) {}
Uplink::~Uplink() = default;

asio::awaitable<Result<void>> Uplink::run() {
    return body_->run();
}
asio::awaitable<void> Uplink::stop() {
    return body_->stop();
}

}  // namespace muster::uplink
