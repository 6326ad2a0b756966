#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/runtime/runtime.hpp"

namespace muster::node {

/// A port of the host and its protocol.
using HostPort = std::pair<std::uint16_t, runtime::Protocol>;

/// Whether a program could listen there now, found out by doing so.
[[nodiscard]] bool is_free(const HostPort& port);

/// Who listens there, for people: "java (pid 4711)", as far as /proc tells; else "".
[[nodiscard]] std::string holder_of(const HostPort& port);

/// All that programs of this host listen on (or, UDP, are bound to), as far as /proc tells.
[[nodiscard]] std::set<HostPort> listening_ports();

/// Every port is free; else `conflict` that names the port and its holder (field "ports.<name>").
[[nodiscard]] Result<void> check_free(const std::vector<runtime::PortBinding>& ports);

/// Gives numbers from [first, last] to the ports whose outside is 0: free ones that are not in
/// `taken`. Ports of one name and one inside number (tcp and udp) get one number outside.
/// `exhausted` when there is none left; field "ports.<name>".
[[nodiscard]] Result<void> choose_ports(std::vector<runtime::PortBinding>& ports,
                                        std::uint16_t first, std::uint16_t last,
                                        const std::set<HostPort>& taken);

}  // namespace muster::node
