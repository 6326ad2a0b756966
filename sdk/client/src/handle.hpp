#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "events.hpp"
#include "muster/base/error.hpp"
#include "muster/client/tickets.hpp"
#include "muster/client/words.hpp"
#include "muster/http/client.hpp"
#include "play.hpp"

namespace muster::sdk {

struct HandleOptions {
    std::string url, ca_pem;
    std::string ticket_keys;  ///< a JSON Web Key Set; empty: the coordinator's own
    std::size_t events_max = 1'024;
};

/// What a program wishes for when it joins: client::JoinWish but for the offer, and where.
struct Wish {
    std::string world;  ///< empty: the first of the list
    client::JoinWish join;
};

/// One handle: a thread that plays, and what a program may ask of it. Public functions may be
/// called from any thread; they return MUSTER_CLIENT_ codes.
class Handle {
  public:
    static Result<std::unique_ptr<Handle>> open(const HandleOptions& options);
    ~Handle();
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    std::int32_t list_worlds();
    std::int32_t list_servers();
    std::int32_t ping_servers();
    std::int32_t join(Wish wish);
    std::int32_t set_input(const muster_client_input& input);
    std::int32_t say(std::string text, bool team_only);
    std::int32_t send_custom(std::uint8_t command, std::vector<std::byte> payload);
    std::int32_t leave();
    Events& events() { return events_; }
    [[nodiscard]] std::string error() const;
    [[nodiscard]] std::string ticket() const;
    void read(muster_client_statistics& out) const;

  private:
    template <typename T>
    using Awaitable = http::asio::awaitable<T>;
    template <typename T>
    using Answer = std::expected<T, client::Refusal>;
    using Epoch = std::uint64_t;

    Handle(const HandleOptions& options, http::Endpoint endpoint,
           std::shared_ptr<const rtc::Identity> identity);
    void start();
    std::int32_t post(std::function<void()> task);
    void spawn(Awaitable<void> task);
    [[nodiscard]] Instant now() const;

    // handle.cpp: asking
    Awaitable<Answer<http::Response>> request(http::ClientRequest request,
                                              std::chrono::milliseconds patience);
    Awaitable<void> tell_worlds();
    Awaitable<Answer<std::vector<client::Server>>> servers();
    Awaitable<void> tell_servers(bool measures);
    Awaitable<std::vector<std::int32_t>> measure(std::vector<client::Server> servers);
    void tell_failed(std::uint32_t what, const client::Refusal& why);

    // handle_play.cpp: playing
    Awaitable<void> enter(Wish wish, Epoch epoch);
    Awaitable<Answer<std::string>> first_world();
    Awaitable<Answer<client::Joined>> ask(const Wish& wish, std::chrono::milliseconds patience);
    Awaitable<Answer<client::Joined>> ask_until(Wish& wish, Epoch epoch);
    Awaitable<std::string> distrust(const client::Joined& joined, std::string world);
    bool take(const client::Joined& joined);
    Awaitable<void> beat(Epoch epoch);
    Awaitable<void> come_back(Epoch epoch);
    Awaitable<void> say_goodbye(std::string world, std::string ticket);
    Awaitable<void> pause(std::chrono::milliseconds time);
    void look_after(Instant at, Epoch epoch);
    void act(Instant at);
    void publish();
    void end(std::int32_t code, const std::string& message, const client::Refusal& refusal = {});
    void keep_ticket(const std::string& ticket);

    http::asio::io_context context_{1};
    http::asio::executor_work_guard<http::asio::io_context::executor_type> work_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    Events events_;
    std::shared_ptr<const rtc::Identity> identity_;
    std::unique_ptr<http::Client> http_;

    // Of the thread.
    Epoch epoch_ = 0;     ///< what was begun in another one is void
    bool is_in_ = false;  ///< joins, or plays
    Wish wish_;
    std::unique_ptr<Play> play_;
    Instant open_until_{0};
    Instant input_at_{0};
    bool is_coming_back_ = false;
    client::TicketKeys keys_;
    bool has_own_keys_ = false;            ///< the program's: no others count
    std::map<std::string, double> pings_;  ///< milliseconds, by server, as measured last
    Counts counts_;
    Wires::Counts traffic_;  ///< of former plays

    // Shared with the program's threads.
    mutable std::mutex mutex_;
    std::string error_, ticket_;
    muster_client_input input_{};
    std::uint32_t pressed_ = 0;  ///< since the last step
    muster_client_statistics statistics_{};
    std::atomic<bool> playing_ = false;
    std::atomic<std::size_t> posted_ = 0;

    std::thread thread_;  ///< ends before all else
};

}  // namespace muster::sdk
