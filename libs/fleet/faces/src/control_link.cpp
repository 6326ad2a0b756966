#include "control_link.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "muster/coordinator/coordinator.hpp"
#include "muster/http/url.hpp"

namespace muster::faces {
namespace {

using Steady = std::chrono::steady_clock;
using boost::system::error_code;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

}  // namespace

ControlLink::ControlLink(Tcp::socket socket, coordinator::Coordinator& coordinator,
                         std::string version, std::string local_token)
    : socket_(std::move(socket)),
      executor_(socket_.get_executor()),
      coordinator_(coordinator),
      version_(std::move(version)),
      queue_changed_(executor_),
      idle_changed_(executor_),
      heard_(Steady::now()),
      tasks_(executor_) {
    error_code error;
    const auto remote = socket_.remote_endpoint(error);
    if (!error) {
        address_ = remote.address().to_string();
        if (remote.address().is_loopback()) token_ = std::move(local_token);
    }
    socket_.set_option(Tcp::no_delay(true), error);
    // A peer that vanished without a word is found by the system.
    socket_.set_option(asio::socket_base::keep_alive(true), error);
}

asio::awaitable<void> ControlLink::run() {
    const Self self = shared_from_this();
    send(Json{{"type", "hello"},
              {"name", "muster"},
              {"version", version_},
              {"token_required", token_.empty()}});
    tasks_.start(write());
    tasks_.start(watch_idleness());
    if (!token_.empty()) {
        // What the operator chose for this machine may have been deleted meanwhile.
        auto token = std::exchange(token_, {});
        const bool is_good = co_await sign_in(std::move(token), nullptr);
        if (!is_good && !is_closing_)
            end(Error{Errc::unauthenticated, "the token was refused", {}});
    }
    co_await read();
    stop_watching();
    is_closing_ = true;
    queue_changed_.ring();
    idle_changed_.ring();
    co_await tasks_.ended();
    cut();
}

void ControlLink::end(const Error& why) {
    if (is_closing_) return;
    Json line{{"type", "error"},
              {"error", {{"code", name_of(why.code)}, {"message", why.message}}}};
    if (!why.field.empty()) line["error"]["field"] = why.field;
    send(line);
    is_closing_ = true;
    queue_changed_.ring();
}

void ControlLink::cut() {
    is_over_ = true;
    is_closing_ = true;
    error_code ignored;
    socket_.close(ignored);
    stop_watching();
    queue_changed_.ring();
    idle_changed_.ring();
}

bool ControlLink::send(const Json& line) {
    if (is_closing_) return false;
    std::string text = to_text(line) + "\n";
    if (queued_bytes_ + text.size() > queue_bytes_max) {
        // A reader that is too slow is cut off rather than fed stale news.
        cut();
        return false;
    }
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    queue_changed_.ring();
    return true;
}

asio::awaitable<void> ControlLink::write() {
    while (!is_over_) {
        if (queue_.empty()) {
            if (is_closing_) break;
            co_await queue_changed_.wait();
            continue;
        }
        const std::string text = std::move(queue_.front());
        queue_.pop_front();
        writing_since_ = Steady::now();
        const auto [error, count] =
            co_await asio::async_write(socket_, asio::buffer(text), quietly);
        writing_since_ = {};
        queued_bytes_ -= text.size();
        if (error) break;
    }
    // The reader ends with it: the other side gets an end once all that was queued has arrived.
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> ControlLink::watch_idleness() {
    while (!is_closing_) {
        co_await idle_changed_.wait(std::chrono::seconds(1));
        const auto now = Steady::now();
        if (writing_since_ != Steady::time_point{} && now - writing_since_ > write_limit) {
            cut();
        } else if (!is_signed_in_ && now - heard_ > sign_in_limit) {
            end(Error{Errc::timeout, "no token came in time", "token"});
        } else if (is_signed_in_ && !events_ && now - heard_ > idle_limit) {
            end(Error{Errc::timeout, "nothing came for ten minutes", {}});
        }
    }
    // What is still to be sent has its limit too.
    const auto until = Steady::now() + write_limit;
    while (!queue_.empty() && !is_over_ && Steady::now() < until) {
        co_await queue_changed_.wait(std::chrono::seconds(1));
    }
    if (!queue_.empty()) cut();
}

asio::awaitable<void> ControlLink::read() {
    control::Lines lines;
    std::array<char, 16U << 10U> buffer{};
    while (!is_closing_) {
        const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer), quietly);
        if (error) co_return;
        auto added = lines.add(std::string_view(buffer.data(), count));
        if (!added) {
            end(added.error());
            break;
        }
        while (auto line = lines.next()) {
            if (is_closing_) break;
            heard_ = Steady::now();
            if (line->empty()) continue;
            co_await take(std::move(*line));
            heard_ = Steady::now();
        }
    }
    // Until the writer has said everything.
    while (!is_over_) {
        const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer), quietly);
        if (error) co_return;
    }
}

asio::awaitable<void> ControlLink::take(std::string line) {
    auto message = control::parse(line);
    if (!message) {
        if (is_signed_in_) {
            send(control::refusal(nullptr, http_status(message.error().code), message.error()));
            co_return;
        }
        // Whoever begins like this speaks something else, HTTP perhaps, from a page in a browser.
        auto why = message.error();
        why.message =
            "this is Muster's control socket; it speaks lines of JSON, and the first is "
            "{\"token\":\"...\"}: " +
            why.message;
        end(why);
        co_return;
    }
    if (!message->token.empty()) {
        co_await sign_in(std::move(message->token), message->id);
        if (message->command.empty() || is_closing_) co_return;
    }
    if (!is_signed_in_) {
        end(Error{Errc::unauthenticated, "the first line must hold a token", "token"});
        co_return;
    }
    co_await obey(*std::move(message));
}

asio::awaitable<bool> ControlLink::sign_in(std::string token, Json id) {
    const Api api(executor_, coordinator_, token, address_);
    auto who = co_await api.call("GET", "/api/v1/whoami");
    if (!who.ok()) {
        end(who.error());
        co_return false;
    }
    // Somebody else's events are not for the new one.
    stop_watching();
    token_ = std::move(token);
    is_signed_in_ = true;
    send(Json{{"type", "welcome"}, {"id", id}, {"who", who.body}});
    co_return true;
}

asio::awaitable<void> ControlLink::obey(control::Message message) {
    if (message.command == "ping") {
        send(control::reply(message.id, 200, "pong"));
        co_return;
    }
    if (message.command == "help") {
        send(control::reply(message.id, 200, control::commands()));
        co_return;
    }
    if (message.command == "watch") {
        start_watching(message);
        co_return;
    }
    if (message.command == "unwatch") {
        stop_watching();
        send(control::reply(message.id, 200, nullptr));
        co_return;
    }
    const auto call = control::call_of(message);
    if (!call) {
        send(control::refusal(message.id, http_status(call.error().code), call.error()));
        co_return;
    }
    const Api api(executor_, coordinator_, token_, address_);
    auto answer = co_await api.call(call->method, call->target, call->body);
    if (answer.ok()) {
        Json result = std::move(answer.body);
        if (call->is_logs) result = std::move(answer.text);
        send(control::reply(message.id, answer.status, std::move(result)));
    } else if (answer.status == 401) {
        // Deleted or expired: nothing that follows could be answered.
        end(answer.error());
    } else {
        send(control::refusal(message.id, answer.status, answer.error()));
    }
}

void ControlLink::start_watching(const control::Message& message) {
    stop_watching();
    std::string target = "/api/v1/events";
    const char* mark = "?";
    for (const char* name : {"kinds", "node"}) {
        const auto value = text_of(message.params, name);
        if (value.empty()) continue;
        target += mark + std::string(name) + "=" + http::percent_encode(value);
        mark = "&";
    }
    auto* link = this;  // which outlives the socket: its task is waited for
    events_ = std::make_shared<InnerSocket>(executor_, [link](std::string text) {
        auto event = Json::parse(text, nullptr, false);
        if (event.is_discarded()) return true;
        if (event["type"] == "hello") return true;
        return link->send(Json{{"type", "event"}, {"event", std::move(event)}});
    });
    send(control::reply(message.id, 200, nullptr));
    tasks_.start(watch_events(events_, std::move(target)));
}

void ControlLink::stop_watching() {
    if (!events_) return;
    const auto events = std::exchange(events_, nullptr);
    events->forget();
    events->close(1000, "");
}

asio::awaitable<void> ControlLink::watch_events(std::shared_ptr<InnerSocket> socket,
                                                std::string target) {
    const Self self = shared_from_this();
    auto request = request_of("GET", token_, address_);
    const auto refused = co_await coordinator_.talk(std::move(request), std::move(target), socket);
    if (events_ != socket) co_return;  // It was ended by us.
    events_ = nullptr;
    std::string why = refused ? "the events were refused" : socket->reason();
    const Json line{{"type", "unwatched"}, {"reason", std::move(why)}};
    send(line);
}

}  // namespace muster::faces
