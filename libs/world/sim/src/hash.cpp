#include <bit>
#include <concepts>
#include <functional>

#include "world_state.hpp"

namespace muster::sim {
namespace {

/// FNV-1a over whole words, with a rotation that brings high bits down; not against an adversary.
class Digest {
  public:
    template <std::integral Value>
    void add(Value value) {
        state_ =
            std::rotl((state_ ^ static_cast<std::uint64_t>(value)) * 0x0000'0100'0000'01b3, 29);
    }
    template <typename Value>
        requires std::is_enum_v<Value>
    void add(Value value) {
        add(static_cast<std::uint64_t>(value));
    }
    void add(Vec v) {
        add(static_cast<std::uint32_t>(v.x));
        add(static_cast<std::uint32_t>(v.y));
    }
    [[nodiscard]] std::uint64_t value() const {
        const std::uint64_t mixed = (state_ ^ (state_ >> 32)) * 0x9e37'79b9'7f4a'7c15;
        return mixed ^ (mixed >> 29);
    }

  private:
    std::uint64_t state_ = 0xcbf2'9ce4'8422'2325;
};

void add_player(Digest& digest, const Player& player) {
    digest.add(player.at);
    digest.add(player.velocity);
    digest.add(player.aim);
    digest.add(player.team);
    digest.add(player.weapon);
    digest.add(player.weapons);
    digest.add(player.generation);
    digest.add(player.alive);
    digest.add(player.bot);
    digest.add(player.health);
    digest.add(player.shield);
    for (const std::uint8_t count : player.ammunition) digest.add(count);
    for (const Tick at :
         {player.reload_until, player.shot_ready_at, player.strike_ready_at, player.respawn_at,
          player.protected_until, player.speed_until, player.damage_until, player.joined_at}) {
        digest.add(at);
    }
    digest.add(player.carries);
    digest.add(static_cast<std::uint32_t>(player.score));
    digest.add(player.kills);
    digest.add(player.deaths);
    digest.add(player.captures);
    digest.add(player.acknowledged);
}

void add_projectile(Digest& digest, const Projectile& projectile) {
    digest.add(projectile.id);
    digest.add(projectile.at);
    digest.add(projectile.velocity);
    digest.add(projectile.owner);
    digest.add(projectile.team);
    digest.add(projectile.weapon);
    digest.add(projectile.boosted);
    digest.add(projectile.expires_at);
}

void add_match(Digest& digest, const Match& match) {
    digest.add(match.phase);
    digest.add(match.ends_at);
    digest.add(match.number);
    for (const std::uint16_t score : match.scores) digest.add(score);
    digest.add(match.winner);
    digest.add(match.winning_player);
}

/// Sums what a world that is one of several has besides.
void add_border(Digest& digest, const Border& border) {
    digest.add(border.next_number);
    digest.add(border.claims.size() - border.claims_told);
    for (const Tick at : border.pickups_claimed_at) digest.add(at);
    for (const Tick at : border.flags_claimed_at) digest.add(at);
    for (const Window& window : border.windows) {
        digest.add(window.origin);
        digest.add(window.newest);
        digest.add(window.used_at);
        digest.add(std::hash<std::bitset<Window::size>>{}(window.judged));
        digest.add(std::hash<std::bitset<Window::size>>{}(window.granted));
    }
}

void add_ledger(Digest& digest, const Ledger& ledger) {
    for (const auto& known : {ledger.judged.oldest_first(), ledger.counted.oldest_first()}) {
        for (const Record::Known& one : known) {
            digest.add(one.origin);
            digest.add(one.number);
            digest.add(one.damage);
            digest.add(one.killed);
            digest.add(one.carried);
        }
    }
}

}  // namespace

std::uint64_t World::Impl::hash() const {
    Digest digest;
    digest.add(tick);
    digest.add(random.digest());
    digest.add(next_projectile);
    add_match(digest, match);
    for (const PlayerId id : present) {
        digest.add(id);
        add_player(digest, players[id]);
        inputs[id].digest(digest);
        digest.add(backstage[id].spawned_at);
        digest.add(backstage[id].died_at);
        digest.add(backstage[id].has_died);
        if (border) {
            digest.add(players[id].ghost);
            digest.add(players[id].life);
            digest.add(backstage[id].match);
            add_ledger(digest, border->ledgers[id]);
        }
        for (Tick back = 0; back <= rewind_max && back <= tick; ++back) {
            digest.add(history.at(tick - back, id));
        }
    }
    for (std::size_t i = 0; i < free_count; ++i) {
        const PlayerId id = free_ids[(free_first + i) % free_ids.size()];
        digest.add(id);
        digest.add(players[id].generation);
    }
    for (const Projectile& projectile : projectiles) add_projectile(digest, projectile);
    for (const Wall& wall : walls) digest.add(wall.health);
    for (const std::uint16_t wall : destroyed) {
        digest.add(wall);
        digest.add(walls[wall].respawn_at);
    }
    for (const Pickup& pickup : pickups) {
        digest.add(pickup.available);
        digest.add(pickup.respawn_at);
    }
    for (const Flag& flag : flags) {
        digest.add(flag.where);
        digest.add(flag.at);
        digest.add(flag.carrier);
        digest.add(flag.returns_at);
    }
    for (const SpawnWatch& watch : spawns) {
        digest.add(watch.used);
        digest.add(watch.used_at);
        digest.add(watch.looked);
        digest.add(watch.looked_at);
        for (const std::int32_t nearest : watch.nearest) digest.add(nearest);
    }
    if (border) add_border(digest, *border);
    return digest.value();
}

}  // namespace muster::sim
