#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "wire_judge.hpp"

namespace muster::mesh {
namespace {

using std::uint64_t;

// Message, body, list, Traveller, Seat.
constexpr flatbuffers::uoffset_t depth_max = 8;
// Two for each Traveller, one for each name, party or letter.
constexpr flatbuffers::uoffset_t tables_max = 2 * players_in_message_max + 64;
constexpr std::size_t identifier_at = sizeof(flatbuffers::uoffset_t);
constexpr std::size_t identifier_size = flatbuffers::FlatBufferBuilder::kFileIdentifierLength;

Posed read(Judge& judge, const flat::Pose& pose) {
    judge.expect(pose.alive() == (pose.health() > 0), "players.health",
                 "only the living have health");
    return {
        .player = judge.somebody(pose.player(), "players.player"),
        .hop = pose.hop(),
        .pose = {.at = judge.place(pose.at(), "players.at"),
                 .velocity =
                     judge.within(pose.velocity(), sim::player_speed_boosted, "players.velocity"),
                 .aim = pose.aim(),
                 .team = judge.team(pose.team(), "players.team"),
                 .weapon = judge.weapon(pose.weapon(), "players.weapon"),
                 .generation = pose.generation(),
                 .alive = pose.alive(),
                 .bot = pose.bot(),
                 .health = judge.at_most(pose.health(), sim::health_max, "players.health"),
                 .shield = judge.at_most(pose.shield(), sim::shield_max, "players.shield"),
                 .carries = judge.team(pose.carries(), "players.carries"),
                 .life = pose.life(),
                 .protected_for =
                     judge.at_most(pose.protected_for(), ticks_max, "players.protected_for"),
                 .fast_for = judge.at_most(pose.fast_for(), ticks_max, "players.fast_for"),
                 .strong_for = judge.at_most(pose.strong_for(), ticks_max, "players.strong_for"),
                 .score = pose.score(),
                 .kills = pose.kills(),
                 .deaths = pose.deaths(),
                 .captures = pose.captures(),
                 .name = {}},
        .name = {}};
}

WallNow read(Judge& judge, const flat::Wall& wall) {
    return {.wall = wall.wall(),
            .health = wall.health(),
            .returns_in = judge.at_most(wall.returns_in(), ticks_max, "walls.returns_in")};
}

PickupNow read(Judge& judge, const flat::Pickup& pickup) {
    return {.pickup = pickup.pickup(),
            .available = pickup.available(),
            .returns_in = judge.at_most(pickup.returns_in(), ticks_max, "pickups.returns_in")};
}

sim::Event read(Judge& judge, const flat::Event& event) {
    return {.kind = judge.one_of(event.kind(), sim::Event::Kind::left, "events.kind"),
            .team = judge.team(event.team(), "events.team"),
            .weapon = judge.weapon(event.weapon(), "events.weapon"),
            .player = event.player(),
            .other = event.other(),
            .index = event.index(),
            .value = event.value(),
            .projectile = event.projectile(),
            .at = judge.place(event.at(), "events.at"),
            .velocity = judge.within(event.velocity(), event_velocity_max, "events.velocity")};
}

sim::Flag read(Judge& judge, const flat::Flag& flag) {
    const auto where = judge.one_of(flag.where(), sim::Flag::Where::dropped, "flags.where");
    judge.expect((where == sim::Flag::Where::carried) == (flag.carrier() != sim::no_player),
                 "flags.carrier", "only a carried flag has a carrier");
    return {.where = where,
            .at = judge.place(flag.at(), "flags.at"),
            .carrier = flag.carrier(),
            .returns_at = judge.at_most(flag.returns_at(), ticks_max, "flags.returns_at")};
}

sim::Match read(Judge& judge, const flat::Match& match) {
    return {.phase = judge.one_of(match.phase(), sim::Match::Phase::ended, "match.phase"),
            .ends_at = match.ends_at(),
            .number = match.number(),
            .scores = {match.red(), match.blue()},
            .winner = judge.team(match.winner(), "match.winner"),
            .winning_player = match.winning_player()};
}

Roll::Row read(Judge& judge, const flat::Row& row) {
    return {.player = judge.somebody(row.player(), "rows.player"),
            .hop = row.hop(),
            .generation = row.generation(),
            .team = judge.team(row.team(), "rows.team"),
            .bot = row.bot(),
            .score = row.score(),
            .kills = row.kills(),
            .deaths = row.deaths(),
            .captures = row.captures(),
            .away = row.away(),
            .name = {},
            .party = {}};
}

template <typename Value, typename Flat>
void read_list(Judge& judge, const flatbuffers::Vector<const Flat*>* list,
               std::vector<Value>& out) {
    if (list == nullptr || !judge.is_content()) return;
    out.reserve(list->size());
    for (const Flat* one : *list) out.push_back(read(judge, *one));
}

void read_names(Judge& judge, const flat::Strip& strip, std::vector<Posed>& players) {
    if (strip.names() == nullptr) return;
    std::size_t next = 0;
    for (const flat::Name* name : *strip.names()) {
        judge.expect(name->index() >= next && name->index() < players.size(), "names.index",
                     "names are in the order of the players");
        judge.expect(name->text()->size() > 0, "names.text", "it is empty");
        if (!judge.is_content()) return;
        players[name->index()].name = judge.name(*name->text(), "names.text");
        next = std::size_t{name->index()} + 1;
    }
}

void read_parties(Judge& judge, const flat::Roll& roll, std::vector<Roll::Row>& rows) {
    if (roll.parties() == nullptr) return;
    std::size_t next = 0;
    for (const flat::Name* party : *roll.parties()) {
        judge.expect(party->index() >= next && party->index() < rows.size(), "parties.index",
                     "parties are in the order of the rows");
        if (!judge.is_content()) return;
        rows[party->index()].party = judge.party(party->text(), "parties.text");
        next = std::size_t{party->index()} + 1;
    }
}

void expect_region(Judge& judge, uint64_t region, uint64_t epoch) {
    judge.expect(region != 0, "region", "no region has this number");
    judge.expect(epoch != 0, "epoch", "no grant has this number");
}

void expect_part(Judge& judge, std::uint16_t part, std::uint16_t parts) {
    judge.expect(parts > 0 && parts <= parts_max, "parts", "1 to 4,096");
    judge.expect(part < parts, "part", "there are not so many parts");
}

Strip read_strip(Judge& judge, const flat::Strip& strip) {
    Strip out{.region = strip.region(),
              .epoch = strip.epoch(),
              .tick = strip.tick(),
              .players = {},
              .walls = {},
              .pickups = {},
              .events = {}};
    expect_region(judge, out.region, out.epoch);
    judge.expect(size_of(strip.players()) <= players_in_message_max, "players",
                 "there are too many");
    read_list(judge, strip.players(), out.players);
    read_names(judge, strip, out.players);
    read_list(judge, strip.walls(), out.walls);
    read_list(judge, strip.pickups(), out.pickups);
    read_list(judge, strip.events(), out.events);
    return out;
}

Roll read_roll(Judge& judge, const flat::Roll& roll) {
    Roll out{.tick = roll.tick(), .part = roll.part(), .parts = roll.parts(), .rows = {}};
    expect_part(judge, out.part, out.parts);
    judge.expect(size_of(roll.rows()) <= players_in_message_max, "rows", "there are too many");
    judge.expect(size_of(roll.rows()) == size_of(roll.names()), "names", "one for each row");
    read_list(judge, roll.rows(), out.rows);
    if (!judge.is_content() || roll.names() == nullptr) return out;
    for (std::size_t i = 0; i < out.rows.size(); ++i) {
        const auto at = static_cast<flatbuffers::uoffset_t>(i);
        out.rows[i].name = judge.name(*roll.names()->Get(at), "rows.name");
    }
    read_parties(judge, roll, out.rows);
    return out;
}

Standing read_standing(Judge& judge, const flat::Standing& standing) {
    Standing out{.tick = standing.tick(),
                 .epoch = standing.epoch(),
                 .match = read(judge, *standing.match()),
                 .flags = {},
                 .walls = {},
                 .pickups = {}};
    judge.expect(size_of(standing.flags()) <= 2, "flags", "there are two at most");
    read_list(judge, standing.flags(), out.flags);
    read_list(judge, standing.walls(), out.walls);
    read_list(judge, standing.pickups(), out.pickups);
    return out;
}

Copy read_copy(Judge& judge, const flat::Copy& copy) {
    Copy out{.region = copy.region(),
             .epoch = copy.epoch(),
             .number = copy.number(),
             .part = copy.part(),
             .parts = copy.parts(),
             .players = {}};
    expect_region(judge, out.region, out.epoch);
    expect_part(judge, out.part, out.parts);
    judge.expect(size_of(copy.players()) <= players_in_message_max, "players",
                 "there are too many");
    if (!judge.is_content() || copy.players() == nullptr) return out;
    out.players.reserve(copy.players()->size());
    for (const flat::Traveller* one : *copy.players()) {
        if (!judge.is_content()) break;
        out.players.push_back(read_traveller(judge, *one));
    }
    return out;
}

/// What has the right number in its identifier but another version, and what is something else.
Result<void> check_identifier(std::span<const std::byte> bytes) {
    if (bytes.size() > message_bytes_max) {
        return fail(Errc::too_large, "a message has at most 256 KiB", "message");
    }
    if (bytes.size() < identifier_at + identifier_size) {
        return fail(Errc::invalid_argument, "this is no message: it is too short", "message");
    }
    const std::string_view found(reinterpret_cast<const char*>(bytes.data()) + identifier_at,
                                 identifier_size);
    const std::string_view known = flat::MessageIdentifier();
    if (found == known) return {};
    const char version = found.back();
    if (found.starts_with(known.substr(0, identifier_size - 1)) && version >= '0' &&
        version <= '9') {
        return fail(Errc::unsupported,
                    std::string("version ") + version + " of messages is not known", "message");
    }
    return fail(Errc::invalid_argument, "this is no message: its identifier is another's",
                "message");
}

Result<Message> read_message(const flat::Message& message) {
    Judge judge;
    Message out{.server = message.server()->str(), .life = message.life(), .body = {}};
    judge.expect(is_server(out.server), "server", "1 to 64 letters, digits, - and _");
    judge.expect(out.life != 0, "life", "no process has this number");
    switch (message.body_type()) {
        case flat::Body::Strip:
            out.body = read_strip(judge, *message.body_as_Strip());
            break;
        case flat::Body::Roll:
            out.body = read_roll(judge, *message.body_as_Roll());
            break;
        case flat::Body::Standing:
            out.body = read_standing(judge, *message.body_as_Standing());
            break;
        case flat::Body::Copy:
            out.body = read_copy(judge, *message.body_as_Copy());
            break;
        case flat::Body::Parcel:
            out.body = read_parcel(judge, *message.body_as_Parcel());
            break;
        default:
            judge.expect(false, "body", "an unknown kind of message");
    }
    if (!judge.is_content()) return std::unexpected(judge.error());
    return out;
}

}  // namespace

Result<Message> decode(std::span<const std::byte> bytes) {
    if (auto good = check_identifier(bytes); !good) return std::unexpected(good.error());
    // The numbers in it are aligned when the whole is.
    std::vector<std::uint64_t> room;
    const std::byte* data = bytes.data();
    if (reinterpret_cast<std::uintptr_t>(data) % alignof(std::uint64_t) != 0) {
        room.resize((bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
        std::memcpy(room.data(), data, bytes.size());
        data = reinterpret_cast<const std::byte*>(room.data());
    }
    flatbuffers::Verifier::Options options;
    options.max_depth = depth_max;
    options.max_tables = tables_max;
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(data), bytes.size(),
                                   options);
    if (!flat::VerifyMessageBuffer(verifier)) {
        return fail(Errc::invalid_argument, "this is no message: its parts do not fit", "message");
    }
    return read_message(*flat::GetMessage(data));
}

}  // namespace muster::mesh
