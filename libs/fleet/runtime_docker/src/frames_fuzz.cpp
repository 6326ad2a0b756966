#include <cstdlib>

#include "frames.hpp"

using muster::runtime_docker::Frame;
using muster::runtime_docker::FrameDecoder;

namespace {

std::optional<std::vector<Frame>> in_pieces(std::string_view bytes, std::size_t piece) {
    FrameDecoder decoder(false);
    std::vector<Frame> all;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        auto frames = decoder.feed(bytes.substr(0, piece));
        if (!frames) return std::nullopt;
        all.insert(all.end(), frames->begin(), frames->end());
    }
    return all;
}

}  // namespace

// However the bytes are cut, the same frames come out, and they carry no more than went in.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = in_pieces(bytes, size + 1);
    if (whole != in_pieces(bytes, 1)) std::abort();
    std::size_t total = 0;
    if (whole) {
        for (const auto& frame : *whole) total += frame.bytes.size() + 8;
    }
    if (total > size) std::abort();
    return 0;
}
