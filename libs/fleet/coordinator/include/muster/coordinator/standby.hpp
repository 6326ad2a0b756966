#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/coordinator/coordinator.hpp"

namespace muster::coordinator {

/// Where the coordinator that leads is reached by the others, each as "host:port".
struct LeaderAddress {
    std::string http;
    std::string grpc;
    bool operator==(const LeaderAddress&) const = default;
};

/// What a coordinator is while another leads on the same store: HTTP and WebSockets are passed on
/// to the leader, connection by connection and byte for byte (TLS as well), and answered with 503
/// while there is none. Nodes and world servers are refused as `unavailable`, with the leader's
/// address, so that they try the next of their coordinators. Needs no store while it stands by.
class Standby {
  public:
    /// The authority that all share, for open(): a secret, for it holds the key. `unavailable`
    /// while no leader has put one into the store yet. Blocks for as long as reading it takes.
    [[nodiscard]] static Result<std::string> authority_in(store::Store& store);
    /// Binds both ports; of the options it takes addresses, HTTPS and the limits of connections.
    [[nodiscard]] static Result<std::unique_ptr<Standby>> open(asio::any_io_executor executor,
                                                               Options options,
                                                               const std::string& authority,
                                                               const Clock& clock);
    ~Standby();
    Standby(const Standby&) = delete;
    Standby& operator=(const Standby&) = delete;

    /// Whom to pass on to from now on; nullopt: nobody. What was passed on to another is cut.
    void follow(std::optional<LeaderAddress> leader);
    /// Until stop(). To be co_spawned by the owner.
    asio::awaitable<void> run();
    /// Cuts everything and gives both ports back.
    asio::awaitable<void> stop();

    [[nodiscard]] std::uint16_t http_port() const;
    [[nodiscard]] std::uint16_t grpc_port() const;

  private:
    struct Impl;
    explicit Standby(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::coordinator
