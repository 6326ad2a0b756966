#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace muster::bus_nats {

/// For tests and benches: a nats-server of its own on loopback, with ports that the system chose.
/// Ends with this process, whatever becomes of it. Throws when it does not start.
class NatsServer {
  public:
    /// More arguments, and lines of a configuration file.
    explicit NatsServer(std::vector<std::string> arguments = {}, std::string configuration = {});
    ~NatsServer();
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;

    void kill();  ///< at once, as kill -9
    /// Again, on the same port. Other arguments replace the first ones.
    void start();
    void start(std::vector<std::string> arguments);
    void pause();  ///< it hangs: it keeps its connections and does nothing
    void resume();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::uint16_t cluster_port() const { return cluster_port_; }
    /// A folder that goes with it.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    void wait_until_ready(int log);
    std::vector<std::string> arguments_;
    std::filesystem::path folder_;
    std::uint16_t port_ = 0, cluster_port_ = 0;
    pid_t pid_ = -1;
    int log_ = -1;
};

}  // namespace muster::bus_nats
