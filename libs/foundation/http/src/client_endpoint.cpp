#include <charconv>

#include "client_transport.hpp"

namespace muster::http {
namespace {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

Result<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
        return fail(Errc::invalid_argument,
                    "\"" + std::string(text) + "\" is not a port: a number from 1 to 65535", "url");
    }
    return port;
}

/// "host", "host:port", "[::1]:port", each with an optional single slash behind it.
Result<HostPort> parse_authority(std::string_view text, std::uint16_t port_default) {
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.find_first_of("/?#@ \t\r\n") != std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    "the address must be host or host:port, without a user, path or query", "url");
    }
    HostPort out;
    out.port = port_default;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) {
            return fail(Errc::invalid_argument, "the IPv6 address lacks its \"]\"", "url");
        }
        out.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) {
            return fail(Errc::invalid_argument, "after \"]\" only \":port\" may follow", "url");
        }
    } else {
        const auto colon = text.find(':');
        out.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon);
    }
    if (out.host.empty()) return fail(Errc::invalid_argument, "the address has no host", "url");
    if (!port.empty()) {
        const auto parsed = parse_port(port.substr(1));
        if (!parsed) return std::unexpected(parsed.error());
        out.port = *parsed;
    }
    return out;
}

std::string with_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url, std::string ca_pem) {
    const auto mark = url.find("://");
    const auto scheme = url.substr(0, mark);
    if (mark == std::string_view::npos) {
        return fail(Errc::invalid_argument,
                    "an address begins with unix://, tcp://, http:// or https://", "url");
    }
    const auto rest = url.substr(mark + 3);
    if (scheme == "unix") {
        constexpr std::size_t path_bytes_max = 107;  // sockaddr_un
        if (!rest.starts_with('/') || rest.size() > path_bytes_max ||
            rest.find('\0') != std::string_view::npos) {
            return fail(Errc::invalid_argument,
                        "unix:// takes the absolute path of a socket, of at most 107 bytes", "url");
        }
        return Endpoint{Unix{std::string(rest)}};
    }
    const bool tls = scheme == "https";
    if (!tls && scheme != "http" && scheme != "tcp") {
        return fail(Errc::invalid_argument,
                    "unknown scheme \"" + std::string(scheme) +
                        "\": use unix://, tcp://, http:// or https://",
                    "url");
    }
    // 2375 is the port that is registered for the Docker API, which tcp:// is customary for.
    const std::uint16_t usual = tls ? 443 : (scheme == "tcp" ? 2375 : 80);
    auto at = parse_authority(rest, usual);
    if (!at) return std::unexpected(at.error());
    if (!tls) return Endpoint{Tcp{std::move(at->host), at->port}};
    Tls end;
    end.host = std::move(at->host);
    end.port = at->port;
    end.ca_pem = std::move(ca_pem);
    return Endpoint{std::move(end)};
}

std::string describe(const Endpoint& endpoint) {
    if (const auto* unix_end = std::get_if<Endpoint::Unix>(&endpoint.at)) {
        return "unix://" + unix_end->path;
    }
    if (const auto* tcp = std::get_if<Endpoint::Tcp>(&endpoint.at)) {
        return "http://" + with_port(tcp->host, tcp->port);
    }
    const auto& tls = std::get<Endpoint::Tls>(endpoint.at);
    return "https://" + with_port(tls.host, tls.port);
}

}  // namespace muster::http
