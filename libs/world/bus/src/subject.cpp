#include <algorithm>
#include <string>

#include "muster/bus/bus.hpp"

namespace muster::bus {
namespace {

bool is_token_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

/// Takes the first token, with its dot, off the front.
std::string_view next_token(std::string_view& rest) {
    const auto dot = rest.find('.');
    const auto token = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    return token;
}

Result<void> check_tokens(std::string_view subject, bool star) {
    if (subject.empty()) return fail(Errc::invalid_argument, "a subject is needed", "subject");
    if (subject.size() > subject_bytes_max) {
        return fail(Errc::invalid_argument,
                    "a subject has at most " + std::to_string(subject_bytes_max) +
                        " bytes, and this one " + std::to_string(subject.size()),
                    "subject");
    }
    if (subject.back() == '.') {
        return fail(Errc::invalid_argument, "a subject ends with a token, not with a dot",
                    "subject");
    }
    for (auto rest = subject; !rest.empty();) {
        const auto token = next_token(rest);
        if (star && token == "*") continue;
        if (token.empty() || !std::ranges::all_of(token, is_token_byte)) {
            return fail(Errc::invalid_argument,
                        std::string("a subject is tokens of letters, digits, _ and - joined by "
                                    "dots") +
                            (star ? ", or * for a whole token" : ""),
                        "subject");
        }
    }
    return {};
}

}  // namespace

Result<void> check_publish(std::string_view subject, std::size_t bytes) {
    if (auto checked = check_tokens(subject, false); !checked) return checked;
    if (bytes > message_bytes_max) {
        return fail(Errc::too_large,
                    "a message has at most " + std::to_string(message_bytes_max) +
                        " bytes, and this one " + std::to_string(bytes),
                    "bytes");
    }
    return {};
}

Result<void> check_subscribe(std::string_view pattern, const Receiver& receiver,
                             const QueueLimits& limits) {
    if (auto checked = check_tokens(pattern, true); !checked) return checked;
    if (!receiver) return fail(Errc::invalid_argument, "a receiver is needed", "receiver");
    if (limits.messages == 0) {
        return fail(Errc::invalid_argument, "a queue of no messages receives none",
                    "limits.messages");
    }
    if (limits.bytes == 0) {
        return fail(Errc::invalid_argument, "a queue of no bytes receives none", "limits.bytes");
    }
    return {};
}

bool matches(std::string_view pattern, std::string_view subject) {
    while (!pattern.empty() && !subject.empty()) {
        const auto wanted = next_token(pattern);
        const auto token = next_token(subject);
        if (wanted != "*" && wanted != token) return false;
    }
    return pattern.empty() && subject.empty();
}

}  // namespace muster::bus
