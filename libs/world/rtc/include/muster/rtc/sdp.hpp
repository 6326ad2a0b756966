#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::rtc {

using Fingerprint = std::array<std::byte, 32>;  ///< SHA-256 of a certificate (RFC 8122)

/// An m-line that is answered with port 0.
struct RejectedMedia {
    std::string line;  ///< as offered, from "m=" on
    std::string mid;   ///< empty: it had none
    bool operator==(const RejectedMedia&) const = default;
};

/// What a peer's description says that we need (RFC 8839, 8841, 8842, 9143).
struct Offer {
    std::string ufrag;
    std::string password;
    Fingerprint fingerprint{};
    std::uint16_t sctp_port = 5000;
    /// RFC 8841's default. SDP's 0 (any size) is the greatest std::size_t here.
    std::size_t max_message_size = 65'536;
    bool old_protocol = false;  ///< a=sctpmap instead of a=sctp-port
    std::string mid = "0";      ///< empty: it had none
    std::string media_protocol = "UDP/DTLS/SCTP";
    std::size_t media = 0;                ///< index of the data channel's m-line among all
    std::vector<RejectedMedia> rejected;  ///< the others, in order
    bool operator==(const Offer&) const = default;
};
/// `invalid_argument` names the line that is missing or wrong. At most 64 KiB, 1,000 lines.
[[nodiscard]] Result<Offer> parse_offer(std::string_view sdp);

struct Candidate {
    std::string address;  ///< numeric, IPv4 or IPv6
    std::uint16_t port = 0;
    bool operator==(const Candidate&) const = default;
};
struct Answer {
    std::string ufrag;
    std::string password;
    Fingerprint fingerprint{};
    std::vector<Candidate> candidates;
    std::size_t max_message_size = 65'536;
    std::uint64_t session = 0;
};
[[nodiscard]] std::string write_answer(const Offer& offer, const Answer& answer);

/// The client's side, for load players and tests.
[[nodiscard]] std::string write_offer(const Answer& own);
struct ParsedAnswer {
    Offer remote;
    std::vector<Candidate> candidates;  ///< host, UDP, numeric ones; possibly none
};
[[nodiscard]] Result<ParsedAnswer> parse_answer(std::string_view sdp);

}  // namespace muster::rtc
