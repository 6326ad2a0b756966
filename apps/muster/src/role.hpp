#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log.hpp"
#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/settings/settings.hpp"

namespace muster::host {
class WorldServer;
}

namespace muster {

namespace asio = boost::asio;

/// What every role has: its settings, its thread, its log, and the folder that is its alone while
/// it runs.
struct Role {
    settings::Settings settings;
    Log log;
    std::filesystem::path data_dir;
    asio::io_context context;
    SystemClock clock;
    std::string version;
};

/// A part of a process: the coordinator, the node, or the worlds. main makes them, runs them, and
/// stops them in reverse.
class Part {
  public:
    virtual ~Part() = default;
    /// Until stop(), or an error that is for good.
    virtual asio::awaitable<Result<void>> run() = 0;
    virtual asio::awaitable<void> stop() = 0;
};

/// How a role says that it serves: {"http":"http://...","grpc":"...","node":"node-..."}.
using Ready = std::map<std::string, std::string>;

/// The coordinator. `ready` gets its addresses. `worlds`, if there are any, are reached through its
/// HTTP server, and are a part of their own.
[[nodiscard]] Result<std::unique_ptr<Part>> make_coordinator(
    Role& role, Ready& ready, std::shared_ptr<host::WorldServer> worlds);
/// A world server with an HTTP server of its own, and its link to a coordinator if it is given one.
/// `ready` gets its addresses.
[[nodiscard]] Result<std::vector<std::unique_ptr<Part>>> make_world(Role& role, Ready& ready);
/// The worlds alone, served by the coordinator of the same process.
[[nodiscard]] std::unique_ptr<Part> make_world_part(Role& role,
                                                    std::shared_ptr<host::WorldServer> worlds);
/// A token with which a node of the same process joins.
[[nodiscard]] Result<std::string> join_token_of(Part& coordinator);

struct NodeWiring {
    std::filesystem::path data_dir;
    std::vector<std::string> coordinators;
    std::string join_token;
    std::function<void(const std::string& node_id)> on_enrolled;
};
[[nodiscard]] Result<std::unique_ptr<Part>> make_node(Role& role, NodeWiring wiring);

/// Runs `muster up`, `coordinator`, `node` or `world` to its end. The exit code: 0 stopped, 1
/// failed, 2 the settings are wrong or the join token is dead, so that starting again would not
/// help.
[[nodiscard]] int run_role(settings::Role kind, std::string_view name,
                           const std::vector<std::string>& words);

/// Everything that a file setting names, read; empty for an empty setting. The error's field is the
/// setting.
[[nodiscard]] Result<std::string> read_setting_file(const settings::Settings& settings,
                                                    std::string_view name);
/// Where this machine itself reaches what listens there.
[[nodiscard]] std::string local_address(settings::Address address, std::uint16_t port);
[[nodiscard]] std::map<std::string, std::string> environment();
/// The folder that `muster up` would use, for the command line to find it.
[[nodiscard]] std::string default_data_dir();

}  // namespace muster
