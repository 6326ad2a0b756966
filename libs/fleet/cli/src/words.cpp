#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace muster::cli {
namespace {

using nlohmann::json;

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

}  // namespace

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (const auto& title : heading_) widths.push_back(width(title));
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string out;
    const auto line = [&](const std::vector<std::string>& row) {
        std::string text;
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            text.append(widths[i] - width(row[i]) + 2, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line(heading_);
    for (const auto& row : rows_) line(row);
    return out;
}

std::string bytes_in_words(std::int64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    std::string_view unit = "B";
    for (const std::string_view next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1024) break;
        value /= 1024;
        unit = next;
    }
    return value < 10 ? fmt::format("{:.1f} {}", value, unit)
                      : fmt::format("{:.0f} {}", value, unit);
}

std::string duration_in_words(milliseconds duration) {
    const auto seconds = std::max<std::int64_t>(duration.count() / 1000, 0);
    if (seconds < 60) return fmt::format("{} s", seconds);
    const auto minutes = seconds / 60;
    if (minutes < 60) return fmt::format("{} min", minutes);
    const auto hours = minutes / 60;
    if (hours < 24)
        return minutes % 60 == 0 ? fmt::format("{} h", hours)
                                 : fmt::format("{} h {} min", hours, minutes % 60);
    return hours % 24 == 0 ? fmt::format("{} d", hours / 24)
                           : fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string age_in_words(const json& time, Timestamp now) {
    if (!time.is_string()) return "-";
    const auto then = from_rfc3339(time.get<std::string>());
    return then ? duration_in_words(now - *then) : "-";
}

std::string bar(const json& fraction) {
    if (!fraction.is_number()) return "[....................]";
    const double value = std::clamp(fraction.get<double>(), 0.0, 1.0);
    const auto full = static_cast<std::size_t>(value * 20);
    return fmt::format("[{}{}] {:3.0f} %", std::string(full, '#'), std::string(20 - full, ' '),
                       value * 100);
}

Result<std::int64_t> bytes_from_words(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string unit(end, text.data() + text.size());
    std::erase(unit, ' ');
    std::int64_t factor = 0;
    for (const auto& [names, power] :
         std::initializer_list<std::pair<std::string_view, int>>{{"|B|", 0},
                                                                 {"|K|KB|KiB|k|", 10},
                                                                 {"|M|MB|MiB|m|", 20},
                                                                 {"|G|GB|GiB|g|", 30},
                                                                 {"|T|TB|TiB|", 40}}) {
        if (unit.empty() || names.contains("|" + unit + "|")) {
            factor = std::int64_t{1} << power;
            break;
        }
    }
    if (error != std::errc{} || factor == 0 || value < 0 ||
        value > (std::int64_t{1} << 62) / factor) {
        return fail(Errc::invalid_argument,
                    "'" + std::string(text) + "' is not a size; say 512M, 2G or a number of bytes");
    }
    return value * factor;
}

Result<std::int64_t> seconds_from_words(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t factor = 0;
    if (unit.empty() || unit == "s") factor = 1;
    if (unit == "m" || unit == "min") factor = 60;
    if (unit == "h") factor = 3600;
    if (unit == "d") factor = 86400;
    if (error != std::errc{} || factor == 0 || value < 0 || value > 1'000'000'000) {
        return fail(Errc::invalid_argument,
                    "'" + std::string(text) + "' is not a duration; say 90s, 5m, 2h or 7d");
    }
    return value * factor;
}

std::string cell(const json& object, std::string_view key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return "-";
    if (found->is_string()) {
        const auto text = found->get<std::string>();
        return text.empty() ? "-" : text;
    }
    if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
    return found->dump();
}

std::string who_in_words(const nlohmann::json& object) {
    const auto name = object.find("by_name");
    return cell(object, name != object.end() && name->is_string() ? "by_name" : "by");
}

std::string pairs_in_words(const json& object) {
    std::string out;
    if (!object.is_object()) return "-";
    for (const auto& [key, value] : object.items()) {
        out += (out.empty() ? "" : ", ") + key + "=" +
               (value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out.empty() ? "-" : out;
}

std::string ports_in_words(const json& ports) {
    std::string out;
    if (!ports.is_array()) return "-";
    for (const json& port : ports) {
        out += fmt::format("{}{} {}/{}", out.empty() ? "" : ", ", port.value("name", ""),
                           port.value("outside", 0), port.value("protocol", ""));
    }
    return out.empty() ? "-" : out;
}

Result<nlohmann::json> assignments(const std::vector<std::string>& words, std::string_view field) {
    nlohmann::json out = nlohmann::json::object();
    for (const std::string& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Errc::invalid_argument, fmt::format("'{}' is not NAME=VALUE", word),
                        std::string(field));
        }
        out[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return out;
}

}  // namespace muster::cli
