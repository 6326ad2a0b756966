#include "wire.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "muster/base/assert.hpp"

namespace muster::http {
namespace {

bool is_name(std::string_view name) {
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    if (name.empty()) return false;
    for (const char c : name) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && others.find(c) == std::string_view::npos) return false;
    }
    return true;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
    }
    out += "\r\n";
}

bool is_ours(std::string_view name) {
    return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") ||
           same_name(name, "Connection") || same_name(name, "Date");
}

}  // namespace

std::string head_of(int status, const Fields& fields, const HeadOptions& options) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
    out += reason_of(status);
    out += "\r\n";
    append_field(out, "Date", http_date(std::time(nullptr)));
    if (options.closes) append_field(out, "Connection", "close");
    if (options.framing == Framing::length) {
        append_field(out, "Content-Length", std::to_string(options.length));
    } else if (options.framing == Framing::chunked) {
        append_field(out, "Transfer-Encoding", "chunked");
    }
    if (!fields.find("X-Content-Type-Options")) {
        append_field(out, "X-Content-Type-Options", "nosniff");
    }
    for (const auto& [name, value] : fields.all()) {
        if (is_name(name) && !is_ours(name)) append_field(out, name, value);
    }
    out += "\r\n";
    return out;
}

std::string chunk_head(std::size_t bytes) {
    MUSTER_ASSERT(bytes > 0);
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "%zx\r\n", bytes);
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string http_date(std::int64_t seconds_since_1970) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = seconds_since_1970;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                      months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                      parts.tm_hour, parts.tm_min, parts.tm_sec);
    return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace muster::http
