#include "frames.hpp"

namespace muster::runtime_docker {
namespace {

constexpr std::size_t header_bytes = 8;
/// A timestamp with nanoseconds and an offset, at the longest.
constexpr std::size_t stamp_bytes_max = 40;

std::size_t big_endian(std::string_view bytes) {
    std::size_t value = 0;
    for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

/// Takes the timestamp off a line; a line without one keeps its text and has no time.
runtime::LogLine stamped(std::string_view text, bool is_error) {
    runtime::LogLine line;
    line.is_error = is_error;
    const auto space = text.substr(0, stamp_bytes_max).find(' ');
    if (space != std::string_view::npos) {
        if (const auto time = from_rfc3339(text.substr(0, space))) {
            line.time = *time;
            text.remove_prefix(space + 1);
        }
    }
    if (text.ends_with('\r')) text.remove_suffix(1);
    line.text = text;
    return line;
}

/// One line as pieces that each keep the limit, all with its time.
void append_pieces(std::vector<runtime::LogLine>& lines, runtime::LogLine line) {
    const auto limit = LogDecoder::line_bytes_max;
    const std::string whole = std::move(line.text);
    std::size_t from = 0;
    do {
        line.text = whole.substr(from, limit);
        lines.push_back(line);
        from += limit;
    } while (from < whole.size());
}

}  // namespace

Result<std::vector<Frame>> FrameDecoder::feed(std::string_view bytes) {
    std::vector<Frame> frames;
    if (raw_) {
        if (!bytes.empty()) frames.push_back({false, std::string(bytes)});
        return frames;
    }
    input_ += bytes;
    std::size_t from = 0;
    while (input_.size() - from >= header_bytes) {
        const auto header = std::string_view(input_).substr(from, header_bytes);
        const auto stream = static_cast<unsigned char>(header[0]);
        const auto size = big_endian(header.substr(4));
        if (stream > 2 || header.substr(1, 3) != std::string_view("\0\0\0", 3) ||
            size > payload_bytes_max) {
            return fail(Errc::internal, "the engine's stream is not multiplexed as documented");
        }
        if (input_.size() - from - header_bytes < size) break;
        frames.push_back({stream == 2, input_.substr(from + header_bytes, size)});
        from += header_bytes + size;
    }
    input_.erase(0, from);
    return frames;
}

Result<std::vector<runtime::LogLine>> LogDecoder::feed(std::string_view bytes) {
    auto frames = frames_.feed(bytes);
    if (!frames) return std::unexpected(frames.error());
    std::vector<runtime::LogLine> lines;
    for (auto& frame : *frames) {
        if (raw_) {
            half_ += frame.bytes;
            split(lines);
            continue;
        }
        // A frame is one message: a line, or a piece of a long one, which has no newline then.
        std::string_view text = frame.bytes;
        while (!text.empty()) {
            const auto end = text.find('\n');
            append_pieces(lines, stamped(text.substr(0, end), frame.is_error));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
    }
    return lines;
}

void LogDecoder::split(std::vector<runtime::LogLine>& lines) {
    std::size_t from = 0;
    for (;;) {
        const auto end = half_.find('\n', from);
        const auto size = (end == std::string::npos ? half_.size() : end) - from;
        if (end == std::string::npos && size <= line_bytes_max + stamp_bytes_max) break;
        // A line without an end is given out in pieces rather than kept for ever.
        const auto taken = end == std::string::npos ? line_bytes_max : size;
        append_pieces(lines, stamped(std::string_view(half_).substr(from, taken), false));
        from += taken + (end == std::string::npos ? 0 : 1);
    }
    half_.erase(0, from);
}

std::optional<runtime::LogLine> LogDecoder::rest() {
    if (half_.empty()) return std::nullopt;
    return stamped(std::exchange(half_, {}), false);
}

Result<std::vector<std::string>> LineDecoder::feed(std::string_view bytes) {
    half_ += bytes;
    std::vector<std::string> lines;
    std::size_t from = 0;
    for (auto end = half_.find('\n'); end != std::string::npos; end = half_.find('\n', from)) {
        auto line = std::string_view(half_).substr(from, end - from);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) lines.emplace_back(line);
        from = end + 1;
    }
    half_.erase(0, from);
    if (half_.size() > line_bytes_max) {
        return fail(Errc::too_large, "a line of the engine is over 4 MiB");
    }
    return lines;
}

}  // namespace muster::runtime_docker
