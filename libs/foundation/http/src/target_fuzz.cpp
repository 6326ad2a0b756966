// Request targets, queries and percent-encoding; and the router with whatever path comes out.
#include <cstdint>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/http/url.hpp"
#include "router.hpp"

namespace {

using namespace muster::http;

boost::asio::awaitable<Answer> nothing(Request) {
    co_return Response{};
}

const Router& router() {
    static const Router made = [] {
        Router out;
        for (const char* pattern :
             {"/", "/a", "/a/{id}", "/a/list", "/a/{id}/{part}", "/{x}/b", "/files/{rest*}"}) {
            out.add("GET", pattern, nothing);
        }
        return out;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    MUSTER_ASSERT(percent_decode(percent_encode(text)) == text);
    if (const auto decoded = percent_decode(text)) MUSTER_ASSERT(decoded->size() <= size);
    const auto target = parse_target(text);
    if (!target) return 0;
    MUSTER_ASSERT(target->path.starts_with('/') && muster::is_utf8(target->path));
    std::string joined;
    for (const std::string& segment : target->segments) joined += "/" + segment;
    MUSTER_ASSERT(joined == target->path);
    // Written anew it means the same.
    std::string again;
    for (const std::string& segment : target->segments) again += "/" + percent_encode(segment);
    char mark = '?';
    for (const auto& [name, value] : target->query) {
        MUSTER_ASSERT(muster::is_utf8(name) && muster::is_utf8(value));
        again += mark + percent_encode(name) + "=" + percent_encode(value);
        mark = '&';
    }
    const auto second = parse_target(again);
    MUSTER_ASSERT(second && second->segments == target->segments && second->query == target->query);
    const Match found = match(router().state(), "HEAD", target->segments);
    if (found.route != nullptr) {
        for (const auto& [name, value] : parameters_of(*found.route, target->segments)) {
            MUSTER_ASSERT(target->path.find(value) != std::string::npos);
        }
    }
    return 0;
}
