#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "muster/mesh/wire.hpp"
#include "wire_limits.hpp"

/// For tests: values of every kind with every field by chance, and their fields to compare them by.
namespace muster::mesh::values {

class Chance {
  public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    std::uint32_t any() { return random_.next(); }
    std::uint32_t below(std::uint32_t most) { return random_.below(most); }
    template <typename Number>
    Number upto(std::uint32_t most) {
        return static_cast<Number>(most == UINT32_MAX ? any() : below(most + 1));
    }
    std::uint64_t wide() { return std::uint64_t{any()} << 32U | any(); }
    bool coin() { return below(2) == 1; }
    sim::PlayerId id() { return upto<sim::PlayerId>(sim::no_player - 1U); }
    sim::PlayerId id_or_nobody() { return coin() ? sim::no_player : id(); }
    sim::Vec vec(sim::Length most) {
        return {random_.between(-most, most), random_.between(-most, most)};
    }
    sim::Team team() { return upto<sim::Team>(2); }
    sim::Weapon weapon() { return upto<sim::Weapon>(4); }
    std::string name() {
        static constexpr const char* characters[] = {"a", "Z", "9", " ", "ü", "世", "🎯"};
        std::string out;
        for (std::uint32_t i = below(name_characters_max + 1); i > 0; --i) {
            out += characters[below(7)];
        }
        return out;
    }
    std::string party() {
        std::string out;
        for (std::uint32_t i = below(party_bytes_max + 1); i > 0; --i) out += "aZ9-"[below(4)];
        return out;
    }
    std::string text(std::uint32_t most) {
        std::string out(below(most + 1), ' ');
        for (char& c : out) c = static_cast<char>('!' + below(90));
        return out;
    }
    std::vector<std::byte> bytes(std::uint32_t least, std::uint32_t most) {
        std::vector<std::byte> out(least + below(most - least + 1));
        for (std::byte& one : out) one = static_cast<std::byte>(any());
        return out;
    }
    template <typename Make>
    auto list(std::uint32_t most, Make make) {
        std::vector<decltype(make())> out;
        for (std::uint32_t i = below(most + 1); i > 0; --i) out.push_back(make());
        return out;
    }

  private:
    sim::Random random_;
};

inline Posed posed(Chance& chance) {
    const bool alive = chance.coin();
    return {.player = chance.id(),
            .hop = chance.any(),
            .pose = {.at = chance.vec(sim::map_side_max),
                     .velocity = chance.vec(sim::player_speed_boosted),
                     .aim = chance.upto<sim::Angle>(0xffff),
                     .team = chance.team(),
                     .weapon = chance.weapon(),
                     .generation = chance.upto<std::uint8_t>(0xff),
                     .alive = alive,
                     .bot = chance.coin(),
                     .health = static_cast<std::uint8_t>(alive ? 1 + chance.below(100) : 0),
                     .shield = chance.upto<std::uint8_t>(sim::shield_max),
                     .carries = chance.team(),
                     .life = chance.upto<std::uint16_t>(0xffff),
                     .protected_for = chance.upto<sim::Tick>(ticks_max),
                     .fast_for = chance.upto<sim::Tick>(ticks_max),
                     .strong_for = chance.upto<sim::Tick>(ticks_max),
                     .score = static_cast<std::int32_t>(chance.any()),
                     .kills = chance.upto<std::uint16_t>(0xffff),
                     .deaths = chance.upto<std::uint16_t>(0xffff),
                     .captures = chance.upto<std::uint16_t>(0xffff),
                     .name = {}},
            .name = chance.coin() ? chance.name() : ""};
}
inline WallNow wall(Chance& chance) {
    return {.wall = chance.upto<std::uint16_t>(0xffff),
            .health = chance.upto<std::uint16_t>(0xffff),
            .returns_in = chance.upto<sim::Tick>(ticks_max)};
}
inline PickupNow pickup(Chance& chance) {
    return {.pickup = chance.upto<std::uint16_t>(0xffff),
            .available = chance.coin(),
            .returns_in = chance.upto<sim::Tick>(ticks_max)};
}
inline sim::Event event(Chance& chance) {
    return {.kind = chance.upto<sim::Event::Kind>(18),
            .team = chance.team(),
            .weapon = chance.weapon(),
            .player = chance.id_or_nobody(),
            .other = chance.id_or_nobody(),
            .index = chance.upto<std::uint16_t>(0xffff),
            .value = chance.upto<std::uint16_t>(0xffff),
            .projectile = chance.any(),
            .at = chance.vec(sim::map_side_max),
            .velocity = chance.vec(event_velocity_max)};
}
inline sim::Flag flag(Chance& chance) {
    const auto where = chance.upto<sim::Flag::Where>(2);
    return {.where = where,
            .at = chance.vec(sim::map_side_max),
            .carrier = where == sim::Flag::Where::carried ? chance.id() : sim::no_player,
            .returns_at = chance.upto<sim::Tick>(ticks_max)};
}
inline Roll::Row row(Chance& chance) {
    return {.player = chance.id(),
            .hop = chance.any(),
            .generation = chance.upto<std::uint8_t>(0xff),
            .team = chance.team(),
            .bot = chance.coin(),
            .score = static_cast<std::int32_t>(chance.any()),
            .kills = chance.upto<std::uint16_t>(0xffff),
            .deaths = chance.upto<std::uint16_t>(0xffff),
            .captures = chance.upto<std::uint16_t>(0xffff),
            .away = chance.coin(),
            .name = chance.name(),
            .party = chance.party()};
}
inline Traveller traveller(Chance& chance) {
    return {.hop = chance.any(),
            .record = chance.bytes(1, sim::Record::bytes_max),
            .seat = {.is_bot = chance.coin(),
                     .ticket_hash = chance.text(hash_bytes_max),
                     .previous_hash = chance.text(hash_bytes_max),
                     .lost_for_ms = chance.any(),
                     .party = chance.party()},
            .is_spare = chance.coin()};
}
inline sim::Claim claim(Chance& chance) {
    return {.origin = chance.any(),
            .number = 1 + chance.upto<std::uint32_t>(UINT32_MAX - 1),
            .kind = chance.upto<sim::Claim::Kind>(7),
            .player = chance.id_or_nobody(),
            .generation = chance.upto<std::uint8_t>(0xff),
            .team = chance.team(),
            .victim = chance.id_or_nobody(),
            .victim_generation = chance.upto<std::uint8_t>(0xff),
            .life = chance.upto<std::uint16_t>(0xffff),
            .weapon = chance.weapon(),
            .damage = chance.upto<std::uint16_t>(0xffff),
            .index = chance.upto<std::uint16_t>(0xffff),
            .projectile = chance.any(),
            .match = chance.any(),
            .at = chance.vec(sim::map_side_max),
            .tick = chance.any()};
}
inline sim::Verdict verdict(Chance& chance) {
    return {.origin = chance.any(),
            .number = 1 + chance.upto<std::uint32_t>(UINT32_MAX - 1),
            .kind = chance.upto<sim::Claim::Kind>(7),
            .player = chance.id_or_nobody(),
            .generation = chance.upto<std::uint8_t>(0xff),
            .victim = chance.id_or_nobody(),
            .victim_team = chance.team(),
            .weapon = chance.weapon(),
            .damage = chance.upto<std::uint16_t>(0xffff),
            .granted = chance.coin(),
            .carried = chance.coin(),
            .index = chance.upto<std::uint16_t>(0xffff),
            .match = chance.any()};
}
inline Letter letter(Chance& chance, std::uint32_t kind) {
    switch (kind) {
        case 0:
            return claim(chance);
        case 1:
            return verdict(chance);
        case 2:
            return Crossing{.traveller = traveller(chance)};
        case 3:
            return Crossed{chance.id(), chance.any(), chance.coin()};
        case 4:
            return Offer{.number = chance.any(),
                         .player = chance.id(),
                         .generation = chance.upto<std::uint8_t>(0xff),
                         .sdp = chance.text(sdp_bytes_max)};
        case 5:
            return Answer{.number = chance.any(),
                          .player = chance.id(),
                          .sdp = chance.text(sdp_bytes_max),
                          .error = chance.text(error_bytes_max)};
        case 6:
            return Ready{chance.id(), chance.upto<std::uint8_t>(0xff), chance.coin()};
        default:
            return Talk{.team = chance.team(),
                        .player = chance.id_or_nobody(),
                        .bytes = chance.bytes(0, talk_bytes_max)};
    }
}

inline Strip strip(Chance& chance) {
    return {.region = 1 + chance.wide() / 2,
            .epoch = 1 + chance.wide() / 2,
            .tick = chance.any(),
            .players = chance.list(40, [&] { return posed(chance); }),
            .walls = chance.list(20, [&] { return wall(chance); }),
            .pickups = chance.list(20, [&] { return pickup(chance); }),
            .events = chance.list(40, [&] { return event(chance); })};
}
inline Roll roll(Chance& chance) {
    const auto parts = static_cast<std::uint16_t>(1 + chance.below(parts_max));
    return {.tick = chance.any(),
            .part = chance.upto<std::uint16_t>(parts - 1U),
            .parts = parts,
            .rows = chance.list(40, [&] { return row(chance); })};
}
inline Standing standing(Chance& chance) {
    return {.tick = chance.any(),
            .epoch = chance.wide(),
            .match = {.phase = chance.upto<sim::Match::Phase>(2),
                      .ends_at = chance.any(),
                      .number = chance.any(),
                      .scores = {chance.upto<std::uint16_t>(0xffff),
                                 chance.upto<std::uint16_t>(0xffff)},
                      .winner = chance.team(),
                      .winning_player = chance.id_or_nobody()},
            .flags = chance.list(2, [&] { return flag(chance); }),
            .walls = chance.list(20, [&] { return wall(chance); }),
            .pickups = chance.list(20, [&] { return pickup(chance); })};
}
inline Copy copy(Chance& chance) {
    const auto parts = static_cast<std::uint16_t>(1 + chance.below(parts_max));
    return {.region = 1 + chance.wide() / 2,
            .epoch = 1 + chance.wide() / 2,
            .number = chance.any(),
            .part = chance.upto<std::uint16_t>(parts - 1U),
            .parts = parts,
            .players = chance.list(20, [&] { return traveller(chance); })};
}
inline Parcel parcel(Chance& chance) {
    return {.to_life = chance.wide(),
            .first = 1 + chance.wide() / 2,
            .acknowledged = chance.wide(),
            .acknowledged_life = chance.wide(),
            .letters = chance.list(12, [&] { return letter(chance, chance.below(8)); })};
}
inline Message message(Chance& chance, std::uint32_t kind) {
    Message out{
        .server = "s-" + std::to_string(chance.any()), .life = 1 + chance.wide() / 2, .body = {}};
    switch (kind) {
        case 0:
            out.body = strip(chance);
            break;
        case 1:
            out.body = roll(chance);
            break;
        case 2:
            out.body = standing(chance);
            break;
        case 3:
            out.body = copy(chance);
            break;
        default:
            out.body = parcel(chance);
            break;
    }
    return out;
}

}  // namespace muster::mesh::values
