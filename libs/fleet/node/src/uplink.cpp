#include "uplink.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "convert.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"
#include "queries.hpp"

namespace muster::node {
namespace {

constexpr milliseconds enrol_deadline{30'000};
constexpr milliseconds session_deadline{30'000};
constexpr milliseconds renew_deadline{30'000};
constexpr milliseconds renew_look{60'000};
constexpr milliseconds expired_pause{600'000};
// So many pings may stay away before a session is given up.
constexpr int pings_missed_max = 4;
constexpr std::string_view kind = "node";
// Of the folder of the identity: they outlive it.
constexpr std::array<std::string_view, 2> password_files{"node.password", "node.password.hash"};

}  // namespace

asio::awaitable<Result<link::Membership>> Uplink::enrol(std::filesystem::path folder,
                                                        std::string password_hash,
                                                        unsigned tries_max) {
    auto application =
        link::apply_for_membership(folder, options_.join_token, options_.name, options_.version);
    if (!application) co_return std::unexpected(application.error());
    application->message.set_password_hash(password_hash);
    const auto attempts_max = tries_max * options_.coordinators.size();
    for (std::size_t attempts = 1; !stopped_; ++attempts) {
        auto reply = co_await until_stopped(link::Client::enrol(
            tasks_.executor(), options_.coordinators[which_], application->authority_digest,
            application->message, enrol_deadline));
        if (reply) co_return link::take_membership(folder, kind, *application, *reply);
        if (link::is_refusal(reply.error().code)) {
            co_return fail(reply.error().code,
                           "the coordinator refuses the join token: " + reply.error().message,
                           "join_token");
        }
        if (stopped_) break;
        if (attempts == attempts_max) co_return std::unexpected(reply.error());
        say("the coordinator at " + options_.coordinators[which_] +
            " cannot be joined yet: " + reply.error().message);
        co_await move_on();
    }
    co_return fail(Errc::cancelled, "the node was stopped before it had joined");
}

std::string Uplink::how_to_join_again() const {
    return "start it once with a new join token (`muster nodes join-token` on the coordinator): "
           "muster node --coordinator " +
           join(options_.coordinators, ",") + " --join-token TOKEN";
}

asio::awaitable<std::optional<link::Membership>> Uplink::join_again(std::filesystem::path folder,
                                                                    link::Membership identity,
                                                                    std::string password_hash) {
    const bool refused = link::is_marked_refused(folder);
    const auto ended = link::ended_at(identity.identity.certificate_pem, clock_.now());
    if ((!refused && !ended) || options_.coordinators.empty() || options_.join_token.empty()) {
        co_return std::nullopt;  // run() says what is wrong
    }
    const std::string why = refused ? "the coordinator has refused this node"
                                    : "the node's certificate ended on " + to_rfc3339(*ended);
    // A refused key is not used again.
    const auto into = refused ? folder.parent_path() / "identity.new" : folder;
    std::error_code ignored;
    if (refused) std::filesystem::remove_all(into, ignored);
    auto fresh = co_await enrol(into, std::move(password_hash), 1);
    if (fresh && refused) {
        if (auto put = link::replace_membership(folder, into, password_files); !put)
            fresh = std::unexpected(put.error());
    }
    if (!fresh) {
        say(why + ", and it could not join again: " + fresh.error().message +
            "; its servers run on. To bring it back, " + how_to_join_again());
        co_return std::nullopt;
    }
    say(why + "; it has joined again as " + fresh->id);
    co_return std::move(*fresh);
}

void Uplink::serve(Host& host, link::Membership identity, std::filesystem::path folder,
                   std::string password_hash) {
    host_ = &host;
    identity_ = std::move(identity);
    folder_ = std::move(folder);
    password_hash_ = std::move(password_hash);
    streams_ = std::make_unique<Streams>(
        host, tasks_,
        [this](std::string id) -> asio::awaitable<Result<std::unique_ptr<link::Carrier>>> {
            const std::shared_ptr<link::Client> client = client_;
            if (!client) co_return fail(Errc::unavailable, "there is no coordinator");
            co_return co_await client->carry(std::move(id));
        });
}

void Uplink::send(wire::FromNode message) {
    // A session that cannot take it closes itself; what matters is told again after the next one.
    if (session_) (void)session_->send(std::move(message));
}

asio::awaitable<void> Uplink::run() {
    if (options_.coordinators.empty()) co_return;
    tasks_.spawn(keep_fresh(this));
    while (!stopped_ && !unwelcome_) {
        if (const auto since = link::ended_at(identity_.identity.certificate_pem, clock_.now())) {
            // TLS would only say that it failed.
            say("the node's certificate ended on " + to_rfc3339(*since) +
                "; its servers run on. To bring it back, " + how_to_join_again());
            co_await pause_.wait(timers_, expired_pause);
            continue;
        }
        const auto ended = co_await connect_once();
        if (stopped_ || unwelcome_) break;
        if (!ended && ended.error().code == Errc::permission_denied) {
            link::mark_refused(folder_);
            say("the coordinator refuses this node: " + ended.error().message +
                "; its servers run on. To bring it back, " + how_to_join_again());
        } else if (!ended) {
            say("no session with the coordinator at " + options_.coordinators[which_] + ": " +
                ended.error().message);
        }
        co_await move_on();
    }
    if (unwelcome_) {
        link::mark_refused(folder_);
        say("the coordinator has revoked this node; its servers run on. To bring it back, " +
            how_to_join_again());
    }
}

// Among several coordinators only one lets it in, and which one may change at any time: all are
// asked, one right after the other, before it waits. Who was let in waits first, as all the others
// do that were, for whoever leads next needs a moment.
asio::awaitable<void> Uplink::move_on() {
    which_ = (which_ + 1) % options_.coordinators.size();
    if (++asked_ < options_.coordinators.size() && !std::exchange(was_let_in_, false)) co_return;
    asked_ = 0;
    was_let_in_ = false;
    co_await pause_.wait(timers_, link::reconnect_delay(tries_, random_below(1U << 30U)));
    ++tries_;
}

asio::awaitable<Result<void>> Uplink::connect_once() {
    link::Client::Options options;
    options.address = options_.coordinators[which_];
    options.authority_pem = identity_.authority_pem;
    options.identity = identity_.identity;
    auto client = link::Client::open(tasks_.executor(), std::move(options));
    if (!client) co_return std::unexpected(client.error());
    client_ = std::move(*client);
    const std::shared_ptr<link::Client> keep = client_;
    auto opened = co_await until_stopped(client_->session(session_deadline));
    if (!opened) co_return std::unexpected(opened.error());
    const std::shared_ptr<link::Client::Session> session = std::move(*opened);
    if (stopped_) {
        session->close();
        co_return Result<void>();
    }
    session_ = session;
    was_let_in_ = true;
    greet(*session);
    if (options_.on_connection) options_.on_connection(true);
    const Error why = co_await talk(session);
    session_.reset();
    if (options_.on_connection) options_.on_connection(false);
    streams_->close_all();
    co_return std::unexpected(why);
}

void Uplink::greet(link::Client::Session& session) {
    const HostFacts facts = host_facts(options_.data_dir);
    wire::FromNode message;
    wire::Hello& hello = *message.mutable_hello();
    hello.set_version(options_.version);
    hello.set_hostname(facts.hostname);
    hello.set_name(options_.name.empty() ? facts.hostname : options_.name);
    hello.set_advertise(options_.advertise);
    hello.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
    hello.set_runtime(host_->engine_facts().kind);
    hello.set_runtime_version(host_->engine_facts().version);
    hello.set_memory_bytes(facts.memory_bytes);
    hello.set_cpus(facts.cpus);
    hello.set_disk_bytes(facts.disk_bytes);
    hello.set_port_first(options_.port_first);
    hello.set_port_last(options_.port_last);
    hello.set_password_hash(password_hash_);
    (void)session.send(std::move(message));
    wire::FromNode inventory;
    *inventory.mutable_inventory() = host_->inventory();
    (void)session.send(std::move(inventory));
    for (wire::OperationResult& result : host_->unacknowledged()) {
        wire::FromNode again;
        *again.mutable_result() = std::move(result);
        (void)session.send(std::move(again));
    }
}

// A link can be whole again while the session on it is not: the other end gave it up when it heard
// nothing, and its farewell was lost. Who is promised a ping every so often need not wait for ever.
void Uplink::expect_word(const std::shared_ptr<link::Client::Session>& session) {
    timers_.cancel(silence_);
    if (silence_max_ == milliseconds(0)) return;
    silence_ = timers_.after(silence_max_, [weak = std::weak_ptr(session)] {
        if (const auto live = weak.lock()) live->close();
    });
}

asio::awaitable<Error> Uplink::talk(std::shared_ptr<link::Client::Session> session) {
    silence_max_ = milliseconds(0);  // until this coordinator promises pings
    for (;;) {
        auto message = co_await session->receive();
        if (!message) {
            timers_.cancel(silence_);
            co_return message.error();
        }
        tries_ = 0;
        handle(std::move(*message));
        expect_word(session);
        if (stopped_ || unwelcome_) {
            session->close();
            co_return Error{Errc::cancelled, "the session was closed here", ""};
        }
    }
}

void Uplink::handle(wire::ToNode message) {
    switch (message.message_case()) {
        case wire::ToNode::kCommand:
            host_->command(std::move(*message.mutable_command()));
            return;
        case wire::ToNode::kAcknowledge:
            host_->acknowledge(message.acknowledge().operation_id());
            return;
        case wire::ToNode::kQuery:
            tasks_.spawn(answer_query(this, std::move(*message.mutable_query())));
            return;
        case wire::ToNode::kOpenStream:
            streams_->open(std::move(*message.mutable_open_stream()));
            return;
        case wire::ToNode::kCloseStream:
            streams_->close(message.close_stream().stream_id());
            return;
        case wire::ToNode::kAskInventory: {
            wire::FromNode inventory;
            *inventory.mutable_inventory() = host_->inventory();
            send(std::move(inventory));
            return;
        }
        case wire::ToNode::kPing: {
            wire::FromNode pong;
            pong.mutable_pong()->set_id(message.ping().id());
            send(std::move(pong));
            return;
        }
        case wire::ToNode::kGoodbye:
            unwelcome_ = message.goodbye().for_good();
            return;
        case wire::ToNode::kWelcome:
            silence_max_ = pings_missed_max *
                           std::chrono::seconds(std::min(message.welcome().ping_seconds(), 3600U));
            return;
        case wire::ToNode::MESSAGE_NOT_SET:
            return;
    }
}

asio::awaitable<void> Uplink::answer_query(Uplink* self, wire::Query query) {
    wire::FromNode message;
    if (self->queries_ >= queries_max) {
        wire::Answer& refused = *message.mutable_answer();
        refused.set_id(query.id());
        refused.set_error_code(std::string(name_of(Errc::exhausted)));
        refused.set_error_message("too many questions are open on this node");
    } else {
        ++self->queries_;
        *message.mutable_answer() = co_await answer(*self->host_, std::move(query));
        --self->queries_;
    }
    self->send(std::move(message));
}

asio::awaitable<void> Uplink::keep_fresh(Uplink* self) {
    while (!self->stopped_ && !self->unwelcome_) {
        co_await self->pause_.wait(self->timers_, renew_look);
        if (self->stopped_) co_return;
        if (self->session_) co_await self->renew_if_due();
    }
}

asio::awaitable<void> Uplink::renew_if_due() {
    const auto due = link::renewal_time(identity_.identity.certificate_pem);
    if (!due || clock_.now() < *due) co_return;
    const auto request = pki::signing_request(identity_.identity.private_key_pem);
    if (!request) co_return;
    const std::shared_ptr<link::Client> client = client_;
    auto reply = co_await client->renew(*request, renew_deadline);
    if (!reply) {
        say("the certificate could not be renewed: " + reply.error().message);
        co_return;
    }
    auto fresh = link::take_renewal(folder_, kind, identity_, *reply);
    if (!fresh) {
        say("the new certificate cannot be kept: " + fresh.error().message);
        co_return;
    }
    identity_ = std::move(*fresh);
    // A session with the old one ends here, and the next begins with the new one.
    if (session_) session_->close();
}

void Uplink::stop() {
    stopped_ = true;
    pause_.wake();
    ending_.emit(asio::cancellation_type::terminal);
    if (streams_) streams_->close_all();
    if (session_) session_->close();
}

}  // namespace muster::node
