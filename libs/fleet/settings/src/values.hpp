#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "muster/settings/settings.hpp"

namespace muster::settings {

[[nodiscard]] std::optional<bool> to_boolean(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> to_number(std::string_view text);
/// Milliseconds; a bare number is seconds.
[[nodiscard]] std::optional<std::int64_t> to_duration(std::string_view text);
/// Bytes; KB, MB, GB, TB are decimal, KiB, MiB, GiB, TiB (and K, M, G, T) binary.
[[nodiscard]] std::optional<std::int64_t> to_bytes(std::string_view text);
/// What the text leaves out is taken from `usual`. http:// and tcp:// before it are skipped.
[[nodiscard]] std::optional<Address> to_address(std::string_view text, const Address& usual);
[[nodiscard]] std::optional<PortRange> to_port_range(std::string_view text);

/// At most `areas_max`; nullopt: another text, one that is empty, or a corner beyond a million.
[[nodiscard]] std::optional<std::vector<Area>> to_areas(std::string_view text);

/// The value in canonical form, or what is wrong with it ("must be ..."), without the value.
[[nodiscard]] std::expected<std::string, std::string> check(const Entry& entry,
                                                            std::string_view text,
                                                            std::string_view preset);

}  // namespace muster::settings
