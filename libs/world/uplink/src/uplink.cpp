#include "muster/uplink/uplink.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "body.hpp"

namespace muster::uplink {
namespace {

constexpr milliseconds session_deadline{30'000};
constexpr milliseconds renew_deadline{30'000};
constexpr std::chrono::minutes renew_look{1};
constexpr std::uint32_t load_seconds_max = 60;
constexpr std::size_t questions_max = territory::Holdings::requests_max;
constexpr milliseconds unanswered_max{5'000};
// An older answer's ids may be others' by now (territory::IdLedger::keep).
constexpr milliseconds answer_age_max{30'000};

}  // namespace

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
            say(host::LogLevel::warning, "no session with the coordinator at " + coordinator() +
                                             ": " + ended.error().message);
        }
        if (!ended) co_await move_on(ended.error());
    }
    if (!unwelcome_.empty()) {
        say(host::LogLevel::error, unwelcome_ + "; its worlds go on without a coordinator");
    }
    while (!stopped_) co_await rest(expired_pause);
    co_return Result<void>();
}

asio::awaitable<Result<void>> Uplink::Body::connect_once() {
    link::Client::Options options;
    options.address = coordinator();
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
            round_.let_in();
            load_seconds_ = std::clamp(message.welcome().load_seconds(), 1U, load_seconds_max);
            say(host::LogLevel::info,
                "registered with the coordinator at " + coordinator() + " as " + member_.id);
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
