#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deploy.hpp"
#include "muster/base/assert.hpp"
#include "muster/store/fake.hpp"

// Merge patches from outside: two lines, a document and a patch. By RFC 7396 a patch that was
// applied changes nothing when it is applied again, and leaves no null of its own behind; and the
// patch of a server is taken or refused with a reason, leaves the secret alone that it only masks,
// and is the same change the second time.

namespace {

using namespace muster;
using namespace muster::coordinator;

constexpr std::string_view game_toml = R"(
id = "testgame"
name = "Test game"
image = "muster/testgame:1"
[[variables]]
name = "SERVER_NAME"
label = "Name"
default = "friday"
[[variables]]
name = "PASSWORD"
label = "Password"
secret = true
)";

struct World {
    World() {
        auto game = games::parse_game(game_toml);
        MUSTER_ASSERT(game.has_value());
        MUSTER_ASSERT(catalogue.put(*std::move(game)).has_value());
        Recipe recipe;
        recipe.data = "srv-1";
        recipe.variables = {{"SERVER_NAME", "friday"}, {"PASSWORD", "sesame"}};
        recipe.digest = catalogue.pin(catalogue.find("testgame").game);
        server.id = "srv-1";
        server.spec.name = "friday";
        server.spec.game = "testgame";
        server.spec.labels = {{"team", "red"}};
        server.spec.details = recipe.details();
    }
    boost::asio::io_context context;
    store::FakeStore store;
    Ledger ledger{context.get_executor(), context.get_executor(), store, "audit"};
    Catalogue catalogue{ledger};
    brain::Server server;
};

/// Of the members that the patch names: null takes one away, an object goes on inside.
void check_nulls(const Json& target, const Json& patch) {
    if (!patch.is_object()) return;
    MUSTER_ASSERT(target.is_object());
    for (const auto& [name, value] : patch.items()) {
        const auto found = target.find(name);
        MUSTER_ASSERT((found == target.end()) == value.is_null());
        if (found != target.end()) check_nulls(*found, value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static World world;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = text.find('\n');
    if (line == std::string_view::npos) return 0;
    auto document = parse_object(text.substr(0, line), true);
    const auto patch = parse_object(text.substr(line + 1), true);
    if (document && patch) {
        merge_patch(*document, *patch);
        check_nulls(*document, *patch);
        const Json once = *document;
        merge_patch(*document, *patch);
        MUSTER_ASSERT(*document == once);
    }
    if (!patch) return 0;
    const auto change = read_change(*patch, world.server, world.catalogue);
    if (!change) {
        MUSTER_ASSERT(!change.error().message.empty());
        return 0;
    }
    const auto recipe = Recipe::parse(change->spec.details);
    MUSTER_ASSERT(recipe.has_value() && recipe->data == "srv-1");
    const auto variables = patch->find("variables");
    if (variables == patch->end() || variables->is_null() || !variables->contains("PASSWORD") ||
        (*variables)["PASSWORD"] == Json(std::string(games::masked_value))) {
        MUSTER_ASSERT(recipe->variables.at("PASSWORD") == "sesame");
    }
    brain::Server changed = world.server;
    changed.spec = change->spec;
    const auto again = read_change(*patch, changed, world.catalogue);
    MUSTER_ASSERT(again.has_value() && again->spec == change->spec && !again->remake);
    return 0;
}
