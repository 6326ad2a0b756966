#include "muster/http/url.hpp"

#include "muster/base/encoding.hpp"

namespace muster::http {
namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (text.size() - i < 3) return std::nullopt;
            const int high = digit_of(text[i + 1]);
            const int low = digit_of(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

// The target without scheme and authority; an absolute form without a path means "/".
std::string_view origin_form(std::string_view target) {
    if (target.starts_with('/')) return target;
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return {};
    const std::size_t path = target.find_first_of("/?", scheme + 3);
    if (path == std::string_view::npos || target[path] == '?') return "/";
    return target.substr(path);
}

std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);  // its slash
        const std::size_t end = path.find('/');
        // The whole path was decoded before, so each part of it can be.
        out.push_back(*decode(path.substr(0, end), false));
        path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
    }
    return out;
}

}  // namespace

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    return decode(text, false);
}

Result<std::multimap<std::string, std::string>> parse_query(std::string_view query) {
    std::multimap<std::string, std::string> out;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        auto name = decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos ? std::string{}
                                                      : decode(pair.substr(equals + 1), true);
        if (!name || !value) {
            return fail(Errc::invalid_argument, "the query has a % that starts no escape");
        }
        if (!is_utf8(*name) || !is_utf8(*value)) {
            return fail(Errc::invalid_argument, "the query is not UTF-8");
        }
        out.emplace(std::move(*name), std::move(*value));
    }
    return out;
}

Result<Target> parse_target(std::string_view target) {
    const std::string_view origin = origin_form(target);
    if (origin.empty()) return fail(Errc::invalid_argument, "the request target is no path");
    if (origin.find('#') != std::string_view::npos) {
        return fail(Errc::invalid_argument, "a request target has no fragment");
    }
    // For "http://host?x" the path is "/" and the query is that of the whole target.
    const std::size_t mark = target.find('?');
    const std::string_view encoded = origin.substr(0, origin.find('?'));
    auto path = decode(encoded, false);
    if (!path) return fail(Errc::invalid_argument, "the path has a % that starts no escape");
    if (!is_utf8(*path)) return fail(Errc::invalid_argument, "the path is not UTF-8");
    if (path->find('\0') != std::string::npos) {
        return fail(Errc::invalid_argument, "the path holds a NUL");
    }
    auto query =
        parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
    if (!query) return std::unexpected(std::move(query.error()));
    return Target{std::move(*path), segments_of(encoded), std::move(*query)};
}

}  // namespace muster::http
