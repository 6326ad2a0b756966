#include "tickets.hpp"

#include <algorithm>
#include <limits>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t secret_bytes_max = 256;
constexpr std::size_t text_bytes_max = 256;
constexpr std::size_t fingerprint_pairs = 32;

// There is one header for each key, so it is compared and never parsed: no "alg" from outside can
// choose how a ticket is checked.
std::string header_of(const TicketKey& key) {
    return to_base64url(R"({"alg":"EdDSA","kid":")" + key.id + R"(","typ":"JWT"})");
}

std::int64_t seconds_of(Timestamp time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Timestamp from_seconds(std::int64_t seconds) {
    return Timestamp(std::chrono::seconds(seconds));
}

std::unexpected<Error> no_ticket(const std::string& why) {
    return fail(Errc::unauthenticated, why, "ticket");
}

struct Parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view later;  ///< behind the "~"
};

std::optional<Parts> parts_of(std::string_view text) {
    Parts out;
    if (const auto tilde = text.find('~'); tilde != std::string_view::npos) {
        out.later = text.substr(tilde + 1);
        text = text.substr(0, tilde);
        if (out.later.empty() || out.later.size() > secret_bytes_max) return std::nullopt;
    }
    const auto first = text.find('.');
    const auto last = text.rfind('.');
    if (first == last) return std::nullopt;
    out.header = text.substr(0, first);
    out.payload = text.substr(first + 1, last - first - 1);
    out.signature = text.substr(last + 1);
    if (out.payload.find('.') != std::string_view::npos) return std::nullopt;
    return out;
}

bool is_token(std::string_view text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
           });
}

}  // namespace

std::string key_id(std::string_view public_key) {
    // Its members in the order of their names, and no space: RFC 7638, 3.
    return to_base64url(
        sha256(R"({"crv":"Ed25519","kty":"OKP","x":")" + to_base64url(public_key) + R"("})"));
}

Json public_key_set(std::span<const TicketKey> keys) {
    Json out = Json::array();
    for (const TicketKey& one : keys) {
        out.push_back(Json{{"kty", "OKP"},
                           {"crv", "Ed25519"},
                           {"x", to_base64url(one.key.public_key)},
                           {"kid", one.id},
                           {"alg", "EdDSA"},
                           {"use", "sig"}});
    }
    return Json{{"keys", std::move(out)}};
}

Result<std::string> write_ticket(const TicketClaims& claims, const TicketKey& key) {
    const Json payload{{"iss", claims.issuer},
                       {"iat", seconds_of(claims.issued_at)},
                       {"exp", seconds_of(claims.expires_at)},
                       {"world", claims.world},
                       {"server", claims.server},
                       {"player", claims.player},
                       {"secret", claims.secret},
                       {"fp", claims.fingerprint}};
    std::string out = header_of(key) + "." + to_base64url(to_text(payload));
    auto signature = pki::sign(key.key, out);
    if (!signature) return signature;
    return out + "." + to_base64url(*signature);
}

Result<TicketClaims> read_ticket(std::string_view text, std::span<const TicketKey> keys,
                                 std::string_view issuer, Timestamp now) {
    const auto foreign = no_ticket("this is no ticket that this coordinator has given");
    if (text.size() > ticket_bytes_max || !is_token(text)) return foreign;
    const auto parts = parts_of(text);
    if (!parts) return foreign;
    const auto key = std::ranges::find_if(
        keys, [&](const TicketKey& one) { return header_of(one) == parts->header; });
    const auto signature = from_base64url(parts->signature);
    const auto payload = from_base64url(parts->payload);
    if (key == keys.end() || !signature || !payload) return foreign;
    const std::string_view signed_text =
        text.substr(0, parts->header.size() + 1 + parts->payload.size());
    if (!pki::is_signed(key->key.public_key, signed_text, *signature)) return foreign;
    auto claims = read_claims(*payload);
    if (!claims) return claims;
    if (claims->issuer != issuer) return foreign;
    if (claims->expires_at <= now) {
        return no_ticket("this ticket ended on " + to_rfc3339(claims->expires_at));
    }
    if (!parts->later.empty()) claims->secret = parts->later;
    return claims;
}

Result<TicketClaims> read_claims(std::string_view payload) {
    const auto body = parse_object(payload);
    if (!body) return no_ticket("the ticket has no claims: " + body.error().message);
    Reader reader(*body);
    TicketClaims out;
    // The first second after the year 9999, beyond which there is no way to write a time.
    constexpr std::int64_t seconds_max = 253'402'300'799;
    out.issuer = reader.required_text("iss", text_bytes_max);
    out.issued_at = from_seconds(reader.integer("iat", 0, seconds_max).value_or(0));
    out.expires_at = from_seconds(reader.integer("exp", 0, seconds_max).value_or(0));
    out.world = reader.required_text("world", text_bytes_max);
    out.server = reader.required_text("server", text_bytes_max);
    out.player = static_cast<std::uint32_t>(
        reader.integer("player", 0, std::numeric_limits<std::uint32_t>::max()).value_or(0));
    out.secret = reader.required_text("secret", secret_bytes_max);
    out.fingerprint = reader.required_text("fp", text_bytes_max);
    if (auto done = reader.done(); !done) {
        return no_ticket("the ticket's claims are wrong: " + done.error().message);
    }
    return out;
}

std::optional<std::string> fingerprint_in(std::string_view sdp) {
    constexpr std::string_view begin = "a=fingerprint:";
    constexpr std::string_view hash = "sha-256 ";
    std::optional<std::string> out;
    while (!sdp.empty()) {
        const auto end = std::min(sdp.find_first_of("\r\n"), sdp.size());
        const std::string_view line = sdp.substr(0, end);
        sdp.remove_prefix(std::min(end + 1, sdp.size()));
        if (!line.starts_with(begin)) continue;
        std::string value = to_lower(line.substr(begin.size()));
        if (!value.starts_with(hash)) continue;
        value.erase(0, hash.size());
        const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
        bool is_good = value.size() == fingerprint_pairs * 3 - 1;
        for (std::size_t i = 0; is_good && i < value.size(); ++i) {
            is_good = i % 3 == 2 ? value[i] == ':' : is_hex(value[i]);
            if (is_hex(value[i]) && value[i] >= 'a')
                value[i] = static_cast<char>(value[i] - 'a' + 'A');
        }
        if (!is_good || (out && *out != value)) return std::nullopt;
        out = std::move(value);
    }
    return out;
}

}  // namespace muster::coordinator
