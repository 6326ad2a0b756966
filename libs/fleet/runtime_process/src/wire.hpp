#pragma once

#include <cstddef>
#include <string>

#include "unique_fd.hpp"

/// How the runtime speaks with a shim: messages of at most `message_bytes_max` over a Unix socket
/// of type SEQPACKET, the first byte of each its kind.
namespace muster::runtime_process {

inline constexpr std::size_t message_bytes_max = 32 << 10;

namespace to_shim {
inline constexpr char attach = 'A';
inline constexpr char exec = 'E';    ///< an ExecSpec
inline constexpr char signal = 'S';  ///< a decimal number
inline constexpr char pause = 'P';
inline constexpr char resume = 'R';
inline constexpr char input = 'i';  ///< for what was attached or executed
}  // namespace to_shim

namespace from_shim {
inline constexpr char done = 'k';    ///< as asked
inline constexpr char failed = 'f';  ///< code, field and message, a line each
inline constexpr char output = 'o';
inline constexpr char errors = 'e';
inline constexpr char ended = 'x';  ///< the exit code; nothing follows
}  // namespace from_shim

[[nodiscard]] std::string encode_error(const Error& error);
[[nodiscard]] Error decode_error(const std::string& text);

/// The socket's path may be longer than an address can hold; it is named through the open folder.
[[nodiscard]] Result<UniqueFd> listen_in(const std::string& folder);
/// `unavailable` when nobody listens. The socket does not block.
[[nodiscard]] Result<UniqueFd> connect_in(const std::string& folder);

}  // namespace muster::runtime_process
