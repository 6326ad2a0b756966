#include <cstring>
#include <type_traits>

#include "mesh_generated.h"
#include "muster/base/assert.hpp"
#include "muster/mesh/wire.hpp"
#include "wire_limits.hpp"
#include "wire_text.hpp"

namespace muster::mesh {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
template <typename T>
using Offset = flatbuffers::Offset<T>;
template <typename T>
using Structs = Offset<flatbuffers::Vector<const T*>>;
template <typename T>
using Tables = Offset<flatbuffers::Vector<Offset<T>>>;
using Bytes = Offset<flatbuffers::Vector<std::uint8_t>>;

template <typename Enum>
std::uint8_t number(Enum value) {
    return static_cast<std::uint8_t>(value);
}

flat::Point point(sim::Vec at) {
    return {at.x, at.y};
}

flat::Pose flatten(const Posed& posed) {
    const sim::Pose& pose = posed.pose;
    return {point(pose.at),  point(pose.velocity), posed.hop,
            pose.score,      pose.protected_for,   pose.fast_for,
            pose.strong_for, posed.player,         pose.aim,
            pose.life,       pose.kills,           pose.deaths,
            pose.captures,   number(pose.team),    number(pose.weapon),
            pose.generation, pose.alive,           pose.bot,
            pose.health,     pose.shield,          number(pose.carries)};
}

flat::Wall flatten(const WallNow& wall) {
    return {wall.returns_in, wall.wall, wall.health};
}

flat::Pickup flatten(const PickupNow& pickup) {
    return {pickup.returns_in, pickup.pickup, pickup.available};
}

flat::Event flatten(const sim::Event& event) {
    return {point(event.at),    point(event.velocity), event.projectile, event.player,
            event.other,        event.index,           event.value,      number(event.kind),
            number(event.team), number(event.weapon)};
}

flat::Flag flatten(const sim::Flag& flag) {
    return {point(flag.at), flag.returns_at, flag.carrier, number(flag.where)};
}

flat::Match flatten(const sim::Match& match) {
    return {match.ends_at,        match.number,        match.scores[0],     match.scores[1],
            match.winning_player, number(match.phase), number(match.winner)};
}

flat::Row flatten(const Roll::Row& row) {
    return {row.hop,      row.score,      row.player,       row.kills, row.deaths,
            row.captures, row.generation, number(row.team), row.bot,   row.away};
}

flat::Claim flatten(const sim::Claim& claim) {
    return {point(claim.at),     claim.origin,       claim.number,
            claim.projectile,    claim.match,        claim.tick,
            claim.player,        claim.victim,       claim.life,
            claim.damage,        claim.index,        number(claim.kind),
            claim.generation,    number(claim.team), claim.victim_generation,
            number(claim.weapon)};
}

flat::Verdict flatten(const sim::Verdict& verdict) {
    return {verdict.origin,         verdict.number,
            verdict.match,          verdict.player,
            verdict.victim,         verdict.damage,
            verdict.index,          number(verdict.kind),
            verdict.generation,     number(verdict.victim_team),
            number(verdict.weapon), verdict.granted,
            verdict.carried};
}

flat::Crossed flatten(const Crossed& crossed) {
    return {crossed.hop, crossed.player, crossed.adopted};
}

flat::Ready flatten(const Ready& ready) {
    return {ready.player, ready.generation, ready.is_open};
}

/// Nothing for an empty list.
template <typename Flat, typename List>
Structs<Flat> structs(Builder& builder, const List& list) {
    if (list.empty()) return {};
    // Not its "uninitialized" sister, which aligns to the size of the struct.
    const auto fill = [](std::size_t i, Flat* out, const List* from) {
        *out = flatten((*from)[i]);
    };
    return builder.CreateVectorOfStructs<Flat>(list.size(), fill, &list);
}

template <typename List>
Bytes bytes(Builder& builder, const List& list) {
    return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(list.data()), list.size());
}

/// The texts of those rows that have one; nothing when none has.
template <typename Row>
Tables<flat::Name> named(Builder& builder, const std::vector<Row>& rows, std::string Row::* text) {
    std::vector<Offset<flat::Name>> names;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if ((rows[i].*text).empty()) continue;
        const auto written = builder.CreateString(rows[i].*text);
        names.push_back(flat::CreateName(builder, static_cast<std::uint16_t>(i), written));
    }
    return names.empty() ? Tables<flat::Name>{} : builder.CreateVector(names);
}

Offset<void> write(Builder& builder, const Strip& strip) {
    const auto names = named(builder, strip.players, &Posed::name);
    const auto players = structs<flat::Pose>(builder, strip.players);
    const auto walls = structs<flat::Wall>(builder, strip.walls);
    const auto pickups = structs<flat::Pickup>(builder, strip.pickups);
    const auto events = structs<flat::Event>(builder, strip.events);
    return flat::CreateStrip(builder, strip.region, strip.epoch, strip.tick, players, names, walls,
                             pickups, events)
        .Union();
}

Offset<void> write(Builder& builder, const Roll& roll) {
    std::vector<Offset<flatbuffers::String>> texts;
    texts.reserve(roll.rows.size());
    for (const Roll::Row& row : roll.rows) texts.push_back(builder.CreateString(row.name));
    const auto names = builder.CreateVector(texts);
    const auto rows = structs<flat::Row>(builder, roll.rows);
    const auto parties = named(builder, roll.rows, &Roll::Row::party);
    return flat::CreateRoll(builder, roll.tick, roll.part, roll.parts, rows, names, parties)
        .Union();
}

Offset<void> write(Builder& builder, const Standing& standing) {
    const auto flags = structs<flat::Flag>(builder, standing.flags);
    const auto walls = structs<flat::Wall>(builder, standing.walls);
    const auto pickups = structs<flat::Pickup>(builder, standing.pickups);
    const flat::Match match = flatten(standing.match);
    return flat::CreateStanding(builder, standing.tick, standing.epoch, &match, flags, walls,
                                pickups)
        .Union();
}

Offset<flat::Traveller> write(Builder& builder, const Traveller& traveller) {
    const auto record = bytes(builder, traveller.record);
    const auto now = bytes(builder, traveller.seat.ticket_hash);
    const auto before = bytes(builder, traveller.seat.previous_hash);
    const auto party = traveller.seat.party.empty() ? Offset<flatbuffers::String>{}
                                                    : builder.CreateString(traveller.seat.party);
    const auto seat = flat::CreateSeat(builder, traveller.seat.is_bot, now, before,
                                       traveller.seat.lost_for_ms, party);
    return flat::CreateTraveller(builder, traveller.hop, record, seat, traveller.is_spare);
}

Offset<void> write(Builder& builder, const Copy& copy) {
    std::vector<Offset<flat::Traveller>> players;
    players.reserve(copy.players.size());
    for (const Traveller& one : copy.players) players.push_back(write(builder, one));
    const auto list = builder.CreateVector(players);
    return flat::CreateCopy(builder, copy.region, copy.epoch, copy.number, copy.part, copy.parts,
                            list)
        .Union();
}

/// Letters by kind, each list in their order.
struct Sorted {
    explicit Sorted(Builder& the_builder) : builder(the_builder) {}

    void operator()(const sim::Claim& claim) { claims.push_back(flatten(claim)); }
    void operator()(const sim::Verdict& verdict) { verdicts.push_back(flatten(verdict)); }
    void operator()(const Crossing& crossing) {
        crossings.push_back(write(builder, crossing.traveller));
    }
    void operator()(const Crossed& one) { crossed.push_back(flatten(one)); }
    void operator()(const Offer& offer) {
        const auto sdp = builder.CreateString(offer.sdp);
        offers.push_back(
            flat::CreateOffer(builder, offer.number, offer.player, offer.generation, sdp));
    }
    void operator()(const Answer& answer) {
        // It is for people, and who made it need not know how much of it may be said.
        const std::size_t size = good_prefix(answer.error, error_bytes_max, error_bytes_max);
        const auto sdp = builder.CreateString(answer.sdp);
        const auto error = builder.CreateString(answer.error.data(), size);
        answers.push_back(flat::CreateAnswer(builder, answer.number, answer.player, sdp, error));
    }
    void operator()(const Ready& one) { ready.push_back(flatten(one)); }
    void operator()(const Talk& one) {
        const auto said = bytes(builder, one.bytes);
        talk.push_back(flat::CreateTalk(builder, number(one.team), one.player, said));
    }

    template <typename Flat>
    Structs<Flat> list(const std::vector<Flat>& of) {
        return of.empty() ? Structs<Flat>{} : builder.CreateVectorOfStructs(of);
    }
    template <typename Flat>
    Tables<Flat> list(const std::vector<Offset<Flat>>& of) {
        return of.empty() ? Tables<Flat>{} : builder.CreateVector(of);
    }

    Builder& builder;
    std::vector<flat::Claim> claims;
    std::vector<flat::Verdict> verdicts;
    std::vector<Offset<flat::Traveller>> crossings;
    std::vector<flat::Crossed> crossed;
    std::vector<Offset<flat::Offer>> offers;
    std::vector<Offset<flat::Answer>> answers;
    std::vector<flat::Ready> ready;
    std::vector<Offset<flat::Talk>> talk;
};

Offset<void> write(Builder& builder, const Parcel& parcel) {
    Sorted sorted(builder);
    std::vector<std::uint8_t> of_kind;
    of_kind.reserve(parcel.letters.size());
    for (const Letter& letter : parcel.letters) {
        of_kind.push_back(static_cast<std::uint8_t>(letter.index()));
        std::visit(sorted, letter);
    }
    const auto kinds = of_kind.empty() ? Bytes{} : builder.CreateVector(of_kind);
    const auto claims = sorted.list(sorted.claims);
    const auto verdicts = sorted.list(sorted.verdicts);
    const auto crossings = sorted.list(sorted.crossings);
    const auto crossed = sorted.list(sorted.crossed);
    const auto offers = sorted.list(sorted.offers);
    const auto answers = sorted.list(sorted.answers);
    const auto ready = sorted.list(sorted.ready);
    const auto talk = sorted.list(sorted.talk);
    return flat::CreateParcel(builder, parcel.to_life, parcel.first, parcel.acknowledged,
                              parcel.acknowledged_life, kinds, claims, verdicts, crossings, crossed,
                              offers, answers, ready, talk)
        .Union();
}

}  // namespace

std::vector<std::byte> encode_anyway(const Message& message) {
    Builder builder(std::size_t{16} << 10U);
    const auto body =
        std::visit([&](const auto& one) { return write(builder, one); }, message.body);
    // The alternatives stand in the schema's order, where 0 is none.
    const auto kind = static_cast<flat::Body>(message.body.index() + 1);
    const auto server = builder.CreateString(message.server);
    flat::FinishMessageBuffer(builder,
                              flat::CreateMessage(builder, server, message.life, kind, body));
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

std::vector<std::byte> encode(const Message& message) {
    MUSTER_ASSERT(is_within_limits(message));
    // How many meet at a border nobody decides: better some of it than none, or an abort.
    const auto* strip = std::get_if<Strip>(&message.body);
    if (strip != nullptr && bytes_at_most(*strip) > message_bytes_max) {
        return encode_anyway(
            {.server = message.server, .life = message.life, .body = shortened(*strip)});
    }
    std::vector<std::byte> bytes = encode_anyway(message);
    MUSTER_ASSERT(bytes.size() <= message_bytes_max);
    return bytes;
}

}  // namespace muster::mesh
