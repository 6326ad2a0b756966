#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "muster/pki/signing.hpp"
#include "stage.hpp"
#include "testing/spread_stand.hpp"

/// What stands between a program and world servers: a coordinator of a few routes, a cable that can
/// be cut, and somebody who says nothing.
namespace muster::sdk::testing {

/// Passes datagrams on to a port of this machine, for any number of clients.
class Cable {
  public:
    explicit Cable(std::uint16_t to);
    ~Cable();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    void cut(bool is_cut) { is_cut_ = is_cut; }

  private:
    void run();
    std::uint16_t to_, port_ = 0;
    int socket_ = -1;
    std::atomic<bool> is_cut_ = false, is_over_ = false;
    std::thread thread_;
};

/// A port that is asked by beacons and says nothing.
class Mute {
  public:
    Mute();
    ~Mute();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int asked() const { return asked_; }

  private:
    std::uint16_t port_ = 0;
    int socket_ = -1;
    std::atomic<int> asked_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

/// Joins players to world servers, as the real one does; those who come back to whichever has them.
class Coordinator {
  public:
    struct Server {
        std::string id;
        host::WorldServer* world = nullptr;
        std::uint16_t port = 0;  ///< that players are told instead of the server's own; 0: its own
    };
    explicit Coordinator(std::vector<Server> servers);

    [[nodiscard]] std::string url() const { return served_->url(); }
    /// Signs its tickets from now on, for the servers' certificates or for another one's.
    void sign(bool is_for_another = false);
    /// Its public keys, as at /.well-known/muster-keys.json.
    [[nodiscard]] std::string keys() const;
    void forget(const std::string& server);
    [[nodiscard]] std::vector<std::string> wishes() const;  ///< the bodies of joins
    std::string servers_list = R"({"items":[]})";           ///< set before anybody asks

  private:
    http::Response join(const http::Request& request);
    [[nodiscard]] std::string ticket_for(const host::Joined& joined, const std::string& world,
                                         const std::string& sdp) const;

    mutable std::mutex mutex_;
    std::vector<Server> servers_;
    std::vector<std::string> wishes_;
    pki::SigningKey key_;
    bool signs_ = false, is_for_another_ = false;
    std::unique_ptr<Served> served_;
};

}  // namespace muster::sdk::testing
