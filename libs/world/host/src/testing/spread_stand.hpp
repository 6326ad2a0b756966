#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "muster/bus/in_process.hpp"
#include "muster/territory/territory.hpp"
#include "stand.hpp"

/// Several world servers of one process that compute one world together, the coordinator that
/// leases them its regions, and players of the real protocol who go from one to the next.
namespace muster::host::testing {

/// Long and low, so that a cut goes from top to bottom: with two regions at x = 0.
[[nodiscard]] sim::Map long_room();

/// Decides as the real one does. Any thread.
class Leases {
  public:
    Leases();

    struct Coming {
        std::string server;
        WorldServer* world = nullptr;
        std::uint64_t life = 0;
    };
    void come(const std::vector<Coming>& all);
    /// Whoever asks first is given all that is free: so the world is declared when all have asked.
    [[nodiscard]] bool has_heard_all() const;
    void declare(std::uint32_t regions);
    /// It is called no more when this has returned.
    void gone(const std::string& server);
    void heard(const std::string& server, const mesh::Question& question);
    void drain(const std::string& server);
    void time_passes();
    /// Answers nobody any more, or again.
    void be_away(bool is_away);
    /// Who holds the region of a point; empty: nobody.
    [[nodiscard]] std::string holder_of(std::int32_t x) const;

  private:
    struct Server {
        WorldServer* world = nullptr;  ///< null: it is dead
        std::uint64_t session = 0;
        bool has_asked = false;
        bool wants_ids = false;
        std::size_t loans = 0;
    };
    void decide(decltype(territory::Event::what) what);
    [[nodiscard]] territory::Instant now() const;

    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    mutable std::mutex mutex_;
    territory::State state_;
    std::map<std::string, Server> servers_;
    std::uint64_t sessions_ = 0;
    sim::PlayerId next_id_ = 0;
    bool is_away_ = false;
};

class SpreadStand {
  public:
    struct Settings {
        std::vector<std::string> servers{"a", "b"};
        std::uint32_t regions = 2;
        std::function<void(Options&)> change{};
    };
    SpreadStand() : SpreadStand(Settings{}) {}
    /// When it returns all regions are held.
    explicit SpreadStand(const Settings& settings);
    ~SpreadStand();

    [[nodiscard]] WorldServer& server(const std::string& name) { return *servers_.at(name); }
    [[nodiscard]] WorldStatistics world(const std::string& name) {
        return server(name).statistics().worlds.front();
    }
    void kill(const std::string& name);

    Result<Joined> ask(Player& player, const std::string& server,
                       const Stand::JoinOptions& options);
    /// Throws when it is refused.
    Player& join(const std::string& server, const std::string& name,
                 sim::Team team = sim::Team::none);
    /// As a page does when it has lost its server: a new connection to the one that takes it, with
    /// the ticket that it has; tries until `limit`.
    bool resume(Player& player, std::chrono::milliseconds limit = 20s);
    Joined joined;  ///< of the last of both

    std::string left, right;  ///< the servers that hold the ends of the world at first

    bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 20s);

    Leases leases;
    std::vector<std::unique_ptr<Player>> players;

  private:
    std::shared_ptr<bus::Hub> hub_ = bus::make_hub();
    std::map<std::string, std::unique_ptr<WorldServer>> servers_;
};

}  // namespace muster::host::testing
