#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::runtime {
class Runtime;
}

/// The agent on a host: looks after servers by one runtime, as a coordinator says, and goes on
/// doing so when there is none.
namespace muster::node {

namespace asio = boost::asio;

class Timers;

struct Options {
    std::filesystem::path data_dir;
    /// host:port of its link, or of several that share a store, which are tried in turn. Empty:
    /// alone, from what the folder holds.
    std::vector<std::string> coordinators;
    std::string join_token;  ///< needed once; ignored when the folder holds an identity that is
                             ///< still good (not expired, not refused by the coordinator)
    std::string name;        ///< for people; empty: the host's
    std::string advertise;   ///< the address players reach; empty: the one it dials from
    std::map<std::string, std::string> labels;
    std::uint16_t port_first = 20'000;  ///< where servers' ports are taken from, when not given
    std::uint16_t port_last = 29'999;
    std::size_t operations_max = 8;  ///< at a time; one at a time for each server
    std::string version;
    Timers* timers = nullptr;  ///< null: the system's. Outlives the agent
    /// Called on the executor. The node has an identity (at every start).
    std::function<void(const std::string& node_id)> on_enrolled;
    /// A session with the coordinator began or ended.
    std::function<void(bool connected)> on_connection;
    /// One line for people; never a secret.
    std::function<void(const std::string& line)> log;
};

/// One agent on one data folder. Everything runs on the executor, which must run one handler at a
/// time. The runtime and the clock outlive it.
class Agent {
  public:
    Agent(asio::any_io_executor executor, Options options, runtime::Runtime& runtime,
          const Clock& clock);
    ~Agent();  ///< after run() has returned

    /// Until stop(). An error is for good: the folder cannot be used or is in use, or the join
    /// token is missing or refused (field "join_token"); a coordinator that does not answer is
    /// waited for.
    asio::awaitable<Result<void>> run();
    /// Ends run() and waits for it. Servers run on; operations under way are taken up by the next
    /// agent on this folder.
    asio::awaitable<void> stop();

    /// Of Docklord's way in; empty before run() has made or found it.
    [[nodiscard]] const std::string& password() const;

  private:
    class Body;
    std::unique_ptr<Body> body_;
};

}  // namespace muster::node
