#include "node_links.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "muster/base/encoding.hpp"
#include "views.hpp"
#include "wire_words.hpp"

namespace muster::coordinator {

NodeLinks::NodeLinks(asio::any_io_executor executor, const Options& options, const Clock& clock,
                     Enrolment& enrolment, Fleet& fleet, Inventory& inventory, Events& events)
    : executor_(std::move(executor)),
      options_(options),
      clock_(clock),
      enrolment_(enrolment),
      fleet_(fleet),
      inventory_(inventory),
      events_(events) {}

bool NodeLinks::is_current(const SessionPtr& session) const {
    const auto found = sessions_.find(session->link->node_id());
    return found != sessions_.end() && found->second == session;
}

bool NodeLinks::is_connected(const std::string& node_id) const {
    return sessions_.contains(node_id);
}

asio::awaitable<void> NodeLinks::serve(std::shared_ptr<link::NodeSession> link) {
    auto session = std::make_shared<Session>(executor_);
    session->link = std::move(link);
    if (!co_await greet(session)) {
        session->over.set();
        co_return;
    }
    asio::co_spawn(executor_, ping(session), asio::detached);
    while (auto message = co_await session->link->receive()) {
        if (!is_current(session)) break;
        ++counts_.messages_in;
        received(session, *message);
    }
    end(session);
}

asio::awaitable<bool> NodeLinks::greet(SessionPtr session) {
    // A session whose hello does not come is closed by this watch, which ends the wait below.
    asio::co_spawn(
        executor_,
        [](SessionPtr watched) -> asio::awaitable<void> {
            if (!co_await watched->over.wait(hello_deadline) && watched->number == 0) {
                watched->link->close("no hello came");
            }
        }(session),
        asio::detached);
    const auto first = co_await session->link->receive();
    if (!first || !first->has_hello()) {
        session->link->close("the first message must be a hello");
        co_return false;
    }
    const std::string node_id = session->link->node_id();
    if (!enrolment_.admit(node_id)) {
        session->link->close("this node does not belong here");
        co_return false;
    }
    // The same node came anew before we saw its old session end: the new one counts.
    if (const auto old = sessions_.find(node_id); old != sessions_.end()) {
        const SessionPtr previous = old->second;
        previous->link->close("the node opened another session");
        end(previous);
    }
    session->number = next_session_++;
    session->heard = std::chrono::steady_clock::now();
    sessions_[node_id] = session;
    ++counts_.sessions;
    const wire::Hello& hello = first->hello();
    wire::ToNode message;
    auto& welcome = *message.mutable_welcome();
    welcome.set_node_id(node_id);
    welcome.set_coordinator_version(options_.version);
    welcome.set_ping_seconds(static_cast<std::uint32_t>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(options_.ping).count())));
    send(node_id, session->number, std::move(message));
    enrolment_.set_password_hash(node_id, hello.password_hash());
    inventory_.heard(node_id, clock_.now());
    brain::NodeConnected connected;
    connected.node_id = node_id;
    connected.session = session->number;
    connected.name = enrolment_.name_of(node_id);
    connected.facts = facts_of(hello, session->link->address());
    static_cast<void>(fleet_.tell(std::move(connected)));
    if (options_.log) options_.log(LogLevel::info, "node " + node_id + " connected");
    co_return true;
}

asio::awaitable<void> NodeLinks::ping(SessionPtr session) {
    std::uint64_t number = 0;
    while (!co_await session->over.wait(options_.ping)) {
        const auto silent = std::chrono::steady_clock::now() - session->heard;
        if (silent > options_.ping * 6) {
            session->link->close("no answer to pings");
            co_return;
        }
        if (silent > options_.ping * 2 && !session->is_lost) {
            session->is_lost = true;
            brain::NodeLostContact lost;
            lost.node_id = session->link->node_id();
            lost.session = session->number;
            static_cast<void>(fleet_.tell(std::move(lost)));
        }
        wire::ToNode message;
        message.mutable_ping()->set_id(++number);
        send(session->link->node_id(), session->number, std::move(message));
    }
}

void NodeLinks::end(const SessionPtr& session) {
    if (session->over.is_set()) return;
    session->over.set();
    for (auto& [id, waiting] : session->waiting) waiting->answered.set();
    session->waiting.clear();
    const std::string node_id = session->link->node_id();
    if (is_current(session)) sessions_.erase(node_id);
    brain::NodeSessionEnded ended;
    ended.node_id = node_id;
    ended.session = session->number;
    static_cast<void>(fleet_.tell(std::move(ended)));
    if (options_.log) options_.log(LogLevel::info, "node " + node_id + " went away");
}

void NodeLinks::send(const std::string& node_id, std::uint64_t session, wire::ToNode message) {
    const auto found = sessions_.find(node_id);
    if (found == sessions_.end() || found->second->number != session) return;
    ++counts_.messages_out;
    // When its queue is full the link closes the session, and the node comes back and asks again.
    static_cast<void>(found->second->link->send(std::move(message)));
}

Result<void> NodeLinks::tell(const std::string& node_id, wire::ToNode message) {
    const auto found = sessions_.find(node_id);
    if (found == sessions_.end()) {
        return fail(Errc::unavailable, "the node " + node_id + " is not connected now", "node_id");
    }
    ++counts_.messages_out;
    return found->second->link->send(std::move(message));
}

void NodeLinks::dismiss(const std::string& node_id, const std::string& reason, bool for_good) {
    const auto found = sessions_.find(node_id);
    if (found == sessions_.end()) return;
    const SessionPtr session = found->second;
    wire::ToNode message;
    message.mutable_goodbye()->set_reason(reason);
    message.mutable_goodbye()->set_for_good(for_good);
    static_cast<void>(session->link->send(std::move(message)));
    session->link->close(reason);
    end(session);
}

void NodeLinks::dismiss_all(const std::string& reason) {
    while (!sessions_.empty()) dismiss(std::string(sessions_.begin()->first), reason, false);
}

asio::awaitable<Result<wire::Answer>> NodeLinks::ask(std::string node_id, wire::Query question) {
    const auto found = sessions_.find(node_id);
    if (found == sessions_.end()) {
        co_return fail(Errc::unavailable, "the node " + node_id + " is not connected now",
                       "node_id");
    }
    const SessionPtr session = found->second;
    if (session->waiting.size() >= queries_max) {
        co_return fail(Errc::exhausted, "too many questions wait for that node");
    }
    const auto id = next_query_++;
    question.set_id(id);
    question.set_deadline_ms(static_cast<std::uint32_t>(options_.query_deadline.count()));
    auto waiting = std::make_shared<Waiting>(executor_);
    session->waiting.emplace(id, waiting);
    ++counts_.queries;
    const auto started = std::chrono::steady_clock::now();
    wire::ToNode message;
    *message.mutable_query() = std::move(question);
    send(node_id, session->number, std::move(message));
    const bool in_time = co_await waiting->answered.wait(options_.query_deadline);
    session->waiting.erase(id);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    counts_.query_seconds += took.count();
    if (!in_time) {
        ++counts_.query_timeouts;
        co_return fail(Errc::timeout, "the node did not answer in time");
    }
    if (!waiting->answer) co_return waiting->answer;
    const wire::Answer& answer = *waiting->answer;
    if (auto error = error_of(answer.ok(), answer.error_code(), answer.error_message(),
                              answer.error_field())) {
        co_return std::unexpected(*std::move(error));
    }
    co_return waiting->answer;
}

void NodeLinks::received(const SessionPtr& session, const wire::FromNode& message) {
    const std::string& node_id = session->link->node_id();
    session->heard = std::chrono::steady_clock::now();
    session->is_lost = false;
    inventory_.heard(node_id, clock_.now());
    switch (message.message_case()) {
        case wire::FromNode::kInventory:
            return inventory_came(session, message.inventory());
        case wire::FromNode::kServer:
            return server_changed(session, message.server());
        case wire::FromNode::kContainer:
            return container_changed(node_id, message.container());
        case wire::FromNode::kContainerGone:
            return container_gone(node_id, message.container_gone().id());
        case wire::FromNode::kProgress: {
            brain::OperationProgressed progressed;
            progressed.node_id = node_id;
            progressed.session = session->number;
            progressed.operation_id = message.progress().operation_id();
            progressed.step = message.progress().step();
            const double fraction = message.progress().fraction();
            if (fraction >= 0 && fraction <= 1) progressed.progress = fraction;
            progressed.detail = message.progress().detail();
            static_cast<void>(fleet_.tell(std::move(progressed)));
            return;
        }
        case wire::FromNode::kResult:
            return result_came(session, message.result());
        case wire::FromNode::kAnswer:
            return answered(session, message.answer());
        case wire::FromNode::kSamples:
            return sampled(node_id, message.samples());
        case wire::FromNode::kPong: {
            brain::NodeSeen seen;
            seen.node_id = node_id;
            seen.session = session->number;
            static_cast<void>(fleet_.tell(std::move(seen)));
            return;
        }
        default:
            return;  // A newer node may say what we do not know yet.
    }
}

void NodeLinks::inventory_came(const SessionPtr& session, const wire::Inventory& inventory) {
    const std::string& node_id = session->link->node_id();
    brain::InventoryReported reported;
    reported.node_id = node_id;
    reported.session = session->number;
    reported.runtime_answers = inventory.runtime_answers();
    reported.runtime = to_utf8(inventory.runtime());
    reported.runtime_version = to_utf8(inventory.runtime_version());
    reported.avoided_ports = busy_ports_of(inventory.listening());
    for (const auto& observed : inventory.servers()) {
        reported.servers.push_back({observed.server_id(), observed_of(observed)});
    }
    for (const auto& id : inventory.unacknowledged_operations()) {
        reported.known_operations.push_back(id);
    }
    if (inventory.runtime_answers()) {
        for (const auto& gone : inventory_.replace(node_id, inventory)) publish(gone, true);
        for (const auto& observed : inventory.containers()) {
            const auto* container = inventory_.find(observed.id(), node_id);
            if (container == nullptr) continue;
            publish(*container, false);
            // A server that another coordinator left behind holds its ports like any stranger.
            if (fleet_.state().server(container->server_id) != nullptr) continue;
            for (const auto& port : busy_ports_of(observed.ports()))
                reported.busy_ports.push_back(port);
        }
    } else if (options_.log) {
        options_.log(LogLevel::warning, "the runtime of node " + node_id +
                                            " does not answer: " + inventory.runtime_error());
    }
    static_cast<void>(fleet_.tell(std::move(reported)));
}

void NodeLinks::server_changed(const SessionPtr& session, const wire::ServerObserved& observed) {
    brain::ServerObserved event;
    event.node_id = session->link->node_id();
    event.session = session->number;
    event.server_id = observed.server_id();
    event.observed = observed_of(observed);
    event.removed = observed.removed();
    if (observed.removed()) inventory_.forget_server(observed.server_id());
    static_cast<void>(fleet_.tell(std::move(event)));
}

void NodeLinks::container_changed(const std::string& node_id,
                                  const wire::ContainerObserved& observed) {
    if (const auto* container = inventory_.put(node_id, observed)) publish(*container, false);
}

void NodeLinks::container_gone(const std::string& node_id, const std::string& id) {
    if (const auto gone = inventory_.remove(node_id, id)) publish(*gone, true);
}

void NodeLinks::result_came(const SessionPtr& session, const wire::OperationResult& result) {
    brain::OperationFinished finished;
    finished.node_id = session->link->node_id();
    finished.session = session->number;
    finished.operation_id = result.operation_id();
    finished.error =
        error_of(result.ok(), result.error_code(), result.error_message(), result.error_field());
    static_cast<void>(fleet_.tell(std::move(finished)));
}

void NodeLinks::sampled(const std::string& node_id, const wire::Samples& samples) {
    inventory_.sampled(node_id, samples);
    if (!events_.wanted("sample")) return;
    if (samples.has_node()) {
        auto object = to_json(samples.node());
        object["node_id"] = node_id;
        events_.publish("sample", false, object, {});
    }
    for (const auto& sample : samples.servers()) {
        auto object = to_json(sample);
        object["server_id"] = sample.server_id();
        events_.publish("sample", false, object, sample.server_id());
    }
}

void NodeLinks::answered(const SessionPtr& session, const wire::Answer& answer) {
    const auto found = session->waiting.find(answer.id());
    if (found == session->waiting.end()) return;  // It came too late, or nobody asked.
    found->second->answer = answer;
    found->second->answered.set();
    session->waiting.erase(found);
}

void NodeLinks::publish(const Container& container, bool gone) {
    if (!events_.wanted("container")) return;
    events_.publish("container", gone, to_json(container, fleet_.state()), container.server_id);
}

}  // namespace muster::coordinator
