#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "muster/mesh/wire.hpp"
#include "wire_text.hpp"
#include "wire_values.hpp"

namespace muster::mesh {
namespace {

using values::Chance;

template <typename... Fields>
std::string joined(const Fields&... fields);
std::string show(const Traveller& v);
std::string show(const Letter& letter);

std::string show(bool value) {
    return value ? "yes" : "no";
}
std::string show(const std::string& value) {
    return '"' + value + '"';
}
std::string show(sim::Vec value) {
    return joined(value.x, value.y);
}
std::string show(std::byte value) {
    return std::to_string(static_cast<int>(value));
}
template <typename Number>
    requires(std::is_arithmetic_v<Number> || std::is_enum_v<Number>)
std::string show(Number value) {
    return std::to_string(static_cast<std::int64_t>(value));
}
std::string show(const Posed& v) {
    const sim::Pose& p = v.pose;
    return joined(v.player, v.hop, p.at, p.velocity, p.aim, p.team, p.weapon, p.generation, p.alive,
                  p.bot, p.health, p.shield, p.carries, p.life, p.protected_for, p.fast_for,
                  p.strong_for, p.score, p.kills, p.deaths, p.captures, v.name);
}
std::string show(const WallNow& v) {
    return joined(v.wall, v.health, v.returns_in);
}
std::string show(const PickupNow& v) {
    return joined(v.pickup, v.available, v.returns_in);
}
std::string show(const sim::Event& v) {
    return joined(v.kind, v.team, v.weapon, v.player, v.other, v.index, v.value, v.projectile, v.at,
                  v.velocity);
}
std::string show(const sim::Flag& v) {
    return joined(v.where, v.at, v.carrier, v.returns_at);
}
std::string show(const sim::Match& v) {
    return joined(v.phase, v.ends_at, v.number, v.scores[0], v.scores[1], v.winner,
                  v.winning_player);
}
std::string show(const Roll::Row& v) {
    return joined(v.player, v.hop, v.generation, v.team, v.bot, v.score, v.kills, v.deaths,
                  v.captures, v.away, v.name, v.party);
}
template <typename T>
std::string show(const std::vector<T>& list) {
    std::string out = "[";
    for (const T& one : list) out += show(one) + ' ';
    return out + ']';
}
std::string show(const Traveller& v) {
    return joined(v.hop, v.record, v.seat.is_bot, v.seat.ticket_hash, v.seat.previous_hash,
                  v.seat.lost_for_ms, v.seat.party, v.is_spare);
}
std::string show(const sim::Claim& v) {
    return joined(v.origin, v.number, v.kind, v.player, v.generation, v.team, v.victim,
                  v.victim_generation, v.life, v.weapon, v.damage, v.index, v.projectile, v.match,
                  v.at, v.tick);
}
std::string show(const sim::Verdict& v) {
    return joined(v.origin, v.number, v.kind, v.player, v.generation, v.victim, v.victim_team,
                  v.weapon, v.damage, v.granted, v.carried, v.index, v.match);
}
std::string show(const Crossing& v) {
    return show(v.traveller);
}
std::string show(const Crossed& v) {
    return joined(v.player, v.hop, v.adopted);
}
std::string show(const Offer& v) {
    return joined(v.number, v.player, v.generation, v.sdp);
}
std::string show(const Answer& v) {
    return joined(v.number, v.player, v.sdp, v.error);
}
std::string show(const Ready& v) {
    return joined(v.player, v.generation, v.is_open);
}
std::string show(const Talk& v) {
    return joined(v.team, v.player, v.bytes);
}
std::string show(const Letter& letter) {
    return std::to_string(letter.index()) +
           std::visit([](const auto& one) { return show(one); }, letter);
}
std::string show(const Strip& v) {
    return joined(v.region, v.epoch, v.tick, v.players, v.walls, v.pickups, v.events);
}
std::string show(const Roll& v) {
    return joined(v.tick, v.part, v.parts, v.rows);
}
std::string show(const Standing& v) {
    return joined(v.tick, v.epoch, v.match, v.flags, v.walls, v.pickups);
}
std::string show(const Copy& v) {
    return joined(v.region, v.epoch, v.number, v.part, v.parts, v.players);
}
std::string show(const Parcel& v) {
    return joined(v.to_life, v.first, v.acknowledged, v.acknowledged_life, v.letters);
}
std::string show(const Message& v) {
    return joined(v.server, v.life) +
           std::visit([](const auto& body) { return show(body); }, v.body);
}
template <typename... Fields>
std::string joined(const Fields&... fields) {
    return '(' + ((show(fields) + ',') + ...) + ')';
}

TEST(Wire, GivesBackWhatWasSaid) {
    for (std::uint32_t kind = 0; kind < 5; ++kind) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            Chance chance(seed * 5 + kind);
            const Message message = values::message(chance, kind);
            ASSERT_EQ(message.body.index(), kind);
            const auto back = decode(encode(message));
            ASSERT_TRUE(back.has_value()) << kind << ' ' << seed << ' ' << back.error().message;
            ASSERT_EQ(show(*back), show(message)) << kind << ' ' << seed;
        }
    }
}

TEST(Wire, KeepsTheOrderOfLettersOfAllKinds) {
    Chance chance(1);
    Parcel parcel{.first = 7};
    for (int turn = 0; turn < 3; ++turn) {
        for (std::uint32_t kind = 0; kind < 8; ++kind) {
            parcel.letters.push_back(values::letter(chance, kind));
        }
    }
    const Message message{.server = "a", .life = 1, .body = parcel};
    const auto back = decode(encode(message));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(show(*back), show(message));
}

TEST(Wire, ReadsBytesThatLieAnywhere) {
    Chance chance(2);
    const Message message = values::message(chance, 0);
    const auto bytes = encode(message);
    for (std::size_t shift = 0; shift < 8; ++shift) {
        std::vector<std::byte> moved(bytes.size() + shift);
        std::memcpy(moved.data() + shift, bytes.data(), bytes.size());
        const auto back = decode(std::span(moved).subspan(shift));
        ASSERT_TRUE(back.has_value()) << shift;
        EXPECT_EQ(show(*back), show(message));
    }
}

TEST(Wire, IsNeverLongerThanItsPartsSay) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Chance chance(seed);
        const Message message = values::message(chance, chance.below(5));
        std::size_t most = message_bytes_least;
        const auto add = [&](const auto& list) {
            for (const auto& one : list) most += bytes_at_most(one);
        };
        if (const auto* strip = std::get_if<Strip>(&message.body)) {
            add(strip->players);
            most += wall_bytes * strip->walls.size() + pickup_bytes * strip->pickups.size() +
                    event_bytes * strip->events.size();
        } else if (const auto* roll = std::get_if<Roll>(&message.body)) {
            add(roll->rows);
        } else if (const auto* copy = std::get_if<Copy>(&message.body)) {
            add(copy->players);
        } else if (const auto* parcel = std::get_if<Parcel>(&message.body)) {
            add(parcel->letters);
        } else {
            most += 20 * (wall_bytes + pickup_bytes) + 2 * event_bytes;
        }
        EXPECT_LE(encode(message).size(), most) << seed;
    }
}

TEST(Wire, CutsTheErrorOfAnAnswerForPeople) {
    std::string error;
    while (error.size() < 2 * error_bytes_max) error += "ü";
    const Message message{.server = "a",
                          .life = 1,
                          .body = Parcel{.first = 1,
                                         .letters = {Answer{.player = 1, .error = error},
                                                     Answer{.player = 1, .error = "no\xff"}}}};
    const auto back = decode(encode(message));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    const auto& letters = std::get<Parcel>(back->body).letters;
    EXPECT_EQ(std::get<Answer>(letters[0]).error, error.substr(0, error_bytes_max));
    EXPECT_EQ(std::get<Answer>(letters[1]).error, "no");
}

TEST(Wire, HasPlaceForTheMostThatIsAllowed) {
    Chance chance(3);
    Strip strip = values::strip(chance);
    strip.events.clear();
    strip.players.assign(players_in_message_max, values::posed(chance));
    for (Posed& posed : strip.players) posed.name.clear();
    const auto full = decode(encode({.server = "a", .life = 1, .body = strip}));
    ASSERT_TRUE(full.has_value()) << full.error().message;
    EXPECT_EQ(std::get<Strip>(full->body).players.size(), players_in_message_max);
    Parcel parcel{.first = 1};
    parcel.letters.assign(letters_in_message_max, values::claim(chance));
    EXPECT_TRUE(decode(encode({.server = "a", .life = 1, .body = parcel})).has_value());
}

TEST(Wire, LeavesOutOfACrowdsStripWhatDoesNotFit) {
    Chance chance(4);
    Strip strip{.region = 1, .epoch = 1};
    const auto said = [](const Strip& whole) {
        const auto bytes = encode({.server = "a", .life = 1, .body = whole});
        EXPECT_LE(bytes.size(), message_bytes_max);
        EXPECT_GT(bytes.size(), message_bytes_max / 10 * 9);
        const auto back = decode(bytes);
        EXPECT_TRUE(back.has_value());
        return back ? std::get<Strip>(back->body) : Strip{};
    };
    for (int i = 0; i < 3'000; ++i) {
        strip.players.push_back(values::posed(chance));
        strip.players.back().name.clear();
    }
    strip.walls.resize(1'000);
    strip.pickups.resize(1'000);
    for (int i = 0; i < 4'000; ++i) strip.events.push_back(values::event(chance));
    const Strip most = said(strip);
    EXPECT_EQ(most.players.size(), 3'000U);
    EXPECT_EQ(most.walls.size(), 1'000U);
    EXPECT_GT(most.events.size(), 1'500U);
    strip.walls.resize(60'000);
    EXPECT_EQ(said(strip).players.size(), 3'000U);
    strip.players.assign(players_in_message_max, strip.players.front());
    for (Posed& posed : strip.players) posed.name = "Ann";
    EXPECT_GT(said(strip).players.size(), 2'600U);
}

TEST(WireDeathTest, DoesNotSayMoreThanIsAllowed) {
    Parcel parcel{.first = 1};
    parcel.letters.assign(letters_in_message_max + 1, Ready{.player = 1});
    EXPECT_DEATH((void)encode({.server = "a", .life = 1, .body = parcel}), "is_within_limits");
    Standing standing;
    standing.walls.resize(message_bytes_max / wall_bytes);
    EXPECT_DEATH((void)encode({.server = "a", .life = 1, .body = standing}), "message_bytes_max");
}

TEST(WireText, KnowsWellFormedUtf8) {
    const auto is_good = [](std::string_view text) {
        return good_prefix(text, 100, 100) == text.size();
    };
    for (const char* text : {"", "Ann", "ü", "世界", "🎯", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_good(text)) << text;
    }
    for (const char* text : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                             "\xc3", "\xe4\xb8", "a\nb", "\x7f", "\xc2\x85", "\x80"}) {
        EXPECT_FALSE(is_good(text));
    }
    EXPECT_EQ(good_prefix("üüü", 2, 100), 4U);
    EXPECT_EQ(good_prefix("üüü", 100, 3), 2U);
}

}  // namespace
}  // namespace muster::mesh
