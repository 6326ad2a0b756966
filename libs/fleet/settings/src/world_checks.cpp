#include "world_checks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"
#include "values.hpp"

namespace muster::settings {
namespace {

using Checked = std::expected<void, std::string>;

bool is_numeric(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

bool begins_with(std::string_view text, std::initializer_list<std::string_view> starts) {
    return std::ranges::any_of(starts, [&](auto start) { return text.starts_with(start); });
}

// scheme://host, perhaps with a port: what a browser sends as Origin.
bool is_origin(std::string_view text) {
    if (!begins_with(text, {"http://", "https://"})) return false;
    const auto host = text.substr(text.find("://") + 3);
    return !host.empty() && host.front() != ':' &&
           host.find_first_of("/?#@, *") == std::string_view::npos;
}

bool is_url(std::string_view text) {
    const auto scheme = text.find("://");
    return begins_with(text, {"http://", "https://"}) && text.size() > scheme + 3 &&
           text[scheme + 3] != '/' && text.find_first_of(" \"<>") == std::string_view::npos;
}

// "urls|username|credential;...": only the URLs can be wrong.
Checked check_servers(std::string_view text) {
    for (const auto& server : split_list(text, ';')) {
        for (const auto& url : split_list(server.substr(0, server.find('|')))) {
            if (!begins_with(url, {"stun:", "stuns:", "turn:", "turns:"}))
                return std::unexpected(
                    "must be urls|username|credential;..., and each URL must begin with stun:, "
                    "stuns:, turn: or turns:");
        }
    }
    return {};
}

// Without what it is: it may hold a password.
Checked check_store(std::string_view url) {
    if (url.empty() || begins_with(url, {"postgresql://", "postgres://"})) return {};
    return std::unexpected(
        "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, the one kind of shared store that "
        "there is");
}

Checked check_place(std::string_view text) {
    const auto place = to_address(text, {});
    if (text.empty() || (place && !place->host.empty())) return {};
    return std::unexpected("must be host or host:port");
}

// A label or the name of a file: no path, no hidden one.
bool is_label(std::string_view text, std::size_t max) {
    return text.size() <= max && !text.starts_with('.') && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
           });
}

std::unexpected<Error> contradiction(const Settings& settings, std::string_view name,
                                     const std::string& reason) {
    return fail(Errc::invalid_argument,
                settings.source(name) + ": " + std::string(name) + " " + reason, std::string(name));
}

Result<void> check_turn(const Settings& settings) {
    const bool has_urls = !settings.list("ice.turn_urls").empty();
    const bool has_secret = !settings.text("ice.turn_secret").empty();
    const bool has_credential = !settings.text("ice.turn_credential").empty();
    if (has_urls && !has_secret && !has_credential)
        return contradiction(settings, "ice.turn_urls",
                             "needs ice.turn_secret, or ice.turn_username and "
                             "ice.turn_credential: a TURN server serves nobody it does not know");
    if (has_urls) return {};
    for (const auto* name : {"ice.turn_secret", "ice.turn_credential"})
        if (!settings.text(name).empty())
            return contradiction(settings, name, "needs ice.turn_urls: whose is it?");
    return {};
}

Result<void> check_spread(const Settings& settings) {
    if (!settings.boolean("world.spread")) {
        for (const auto* name : {"world.regions", "world.wishes", "bus.url"})
            if (settings.is_given(name))
                return contradiction(settings, name,
                                     "needs world.spread: other worlds are one server's");
        return {};
    }
    if (!settings.is_given("world.coordinator") && settings.text("world.join_token").empty())
        return contradiction(settings, "world.spread",
                             "needs world.coordinator, which says who computes which region");
    if (settings.list("world.modes").size() != 1)
        return contradiction(settings, "world.spread",
                             "needs exactly one mode in world.modes, as --modes ffa: a server of a "
                             "spread world has that world alone");
    if (!settings.text("world.record").empty())
        return contradiction(settings, "world.record",
                             "cannot be with world.spread: no server computes all of the match");
    return {};
}

Result<void> check_bus(const Settings& settings) {
    const bool has_url = !settings.list("bus.url").empty();
    for (const auto* name : {"bus.user", "bus.password", "bus.token", "bus.ca"})
        if (!has_url && !settings.text(name).empty())
            return contradiction(settings, name, "needs bus.url: whose is it?");
    if (settings.text("bus.user").empty() != settings.text("bus.password").empty())
        return contradiction(settings,
                             settings.text("bus.user").empty() ? "bus.password" : "bus.user",
                             "needs bus.user and bus.password, both");
    if (!settings.text("bus.token").empty() && !settings.text("bus.user").empty())
        return contradiction(settings, "bus.token", "takes the place of bus.user: give one");
    return {};
}

}  // namespace

Checked check_words(std::string_view name, std::string_view text) {
    if (name == "ice.servers") return check_servers(text);
    if (name == "store.url") return check_store(text);
    if (name == "lead.address") return check_place(text);
    if (name == "world.location" && !is_label(text, 32))
        return std::unexpected("must be at most 32 letters, digits, '.', '-' and '_', as eu-west");
    if (name == "cluster.key_name" && (text.empty() || !is_label(text, 64)))
        return std::unexpected(
            "must be 1 to 64 letters, digits, '.', '-' and '_', and not begin with '.'");
    if (name == "cluster.public_key_url" && !text.empty() && !is_url(text))
        return std::unexpected("must be an http:// or https:// URL");
    if (name == "web.origin" && !text.empty() && text != "*" && !is_origin(text))
        return std::unexpected(
            "must be * or scheme://host or scheme://host:port, as https://play.example.org");
    return {};
}

Checked check_items(std::string_view name, std::span<const std::string> items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto quoted = "'" + to_utf8(items[i].substr(0, 128)) + "'";
        if (name == "udp.public" && !is_numeric(items[i]))
            return std::unexpected("must be numeric addresses, as 203.0.113.7; " + quoted +
                                   " is none");
        if (name == "ice.stun_urls" && !begins_with(items[i], {"stun:", "stuns:"}))
            return std::unexpected("must be URLs that begin with stun: or stuns:; " + quoted +
                                   " does not");
        if (name == "ice.turn_urls" && !begins_with(items[i], {"turn:", "turns:"}))
            return std::unexpected("must be URLs that begin with turn: or turns:; " + quoted +
                                   " does not");
        if (name == "bus.url" && (!begins_with(items[i], {"nats://", "tls://"}) ||
                                  items[i].find('@') != std::string::npos))
            return std::unexpected(
                "must be nats://HOST:PORT or tls://HOST:PORT, without user and password, which "
                "have "
                "settings of their own");
        if (name == "world.modes" && std::ranges::count(items, items[i]) > 1)
            return std::unexpected("names " + quoted + " twice: there is one world of a mode");
    }
    return {};
}

Checked check_host(std::string_view name, const std::string& host) {
    const bool is_http = name == "http.address";
    if (!is_http && name != "udp.address") return {};
    if (is_numeric(host) || (is_http && host == "localhost")) return {};
    return std::unexpected("must be of a numeric address of this machine, as 0.0.0.0:" +
                           std::string(is_http ? "8080" : "7777") + "; '" + to_utf8(host) +
                           "' is none");
}

Result<void> check_world_together(const Settings& settings) {
    if (settings.is_given("world.snapshot_rate") &&
        settings.number("world.snapshot_rate") > settings.number("world.tick_rate"))
        return contradiction(settings, "world.snapshot_rate",
                             "must be at most world.tick_rate: there is nothing new between two "
                             "ticks");
    if (settings.number("world.reserved_slots") > settings.number("world.players_max"))
        return contradiction(settings, "world.reserved_slots",
                             "must be at most world.players_max, of which they are a part");
    if (auto checked = check_spread(settings); !checked) return checked;
    if (auto checked = check_bus(settings); !checked) return checked;
    return check_turn(settings);
}

}  // namespace muster::settings
