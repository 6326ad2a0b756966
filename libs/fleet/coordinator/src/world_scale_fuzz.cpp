#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "world_scale_words.hpp"

// A request to scale a world, from outside. What is taken is the same template the second time, has
// no variable that is set for each server, shows no secret, and comes back from its record.

namespace {

using namespace muster;
using namespace muster::coordinator;

constexpr std::string_view game_toml = R"(
id = "muster-world"
name = "Test world"
image = "muster:latest"
[[variables]]
name = "MUSTER_WORLD_COORDINATOR"
label = "Coordinator"
required = true
[[variables]]
name = "MODE"
label = "Mode"
[[variables]]
name = "SECRET"
label = "Secret"
secret = true
)";

const games::Game& game() {
    static const auto parsed = games::parse_game(game_toml);
    MUSTER_ASSERT(parsed.has_value());
    return *parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = parse_object({reinterpret_cast<const char*>(data), size});
    if (!body) return 0;
    WorldTemplate kept;
    kept.variables = {{"SECRET", "sesame"}};
    const auto wish = read_scale(*body, kept, game());
    if (!wish) {
        MUSTER_ASSERT(!wish.error().message.empty());
        return 0;
    }
    const auto again = read_scale(*body, wish->made_from, game());
    MUSTER_ASSERT(again && again->made_from == wish->made_from);
    MUSTER_ASSERT(!wish->made_from.variables.contains("MUSTER_WORLD_JOIN_TOKEN"));
    const Json shown = to_json(wish->made_from, &game());
    MUSTER_ASSERT(shown["variables"].value("SECRET", games::masked_value) == games::masked_value ||
                  shown["variables"]["SECRET"] == "");
    ScaledWorld world;
    world.scale.world = "ffa";
    world.scale.count = wish->count.value_or(1);
    world.made_from = wish->made_from;
    const auto read = read_scaled_world("ffa", record_of(world));
    MUSTER_ASSERT(read && read->made_from == world.made_from);
    return 0;
}
