#include "muster/rtc/sdp.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::rtc {
namespace {

constexpr std::size_t sdp_bytes_max = 64 * 1024;
constexpr std::size_t sdp_lines_max = 1'000;
constexpr std::size_t mid_length_max = 64;
constexpr std::size_t candidates_max = 32;

struct Line {
    std::size_t number = 0;
    std::string_view text;
};

std::unexpected<Error> wrong(const Line& line, std::string_view why) {
    return fail(
        Errc::invalid_argument,
        fmt::format("line {} \"{}\": {}", line.number, to_utf8(line.text.substr(0, 100)), why),
        "sdp");
}

std::unexpected<Error> missing(std::string_view what) {
    return fail(Errc::invalid_argument, fmt::format("the description has no line {}", what), "sdp");
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

Result<std::vector<Line>> lines_of(std::string_view sdp) {
    if (sdp.size() > sdp_bytes_max) {
        return fail(Errc::invalid_argument, "the description has more than 64 KiB", "sdp");
    }
    std::vector<Line> lines;
    std::size_t number = 0;
    while (!sdp.empty()) {
        const std::size_t end = std::min(sdp.find('\n'), sdp.size());
        Line line{++number, sdp.substr(0, end)};
        sdp.remove_prefix(std::min(end + 1, sdp.size()));
        if (line.text.ends_with('\r')) line.text.remove_suffix(1);
        if (number > sdp_lines_max) {
            return fail(Errc::invalid_argument, "the description has more than 1,000 lines", "sdp");
        }
        if (line.text.empty()) continue;
        if (line.text.size() < 2 || line.text[1] != '=' || !is_plain(line.text)) {
            return wrong(line, "not of the form x=value");
        }
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// The value of the first such line of a section: "a=mid:" -> "0".
std::optional<Line> value_of(std::span<const Line> section, std::string_view prefix) {
    for (const Line& line : section) {
        if (line.text.starts_with(prefix)) return Line{line.number, line.text};
    }
    return std::nullopt;
}

struct Sections {
    std::span<const Line> session;
    std::vector<std::span<const Line>> media;
};

Sections split(std::span<const Line> lines) {
    Sections sections;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= lines.size(); ++i) {
        if (i < lines.size() && !lines[i].text.starts_with("m=")) continue;
        const auto section = lines.subspan(start, i - start);
        if (start == 0) {
            sections.session = section;
        } else {
            sections.media.push_back(section);
        }
        start = i;
    }
    return sections;
}

bool is_data_channel(std::span<const Line> section) {
    const auto words = words_of(section.front().text.substr(2));
    if (words.size() < 4 || words[0] != "application") return false;
    if (words[2] != "UDP/DTLS/SCTP" && words[2] != "DTLS/SCTP" && words[2] != "TCP/DTLS/SCTP") {
        return false;
    }
    return words[1] != "0" || value_of(section, "a=bundle-only").has_value();
}

std::size_t first_beyond_ascii(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::find_if(text, [](char c) { return (c & 0x80) != 0; }) - text.begin());
}

std::string mid_of(std::span<const Line> section) {
    const auto line = value_of(section, "a=mid:");
    if (!line) return {};
    std::string_view mid = line->text.substr(6);
    mid = mid.substr(0, mid_length_max);
    // A token (RFC 8866) is ASCII: what is not would be cut within a character.
    return std::string(mid.substr(0, std::min(mid.size(), first_beyond_ascii(mid))));
}

bool is_ice_text(std::string_view text, std::size_t length_min) {
    return text.size() >= length_min && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '/';
           });
}

/// What a data channel's section says, with the session's part where it says nothing itself.
class Description {
  public:
    Description(std::span<const Line> session, std::span<const Line> section)
        : session_(session), section_(section) {}

    [[nodiscard]] std::optional<Line> find(std::string_view prefix) const {
        const auto own = value_of(section_, prefix);
        return own ? own : value_of(session_, prefix);
    }
    [[nodiscard]] std::span<const Line> section() const { return section_; }

    Result<void> read_ice(Offer& offer) const {
        if (const auto lite = find("a=ice-lite")) return wrong(*lite, "one side must be full ICE");
        const auto ufrag = find("a=ice-ufrag:");
        if (!ufrag) return missing("a=ice-ufrag");
        offer.ufrag = ufrag->text.substr(12);
        if (!is_ice_text(offer.ufrag, 4)) return wrong(*ufrag, "not 4 to 256 letters of ICE");
        const auto password = find("a=ice-pwd:");
        if (!password) return missing("a=ice-pwd");
        offer.password = password->text.substr(10);
        if (!is_ice_text(offer.password, 22)) {
            return wrong({password->number, "a=ice-pwd:..."}, "not 22 to 256 letters of ICE");
        }
        return {};
    }

    Result<void> read_fingerprint(Offer& offer) const {
        std::optional<Line> other;
        for (const auto part : {section_, session_}) {
            for (const Line& line : part) {
                if (!line.text.starts_with("a=fingerprint:")) continue;
                const auto words = words_of(line.text.substr(14));
                if (words.size() != 2 || to_lower(words[0]) != "sha-256") {
                    other = line;
                    continue;
                }
                if (!read_digest(words[1], offer.fingerprint)) {
                    return wrong(line, "not 32 bytes like AA:BB");
                }
                return {};
            }
        }
        if (other) return wrong(*other, "only sha-256 is supported");
        return missing("a=fingerprint:sha-256");
    }

    Result<void> read_sctp(Offer& offer) const {
        const auto words = words_of(section_.front().text.substr(2));
        offer.media_protocol = words[2];
        if (const auto port = value_of(section_, "a=sctp-port:")) {
            const auto number = number_of<std::uint16_t>(port->text.substr(12));
            if (!number || *number == 0) return wrong(*port, "not a port");
            offer.sctp_port = *number;
        } else if (const auto map = value_of(section_, "a=sctpmap:")) {
            const auto parts = words_of(map->text.substr(10));
            const auto number = number_of<std::uint16_t>(parts.empty() ? "" : parts[0]);
            if (!number || *number == 0) return wrong(*map, "not a port");
            offer.sctp_port = *number;
            offer.old_protocol = true;
        }
        if (const auto size = value_of(section_, "a=max-message-size:")) {
            const auto number = number_of<std::size_t>(size->text.substr(19));
            if (!number) return wrong(*size, "not a number");
            offer.max_message_size =
                *number == 0 ? std::numeric_limits<std::size_t>::max() : *number;
        }
        return {};
    }

  private:
    static bool read_digest(std::string_view text, Fingerprint& digest) {
        if (text.size() != digest.size() * 3 - 1) return false;
        for (std::size_t i = 0; i < digest.size(); ++i) {
            const char* at = text.data() + i * 3;
            unsigned value = 0;
            const auto [end, error] = std::from_chars(at, at + 2, value, 16);
            if (error != std::errc() || end != at + 2) return false;
            if (i + 1 < digest.size() && at[2] != ':') return false;
            digest[i] = static_cast<std::byte>(value);
        }
        return true;
    }

    std::span<const Line> session_;
    std::span<const Line> section_;
};

/// The first data channel, and the other media as rejected.
Result<Description> choose(std::span<const Line> lines, Offer& offer) {
    if (lines.empty() || lines.front().text != "v=0") {
        return fail(Errc::invalid_argument, "the description does not begin with v=0", "sdp");
    }
    const Sections sections = split(lines);
    std::optional<std::size_t> chosen;
    for (std::size_t i = 0; i < sections.media.size(); ++i) {
        const auto section = sections.media[i];
        if (words_of(section.front().text.substr(2)).size() < 4) {
            return wrong(section.front(), "not media, port, protocol and format");
        }
        if (!chosen && is_data_channel(section)) {
            chosen = i;
        } else {
            offer.rejected.push_back({std::string(section.front().text), mid_of(section)});
        }
    }
    if (!chosen) return missing("m=application ... UDP/DTLS/SCTP webrtc-datachannel");
    offer.media = *chosen;
    offer.mid = mid_of(sections.media[*chosen]);
    return Description(sections.session, sections.media[*chosen]);
}

Result<void> read_setup(const Description& description, std::string_view one,
                        std::string_view other) {
    const auto setup = description.find("a=setup:");
    if (!setup) return missing("a=setup");
    const std::string_view role = setup->text.substr(8);
    if (role == one || role == other) return {};
    return wrong(*setup, fmt::format("the DTLS role must be {}", one));
}

std::optional<Candidate> candidate_of(std::string_view text) {
    const auto words = words_of(text);
    if (words.size() < 8 || words[1] != "1" || to_lower(words[2]) != "udp" || words[6] != "typ") {
        return std::nullopt;
    }
    const auto port = number_of<std::uint16_t>(words[5]);
    Candidate candidate{std::string(words[4]), port.value_or(0)};
    std::array<std::byte, 16> ip{};
    const bool is_numeric = inet_pton(AF_INET, candidate.address.c_str(), ip.data()) == 1 ||
                            inet_pton(AF_INET6, candidate.address.c_str(), ip.data()) == 1;
    if (candidate.port == 0 || !is_numeric) return std::nullopt;
    return candidate;
}

}  // namespace

Result<Offer> parse_offer(std::string_view sdp) {
    const auto lines = lines_of(sdp);
    if (!lines) return std::unexpected(lines.error());
    Offer offer;
    const auto description = choose(*lines, offer);
    if (!description) return std::unexpected(description.error());
    if (auto read = description->read_ice(offer); !read) return std::unexpected(read.error());
    if (auto read = description->read_fingerprint(offer); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = read_setup(*description, "actpass", "active"); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = description->read_sctp(offer); !read) return std::unexpected(read.error());
    return offer;
}

Result<ParsedAnswer> parse_answer(std::string_view sdp) {
    const auto lines = lines_of(sdp);
    if (!lines) return std::unexpected(lines.error());
    // Our side is full ICE, so the other may be lite.
    std::vector<Line> kept;
    std::ranges::copy_if(*lines, std::back_inserter(kept),
                         [](const Line& line) { return line.text != "a=ice-lite"; });
    ParsedAnswer answer;
    const auto description = choose(kept, answer.remote);
    if (!description) return std::unexpected(description.error());
    if (auto read = description->read_ice(answer.remote); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = description->read_fingerprint(answer.remote); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = read_setup(*description, "passive", "passive"); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = description->read_sctp(answer.remote); !read) {
        return std::unexpected(read.error());
    }
    for (const Line& line : description->section()) {
        if (!line.text.starts_with("a=candidate:")) continue;
        if (answer.candidates.size() >= candidates_max) break;
        if (auto candidate = candidate_of(line.text.substr(12))) {
            answer.candidates.push_back(std::move(*candidate));
        }
    }
    return answer;
}

}  // namespace muster::rtc
