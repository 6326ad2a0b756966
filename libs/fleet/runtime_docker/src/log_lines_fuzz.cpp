#include <cstdlib>

#include "frames.hpp"

using muster::runtime::LogLine;
using muster::runtime_docker::LineDecoder;
using muster::runtime_docker::LogDecoder;

// The first byte says whether it is a terminal's log. No piece of a line is over its limit, and
// nothing is kept that grows without bound.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    LogDecoder decoder((data[0] & 1U) != 0);
    std::size_t total = 0;
    for (std::size_t from = 0; from < bytes.size(); from += 7) {
        const auto lines = decoder.feed(bytes.substr(from, 7));
        if (!lines) break;
        for (const auto& line : *lines) {
            if (line.text.size() > LogDecoder::line_bytes_max) std::abort();
            total += line.text.size();
        }
    }
    if (total > bytes.size()) std::abort();
    LineDecoder json_lines;
    if (const auto lines = json_lines.feed(bytes)) {
        for (const auto& line : *lines) {
            if (line.empty() || line.find('\n') != std::string::npos) std::abort();
        }
    }
    return 0;
}
