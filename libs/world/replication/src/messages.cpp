#include "muster/replication/messages.hpp"

#include <algorithm>

#include "game_generated.h"
#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"

namespace muster::replication {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

float units(sim::Length length) {
    return static_cast<float>(length) / static_cast<float>(sim::unit);
}

template <typename To, typename From>
To wire(From value) {
    return static_cast<To>(value);
}

template <typename T>
Bytes finish(FlatBufferBuilder& builder, protocol::Body kind, Offset<T> body) {
    builder.Finish(protocol::CreateMessage(builder, kind, body.Union()),
                   protocol::MessageIdentifier());
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

Offset<flatbuffers::String> text(FlatBufferBuilder& builder, std::string_view value) {
    return builder.CreateString(value.data(), value.size());
}

bool is_present(const sim::World& world, sim::PlayerId id) {
    return id < world.players().size() && world.players()[id].present;
}

std::vector<protocol::WallBox> walls_of(const sim::World& world) {
    std::vector<protocol::WallBox> walls;
    const auto& specs = world.map().walls;
    const auto states = world.walls();
    walls.reserve(specs.size());
    for (std::size_t n = 0; n < specs.size(); ++n) {
        const auto& box = specs[n].box;
        walls.emplace_back(units(box.low.x), units(box.low.y), units(box.high.x - box.low.x),
                           units(box.high.y - box.low.y), states[n].health, specs[n].health,
                           specs[n].destructible);
    }
    return walls;
}

std::vector<protocol::PickupPlace> pickups_of(const sim::World& world) {
    std::vector<protocol::PickupPlace> pickups;
    const auto& specs = world.map().pickups;
    const auto states = world.pickups();
    pickups.reserve(specs.size());
    for (std::size_t n = 0; n < specs.size(); ++n)
        pickups.emplace_back(units(specs[n].at.x), units(specs[n].at.y),
                             wire<protocol::PickupKind>(specs[n].kind),
                             wire<protocol::Weapon>(specs[n].weapon), states[n].available);
    return pickups;
}

std::vector<protocol::FlagState> flags_of(const sim::World& world) {
    std::vector<protocol::FlagState> flags;
    const auto states = world.flags();
    for (std::size_t n = 0; n < states.size(); ++n)
        flags.emplace_back(units(states[n].at.x), units(states[n].at.y),
                           n == 0 ? protocol::Team::red : protocol::Team::blue,
                           wire<protocol::FlagWhere>(states[n].where), states[n].carrier);
    return flags;
}

protocol::MatchClock clock_of(const sim::Match& match) {
    return {wire<protocol::Phase>(match.phase),
            wire<protocol::Team>(match.winner),
            match.winning_player,
            match.scores[0],
            match.scores[1],
            match.number,
            match.ends_at};
}

protocol::Fact fact_of(sim::Event::Kind kind) {
    static_assert(static_cast<int>(sim::Event::Kind::left) -
                      static_cast<int>(sim::Event::Kind::wall_destroyed) ==
                  static_cast<int>(protocol::Fact::left));
    return static_cast<protocol::Fact>(static_cast<int>(kind) -
                                       static_cast<int>(sim::Event::Kind::wall_destroyed));
}

}  // namespace

Bytes write_welcome(const sim::World& world, const FrameOptions& frame, sim::PlayerId player,
                    const WelcomeOptions& options) {
    MUSTER_ASSERT(is_present(world, player));
    FlatBufferBuilder builder(4'096);
    const auto& map = world.map();
    const auto& self = world.players()[player];
    const auto scale = Scale::of(map);
    const auto walls = builder.CreateVectorOfStructs(walls_of(world));
    const auto pickups = builder.CreateVectorOfStructs(pickups_of(world));
    const auto flags = builder.CreateVectorOfStructs(flags_of(world));
    const auto name = text(builder, world.name_of(player));
    const auto world_name = text(builder, options.world);
    const auto map_name = text(builder, map.name);
    const auto resume = text(builder, options.resume);
    protocol::WelcomeBuilder welcome(builder);
    welcome.add_protocol_version(protocol::version);
    welcome.add_world(world_name);
    welcome.add_player(player);
    welcome.add_generation(self.generation);
    welcome.add_team(wire<protocol::Team>(self.team));
    welcome.add_name(name);
    welcome.add_tick(world.tick());
    welcome.add_tick_rate(wire<std::uint8_t>(sim::tick_rate));
    welcome.add_snapshot_rate(options.snapshot_rate);
    welcome.add_left(units(map.bounds.low.x));
    welcome.add_top(units(map.bounds.low.y));
    welcome.add_width(units(map.bounds.high.x - map.bounds.low.x));
    welcome.add_height(units(map.bounds.high.y - map.bounds.low.y));
    welcome.add_step(units(scale.step));
    welcome.add_mode(wire<protocol::Mode>(world.rules().mode));
    welcome.add_view(units(frame.view));
    welcome.add_map(map_name);
    welcome.add_walls(walls);
    welcome.add_pickups(pickups);
    welcome.add_flags(flags);
    welcome.add_resume(resume);
    welcome.add_chat_near(units(options.chat_near));
    return finish(builder, protocol::Body::Welcome, welcome.Finish());
}

Bytes write_match(const sim::World& world) {
    FlatBufferBuilder builder(256);
    const auto flags = builder.CreateVectorOfStructs(flags_of(world));
    const auto clock = clock_of(world.match());
    return finish(builder, protocol::Body::MatchState,
                  protocol::CreateMatchState(builder, &clock, flags));
}

std::vector<News> news_of(const sim::World& world) {
    std::vector<News> news;
    // Somebody who left in this step still has a name, or an empty one.
    const auto name_of = [&](sim::PlayerId id) {
        return std::string(id < world.players().size() ? world.name_of(id) : std::string_view{});
    };
    for (const sim::Event& event : world.events()) {
        if (!sim::is_for_everybody(event.kind)) continue;
        news.push_back({event, world.tick(), name_of(event.player), name_of(event.other)});
    }
    return news;
}

Bytes write_news(std::span<const News> news) {
    FlatBufferBuilder builder(1'024);
    const auto named = [&](const std::string& name) {
        return name.empty() ? Offset<flatbuffers::String>{} : text(builder, name);
    };
    std::vector<Offset<protocol::News>> items;
    for (const auto& [event, tick, player_name, other_name] : news) {
        const auto player = named(player_name);
        const auto other = named(other_name);
        items.push_back(protocol::CreateNews(
            builder, fact_of(event.kind), tick, wire<protocol::Team>(event.team),
            wire<protocol::Weapon>(event.weapon), event.index, event.player, event.other, player,
            other, units(event.at.x), units(event.at.y)));
    }
    const auto list = builder.CreateVector(items);
    return finish(builder, protocol::Body::Newspaper, protocol::CreateNewspaper(builder, list));
}

Bytes write_chat(const sim::World& world, sim::PlayerId from, std::string_view words,
                 const Address& to) {
    FlatBufferBuilder builder(512);
    const bool known = is_present(world, from);
    const auto name = text(builder, known ? world.name_of(from) : std::string_view{});
    const auto said = text(builder, words);
    const auto team = known ? world.players()[from].team : sim::Team::none;
    const auto whom =
        to.whom_name.empty() ? Offset<flatbuffers::String>{} : text(builder, to.whom_name);
    return finish(builder, protocol::Body::Chat,
                  protocol::CreateChat(builder, from, name, said, wire<protocol::Team>(team),
                                       static_cast<protocol::Scope>(to.scope), to.whom, whom));
}

Bytes write_notice(std::uint8_t kind, std::string_view words, std::uint8_t snapshot_rate) {
    FlatBufferBuilder builder(256);
    const auto said = text(builder, words);
    return finish(builder, protocol::Body::Notice,
                  protocol::CreateNotice(builder, static_cast<protocol::NoticeKind>(kind), said,
                                         snapshot_rate));
}

}  // namespace muster::replication
