#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/games/settings_files.hpp"

/// Settings are refused with a reason, or survive a round trip, and their files stay in their
/// folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::games;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) return 0;
    const auto settings = settings_from_json(json);
    if (!settings) {
        MUSTER_ASSERT(!settings.error().message.empty());
        MUSTER_ASSERT(settings.error().field.starts_with("settings"));
        return 0;
    }
    const auto again = settings_from_json(nlohmann::json::parse(to_json(*settings, false).dump()));
    MUSTER_ASSERT(again == settings);
    for (const auto& file : plan_settings(*settings).files) {
        MUSTER_ASSERT(!file.name.starts_with('/'));
        MUSTER_ASSERT(("/" + file.name + "/").find("/../") == std::string::npos);
    }
    return 0;
}
