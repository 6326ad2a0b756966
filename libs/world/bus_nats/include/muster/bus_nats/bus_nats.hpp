#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/bus/bus.hpp"

/// The bus between hosts, on NATS (its core, without JetStream).
namespace muster::bus_nats {

struct Options {
    /// "nats://HOST:PORT" or "tls://HOST:PORT", without credentials; the port is 4222 when it is
    /// not given. At most 64. With several one is chosen by chance, and the others of their cluster
    /// are learnt from it. One tls:// makes all connections TLS,
    /// and so does a server that asks for it.
    std::vector<std::string> servers{};
    /// Either both, or a token, or nothing. They are in no error, log or Health.
    std::string user{}, password{};
    std::string token{};
    /// PEM with the authorities that the servers' certificates must come from; makes all
    /// connections TLS. Empty: those of the system.
    std::filesystem::path ca_file{};
    std::string name = "muster";  ///< how the server's own tools list this connection
    /// To connect to one server, and for it to answer. Destroying the bus may take so long for each
    /// server, when it does so while it connects.
    milliseconds connect_timeout{2'000};
    /// Between two attempts to connect again, plus up to as much jitter. There are always more.
    milliseconds reconnect_wait{250};
    milliseconds reconnect_jitter{250};
    /// How often an idle server is asked whether it is there; silent for two of them it is left.
    milliseconds ping_interval{1'000};
    /// A server that takes nothing for so long is left.
    milliseconds write_timeout{2'000};
    /// What waits for a server that is slow; the oldest give way. What waits when the connection
    /// breaks is dropped, too: it would be stale.
    bus::QueueLimits outgoing{};
    /// connect() succeeds although nobody answers yet, and goes on trying.
    bool start_disconnected = false;
};

/// Connects. `invalid_argument` names the option; `unauthenticated` when the server refuses the
/// credentials ("user", "password", "token") or its own certificate is not to be trusted
/// ("ca_file"); `not_found` ("ca_file"); `unsupported` for a server that does not take messages of
/// 1 MiB; `unavailable` when none answers.
///
/// Of the Bus that it gives, subscribe() and the end of a Subscription may wait up to
/// `write_timeout` for a server that is slow. After a break all subscriptions are with the server
/// before health() says that it is connected again; other servers of a cluster hear of them a
/// moment later.
[[nodiscard]] Result<std::unique_ptr<bus::Bus>> connect(Options options);

}  // namespace muster::bus_nats
