#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "bytes.hpp"
#include "name.hpp"
#include "world_state.hpp"

// docs/formats/player-record.md
namespace muster::sim {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t is_alive = 1;
constexpr std::uint8_t is_bot = 2;
constexpr std::uint8_t has_died = 4;
constexpr std::uint8_t flags_known = 7;
constexpr std::uint8_t was_killed = 1;
constexpr std::uint8_t had_flag = 2;
/// Nothing in a name is longer than 4 bytes a character.
constexpr std::size_t name_bytes_max = name_characters_max * 4;

/// Every number of a record in the order of its bytes, with the most that it may be: written and
/// read by the same list, so that the two cannot differ.
template <typename Each>
void each_number(Each& each, auto& record) {
    auto& player = record.player;
    each("aim", player.aim, 0xffff);
    each("team", player.team, 2);
    each("weapon", player.weapon, weapon_count - 1);
    each("weapons", player.weapons, (1U << weapon_count) - 1);
    each("generation", player.generation, 0xff);
    each("life", player.life, 0xffff);
    each("health", player.health, health_max);
    each("shield", player.shield, shield_max);
    for (std::size_t i = 0; i < weapon_count; ++i) {
        each("ammunition", player.ammunition[i], rules_of(static_cast<Weapon>(i)).magazine);
    }
    each("reload_until", player.reload_until, rules_of(player.weapon).reload);
    each("shot_ready_at", player.shot_ready_at, ticks_of_ms(1200));
    each("strike_ready_at", player.strike_ready_at, rules_of(Weapon::melee).interval);
    each("respawn_at", player.respawn_at, record_ticks_max);
    each("protected_until", player.protected_until, record_ticks_max);
    each("speed_until", player.speed_until, boost_length);
    each("damage_until", player.damage_until, boost_length);
    each("carries", player.carries, 2);
    each("kills", player.kills, 0xffff);
    each("deaths", player.deaths, 0xffff);
    each("captures", player.captures, 0xffff);
    each("acknowledged", player.acknowledged, UINT32_MAX);
    each("joined_at", player.joined_at, UINT32_MAX);
    each("match", record.match, UINT32_MAX);
    each("spawned_ago", record.spawned_ago, UINT32_MAX);
    each("credits", record.credits, credits_max);
    each("newest_input", record.newest_input, UINT32_MAX);
}

template <typename Each>
void each_length(Each& each, auto& record) {
    each("at", record.player.at.x, map_side_max);
    each("at", record.player.at.y, map_side_max);
    each("velocity", record.player.velocity.x, player_speed_boosted);
    each("velocity", record.player.velocity.y, player_speed_boosted);
    each("died_at", record.died_at.x, map_side_max);
    each("died_at", record.died_at.y, map_side_max);
    each("score", record.player.score, INT32_MAX);
}

void write_known(Writer& writer, const std::vector<Record::Known>& list) {
    writer.number(list.size());
    for (const Record::Known& known : list) {
        writer.fixed(known.origin, 4);
        writer.fixed(known.number, 4);
        writer.fixed(known.damage, 2);
        writer.byte(static_cast<std::uint64_t>((known.killed ? was_killed : 0) |
                                               (known.carried ? had_flag : 0)));
    }
}

std::unexpected<Error> wrong(const char* field, std::string why = "it is out of range") {
    return fail(Errc::invalid_argument, "the record's " + std::string(field) + ": " + why, field);
}

/// Keeps the first thing that is wrong.
class Decoder {
  public:
    explicit Decoder(std::span<const std::byte> bytes) : in(bytes) {}

    void refuse(const char* field) {
        if (wrong_ == nullptr) wrong_ = field;
    }
    template <typename Value>
    void operator()(const char* field, Value& value, std::uint64_t most) {
        const std::uint64_t number = in.number(UINT64_MAX);
        if (!in.good() || number > most) return refuse(field);
        value = static_cast<Value>(number);
    }
    void known(const char* field, std::vector<Record::Known>& list, std::size_t most) {
        std::uint64_t count = 0;
        (*this)(field, count, most);
        for (std::uint64_t i = 0; i < count && wrong_ == nullptr; ++i) {
            Record::Known one;
            one.origin = static_cast<std::uint32_t>(in.fixed(4));
            one.number = static_cast<std::uint32_t>(in.fixed(4));
            one.damage = static_cast<std::uint16_t>(in.fixed(2));
            const std::uint8_t bits = in.byte();
            if (!in.good() || bits > (was_killed | had_flag)) return refuse(field);
            one.killed = (bits & was_killed) != 0;
            one.carried = (bits & had_flag) != 0;
            list.push_back(one);
        }
    }
    void inputs(Record& record);
    [[nodiscard]] const char* first_wrong() const { return wrong_; }

    Reader in;

  private:
    const char* wrong_ = nullptr;
};

struct LengthDecoder {
    Decoder& decoder;
    void operator()(const char* field, std::int32_t& value, std::int64_t most) const {
        const std::int64_t number = unzigzag(decoder.in.number(UINT64_MAX));
        if (!decoder.in.good() || number > most || number < -most) return decoder.refuse(field);
        value = static_cast<std::int32_t>(number);
    }
};

void Decoder::inputs(Record& record) {
    std::uint64_t count = 0;
    (*this)("inputs", count, inputs_waiting_max);
    std::uint32_t before = record.player.acknowledged;
    for (std::uint64_t i = 0; i < count && wrong_ == nullptr; ++i) {
        Input input;
        (*this)("inputs", input.sequence, record.newest_input);
        (*this)("inputs", input.seen, rewind_max + 1);
        (*this)("inputs", input.aim, 0xffff);
        input.buttons = in.byte();
        input.slot = in.byte();
        if (!in.good() || input.sequence <= before || input.buttons > buttons_known) {
            return refuse("inputs");
        }
        before = input.sequence;
        record.inputs.push_back(input);
    }
}

/// What must fit together, in whatever world.
const char* contradiction(const Record& record) {
    const Player& player = record.player;
    if (record.id == no_player) return "id";
    if (player.alive != (player.health > 0)) return "health";
    if ((player.weapons & 1U) == 0) return "weapons";
    const bool melee = player.weapon == Weapon::melee;
    if (!melee && (player.weapons >> static_cast<unsigned>(player.weapon) & 1U) == 0) {
        return "weapon";
    }
    if (player.carries != Team::none && (!player.alive || player.carries == player.team)) {
        return "carries";
    }
    if (!player.alive && player.reload_until != 0) return "reload_until";
    if (record.newest_input < player.acknowledged) return "newest_input";
    if (clean_name(record.name) != record.name || record.name.empty()) return "name";
    return nullptr;
}

}  // namespace

std::vector<std::byte> Record::encode() const {
    std::vector<std::byte> bytes;
    bytes.reserve(256);
    Writer writer(bytes);
    writer.byte(std::uint64_t{version});
    writer.number(id);
    writer.byte(static_cast<std::uint64_t>((player.alive ? is_alive : 0) |
                                           (player.bot ? is_bot : 0) |
                                           (has_died ? sim::has_died : 0)));
    writer.text(name);
    const auto number = [&](const char*, auto value, std::uint64_t) {
        writer.number(static_cast<std::uint64_t>(value));
    };
    each_number(number, *this);
    const auto length = [&](const char*, std::int32_t value, std::int64_t) {
        writer.number(zigzag(value));
    };
    each_length(length, *this);
    writer.number(inputs.size());
    for (const Input& input : inputs) {
        writer.number(input.sequence);
        writer.number(input.seen);
        writer.number(input.aim);
        writer.byte(std::uint64_t{input.buttons});
        writer.byte(std::uint64_t{input.slot});
    }
    write_known(writer, judged);
    write_known(writer, counted);
    return bytes;
}

Result<Record> Record::decode(std::span<const std::byte> bytes) {
    if (bytes.size() > bytes_max) {
        return fail(Errc::too_large, "a record has at most 4,096 bytes", "record");
    }
    Decoder decoder(bytes);
    if (const std::uint8_t found = decoder.in.byte(); decoder.in.good() && found != version) {
        return fail(Errc::unsupported,
                    "version " + std::to_string(found) + " of records is not known", "record");
    }
    Record record;
    decoder("id", record.id, no_player - 1);
    const std::uint8_t bits = decoder.in.byte();
    if (bits > flags_known) decoder.refuse("flags");
    record.player.present = true;
    record.player.alive = (bits & is_alive) != 0;
    record.player.bot = (bits & is_bot) != 0;
    record.has_died = (bits & sim::has_died) != 0;
    const std::string_view name = decoder.in.text();
    if (name.size() > name_bytes_max) decoder.refuse("name");
    record.name = name.substr(0, name_bytes_max);
    each_number(decoder, record);
    LengthDecoder lengths{decoder};
    each_length(lengths, record);
    decoder.inputs(record);
    decoder.known("judged", record.judged, judged_max);
    decoder.known("counted", record.counted, counted_max);
    if (decoder.first_wrong() != nullptr) return wrong(decoder.first_wrong());
    if (!decoder.in.good() || !decoder.in.at_end()) return wrong("length", "it does not end there");
    if (const char* field = contradiction(record)) return wrong(field, "it contradicts the rest");
    return record;
}

Result<Record> World::Impl::copy(PlayerId id) const {
    if (!is_own(id)) return fail(Errc::not_found, "no own player has this id", "player");
    const Ledger nothing;
    const Ledger& ledger = border ? border->ledgers[id] : nothing;
    const Player& player = players[id];
    const Backstage& known = backstage[id];
    Record record{.id = id,
                  .player = player,
                  .name = names[id],
                  .match = known.match,
                  .spawned_ago = tick - known.spawned_at,
                  .died_at = known.died_at,
                  .has_died = known.has_died,
                  .credits = inputs[id].credits(),
                  .newest_input = inputs[id].newest(),
                  .inputs = {},
                  .judged = ledger.judged.oldest_first(),
                  .counted = ledger.counted.oldest_first()};
    record.player.joined_at = tick - player.joined_at;
    for (Tick Player::* time :
         {&Player::reload_until, &Player::shot_ready_at, &Player::strike_ready_at,
          &Player::respawn_at, &Player::protected_until, &Player::speed_until,
          &Player::damage_until}) {
        record.player.*time = std::min(ticks_left(tick, player.*time), record_ticks_max);
    }
    if (player.alive) record.player.respawn_at = 0;
    for (std::uint8_t i = 0; i < inputs[id].count(); ++i) {
        Input input = inputs[id].waiting(i);
        // Further back than that is judged as if it was that far.
        input.seen =
            input.seen == 0 || input.seen > tick ? 0 : 1 + std::min(tick - input.seen, rewind_max);
        record.inputs.push_back(input);
    }
    return record;
}

Result<Record> World::Impl::release(PlayerId id) {
    auto record = copy(id);
    if (!record) return record;
    Border& own = one_of_several();
    players[id].ghost = true;
    if (own.ids_are_lent) own.lent[id] = false;
    own.ledgers[id] = {};
    inputs[id].clear();
    return record;
}

Result<void> World::Impl::check(const Record& record) const {
    const Player& player = record.player;
    if (record.id >= players.size()) return wrong("id", "there is no such id in this world");
    if (const char* field = contradiction(record)) return wrong(field, "it contradicts the rest");
    for (const Vec at : {player.at, record.died_at}) {
        // Who never lived has no place.
        if (at == Vec{} && !player.alive) continue;
        if (at.x < map.bounds.low.x + player_radius || at.x > map.bounds.high.x - player_radius ||
            at.y < map.bounds.low.y + player_radius || at.y > map.bounds.high.y - player_radius) {
            if (at == record.died_at && !record.has_died) continue;
            return wrong("at", "it does not lie on this map");
        }
    }
    const bool teams = rules.mode != Mode::free_for_all;
    if (teams != (player.team != Team::none)) return wrong("team", "no team of this mode");
    if (player.carries != Team::none && flags.empty()) return wrong("carries", "no flags here");
    if (player.respawn_at > rules.respawn) return wrong("respawn_at");
    if (player.protected_until > rules.spawn_protection) return wrong("protected_until");
    return {};
}

std::optional<Vec> World::Impl::free_place_near(Vec at) const {
    constexpr Length pace = 8 * unit;
    for (Length ring = 0; ring <= 12; ++ring) {
        for (Length row = -ring; row <= ring; ++row) {
            const Length across = std::abs(row) == ring ? 1 : 2 * ring;
            for (Length column = -ring; column <= ring; column += std::max(across, 1)) {
                const Vec place = at + Vec{column * pace, row * pace};
                if (wall_grid.is_free(place, player_radius)) return place;
            }
        }
    }
    return {};
}

Result<void> World::Impl::adopt(const Record& record, Tick underway) {
    // Whoever made the record, only what can come out of bytes goes in.
    const auto sound = Record::decode(record.encode());
    if (!sound) return std::unexpected(sound.error());
    if (auto fits = check(*sound); !fits) return fits;
    const PlayerId id = record.id;
    if (is_own(id)) return fail(Errc::conflict, "the player is this world's own", "id");
    Player& player = players[id];
    if (player.present && player.generation != record.player.generation) {
        return fail(Errc::conflict, "somebody else has this id here", "id");
    }
    Border& own = one_of_several();
    InputQueue heard;
    if (player.present) {
        heard = inputs[id];
    } else {
        take_id(id);
        present.insert(std::ranges::lower_bound(present, id), id);
        history.forget(id);
    }
    player = sound->player;
    player.joined_at = tick - std::min(tick, player.joined_at);
    for (Tick Player::* time :
         {&Player::reload_until, &Player::shot_ready_at, &Player::strike_ready_at,
          &Player::protected_until, &Player::speed_until, &Player::damage_until}) {
        if (player.*time != 0) player.*time += tick;
    }
    if (!player.alive) player.respawn_at += tick;
    backstage[id] = {.spawned_at = tick - std::min(tick, record.spawned_ago),
                     .died_at = record.died_at,
                     .has_died = record.has_died,
                     .match = record.match};
    names[id] = record.name;

    std::vector<Input> waiting = sound->inputs;
    for (Input& input : waiting) {
        if (input.seen != 0) input.seen = tick >= input.seen ? tick - (input.seen - 1) : 0;
    }
    const Tick earned = record.credits + std::min(underway, Tick{credits_max});
    inputs[id].restore(waiting, record.newest_input,
                       static_cast<std::uint8_t>(std::min(earned, Tick{credits_max})));
    for (std::uint8_t i = 0; i < heard.count(); ++i) inputs[id].push(heard.waiting(i));

    own.ledgers[id] = {};
    for (const Record::Known& known : record.judged) own.ledgers[id].judged.add(known);
    for (const Record::Known& known : record.counted) own.ledgers[id].counted.add(known);
    settle_in(id);
    return {};
}

/// What the record's world and this one may see differently for a moment.
void World::Impl::settle_in(PlayerId id) {
    if (backstage[id].match < match.number) begin_anew(id);
    agree_on_flags(id);
    Player& player = players[id];
    if (!player.alive || wall_grid.is_free(player.at, player_radius)) return;
    if (const auto place = free_place_near(player.at)) {
        player.at = *place;
        return;
    }
    drop_flag(id);
    player.alive = false;
    player.health = 0;
    player.reload_until = 0;
    player.respawn_at = tick;
}

/// Who decides on flags is right about them; elsewhere the player is, until set_flag().
void World::Impl::agree_on_flags(PlayerId id) {
    Player& player = players[id];
    for (Flag& flag : flags) {
        const Team team = team_of(flag);
        const bool has = player.carries == team;
        const bool listed = flag.where == Flag::Where::carried && flag.carrier == id;
        if (has == listed) continue;
        if (!decides_match()) {
            flag = has ? Flag{.where = Flag::Where::carried, .at = player.at, .carrier = id}
                       : Flag{.where = Flag::Where::dropped,
                              .at = player.at,
                              .returns_at = tick + rules.flag_return};
        } else if (has) {
            player.carries = Team::none;
        } else {
            player.carries = team;
            player.protected_until = 0;
            if (!player.alive || player.team == team) drop_flag(id);
        }
    }
}

Result<Record> World::copy(PlayerId player) const {
    return impl_->copy(player);
}
Result<Record> World::release(PlayerId player) {
    return impl_->release(player);
}
Result<void> World::adopt(const Record& record, Tick underway) {
    return impl_->adopt(record, underway);
}

}  // namespace muster::sim
