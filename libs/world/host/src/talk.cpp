#include "talk.hpp"

#include <algorithm>
#include <optional>

#include "game_generated.h"
#include "muster/mesh/wire.hpp"
#include "muster/protocol/protocol.hpp"

namespace muster::host::talk {
namespace {

constexpr std::byte line_mark{1};
constexpr std::byte told_mark{2};
constexpr std::size_t number_bytes = 8;

// Least significant byte first.
void put(std::vector<std::byte>& out, std::uint64_t value) {
    for (std::size_t i = 0; i < number_bytes; ++i)
        out.push_back(static_cast<std::byte>(value >> 8U * i));
}

std::optional<std::uint64_t> take(std::span<const std::byte>& bytes) {
    if (bytes.size() < number_bytes) return std::nullopt;
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < number_bytes; ++i)
        out |= std::to_integer<std::uint64_t>(bytes[i]) << 8U * i;
    bytes = bytes.subspan(number_bytes);
    return out;
}

std::unexpected<Error> refuse(const char* why, const char* field) {
    return fail(Errc::invalid_argument, why, field);
}

Result<Said> read_line(std::span<const std::byte> bytes, std::vector<std::uint64_t>& room) {
    const auto origin = take(bytes);
    const auto number = take(bytes);
    if (!origin || !number || *number == 0) return refuse("no line without its number", "number");
    const auto message = protocol::read_from_world(protocol::aligned(bytes, room));
    if (!message) return std::unexpected(message.error());
    if ((*message)->body_as_Chat() == nullptr)
        return refuse("only chat is passed on to players", "message");
    return Line{*origin, *number, bytes};
}

Result<Said> read_told(std::span<const std::byte> bytes) {
    if (bytes.size() % (2 * number_bytes) != 0 || bytes.size() / (2 * number_bytes) > origins_max)
        return refuse("not pairs of origin and number", "told");
    Told out;
    while (!bytes.empty()) {
        const auto origin = take(bytes);
        const auto number = take(bytes);
        out.emplace_back(*origin, *number);
    }
    return out;
}

}  // namespace

std::vector<std::byte> write(const Line& line) {
    std::vector<std::byte> out;
    out.reserve(1 + 2 * number_bytes + line.message.size());
    out.push_back(line_mark);
    put(out, line.origin);
    put(out, line.number);
    out.insert(out.end(), line.message.begin(), line.message.end());
    return out;
}

std::vector<std::byte> write(const Told& told) {
    std::vector<std::byte> out{told_mark};
    for (std::size_t i = 0; i < std::min(told.size(), origins_max); ++i) {
        put(out, told[i].first);
        put(out, told[i].second);
    }
    return out;
}

Result<Said> read(std::span<const std::byte> bytes, std::vector<std::uint64_t>& room) {
    if (bytes.empty() || bytes.size() > mesh::talk_bytes_max)
        return refuse("nothing, or too much", "bytes");
    if (bytes[0] == line_mark) return read_line(bytes.subspan(1), room);
    if (bytes[0] == told_mark) return read_told(bytes.subspan(1));
    return refuse("neither a line nor how far one was told", "bytes");
}

}  // namespace muster::host::talk
