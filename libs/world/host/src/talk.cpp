#include "talk.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>

#include "game_generated.h"
#include "muster/mesh/wire.hpp"
#include "muster/protocol/protocol.hpp"

namespace muster::host::talk {
namespace {

constexpr std::byte line_mark{1};
constexpr std::byte told_mark{2};
constexpr std::byte addressed_mark{3};  // a line that is not for all
constexpr std::size_t number_bytes = 8;
constexpr std::size_t audience_bytes_max = 2 + mesh::party_bytes_max;

// Least significant byte first.
template <typename Number>
void put(std::vector<std::byte>& out, Number value) {
    const auto bits = static_cast<std::make_unsigned_t<Number>>(value);
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        out.push_back(static_cast<std::byte>(std::uint64_t{bits} >> 8U * i));
}

template <typename Number = std::uint64_t>
std::optional<Number> take(std::span<const std::byte>& bytes) {
    if (bytes.size() < sizeof(Number)) return std::nullopt;
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        out |= std::to_integer<std::uint64_t>(bytes[i]) << 8U * i;
    bytes = bytes.subspan(sizeof(Number));
    return static_cast<Number>(out);
}

std::unexpected<Error> refuse(const char* why, const char* field) {
    return fail(Errc::invalid_argument, why, field);
}

// ---- whom a line is for: the index in Audience, and what that kind says

void put_audience(std::vector<std::byte>& out, const Audience& audience) {
    put(out, static_cast<std::uint8_t>(audience.index()));
    if (const auto* team = std::get_if<audience::Team>(&audience))
        put(out, static_cast<std::uint8_t>(team->team));
    if (const auto* near = std::get_if<audience::Near>(&audience)) {
        put(out, near->at.x);
        put(out, near->at.y);
        put(out, near->within);
    }
    if (const auto* party = std::get_if<audience::Party>(&audience)) {
        put(out, static_cast<std::uint8_t>(party->code.size()));
        for (const char c : party->code) put(out, static_cast<std::uint8_t>(c));
    }
    if (const auto* person = std::get_if<audience::Person>(&audience)) {
        put(out, person->from);
        put(out, person->whom);
        put(out, person->generation);
    }
}

std::optional<Audience> take_team(std::span<const std::byte>& bytes) {
    const auto team = take<std::uint8_t>(bytes);
    if (team != static_cast<std::uint8_t>(sim::Team::red) &&
        team != static_cast<std::uint8_t>(sim::Team::blue))
        return std::nullopt;
    return audience::Team{static_cast<sim::Team>(*team)};
}

std::optional<Audience> take_near(std::span<const std::byte>& bytes) {
    const auto x = take<sim::Length>(bytes);
    const auto y = take<sim::Length>(bytes);
    const auto within = take<sim::Length>(bytes);
    const auto is_on_map = [](const auto& at) {
        return at && *at >= -sim::map_side_max && *at <= sim::map_side_max;
    };
    if (!is_on_map(x) || !is_on_map(y) || !is_on_map(within) || *within < 0) return std::nullopt;
    return audience::Near{{*x, *y}, *within};
}

std::optional<Audience> take_party(std::span<const std::byte>& bytes) {
    const auto size = take<std::uint8_t>(bytes);
    if (!size || bytes.size() < *size) return std::nullopt;
    std::string code(reinterpret_cast<const char*>(bytes.data()), *size);
    bytes = bytes.subspan(*size);
    if (!mesh::is_party(code)) return std::nullopt;
    return audience::Party{std::move(code)};
}

std::optional<Audience> take_person(std::span<const std::byte>& bytes) {
    const auto from = take<sim::PlayerId>(bytes);
    const auto whom = take<sim::PlayerId>(bytes);
    const auto generation = take<std::uint8_t>(bytes);
    if (!from || !whom || !generation) return std::nullopt;
    return audience::Person{*from, *whom, *generation};
}

std::optional<Audience> take_audience(std::span<const std::byte>& bytes) {
    switch (take<std::uint8_t>(bytes).value_or(0)) {
        case 1:
            return take_team(bytes);
        case 2:
            return take_near(bytes);
        case 3:
            return take_party(bytes);
        case 4:
            return take_person(bytes);
        default:
            return std::nullopt;
    }
}

// ---- lines

Result<Said> read_line(std::span<const std::byte> bytes, bool is_addressed,
                       std::vector<std::uint64_t>& room) {
    const auto origin = take(bytes);
    const auto number = take(bytes);
    if (!origin || !number || *number == 0) return refuse("no line without its number", "number");
    std::optional<Audience> to = Audience{};
    if (is_addressed) to = take_audience(bytes);
    if (!to) return refuse("nobody that a line could be for", "audience");
    const auto message = protocol::read_from_world(protocol::aligned(bytes, room));
    if (!message) return std::unexpected(message.error());
    if ((*message)->body_as_Chat() == nullptr)
        return refuse("only chat is passed on to players", "message");
    return Line{*origin, *number, std::move(*to), bytes};
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
    out.reserve(audience_bytes_max + 1 + 2 * number_bytes + line.message.size());
    const bool is_for_all = std::holds_alternative<audience::All>(line.audience);
    out.push_back(is_for_all ? line_mark : addressed_mark);
    put(out, line.origin);
    put(out, line.number);
    if (!is_for_all) put_audience(out, line.audience);
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
    if (bytes[0] == line_mark) return read_line(bytes.subspan(1), false, room);
    if (bytes[0] == addressed_mark) return read_line(bytes.subspan(1), true, room);
    if (bytes[0] == told_mark) return read_told(bytes.subspan(1));
    return refuse("neither a line nor how far one was told", "bytes");
}

}  // namespace muster::host::talk
