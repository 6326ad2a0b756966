#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "muster/base/assert.hpp"
#include "muster/rtc/sdp.hpp"

namespace muster::rtc {
namespace {

std::string text_of(const Fingerprint& fingerprint) {
    std::string text;
    for (const std::byte byte : fingerprint) {
        text += fmt::format("{}{:02X}", text.empty() ? "" : ":", std::to_integer<unsigned>(byte));
    }
    return text;
}

std::string_view family_of(std::string_view address) {
    return address.find(':') == std::string_view::npos ? "IP4" : "IP6";
}

/// "m=audio 9 X 111 112" with another port; the other words as they were.
std::string with_port_zero(std::string_view line) {
    const std::size_t media_end = line.find(' ');
    const std::size_t port_end =
        media_end == std::string_view::npos ? media_end : line.find(' ', media_end + 1);
    MUSTER_ASSERT(port_end != std::string_view::npos);
    return fmt::format("{} 0{}", line.substr(0, media_end), line.substr(port_end));
}

std::string rejection_of(const RejectedMedia& media) {
    std::string text = with_port_zero(media.line) + "\r\nc=IN IP4 0.0.0.0\r\n";
    if (!media.mid.empty()) text += fmt::format("a=mid:{}\r\n", media.mid);
    return text + "a=inactive\r\n";
}

std::string session_of(std::uint64_t session, std::string_view mid) {
    // JSEP (RFC 8829, 5.2.1) wants the number to fit 63 bits.
    std::string text = fmt::format("v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
                                   session & 0x7FFF'FFFF'FFFF'FFFFU);
    if (!mid.empty()) text += fmt::format("a=group:BUNDLE {}\r\n", mid);
    return text;
}

std::string credentials_of(const Answer& own, std::string_view setup) {
    return fmt::format(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{}\r\n", own.ufrag,
        own.password, text_of(own.fingerprint), setup);
}

std::string candidates_of(std::span<const Candidate> candidates) {
    // RFC 8445, 5.1.2.1: type preference 126 (host), local preference falling, component 1.
    std::string text;
    std::uint32_t local_preference = 65'535;
    std::size_t foundation = 1;
    for (const Candidate& candidate : candidates) {
        const std::uint32_t priority = (126U << 24U) + (local_preference-- << 8U) + 255U;
        text += fmt::format("a=candidate:{} 1 udp {} {} {} typ host\r\n", foundation++, priority,
                            candidate.address, candidate.port);
    }
    return text + "a=end-of-candidates\r\n";
}

std::string data_channel_of(const Offer& offer, const Answer& answer) {
    const bool has_candidate = !answer.candidates.empty();
    const std::string_view address =
        has_candidate ? std::string_view(answer.candidates.front().address) : "0.0.0.0";
    const std::string format =
        offer.old_protocol ? fmt::to_string(offer.sctp_port) : "webrtc-datachannel";
    std::string text =
        fmt::format("m=application {} {} {}\r\nc=IN {} {}\r\n",
                    has_candidate ? answer.candidates.front().port : std::uint16_t{9},
                    offer.media_protocol, format, family_of(address), address);
    if (!offer.mid.empty()) text += fmt::format("a=mid:{}\r\n", offer.mid);
    text += credentials_of(answer, "passive");
    if (offer.old_protocol) {
        text += fmt::format("a=sctpmap:{} webrtc-datachannel 16\r\n", offer.sctp_port);
    } else {
        text += fmt::format("a=sctp-port:{}\r\n", offer.sctp_port);
    }
    text += fmt::format("a=max-message-size:{}\r\n", answer.max_message_size);
    return text + candidates_of(answer.candidates);
}

}  // namespace

std::string write_answer(const Offer& offer, const Answer& answer) {
    MUSTER_ASSERT(offer.media <= offer.rejected.size());
    std::string text = session_of(answer.session, offer.mid) + "a=ice-lite\r\n";
    for (std::size_t i = 0; i <= offer.rejected.size(); ++i) {
        if (i == offer.media) {
            text += data_channel_of(offer, answer);
        } else {
            text += rejection_of(offer.rejected[i < offer.media ? i : i - 1]);
        }
    }
    return text;
}

std::string write_offer(const Answer& own) {
    std::string text = session_of(own.session, "0") +
                       "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                       "c=IN IP4 0.0.0.0\r\na=mid:0\r\n" +
                       credentials_of(own, "actpass");
    text += fmt::format("a=sctp-port:5000\r\na=max-message-size:{}\r\n", own.max_message_size);
    // Without a candidate: a lite agent learns the address from the checks.
    return text;
}

}  // namespace muster::rtc
