#include "ready_line.hpp"

#include <re2/re2.h>

namespace muster::node {

std::string plain_line(std::string_view line) {
    std::string plain;
    plain.reserve(line.size());
    for (std::size_t i = 0; i < line.size(); ++i) {
        const auto c = static_cast<unsigned char>(line[i]);
        if (c == 0x1b && i + 1 < line.size()) {
            const char kind = line[++i];
            if (kind == '[') {
                // Parameters and intermediates, up to the final byte 0x40..0x7e.
                while (++i < line.size() && (line[i] < 0x40 || line[i] > 0x7e)) {
                }
            } else if (kind == ']') {
                // A title or a link: up to BEL or ESC backslash.
                while (++i < line.size() && line[i] != '\a' && line[i] != 0x1b) {
                }
                if (i < line.size() && line[i] == 0x1b) ++i;
            }
            continue;
        }
        if (c == '\t' || (c >= 0x20 && c != 0x7f)) plain += line[i];
    }
    return plain;
}

Result<ReadyLine> ReadyLine::make(const std::string& pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    options.set_encoding(re2::RE2::Options::EncodingUTF8);
    auto compiled = std::make_unique<re2::RE2>(pattern, options);
    if (!compiled->ok()) {
        return fail(Errc::invalid_argument,
                    "the ready pattern cannot be used: " + compiled->error(), "ready.pattern");
    }
    return ReadyLine(std::move(compiled));
}

ReadyLine::ReadyLine(std::unique_ptr<re2::RE2> pattern) : pattern_(std::move(pattern)) {}
ReadyLine::ReadyLine(ReadyLine&&) noexcept = default;
ReadyLine& ReadyLine::operator=(ReadyLine&&) noexcept = default;
ReadyLine::~ReadyLine() = default;

bool ReadyLine::matches(std::string_view line) const {
    return re2::RE2::PartialMatch(plain_line(line), *pattern_);
}

}  // namespace muster::node
