#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace muster::bus_nats {
namespace {

constexpr std::string_view tls_scheme = "tls://";
constexpr std::string_view plain_scheme = "nats://";

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

Result<void> check_servers(std::vector<std::string>& servers) {
    if (servers.empty()) {
        return fail(Errc::invalid_argument, "a NATS server is needed, as nats://HOST:PORT",
                    "servers");
    }
    if (servers.size() > servers_max) {
        return fail(Errc::invalid_argument,
                    "at most " + std::to_string(servers_max) + " NATS servers can be given",
                    "servers");
    }
    for (std::size_t i = 0; i < servers.size(); ++i) {
        // Neither sentence repeats what was given: a password may stand anywhere in it.
        const auto field = "servers[" + std::to_string(i) + "]";
        if (servers[i].contains('@')) {
            return fail(Errc::invalid_argument,
                        "credentials do not belong into a server's address: give them as user and "
                        "password, or as token",
                        field);
        }
        servers[i] = written_out(servers[i]);
        if (servers[i].empty()) {
            return fail(Errc::invalid_argument,
                        "a NATS server is given as nats://HOST:PORT or tls://HOST:PORT", field);
        }
    }
    return {};
}

Result<void> check_credentials(const Options& options) {
    if (options.user.empty() != options.password.empty()) {
        return fail(Errc::invalid_argument, "user and password go together",
                    options.user.empty() ? "user" : "password");
    }
    if (!options.token.empty() && !options.user.empty()) {
        return fail(Errc::invalid_argument, "a token takes the place of user and password",
                    "token");
    }
    return {};
}

}  // namespace

std::string written_out(std::string_view server) {
    std::string_view scheme = plain_scheme;
    for (const auto known : {plain_scheme, tls_scheme}) {
        if (!server.starts_with(known)) continue;
        scheme = known;
        server.remove_prefix(known.size());
        break;
    }
    std::string_view host = server, port = "4222";
    const auto after_host = server.starts_with('[') ? server.find(']') : 0;
    if (after_host == std::string_view::npos) return {};
    if (const auto colon = server.find(':', after_host); colon != std::string_view::npos) {
        host = server.substr(0, colon);
        port = server.substr(colon + 1);
    }
    const bool bad_byte = std::ranges::any_of(host, [](char c) {
        return c <= ' ' || c > '~' ||
               std::string_view("/\\?#,\"'").find(c) != std::string_view::npos;
    });
    if (host.empty() || host == "[]" || bad_byte || !is_port(port)) return {};
    return std::string(scheme) + std::string(host) + ":" + std::string(port);
}

Result<Options> check(Options options) {
    if (auto checked = check_servers(options.servers); !checked) {
        return std::unexpected(checked.error());
    }
    if (auto checked = check_credentials(options); !checked) {
        return std::unexpected(checked.error());
    }
    using Wait = std::pair<milliseconds, std::string>;
    for (const auto& [wait, field] : {Wait{options.connect_timeout, "connect_timeout"},
                                      Wait{options.reconnect_wait, "reconnect_wait"},
                                      Wait{options.ping_interval, "ping_interval"},
                                      Wait{options.write_timeout, "write_timeout"}}) {
        if (wait < milliseconds(1) || wait > milliseconds(600'000)) {
            return fail(Errc::invalid_argument, "it must be from 1 ms to 10 minutes", field);
        }
    }
    if (options.reconnect_jitter < milliseconds(0) ||
        options.reconnect_jitter > milliseconds(600'000)) {
        return fail(Errc::invalid_argument, "it must be from 0 to 10 minutes", "reconnect_jitter");
    }
    if (options.outgoing.messages == 0 || options.outgoing.bytes == 0) {
        return fail(Errc::invalid_argument, "a queue of nothing sends nothing", "outgoing");
    }
    return options;
}

bool wants_tls(const Options& options) {
    return !options.ca_file.empty() || std::ranges::any_of(options.servers, [](const auto& server) {
        return server.starts_with(tls_scheme);
    });
}

}  // namespace muster::bus_nats
