#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deploy.hpp"
#include "muster/base/assert.hpp"
#include "muster/store/fake.hpp"

// Deploy bodies and merge patches from outside: whatever they are, they are taken or refused with a
// reason, and what is taken comes back from the store as it was.

namespace {

using namespace muster;
using namespace muster::coordinator;

constexpr std::string_view game_toml = R"(
id = "testgame"
name = "Test game"
image = "muster/testgame:1"
command = ["--name", "{{SERVER_NAME}}", "--port", "{{port.game}}"]
[[ports]]
name = "game"
number = 7777
protocol = "udp"
[[variables]]
name = "SERVER_NAME"
label = "Name"
default = "friday"
[[variables]]
name = "PASSWORD"
label = "Password"
secret = true
[[volumes]]
name = "data"
target = "/data"
)";

struct World {
    World() {
        auto game = games::parse_game(game_toml);
        MUSTER_ASSERT(game.has_value());
        MUSTER_ASSERT(catalogue.put(*std::move(game)).has_value());
    }
    boost::asio::io_context context;
    store::FakeStore store;
    Ledger ledger{context.get_executor(), context.get_executor(), store, "audit"};
    Catalogue catalogue{ledger};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static World world;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto body = parse_object(text);
    if (!body) {
        MUSTER_ASSERT(body.error().code == Errc::invalid_argument);
        return 0;
    }
    auto deploy = read_deploy(*body, world.catalogue, "srv-1");
    if (deploy) {
        deploy->recipe.digest = world.catalogue.pin(deploy->game);
        const auto again = Recipe::parse(deploy->recipe.details());
        MUSTER_ASSERT(again.has_value());
        brain::Server server;
        server.id = "srv-1";
        server.spec = deploy->spec;
        server.spec.details = deploy->recipe.details();
        static_cast<void>(specification(*again, server, *deploy->game, {}));
    } else {
        MUSTER_ASSERT(!deploy.error().message.empty());
    }
    brain::Server server;
    server.id = "srv-1";
    server.spec.name = "friday";
    Recipe recipe;
    recipe.digest = world.catalogue.pin(world.catalogue.find("testgame").game);
    server.spec.details = recipe.details();
    static_cast<void>(read_change(*body, server, world.catalogue));
    return 0;
}
