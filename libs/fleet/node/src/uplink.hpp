#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>

#include "host.hpp"
#include "muster/link/link.hpp"
#include "muster/link/membership.hpp"
#include "muster/node/node.hpp"
#include "streams.hpp"

namespace muster::node {

/// The node's end of the link: comes back for ever.
class Uplink {
  public:
    static constexpr std::size_t queries_max = 256;

    Uplink(Tasks& tasks, const Options& options, Timers& timers, const Clock& clock)
        : tasks_(tasks),
          options_(options),
          timers_(timers),
          clock_(clock),
          pause_(tasks.executor()) {}

    /// Enrols, however long the coordinator is away; `tries_max` times with each of several. Fails
    /// when it refuses, with field "join_token".
    asio::awaitable<Result<link::Membership>> enrol(std::filesystem::path folder,
                                                    std::string password_hash,
                                                    unsigned tries_max = 0);
    /// When the identity is no good any more (its certificate has expired, or the coordinator has
    /// refused it) and there is a join token: joins again with it, in one try, and gives the new
    /// identity. An expired node keeps its key, and with it its place in the fleet; a refused one
    /// becomes another node. Else nothing: run() says what to do, and the node goes on alone.
    asio::awaitable<std::optional<link::Membership>> join_again(std::filesystem::path folder,
                                                                link::Membership identity,
                                                                std::string password_hash);

    void serve(Host& host, link::Membership identity, std::filesystem::path folder,
               std::string password_hash);
    void send(wire::FromNode message);
    [[nodiscard]] bool connected() const { return session_ != nullptr; }
    /// Keeps a session until stop().
    asio::awaitable<void> run();
    void stop();

  private:
    /// Waits for something of the link, but no longer than until stop().
    template <typename T>
    asio::awaitable<Result<T>> until_stopped(asio::awaitable<Result<T>> wait) {
        auto [error, result] = co_await asio::co_spawn(
            tasks_.executor(), std::move(wait),
            asio::bind_cancellation_slot(ending_.slot(), asio::as_tuple(asio::use_awaitable)));
        if (error || stopped_) co_return fail(Errc::cancelled, "the node is being stopped");
        co_return std::move(result);
    }
    asio::awaitable<Result<void>> connect_once();
    /// To the next coordinator; waits when all have been tried.
    asio::awaitable<void> move_on();
    void expect_word(const std::shared_ptr<link::Client::Session>& session);
    asio::awaitable<Error> talk(std::shared_ptr<link::Client::Session> session);
    [[nodiscard]] std::string how_to_join_again() const;
    void greet(link::Client::Session& session);
    void handle(wire::ToNode message);
    static asio::awaitable<void> answer_query(Uplink* self, wire::Query query);
    static asio::awaitable<void> keep_fresh(Uplink* self);
    asio::awaitable<void> renew_if_due();
    void say(const std::string& line) const {
        if (options_.log) options_.log(line);
    }

    Tasks& tasks_;
    const Options& options_;
    Timers& timers_;
    const Clock& clock_;
    Gate pause_;
    asio::cancellation_signal ending_;
    Host* host_ = nullptr;
    link::Membership identity_;
    std::filesystem::path folder_;
    std::string password_hash_;
    std::shared_ptr<link::Client> client_;
    std::shared_ptr<link::Client::Session> session_;
    std::unique_ptr<Streams> streams_;
    std::size_t queries_ = 0;
    std::size_t which_ = 0;  ///< of the coordinators
    std::size_t asked_ = 0;  ///< of them, since it last waited
    bool was_let_in_ = false;
    unsigned tries_ = 0;
    milliseconds silence_max_{0};  ///< without a word, before a session is given up; 0: for ever
    Timers::Id silence_ = 0;
    bool unwelcome_ = false;  ///< told not to come back
    bool stopped_ = false;
};

}  // namespace muster::node
