#include <cstdlib>

#include "decode.hpp"
#include "muster/base/encoding.hpp"

namespace docker = muster::runtime_docker;

// Whatever JSON comes, every decoder takes it, and what it gives can be said in JSON again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto error = docker::decode_error(500, text);
    if (!muster::is_utf8(error.message) || error.message.empty()) std::abort();
    static_cast<void>(docker::taken_port(text));
    const auto json = docker::parse_json(text);
    if (!json) return 0;
    const auto instance = docker::decode_instance(*json);
    for (const auto& [name, value] : instance.labels) {
        if (name.starts_with(docker::port_label)) std::abort();
    }
    static_cast<void>(docker::decode_stats(*json));
    static_cast<void>(docker::decode_event(*json));
    static_cast<void>(docker::decode_image(*json));
    static_cast<void>(docker::decode_volume(*json));
    static_cast<void>(docker::decode_network(*json));
    docker::PullDecoder pull;
    if (const auto progress = pull.feed(*json)) {
        if (progress->done_bytes > progress->total_bytes) std::abort();
    }
    return 0;
}
