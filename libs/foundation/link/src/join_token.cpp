#include "muster/link/join_token.hpp"

#include <algorithm>

#include "muster/base/text.hpp"

namespace muster::link {
namespace {

constexpr std::string_view prefix = "mst1-";
constexpr std::size_t digest_length = 64;
constexpr std::size_t secret_min = 16;
constexpr std::size_t secret_max = 128;

std::unexpected<Error> wrong(std::string why) {
    return fail(Errc::invalid_argument, "the join token " + std::move(why), "join_token");
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

}  // namespace

Result<JoinToken> parse_join_token(std::string_view text) {
    std::string_view rest = trim(text);
    if (rest.empty()) return wrong("is empty");
    if (!rest.starts_with(prefix)) return wrong("does not begin with mst1-");
    rest.remove_prefix(prefix.size());
    if (rest.size() <= digest_length || rest[digest_length] != '-') {
        return wrong("has no digest of 64 characters and then a secret; was it cut off?");
    }
    JoinToken token;
    token.authority_digest = rest.substr(0, digest_length);
    token.secret = rest.substr(digest_length + 1);
    if (!std::ranges::all_of(token.authority_digest, is_hex)) {
        return wrong("has a digest with other characters than 0-9 and a-f");
    }
    if (token.secret.size() < secret_min || token.secret.size() > secret_max) {
        return wrong("has a secret of the wrong length; was it cut off?");
    }
    if (!std::ranges::all_of(token.secret, is_word)) {
        return wrong("has a secret with other characters than letters, digits, - and _");
    }
    return token;
}

std::string to_text(const JoinToken& token) {
    return std::string(prefix) + token.authority_digest + "-" + token.secret;
}

}  // namespace muster::link
