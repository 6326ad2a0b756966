#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/host/world_server.hpp"
#include "player.hpp"

/// A world server with players of the real protocol, over loopback sockets, in a test's thread.
namespace muster::host::testing {

using namespace std::chrono_literals;

/// A room without walls in which everybody sees everybody.
[[nodiscard]] sim::Map small_room();
/// One free-for-all world of it, without bots, on a port of the system's choice; limits that a test
/// does not meet by chance.
[[nodiscard]] Options small_server();

/// Takes the players' turns; then, unless `condition` holds, waits a little for what comes.
bool take_turns(const std::vector<std::unique_ptr<Player>>& players,
                const std::function<bool()>& condition);

class Stand {
  public:
    explicit Stand(Options options = small_server());
    ~Stand();

    std::unique_ptr<WorldServer> server;

    struct JoinOptions {
        std::string name = "somebody";
        std::string resume{};
        std::string world{};
        sim::Team team = sim::Team::none;
        std::string address = "198.51.100.1";
    };
    /// Asks for a place for a new player; the answer within two seconds.
    Result<Joined> ask(Player& player, const JoinOptions& options);
    /// The same, and starts the player, whose turns until() takes from now on. The last answer is
    /// in `joined`.
    Player& join(const JoinOptions& options);
    Player& join() { return join(JoinOptions{}); }
    Joined joined;

    /// Takes the players' turns until `condition` holds; false after `limit`.
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s);
    [[nodiscard]] Statistics statistics() const { return server->statistics(); }
    [[nodiscard]] WorldStatistics world() const { return server->statistics().worlds.front(); }

    std::vector<std::unique_ptr<Player>> players;
};

}  // namespace muster::host::testing
