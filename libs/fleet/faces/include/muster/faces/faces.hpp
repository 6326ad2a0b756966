#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/http/server.hpp"

/// What PEON, Docklord and Horizon Maestro offered, for those who have scripts and tools for them:
/// translators over the coordinator's own API, with its rules, limits and audit.
/// docs/seeds.md says what each accepts.
namespace muster::faces {

namespace asio = boost::asio;

/// Horizon's control socket (docs/control-socket.md).
struct ControlOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3010;  ///< 0 asks the system
    std::string peer_host;      ///< dialled again and again; empty: nobody is
    std::uint16_t peer_port = 3011;
    /// What a connection of this machine may act with that shows no token itself. Empty: it must
    /// show one.
    std::string local_token;
};

/// A program that is run beside the coordinator and kept running; ended with it.
struct CompanionOptions {
    std::filesystem::path folder;
    std::vector<std::string> command;  ///< no shell: {"npm", "run", "start"}
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
    std::chrono::milliseconds pause_first{1'000};  ///< doubled after each end in a row
    std::chrono::milliseconds pause_max{60'000};
    std::chrono::milliseconds grace{5'000};  ///< from SIGTERM to SIGKILL
};

struct Options {
    std::filesystem::path data_dir;  ///< of peon-stops.json
    std::string version = "0.1.0";

    std::optional<ControlOptions> control;
    std::optional<CompanionOptions> companion;

    double wrong_passwords_per_minute = 10;  ///< of one address
    /// Where it says what happens; never a secret. Called on the executor.
    std::function<void(coordinator::LogLevel, std::string_view)> log;
};

/// Lives on the coordinator's executor; a pool of one thread of its own checks passwords and writes
/// its file. Made before the coordinator, which takes its routes, and destroyed after it.
class Faces {
  public:
    /// `clock` must outlive it.
    Faces(asio::any_io_executor executor, Options options, const Clock& clock);
    ~Faces();
    Faces(const Faces&) = delete;
    Faces& operator=(const Faces&) = delete;

    /// For coordinator::Options::add_routes.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> add_routes(http::Router& router);
    /// Binds the control socket; `unavailable` names the address that is taken. Before anything is
    /// served. `url`: what the companion finds as MUSTER_URL.
    [[nodiscard]] Result<void> open(coordinator::Coordinator& coordinator,
                                    const std::string& url = {});
    /// Keeps the companion, the control socket and the pending stops going until stop(). To be
    /// co_spawned by the owner.
    asio::awaitable<void> run();
    /// Before the coordinator's own stop(). Returns when nothing of it calls the coordinator any
    /// more, but for the handlers of requests, which the coordinator's server waits for.
    asio::awaitable<void> stop();

    [[nodiscard]] std::uint16_t control_port() const;  ///< 0 when there is none

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::faces
