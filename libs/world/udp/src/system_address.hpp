#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "muster/udp/socket.hpp"

namespace muster::udp {

/// A numeric host and a port as a socket takes them; nothing when it is not numeric.
struct SystemAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
};
[[nodiscard]] std::optional<SystemAddress> to_system(const std::string& host, std::uint16_t port);

/// For a socket of this family (AF_INET or AF_INET6); nothing when it cannot reach such an address.
/// Writes into `out`, which is as large as any.
[[nodiscard]] socklen_t to_system(const Address& address, int family, sockaddr_in6& out);
[[nodiscard]] Address from_system(const sockaddr_in6& storage);

}  // namespace muster::udp
