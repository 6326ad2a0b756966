#pragma once

#include <string>
#include <string_view>

#include "muster/base/error.hpp"

namespace muster::link {

/// What a coordinator hands out so that a machine or a world server may join:
/// `mst1-<digest>-<secret>`. The digest is the SHA-256 of the coordinator's authority, so that who
/// joins knows whom to trust before it says anything; the secret is spent by the first enrolment.
struct JoinToken {
    std::string authority_digest;  ///< 64 lower-case hexadecimal characters
    std::string secret;            ///< 16 to 128 of [A-Za-z0-9_-]
    bool operator==(const JoinToken&) const = default;
};

/// Spaces and line ends around it are forgiven. The error's field is "join_token", and never holds
/// any of the text.
[[nodiscard]] Result<JoinToken> parse_join_token(std::string_view text);
[[nodiscard]] std::string to_text(const JoinToken& token);

}  // namespace muster::link
