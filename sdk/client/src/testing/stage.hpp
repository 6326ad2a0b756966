#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "muster/client.h"
#include "muster/host/world_server.hpp"
#include "muster/http/server.hpp"

/// Real world servers in a test's process, and programs that play in them by the C functions alone.
namespace muster::sdk::testing {

/// An HTTP server on a thread of its own.
class Served {
  public:
    explicit Served(http::Router router, std::uint16_t port = 0);
    ~Served();
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

  private:
    http::asio::io_context context_{1};
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
};

/// A world "arena" of one server, with plugins' messages sent back as they came.
class Arena {
  public:
    explicit Arena(std::function<void(host::Options&)> change = {});
    ~Arena();
    [[nodiscard]] std::string url() const { return served_->url(); }
    [[nodiscard]] host::WorldServer& server() { return *server_; }

  private:
    std::unique_ptr<host::WorldServer> server_;
    std::unique_ptr<Served> served_;
};

/// What a program that plays keeps of its events.
class Game {
  public:
    explicit Game(const std::string& url, const std::string& ticket_keys = {});
    ~Game();
    Game(const Game&) = delete;
    Game& operator=(const Game&) = delete;

    /// `wish` is an options struct with a name.
    void join(const char* name, const char* world = nullptr, const char* resume = nullptr,
              const char* strategy = nullptr);
    /// Polls until the condition holds; false after 20 s.
    bool until(const std::function<bool()>& condition);
    bool until_playing() {
        return until([this] { return snapshots > 0; });
    }
    /// An event that is none of the below.
    std::function<void(const muster_client_event&)> on_event;
    /// Of each turn of until().
    std::function<void()> on_turn;

    muster_client* client = nullptr;
    std::size_t snapshots = 0;
    struct Welcome {
        std::uint32_t why = 0;
        std::uint16_t player = 0;
        std::uint8_t generation = 0;
        std::string world, name;
        float left = 0, top = 0, width = 0, height = 0;
    };
    std::vector<Welcome> welcomes;
    muster_client_self own{};
    std::vector<muster_client_entity> entities;  ///< of the newest snapshot
    std::uint32_t tick = 0, acknowledged = 0, sent = 0;
    std::vector<std::string> people, chats, customs, losses;
    std::size_t moves = 0;
    int code = -1;  ///< of the end, or -1
    std::string why;
    std::vector<std::string> alternatives;

  private:
    void take(const muster_client_event& event);
};

}  // namespace muster::sdk::testing
