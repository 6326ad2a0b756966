#include "muster/base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace muster {
namespace {

// Reads exactly `count` digits at the front of `text` and takes them off.
std::optional<int> digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<milliseconds> fraction(std::string_view& text) {
    if (!take(text, '.')) return milliseconds(0);
    int value = 0;
    std::size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (count < 3) value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
        ++count;
    }
    if (count == 0 || count > 9) return std::nullopt;
    for (; count < 3; ++count) value *= 10;
    return milliseconds(value);
}

std::optional<std::chrono::minutes> offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes(0);
    const bool minus = !text.empty() && text.front() == '-';
    if (!take(text, '-') && !take(text, '+')) return std::nullopt;
    const auto hours = digits(text, 2);
    if (!hours || !take(text, ':')) return std::nullopt;
    const auto minutes = digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes total(*hours * 60 + *minutes);
    return minus ? -total : total;
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto rest = time - day;
    const auto h = std::chrono::duration_cast<std::chrono::hours>(rest);
    const auto m = std::chrono::duration_cast<std::chrono::minutes>(rest - h);
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(rest - h - m);
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(h.count()),
                  static_cast<int>(m.count()), static_cast<int>(s.count()),
                  static_cast<int>((rest - h - m - s).count()));
    return out.data();
}

std::optional<Timestamp> from_rfc3339(std::string_view text) {
    const auto year = digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = digits(text, 2);
    if (!day || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
    const auto hour = digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = digits(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = digits(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    const auto millis = fraction(text);
    if (!millis) return std::nullopt;
    const auto zone = offset(text);
    if (!zone || !text.empty()) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + *millis - *zone;
}

Timestamp SystemClock::now() const {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

}  // namespace muster
