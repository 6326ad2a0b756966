#include <cstddef>
#include <cstdint>
#include <string_view>

#include "control_words.hpp"
#include "muster/base/assert.hpp"

// Bytes of the control socket: however they are cut, the same lines come out, and every line is
// taken or refused with a reason.

namespace {

using namespace muster;
using namespace muster::faces;

std::vector<std::string> lines_of(std::string_view bytes, std::size_t step, bool& is_broken) {
    control::Lines lines;
    std::vector<std::string> out;
    is_broken = false;
    for (std::size_t at = 0; at < bytes.size() && !is_broken; at += step) {
        is_broken = !lines.add(bytes.substr(at, step));
        while (auto line = lines.next()) out.push_back(std::move(*line));
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    bool whole_is_broken = false;
    bool pieces_are_broken = false;
    const auto whole = lines_of(bytes, bytes.size() + 1, whole_is_broken);
    const auto pieces = lines_of(bytes, 7, pieces_are_broken);
    MUSTER_ASSERT(whole_is_broken == pieces_are_broken);
    MUSTER_ASSERT(whole_is_broken || whole == pieces);
    for (const auto& line : pieces) {
        const auto message = control::parse(line);
        if (!message) {
            MUSTER_ASSERT(!message.error().message.empty());
            continue;
        }
        const auto call = control::call_of(*message);
        if (!call) {
            static_cast<void>(to_text(control::refusal(message->id, 400, call.error())));
            continue;
        }
        MUSTER_ASSERT(call->target.starts_with("/api/v1/"));
        MUSTER_ASSERT(call->target.find_first_of(" \r\n#") == std::string::npos);
    }
    return 0;
}
