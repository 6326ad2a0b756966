#pragma once

#include <string>
#include <string_view>

#include "muster/bus_nats/bus_nats.hpp"

namespace muster::bus_nats {

inline constexpr std::size_t servers_max = 64;

/// Checks them and writes the servers out: scheme and port always there.
[[nodiscard]] Result<Options> check(Options options);
/// The server with scheme and port; empty when it is no such address.
[[nodiscard]] std::string written_out(std::string_view server);
[[nodiscard]] bool wants_tls(const Options& options);

}  // namespace muster::bus_nats
