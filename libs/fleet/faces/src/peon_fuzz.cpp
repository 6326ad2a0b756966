#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "peon_words.hpp"

// Bodies and uids of PEON's API: whatever they are, they are taken or refused with a reason.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::faces;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto uid = peon::parse_uid(bytes)) MUSTER_ASSERT(uid->text() == bytes);
    const auto body = peon::parse_body(bytes);
    if (!body) {
        static_cast<void>(peon::answer_of(body.error()));
        return 0;
    }
    const Timestamp now{std::chrono::seconds(1'780'000'000)};
    const auto at = peon::time_in(*body, now);
    if (at && *at) MUSTER_ASSERT(**at > now);
    if (!at) MUSTER_ASSERT(!at.error().field.empty());
    static_cast<void>(peon::eradicate_in(*body));
    auto server = peon::new_server(*body);
    if (!server) {
        static_cast<void>(peon::answer_of(server.error()));
        return 0;
    }
    const auto split = peon::split_settings(server->body, {"PASSWORD", "SERVER_NAME"});
    MUSTER_ASSERT(split);
    for (const auto& setting : server->body["settings"]) {
        const auto content = setting.find("content");
        MUSTER_ASSERT(setting["type"] != "env" || content == setting.end() ||
                      !content->is_object() || !content->contains("PASSWORD"));
    }
    return 0;
}
