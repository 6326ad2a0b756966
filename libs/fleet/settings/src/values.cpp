#include "values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"
#include "world_checks.hpp"

namespace muster::settings {
namespace {

using Checked = std::expected<std::string, std::string>;
constexpr std::size_t value_bytes_max = 4096;
constexpr std::int64_t corner_max = 1'000'000;

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

std::optional<std::int64_t> with_unit(std::string_view text, std::span<const Unit> units) {
    text = trim(text);
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = to_number(text.substr(0, end));
    if (!number) return std::nullopt;
    const auto word = to_lower(trim(text.substr(end)));
    for (const auto& unit : units) {
        if (word != unit.name) continue;
        if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
        return *number * unit.factor;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> to_port(std::string_view text) {
    const auto number = to_number(text);
    if (!number || *number < 0 || *number > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
    });
}

std::string range_text(const Entry& entry, std::int64_t low, std::int64_t high) {
    const auto say = [&](std::int64_t value) {
        if (entry.type != Type::duration) return std::to_string(value);
        return value % 1000 == 0 ? std::to_string(value / 1000) + "s"
                                 : std::to_string(value) + "ms";
    };
    return "must be from " + say(low) + " to " + say(high);
}

Checked check_text(const Entry& entry, std::string_view text) {
    if (entry.choices.empty() || std::ranges::find(entry.choices, text) != entry.choices.end())
        return std::string(text);
    const std::vector<std::string> words(entry.choices.begin(), entry.choices.end());
    return std::unexpected("must be one of " + join(words));
}

Checked in_range(const Entry& entry, std::optional<std::int64_t> value, const char* what) {
    if (!value) return std::unexpected(std::string(what));
    const auto high = entry.max == 0 ? std::numeric_limits<std::int64_t>::max() : entry.max;
    if (*value < entry.min || *value > high)
        return std::unexpected(range_text(entry, entry.min, high));
    return check_text(entry, std::to_string(*value));
}

Checked check_list(const Entry& entry, std::string_view text) {
    const auto items = split_list(text);
    if (entry.name == "node.labels")
        for (const auto& item : items)
            if (item.find('=') == std::string::npos || item.front() == '=')
                return std::unexpected("must be key=value pairs with commas between them");
    if (!entry.choices.empty())
        for (const auto& item : items)
            if (auto one = check_text(entry, item); !one)
                return std::unexpected(one.error() + ", or several with commas between them");
    if (auto known = check_items(entry.name, items); !known) return std::unexpected(known.error());
    return join(items, ",");
}

}  // namespace

std::optional<bool> to_boolean(std::string_view text) {
    const auto word = to_lower(trim(text));
    if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
    if (word == "false" || word == "no" || word == "off" || word == "0") return false;
    return std::nullopt;
}

std::optional<std::int64_t> to_number(std::string_view text) {
    std::int64_t number = 0;
    text = trim(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::int64_t> to_duration(std::string_view text) {
    static constexpr std::array<Unit, 6> units{
        {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    return with_unit(text, units);
}

std::optional<std::int64_t> to_bytes(std::string_view text) {
    constexpr std::int64_t k = 1024;
    static constexpr std::array<Unit, 14> units{{{"", 1},
                                                 {"b", 1},
                                                 {"k", k},
                                                 {"kib", k},
                                                 {"kb", 1000},
                                                 {"m", k * k},
                                                 {"mib", k * k},
                                                 {"mb", 1'000'000},
                                                 {"g", k * k * k},
                                                 {"gib", k * k * k},
                                                 {"gb", 1'000'000'000},
                                                 {"t", k * k * k * k},
                                                 {"tib", k * k * k * k},
                                                 {"tb", 1'000'000'000'000}}};
    return with_unit(text, units);
}

std::optional<Address> to_address(std::string_view text, const Address& usual) {
    text = trim(text);
    for (const std::string_view scheme : {"http://", "https://", "tcp://", "grpc://"})
        if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
    while (text.ends_with('/')) text.remove_suffix(1);
    Address address = usual;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        address.host = text.substr(1, close - 1);
        const auto rest = text.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') return std::nullopt;
        if (rest.size() == 1) return std::nullopt;
        port = rest.empty() ? rest : rest.substr(1);
    } else if (to_port(text)) {
        port = text;
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        if (text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
        port = text.substr(colon + 1);
        if (port.empty()) return std::nullopt;
        if (colon > 0) address.host = text.substr(0, colon);
    } else {
        address.host = text;
    }
    if (!is_host(address.host)) return std::nullopt;
    if (port.empty()) return address;
    const auto number = to_port(port);
    if (!number) return std::nullopt;
    address.port = *number;
    return address;
}

std::optional<PortRange> to_port_range(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = to_port(text.substr(0, dash));
    const auto last = to_port(text.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last) return std::nullopt;
    return PortRange{.first = *first, .last = *last};
}

std::optional<std::vector<Area>> to_areas(std::string_view text) {
    std::vector<Area> areas;
    for (const auto& item : split_list(text, ';')) {
        const auto corners = split_list(item);
        Area area;
        const std::array<std::int32_t*, 4> into{&area.left, &area.top, &area.right, &area.bottom};
        if (corners.size() != into.size() || areas.size() == areas_max) return std::nullopt;
        for (std::size_t i = 0; i < into.size(); ++i) {
            const auto number = to_number(corners[i]);
            if (!number || *number < -corner_max || *number > corner_max) return std::nullopt;
            *into[i] = static_cast<std::int32_t>(*number);
        }
        if (area.left >= area.right || area.top >= area.bottom) return std::nullopt;
        areas.push_back(area);
    }
    return areas;
}

std::string to_text(const Address& address) {
    const bool is_v6 = address.host.find(':') != std::string::npos;
    return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

namespace {

Checked check_address(const Entry& entry, std::string_view text, std::string_view preset) {
    const auto usual = to_address(preset, {}).value_or(Address{});
    const auto address = to_address(text, usual);
    if (!address) return std::unexpected("must be host:port");
    if (auto known = check_host(entry.name, address->host); !known)
        return std::unexpected(known.error());
    return to_text(*address);
}

Checked check_addresses(const Entry& entry, std::string_view text, std::string_view preset) {
    auto items = split_list(text);
    if (items.empty()) return std::unexpected("must be host:port, or several with commas between");
    if (items.size() > addresses_max)
        return std::unexpected("must be at most " + std::to_string(addresses_max) + " addresses");
    for (auto& item : items) {
        auto address = check_address(entry, item, preset);
        if (!address) return address;
        item = std::move(*address);
    }
    return join(items, ",");
}

Checked check_areas(std::string_view text) {
    const auto areas = to_areas(text);
    if (!areas)
        return std::unexpected(
            "must be LEFT,TOP,RIGHT,BOTTOM in whole units, left of right and top "
            "above bottom, or at most " +
            std::to_string(areas_max) +
            " of them with semicolons between, as 0,0,2000,3000;4000,0,5000,500");
    std::vector<std::string> items;
    for (const auto& area : *areas)
        items.push_back(std::to_string(area.left) + "," + std::to_string(area.top) + "," +
                        std::to_string(area.right) + "," + std::to_string(area.bottom));
    return join(items, ";");
}

}  // namespace

Checked check(const Entry& entry, std::string_view text, std::string_view preset) {
    if (text.size() > value_bytes_max) return std::unexpected("is too long");
    if (!is_utf8(text) ||
        std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return std::unexpected("must be one line of text");
    switch (entry.type) {
        case Type::text:
        case Type::secret:
            if (auto known = check_words(entry.name, text); !known)
                return std::unexpected(known.error());
            return check_text(entry, text);
        case Type::number:
            return in_range(entry, to_number(text), "must be a whole number");
        case Type::bytes:
            return in_range(entry, to_bytes(text), "must be a size, like 512 MiB");
        case Type::duration:
            return in_range(entry, to_duration(text), "must be a duration, like 500ms, 10s or 2h");
        case Type::boolean:
            if (const auto flag = to_boolean(text)) return *flag ? "true" : "false";
            return std::unexpected("must be true or false");
        case Type::list:
            return check_list(entry, text);
        case Type::port_range:
            if (to_port_range(text)) return std::string(text);
            return std::unexpected("must be two ports, like 20000-29999");
        case Type::areas:
            return check_areas(text);
        case Type::address:
            return check_address(entry, text, preset);
        case Type::addresses:
            return check_addresses(entry, text, preset);
    }
    return std::unexpected("has no type");
}

}  // namespace muster::settings
