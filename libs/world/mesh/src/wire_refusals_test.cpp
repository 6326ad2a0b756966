#include <gtest/gtest.h>

#include <functional>

#include "mesh_generated.h"
#include "muster/mesh/wire.hpp"
#include "wire_values.hpp"

namespace muster::mesh {
namespace {

using values::Chance;

/// Of each kind one with everything in it.
Message full(std::uint32_t kind) {
    for (std::uint64_t seed = 0;; ++seed) {
        Chance chance(seed);
        Message message = values::message(chance, kind);
        if (auto* strip = std::get_if<Strip>(&message.body)) {
            if (strip->players.size() < 3 || strip->walls.empty() || strip->pickups.empty() ||
                strip->events.empty()) {
                continue;
            }
            for (Posed& posed : strip->players) posed.name = "Ann";
        } else if (auto* roll = std::get_if<Roll>(&message.body)) {
            if (roll->rows.empty()) continue;
        } else if (auto* standing = std::get_if<Standing>(&message.body)) {
            if (standing->flags.empty() || standing->walls.empty() || standing->pickups.empty()) {
                continue;
            }
        } else if (auto* copy = std::get_if<Copy>(&message.body)) {
            if (copy->players.empty()) continue;
        } else if (auto* parcel = std::get_if<Parcel>(&message.body)) {
            parcel->letters.clear();
            for (std::uint32_t i = 0; i < 8; ++i) {
                parcel->letters.push_back(values::letter(chance, i));
            }
        }
        return message;
    }
}

void expect_refused(const Message& message, std::string_view field) {
    const auto back = decode(encode_anyway(message));
    ASSERT_FALSE(back.has_value()) << field;
    EXPECT_EQ(back.error().code, Errc::invalid_argument);
    EXPECT_EQ(back.error().field, field);
    EXPECT_TRUE(back.error().message.starts_with(field)) << back.error().message;
}

template <typename Body>
void refuses(std::uint32_t kind, std::string_view field, const std::function<void(Body&)>& spoil) {
    Message message = full(kind);
    ASSERT_TRUE(decode(encode_anyway(message)).has_value());
    spoil(std::get<Body>(message.body));
    expect_refused(message, field);
}

constexpr auto no_team = static_cast<sim::Team>(3);
constexpr auto no_weapon = static_cast<sim::Weapon>(5);
constexpr sim::Vec far{sim::map_side_max + 1, 0};

TEST(WireRefusals, NameWhoSaysIt) {
    Message message = full(0);
    for (const char* server : {"", "a.b", "a b", "ü", ">"}) {
        message.server = server;
        expect_refused(message, "server");
    }
    message.server = std::string(server_bytes_max + 1, 'a');
    expect_refused(message, "server");
    message.server = "a";
    message.life = 0;
    expect_refused(message, "life");
}

TEST(WireRefusals, NameTheFieldOfAStrip) {
    const auto strip = [](std::string_view field, const std::function<void(Strip&)>& spoil) {
        refuses<Strip>(0, field, spoil);
    };
    strip("region", [](Strip& s) { s.region = 0; });
    strip("epoch", [](Strip& s) { s.epoch = 0; });
    strip("players", [](Strip& s) { s.players.resize(players_in_message_max + 1); });
    strip("names.text", [](Strip& s) { s.players[1].name = "a\nb"; });
    strip("names.text", [](Strip& s) { s.players[1].name = "\xff"; });
    strip("names.text", [](Strip& s) { s.players[1].name = std::string(25, 'a'); });
    strip("walls.returns_in", [](Strip& s) { s.walls[0].returns_in = ticks_max + 1; });
    strip("pickups.returns_in", [](Strip& s) { s.pickups[0].returns_in = ticks_max + 1; });
    strip("events.kind", [](Strip& s) { s.events[0].kind = static_cast<sim::Event::Kind>(19); });
    strip("events.team", [](Strip& s) { s.events[0].team = no_team; });
    strip("events.weapon", [](Strip& s) { s.events[0].weapon = no_weapon; });
    strip("events.at", [](Strip& s) { s.events[0].at = far; });
    strip("events.velocity", [](Strip& s) { s.events[0].velocity = {0, INT32_MIN}; });
}

TEST(WireRefusals, NameTheFieldOfAPose) {
    const auto pose = [](std::string_view field, const std::function<void(Posed&)>& spoil) {
        refuses<Strip>(0, field, [&](Strip& strip) { spoil(strip.players[1]); });
    };
    pose("players.player", [](Posed& p) { p.player = sim::no_player; });
    pose("players.at", [](Posed& p) { p.pose.at = far; });
    pose("players.at", [](Posed& p) { p.pose.at = {0, INT32_MIN}; });
    pose("players.velocity", [](Posed& p) { p.pose.velocity = {961, 0}; });
    pose("players.team", [](Posed& p) { p.pose.team = no_team; });
    pose("players.weapon", [](Posed& p) { p.pose.weapon = no_weapon; });
    pose("players.carries", [](Posed& p) { p.pose.carries = no_team; });
    pose("players.shield", [](Posed& p) { p.pose.shield = sim::shield_max + 1; });
    pose("players.health", [](Posed& p) { p.pose.alive = !p.pose.alive; });
    pose("players.health", [](Posed& p) {
        p.pose.alive = true;
        p.pose.health = sim::health_max + 1;
    });
    pose("players.protected_for", [](Posed& p) { p.pose.protected_for = ticks_max + 1; });
    pose("players.fast_for", [](Posed& p) { p.pose.fast_for = ticks_max + 1; });
    pose("players.strong_for", [](Posed& p) { p.pose.strong_for = UINT32_MAX; });
}

TEST(WireRefusals, NameTheFieldOfARollAndAStanding) {
    const auto roll = [](std::string_view field, const std::function<void(Roll&)>& spoil) {
        refuses<Roll>(1, field, spoil);
    };
    roll("parts", [](Roll& r) { r.parts = 0; });
    roll("parts", [](Roll& r) { r.parts = parts_max + 1; });
    roll("part", [](Roll& r) { r.part = r.parts; });
    roll("rows", [](Roll& r) { r.rows.resize(players_in_message_max + 1); });
    roll("rows.player", [](Roll& r) { r.rows[0].player = sim::no_player; });
    roll("rows.team", [](Roll& r) { r.rows[0].team = no_team; });
    roll("rows.name", [](Roll& r) { r.rows[0].name = "\xc0\x80"; });
    roll("parties.text", [](Roll& r) { r.rows[0].party = "a b"; });
    roll("parties.text", [](Roll& r) { r.rows[0].party = std::string(party_bytes_max + 1, 'a'); });
    const auto standing = [](std::string_view field, const std::function<void(Standing&)>& spoil) {
        refuses<Standing>(2, field, spoil);
    };
    standing("match.phase", [](Standing& s) { s.match.phase = sim::Match::Phase{3}; });
    standing("match.winner", [](Standing& s) { s.match.winner = no_team; });
    standing("flags", [](Standing& s) { s.flags.resize(3); });
    standing("flags.where", [](Standing& s) { s.flags[0].where = sim::Flag::Where{3}; });
    standing("flags.carrier", [](Standing& s) {
        s.flags[0].where = sim::Flag::Where::carried;
        s.flags[0].carrier = sim::no_player;
    });
    standing("flags.carrier", [](Standing& s) {
        s.flags[0].where = sim::Flag::Where::base;
        s.flags[0].carrier = 1;
    });
    standing("flags.at", [](Standing& s) { s.flags[0].at = far; });
    standing("flags.returns_at", [](Standing& s) { s.flags[0].returns_at = ticks_max + 1; });
    standing("walls.returns_in", [](Standing& s) { s.walls[0].returns_in = ticks_max + 1; });
    standing("pickups.returns_in", [](Standing& s) { s.pickups[0].returns_in = ticks_max + 1; });
}

TEST(WireRefusals, NameTheFieldOfACopy) {
    const auto copy = [](std::string_view field, const std::function<void(Copy&)>& spoil) {
        refuses<Copy>(3, field, spoil);
    };
    copy("region", [](Copy& c) { c.region = 0; });
    copy("epoch", [](Copy& c) { c.epoch = 0; });
    copy("parts", [](Copy& c) { c.parts = 0; });
    copy("part", [](Copy& c) { c.part = c.parts; });
    copy("traveller.record", [](Copy& c) { c.players[0].record.clear(); });
    copy("traveller.record",
         [](Copy& c) { c.players[0].record.resize(sim::Record::bytes_max + 1); });
    copy("seat.ticket_hash",
         [](Copy& c) { c.players[0].seat.ticket_hash.resize(hash_bytes_max + 1); });
    copy("seat.party", [](Copy& c) { c.players[0].seat.party = "a_b"; });
    copy("seat.previous_hash",
         [](Copy& c) { c.players[0].seat.previous_hash.resize(hash_bytes_max + 1); });
}

template <typename Kind>
void refuses_letter(std::string_view field, const std::function<void(Kind&)>& spoil) {
    refuses<Parcel>(4, field, [&](Parcel& parcel) {
        for (Letter& letter : parcel.letters) {
            if (auto* one = std::get_if<Kind>(&letter)) spoil(*one);
        }
    });
}

TEST(WireRefusals, NameTheFieldOfALetter) {
    using sim::Claim;
    using sim::Verdict;
    refuses_letter<Claim>("claim.kind", [](Claim& c) { c.kind = Claim::Kind{8}; });
    refuses_letter<Claim>("claim.number", [](Claim& c) { c.number = 0; });
    refuses_letter<Claim>("claim.team", [](Claim& c) { c.team = no_team; });
    refuses_letter<Claim>("claim.weapon", [](Claim& c) { c.weapon = no_weapon; });
    refuses_letter<Claim>("claim.at", [](Claim& c) { c.at = far; });
    refuses_letter<Verdict>("verdict.kind", [](Verdict& v) { v.kind = Claim::Kind{8}; });
    refuses_letter<Verdict>("verdict.number", [](Verdict& v) { v.number = 0; });
    refuses_letter<Verdict>("verdict.victim_team", [](Verdict& v) { v.victim_team = no_team; });
    refuses_letter<Verdict>("verdict.weapon", [](Verdict& v) { v.weapon = no_weapon; });
    refuses_letter<Crossing>("traveller.record", [](Crossing& c) { c.traveller.record.clear(); });
    refuses_letter<Crossed>("crossed.player", [](Crossed& c) { c.player = sim::no_player; });
    refuses_letter<Offer>("offer.player", [](Offer& o) { o.player = sim::no_player; });
    refuses_letter<Offer>("offer.sdp", [](Offer& o) { o.sdp.resize(sdp_bytes_max + 1); });
    refuses_letter<Answer>("answer.player", [](Answer& a) { a.player = sim::no_player; });
    refuses_letter<Answer>("answer.sdp", [](Answer& a) { a.sdp.resize(sdp_bytes_max + 1); });
    refuses_letter<Ready>("ready.player", [](Ready& r) { r.player = sim::no_player; });
    refuses_letter<Talk>("talk.team", [](Talk& t) { t.team = no_team; });
    refuses_letter<Talk>("talk.bytes", [](Talk& t) { t.bytes.resize(talk_bytes_max + 1); });
}

TEST(WireRefusals, NameTheFieldOfAParcel) {
    const auto parcel = [](std::string_view field, const std::function<void(Parcel&)>& spoil) {
        refuses<Parcel>(4, field, spoil);
    };
    parcel("first", [](Parcel& p) { p.first = 0; });
    parcel("first", [](Parcel& p) { p.first = UINT64_MAX; });
    parcel("letters",
           [](Parcel& p) { p.letters.assign(letters_in_message_max + 1, Ready{.player = 1}); });
}

/// A parcel whose lists say something that no list of letters is.
std::vector<std::byte> forged(const std::vector<std::uint8_t>& kinds, std::size_t ready,
                              std::size_t aliases = 0) {
    flatbuffers::FlatBufferBuilder builder;
    const auto of_kind = builder.CreateVector(kinds);
    const auto list =
        builder.CreateVectorOfStructs(std::vector<flat::Ready>(ready, flat::Ready(1, 1, true)));
    const auto sdp = builder.CreateString(std::string(sdp_bytes_max, 'a'));
    const auto offer = flat::CreateOffer(builder, 1, 1, 1, sdp);
    const auto offers =
        builder.CreateVector(std::vector<flatbuffers::Offset<flat::Offer>>(aliases, offer));
    flat::ParcelBuilder parcel(builder);
    parcel.add_first(1);
    parcel.add_kinds(of_kind);
    parcel.add_ready(list);
    parcel.add_offers(offers);
    const auto body = parcel.Finish().Union();
    const auto server = builder.CreateString("a");
    flat::FinishMessageBuffer(builder,
                              flat::CreateMessage(builder, server, 1, flat::Body::Parcel, body));
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

TEST(WireRefusals, FindLettersThatAreNotThere) {
    EXPECT_TRUE(decode(forged({6, 6}, 2)).has_value());
    const auto field_of = [](const std::vector<std::byte>& bytes) {
        const auto back = decode(bytes);
        return back ? std::string("none") : back.error().field;
    };
    EXPECT_EQ(field_of(forged({6, 6}, 1)), "kinds");
    EXPECT_EQ(field_of(forged({6}, 2)), "kinds");
    EXPECT_EQ(field_of(forged({0, 6}, 2)), "kinds");
    EXPECT_EQ(field_of(forged({8}, 1)), "kinds");
    // Sixteen offers may be so long, but not all the same one a thousand times.
    EXPECT_EQ(field_of(forged(std::vector<std::uint8_t>(15, 4), 0, 15)), "none");
    EXPECT_EQ(field_of(forged(std::vector<std::uint8_t>(1000, 4), 0, 1000)), "message");
}

TEST(WireRefusals, SayWhatIsNoMessage) {
    const auto code_of = [](std::span<const std::byte> bytes) {
        const auto back = decode(bytes);
        EXPECT_FALSE(back.has_value());
        EXPECT_EQ(back.error().field, "message");
        return back.error().code;
    };
    const auto bytes = encode(full(0));
    EXPECT_EQ(code_of({}), Errc::invalid_argument);
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
        ASSERT_EQ(code_of(std::span(bytes).first(size)), Errc::invalid_argument) << size;
    }
    EXPECT_EQ(code_of(std::vector<std::byte>(message_bytes_max + 1)), Errc::too_large);
    auto other = bytes;
    other[7] = std::byte{'2'};
    EXPECT_EQ(code_of(other), Errc::unsupported);
    other[6] = std::byte{'W'};
    EXPECT_EQ(code_of(other), Errc::invalid_argument);
}

}  // namespace
}  // namespace muster::mesh
