#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "audience.hpp"
#include "muster/base/error.hpp"

/// What hosts of one world say to each other in a mesh::Talk. Nothing of it is trusted until read()
/// has looked at it.
namespace muster::host::talk {

/// Something for players, as it goes on their control channel: a Chat.
struct Line {
    std::uint64_t origin = 0;  ///< the life of the process where it was said
    std::uint64_t number = 0;  ///< of the origin's; the first is 1
    Audience audience{};
    std::span<const std::byte> message{};
};
/// How far a player has been told what each origin said, when it left the sender: all up to that
/// number.
using Told = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
inline constexpr std::size_t origins_max = 64;

using Said = std::variant<Line, Told>;

[[nodiscard]] std::vector<std::byte> write(const Line& line);
/// Of more than `origins_max` the last are left out.
[[nodiscard]] std::vector<std::byte> write(const Told& told);
/// `invalid_argument` for anything else; `room` is reused for looking at a message.
[[nodiscard]] Result<Said> read(std::span<const std::byte> bytes, std::vector<std::uint64_t>& room);

}  // namespace muster::host::talk
