#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/games/game.hpp"

/// A definition is refused with a field and a reason, or it means the same after a round trip
/// through JSON, and can be launched with nothing but its defaults when nothing is required.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::games;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto game = parse_game(text);
    if (!game) {
        MUSTER_ASSERT(!game.error().message.empty());
        return 0;
    }
    const auto json = to_json(*game);
    const auto again = from_json(nlohmann::json::parse(json.dump()));
    MUSTER_ASSERT(again.has_value());
    MUSTER_ASSERT(again->same_as(*game));
    const auto complete = complete_variables(*game, {});
    if (!complete) return 0;
    MUSTER_ASSERT(complete_variables(*game, *complete) == complete);
    const auto launch = launch_of(*game, {.server_id = "srv-1",
                                          .server_name = "x",
                                          .node_address = "192.0.2.1",
                                          .variables = *complete,
                                          .ports = {},
                                          .setting_environment = {}});
    MUSTER_ASSERT(launch.has_value());
    return 0;
}
