#include "muster/client/tickets.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "muster/base/encoding.hpp"
#include "muster/pki/signing.hpp"
#include "muster/rtc/sdp.hpp"

namespace muster::client {
namespace {

using Json = nlohmann::json;

constexpr std::size_t ticket_bytes_max = 2'048;
constexpr std::size_t keys_max = 16;

std::string text(const Json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Json object_in(std::string_view part) {
    const auto bytes = from_base64url(part);
    return bytes ? Json::parse(*bytes, nullptr, false) : Json();
}

// HEADER.CLAIMS.SIGNATURE, and what it is the signature of.
struct Parts {
    std::string_view header, claims, signature, signed_text;
};
std::optional<Parts> parts_of(std::string_view ticket) {
    const auto given = ticket.substr(0, ticket.find('~'));
    const auto first = given.find('.');
    const auto last = given.rfind('.');
    if (ticket.size() > ticket_bytes_max || std::ranges::count(given, '.') != 2) return {};
    return Parts{given.substr(0, first), given.substr(first + 1, last - first - 1),
                 given.substr(last + 1), given.substr(0, last)};
}

std::string shown(const rtc::Fingerprint& fingerprint) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const auto byte : fingerprint) {
        if (!out.empty()) out += ':';
        out += digits[std::to_integer<unsigned>(byte) >> 4U];
        out += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return out;
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

}  // namespace

TicketKeys read_ticket_keys(std::string_view set) {
    TicketKeys out;
    const auto all = Json::parse(set, nullptr, false);
    const auto keys = all.is_object() ? all.find("keys") : all.end();
    if (!all.is_object() || keys == all.end() || !keys->is_array()) return out;
    std::size_t looked = 0;
    for (const auto& one : *keys) {
        if (++looked > keys_max) break;
        const auto kid = text(one, "kid");
        const auto bytes = from_base64url(text(one, "x"));
        const bool is_one = text(one, "kty") == "OKP" && text(one, "crv") == "Ed25519";
        if (!is_one || kid.empty() || !bytes || bytes->size() != pki::signing_key_bytes) continue;
        out.emplace(kid, *bytes);
    }
    return out;
}

std::optional<std::string> key_of_ticket(std::string_view ticket) {
    const auto parts = parts_of(ticket);
    if (!parts) return std::nullopt;
    const auto header = object_in(parts->header);
    auto kid = text(header, "kid");
    if (text(header, "alg") != "EdDSA" || kid.empty()) return std::nullopt;
    return kid;
}

Result<void> check_ticket(std::string_view ticket, const std::string& sdp, std::string_view world,
                          const TicketKeys& keys, std::int64_t now) {
    const auto no = [](const char* why) { return fail(Errc::unauthenticated, why, "ticket"); };
    const auto kid = key_of_ticket(ticket);
    if (!kid) return no("the server's ticket is not signed");
    const auto key = keys.find(*kid);
    if (key == keys.end()) return no("the server's ticket is signed with a key that nobody knows");
    const auto parts = *parts_of(ticket);
    const auto signature = from_base64url(parts.signature);
    if (!signature || !pki::is_signed(key->second, parts.signed_text, *signature))
        return no("the signature of the server's ticket is wrong");
    // Only now is it worth reading.
    const auto claims = object_in(parts.claims);
    if (text(claims, "world") != world) return no("the server's ticket is for another world");
    const auto ends = claims.is_object() ? claims.find("exp") : claims.end();
    const bool has_end = claims.is_object() && ends != claims.end() && ends->is_number_integer();
    if (!has_end || ends->get<std::int64_t>() <= now)
        return no("the server's ticket has ended, or this machine's clock is wrong");
    const auto answer = rtc::parse_answer(sdp);
    if (!answer) return std::unexpected(answer.error());
    if (upper(text(claims, "fp")) != shown(answer->remote.fingerprint))
        return no("another server answered than the one that the ticket is for");
    return {};
}

std::string renewed_ticket(std::string_view ticket, std::string_view token) {
    if (token.empty()) return std::string(ticket);  // it stays good
    const auto given = ticket.substr(0, ticket.find('~'));
    // A coordinator's that is not signed is the same token, and names the way to its server.
    if (given.ends_with("." + std::string(token))) return std::string(ticket);
    if (std::ranges::count(given, '.') != 2) return std::string(token);
    return std::string(given) + "~" + std::string(token);
}

}  // namespace muster::client
