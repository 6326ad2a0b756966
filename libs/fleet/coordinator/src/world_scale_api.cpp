#include <algorithm>

#include "world_scale.hpp"

namespace muster::coordinator {
namespace {

const std::string& world_of(Call& call) {
    return call.request.path_parameters["world"];
}

/// The game whose servers they are; `conflict` when this fleet does not have it.
Result<GamePtr> game_of(const House& house) {
    auto game = house.catalogue.find(std::string(world_game)).game;
    if (!game) {
        return fail(Errc::conflict, "this fleet has no game " + std::string(world_game) +
                                        "; it comes with Muster, in its games folder");
    }
    return game;
}

/// A world is named by its mode.
Result<void> check_world(const games::Game& game, const std::string& world) {
    const auto modes =
        std::ranges::find(game.variables, "MUSTER_WORLD_MODES", &games::Variable::name);
    if (modes == game.variables.end() || std::ranges::count(modes->choices, world) > 0) return {};
    std::string known;
    for (const auto& one : modes->choices) known += (known.empty() ? "" : ", ") + one;
    return fail(Errc::invalid_argument, "a world is named by its mode: " + known, "world");
}

/// Containers have a loopback of their own, on which nobody listens.
Result<void> check_dialled(const House& house, const ScaleWish& wish, const Dialled& dialled) {
    if (!wish.made_from.coordinator.empty() || !dialled.is_local) return {};
    bool has_containers = false;
    house.fleet.state().each_node([&](const brain::Node& node) {
        has_containers = has_containers || node.facts.runtime == "docker";
    });
    if (!has_containers) return {};
    return fail(Errc::invalid_argument,
                "containers cannot reach " + dialled.address +
                    "; say where they reach the coordinator's gRPC port, as host:port, or set "
                    "public_address",
                "template.coordinator");
}

Result<http::Response> shown(const WorldScales& scales, Call& call) {
    const auto* world = scales.find(world_of(call));
    if (world == nullptr) {
        return fail(Errc::not_found, "there is no scale of the world " + world_of(call) +
                                         ": it was never asked for");
    }
    return json_response(200, scales.describe(*world));
}

Result<http::Response> scale(House& house, WorldScales& scales, Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    const std::string world = world_of(call);
    const auto body = parse_object(call.request.body);
    if (!body) return std::unexpected(body.error());
    const auto game = game_of(house);
    if (!game) return std::unexpected(game.error());
    if (auto fine = check_world(**game, world); !fine) return std::unexpected(fine.error());
    const auto* kept = scales.find(world);
    auto wish = read_scale(*body, kept == nullptr ? WorldTemplate{} : kept->made_from, **game);
    if (!wish) return std::unexpected(wish.error());
    if (kept == nullptr && !wish->count) {
        return fail(Errc::invalid_argument, "it is required", "count");
    }
    const auto dialled = dialled_address(house, call);
    if (auto fine = check_dialled(house, *wish, dialled); !fine) {
        return std::unexpected(fine.error());
    }
    call.audit_object = world;
    call.audit_detail = Json{{"force", wish->force}};
    if (wish->count) call.audit_detail["count"] = *wish->count;
    if (auto wanted = scales.want(world, *std::move(wish), dialled, call.who.id); !wanted) {
        return std::unexpected(wanted.error());
    }
    return shown(scales, call);
}

Result<http::Response> upgrade(WorldScales& scales, Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    const auto body = parse_object(call.request.body, true);
    if (!body) return std::unexpected(body.error());
    Reader reader(*body);
    const auto image = reader.text("image", 512);
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    call.audit_object = world_of(call);
    if (image) call.audit_detail = Json{{"image", *image}};
    if (auto renewed = scales.renew(world_of(call), image, call.who.id); !renewed) {
        return std::unexpected(renewed.error());
    }
    return shown(scales, call);
}

Result<http::Response> forget(WorldScales& scales, Call& call) {
    if (auto whole = whole_fleet(call); !whole) return std::unexpected(whole.error());
    call.audit_object = world_of(call);
    if (auto gone = scales.forget(world_of(call)); !gone) return std::unexpected(gone.error());
    return no_content();
}

}  // namespace

void add_world_scale_api(Routes& routes, House& house, WorldScales& scales) {
    const std::string one = "/api/v1/worlds/{world}";
    routes.get(one + "/scale", Access::view, [&scales](Call& call) -> Result<http::Response> {
        if (auto whole = whole_fleet(call); !whole) {
            return std::unexpected(whole.error());
        }
        return shown(scales, call);
    });
    routes.change("PUT", one + "/scale", Access::operate, "world.scale",
                  [&house, &scales](Call& call) { return scale(house, scales, call); });
    routes.change("DELETE", one + "/scale", Access::operate, "world.unscale",
                  [&scales](Call& call) { return forget(scales, call); });
    routes.change("POST", one + "/upgrade", Access::operate, "world.upgrade",
                  [&scales](Call& call) { return upgrade(scales, call); });
}

}  // namespace muster::coordinator
