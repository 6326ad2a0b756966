#include "handle.hpp"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>

#include "muster/protocol/protocol.hpp"
#include "ping.hpp"
#include "refusals.hpp"

namespace muster::sdk {
namespace {

using namespace std::chrono_literals;
namespace asio = http::asio;

constexpr std::size_t requests_max = 256;
constexpr auto list_patience = 10s;

}  // namespace

Handle::Handle(const HandleOptions& options, http::Endpoint endpoint,
               std::shared_ptr<const rtc::Identity> identity)
    : work_(asio::make_work_guard(context_)),
      events_(options.events_max),
      identity_(std::move(identity)),
      http_(std::make_unique<http::Client>(context_.get_executor(), std::move(endpoint))) {
    input_.shown_ago = 6;
}

Result<std::unique_ptr<Handle>> Handle::open(const HandleOptions& options) {
    auto endpoint = http::Endpoint::parse(options.url, options.ca_pem);
    if (!endpoint) return std::unexpected(endpoint.error());
    auto keys = client::read_ticket_keys(options.ticket_keys);
    if (!options.ticket_keys.empty() && keys.empty()) {
        return fail(Errc::invalid_argument, "ticket_keys: no Ed25519 key is in this key set",
                    "ticket_keys");
    }
    auto identity = rtc::Identity::make();
    if (!identity) return std::unexpected(identity.error());
    std::unique_ptr<Handle> handle(new Handle(options, std::move(*endpoint), std::move(*identity)));
    handle->has_own_keys_ = !keys.empty();
    handle->keys_ = std::move(keys);
    handle->start();
    return handle;
}

// The program's signals are not for this thread.
void Handle::start() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] {
        for (;;) {
            try {
                context_.run();
                return;
            } catch (const std::exception& error) {
                end(MUSTER_CLIENT_INTERNAL, error.what());
            }
        }
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Handle::~Handle() {
    asio::post(context_, [this] {
        if (play_) play_->session().leave(now());
        play_.reset();
        ++epoch_;
        context_.stop();
    });
    thread_.join();
    http_.reset();
}

Instant Handle::now() const {
    return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now() - began_);
}

std::int32_t Handle::post(std::function<void()> task) {
    if (posted_.fetch_add(1) >= requests_max) {
        posted_.fetch_sub(1);
        return MUSTER_CLIENT_BUSY;
    }
    asio::post(context_, [this, task = std::move(task)] {
        posted_.fetch_sub(1);
        task();
    });
    return MUSTER_CLIENT_OK;
}

void Handle::spawn(Awaitable<void> task) {
    asio::co_spawn(context_, std::move(task), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
    });
}

std::string Handle::error() const {
    const std::scoped_lock lock(mutex_);
    return error_;
}

std::string Handle::ticket() const {
    const std::scoped_lock lock(mutex_);
    return ticket_;
}

void Handle::read(muster_client_statistics& out) const {
    const auto dropped = events_.dropped();
    const std::scoped_lock lock(mutex_);
    out = statistics_;
    out.events_dropped = dropped;
    out.playing = playing_ ? 1 : 0;
}

// ---- asking
// --------------------------------------------------------------------------------------

http::asio::awaitable<std::expected<http::Response, client::Refusal>> Handle::request(
    http::ClientRequest request, std::chrono::milliseconds patience) {
    auto response = co_await http_->send(std::move(request), patience);
    if (!response) {
        client::Refusal nobody;
        nobody.detail = response.error().message;
        co_return std::unexpected(std::move(nobody));
    }
    if (response->status / 100 == 2) co_return std::move(*response);
    const auto later = response->headers.find("Retry-After").value_or(std::string_view{});
    co_return std::unexpected(client::read_refusal(response->status, later, response->body));
}

std::int32_t Handle::list_worlds() {
    return post([this] { spawn(tell_worlds()); });
}

std::int32_t Handle::list_servers() {
    return post([this] { spawn(tell_servers(false)); });
}

std::int32_t Handle::ping_servers() {
    return post([this] { spawn(tell_servers(true)); });
}

http::asio::awaitable<void> Handle::tell_worlds() {
    http::ClientRequest list;
    list.target = "/api/v1/worlds";
    const auto answer = co_await request(std::move(list), list_patience);
    if (!answer) {
        tell_failed(MUSTER_CLIENT_EVENT_WORLDS, answer.error());
        co_return;
    }
    events_.put(sdk::tell_worlds(client::read_worlds(answer->body)));
}

http::asio::awaitable<std::expected<std::vector<client::Server>, client::Refusal>>
Handle::servers() {
    std::vector<client::Server> out;
    std::string cursor;
    do {
        http::ClientRequest list;
        list.target = "/api/v1/world-servers";
        if (!cursor.empty()) list.target += "?cursor=" + client::percent_encoded(cursor);
        const auto answer = co_await request(std::move(list), list_patience);
        if (!answer) co_return std::unexpected(answer.error());
        auto page = client::read_servers(answer->body);
        cursor = page.servers.empty() ? std::string{} : std::move(page.next_cursor);
        for (auto& one : page.servers) out.push_back(std::move(one));
    } while (!cursor.empty() && out.size() < client::listed_max);
    co_return out;
}

http::asio::awaitable<void> Handle::tell_servers(bool measures) {
    const auto list = co_await servers();
    if (!list) {
        tell_failed(MUSTER_CLIENT_EVENT_SERVERS, list.error());
        co_return;
    }
    std::vector<std::int32_t> pings(list->size(), -1);
    if (measures) pings = co_await measure(*list);
    events_.put(sdk::tell_servers(*list, pings));
}

http::asio::awaitable<std::vector<std::int32_t>> Handle::measure(
    std::vector<client::Server> servers) {
    auto pings = co_await ping(context_, servers);
    pings_.clear();
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (pings[i] >= 0) pings_[servers[i].id] = static_cast<double>(pings[i]) / 1'000;
    }
    co_return pings;
}

void Handle::tell_failed(std::uint32_t what, const client::Refusal& why) {
    const auto message = words_of(why);
    events_.put(sdk::tell_failed(MUSTER_CLIENT_EVENT_FAILED, what, code_of(why), message));
    const std::scoped_lock lock(mutex_);
    error_ = message;
}

}  // namespace muster::sdk
