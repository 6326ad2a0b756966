#include "world_state.hpp"

namespace muster::sim {

void World::Impl::consume_inputs() {
    for (const PlayerId id : present) {
        Player& player = players[id];
        if (player.ghost) continue;
        if (player.reload_until != 0 && player.reload_until <= tick) finish_reload(id);
        InputQueue& queue = inputs[id];
        queue.earn();
        bool consumed = false;
        while (const Input* input = queue.take()) {
            act(id, *input);
            consumed = true;
        }
        // Others are shown where they will be by their velocity: one who is silent stands.
        if (!consumed && queue.starved()) player.velocity = {};
    }
}

void World::Impl::act(PlayerId id, const Input& input) {
    Player& player = players[id];
    player.acknowledged = input.sequence;
    player.aim = input.aim;
    if (!player.alive) return;
    move(player, input);
    handle_weapon(id, input);
}

void World::Impl::move(Player& player, const Input& input) {
    const Vec wanted = wanted_step(input.buttons, player.speed_until > tick);
    if (wanted == Vec{}) {
        player.velocity = {};
        return;
    }
    const Vec before = player.at;
    player.at = slide(before, wanted, map.bounds, wall_grid.near(before));
    player.velocity = player.at - before;
}

}  // namespace muster::sim
