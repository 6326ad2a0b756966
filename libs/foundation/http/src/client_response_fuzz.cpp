#include <cstdlib>

#include "client_response.hpp"

namespace {

struct Outcome {
    bool failed = false;
    bool done = false;
    int status = 0;
    std::string body;
    std::string rest;
    bool operator==(const Outcome&) const = default;
};

Outcome read_in_pieces(std::string_view bytes, std::size_t piece) {
    muster::http::ResponseReader reader(false);
    Outcome out;
    while (!bytes.empty() && !out.failed) {
        out.failed = !reader.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    // How much was decoded before a fault depends on the pieces; that there is a fault does not.
    if (out.failed) return out;
    if (!reader.feed_end()) {
        out.failed = true;
        return out;
    }
    out.done = reader.is_done();
    out.status = reader.head().status;
    out.body = reader.take_body();
    out.rest = reader.take_rest();
    return out;
}

}  // namespace

// However the network cuts the bytes, the same response comes out.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (size > 4096) return 0;
    if (read_in_pieces(bytes, size + 1) != read_in_pieces(bytes, 1)) std::abort();
    return 0;
}
