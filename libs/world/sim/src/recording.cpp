#include "muster/sim/recording.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "bytes.hpp"
#include "name.hpp"

// docs/formats/recording.md
namespace muster::sim {
namespace {

constexpr std::string_view magic = "MSTR";
constexpr std::uint8_t version = 2;
constexpr Tick hash_interval = 600;

enum class Tag : std::uint8_t { step = 0, joined = 1, left = 2, hash = 3 };
/// An input has the highest bit; the others say what follows because it is not as expected.
constexpr std::uint8_t input_tag = 0x80;
constexpr std::uint8_t sequence_follows = 0x40;
constexpr std::uint8_t seen_follows = 0x20;
constexpr std::uint8_t buttons_follow = 0x10;
constexpr std::uint8_t aim_mask = 0x0c;
constexpr std::uint8_t aim_by_a_byte = 0x04;
constexpr std::uint8_t aim_whole = 0x08;
constexpr std::uint8_t id_mask = 0x03;
constexpr std::uint8_t id_same = 0x01;
constexpr std::uint8_t id_ahead = 0x02;
constexpr std::uint8_t id_whole = 0x03;
constexpr std::uint8_t slot_follows = 0x80;  ///< of the byte of buttons

void write_rules(Writer& writer, const Rules& rules) {
    writer.byte(rules.mode);
    for (const std::uint32_t value :
         {std::uint32_t{rules.players_max}, rules.match_length, rules.break_length, rules.respawn,
          rules.spawn_protection, rules.flag_return, std::uint32_t{rules.captures_to_win},
          std::uint32_t{rules.kills_to_win}}) {
        writer.number(value);
    }
    writer.byte(rules.friendly_fire ? 1U : 0U);
}

std::optional<Rules> read_rules(Reader& reader) {
    Rules rules;
    const std::uint8_t mode = reader.byte();
    if (mode > 2) return {};
    rules.mode = static_cast<Mode>(mode);
    rules.players_max = static_cast<std::uint16_t>(reader.number(no_player - 1));
    for (Tick* ticks : {&rules.match_length, &rules.break_length, &rules.respawn,
                        &rules.spawn_protection, &rules.flag_return}) {
        *ticks = static_cast<Tick>(reader.number(UINT32_MAX));
    }
    rules.captures_to_win = static_cast<std::uint16_t>(reader.number(UINT16_MAX));
    rules.kills_to_win = static_cast<std::uint16_t>(reader.number(UINT16_MAX));
    rules.friendly_fire = reader.byte() != 0;
    if (!reader.good() || rules.players_max == 0) return {};
    return rules;
}

/// What the next input of a player most likely is: one further, with the same lag, aim and buttons.
Input expected_after(const Input& last, Tick tick, Tick last_tick) {
    Input next = last;
    ++next.sequence;
    next.seen = last.seen == 0 ? 0 : last.seen + (tick - last_tick);
    return next;
}

}  // namespace

Recorder::Recorder(const Map& map, const Rules& rules, std::uint64_t seed, std::size_t bytes_max)
    : bytes_max_(bytes_max), last_(rules.players_max) {
    Writer writer(bytes_);
    for (const char c : magic) writer.byte(static_cast<std::uint8_t>(c));
    writer.byte(version);
    writer.fixed(seed, 8);
    write_rules(writer, rules);
    writer.text(to_json(map));
    full_ = bytes_.size() > bytes_max_;
}

std::vector<std::byte> Recorder::take() {
    std::vector<std::byte> out = std::move(bytes_);
    bytes_.clear();
    // About as much comes until the next time.
    bytes_.reserve(out.size());
    bytes_max_ -= std::min(bytes_max_, out.size());
    return out;
}

bool Recorder::keep(std::size_t before) {
    if (bytes_.size() <= bytes_max_) return true;
    bytes_.resize(before);
    full_ = true;
    return false;
}

void Recorder::joined(PlayerId id, const JoinRequest& request) {
    if (full_ || id >= last_.size()) return;
    const std::size_t before = bytes_.size();
    Writer writer(bytes_);
    writer.byte(Tag::joined);
    writer.number(id);
    writer.byte(static_cast<std::uint64_t>(request.team) | (request.bot ? 4U : 0U));
    writer.text(clean_name(request.name));
    if (keep(before)) last_[id] = {};
}

void Recorder::left(PlayerId id) {
    if (full_) return;
    const std::size_t before = bytes_.size();
    Writer writer(bytes_);
    writer.byte(Tag::left);
    writer.number(id);
    keep(before);
}

void Recorder::input(PlayerId id, const Input& input) {
    if (full_ || id >= last_.size()) return;
    const std::size_t before = bytes_.size();
    Last& last = last_[id];
    const Input expected = expected_after(last.input, tick_, last.tick);
    const auto turn = static_cast<std::int16_t>(input.aim - last.input.aim);
    const int ahead = id - last_id_;
    std::uint8_t tag = input_tag;
    if (input.sequence != expected.sequence) tag |= sequence_follows;
    if (input.seen != expected.seen) tag |= seen_follows;
    const bool other_slot = input.slot != 0;
    if (input.buttons != expected.buttons || other_slot) tag |= buttons_follow;
    if (turn != 0) tag |= turn >= -128 && turn < 128 ? aim_by_a_byte : aim_whole;
    if (ahead == 0) tag |= id_same;
    if (ahead < 0 || ahead > 256) tag |= id_whole;
    if (ahead > 1 && ahead <= 256) tag |= id_ahead;

    Writer writer(bytes_);
    writer.byte(tag);
    if ((tag & id_mask) == id_ahead) writer.byte(static_cast<std::uint64_t>(ahead - 1));
    if ((tag & id_mask) == id_whole) writer.number(id);
    if ((tag & sequence_follows) != 0) writer.number(input.sequence);
    if ((tag & seen_follows) != 0) {
        writer.number(input.seen == 0 ? 0 : 1 + zigzag(std::int64_t{tick_} - input.seen));
    }
    if ((tag & buttons_follow) != 0) {
        writer.byte((input.buttons & 0x7fU) | (other_slot ? slot_follows : 0U));
        if (other_slot) writer.byte(input.slot);
    }
    if ((tag & aim_mask) == aim_by_a_byte) writer.byte(static_cast<std::uint8_t>(turn));
    if ((tag & aim_mask) == aim_whole) writer.fixed(input.aim, 2);
    if (!keep(before)) return;
    last.input = input;
    last.input.buttons &= 0x7f;
    last.tick = tick_;
    last_id_ = id;
}

void Recorder::stepped(const World& world) {
    if (full_) return;
    const std::size_t before = bytes_.size();
    Writer writer(bytes_);
    writer.byte(Tag::step);
    if (world.tick() % hash_interval == 0) {
        writer.byte(Tag::hash);
        writer.fixed(world.hash(), 8);
    }
    if (!keep(before)) return;
    tick_ = world.tick();
    last_id_ = -1;
}

namespace {

/// The other half of Recorder: reads what it wrote and plays it.
class Replay {
  public:
    Replay(Reader& reader, World& world) : reader_(reader), world_(world) {
        last_.resize(world.rules().players_max);
    }
    /// Reads and plays one record.
    Result<void> next();
    Tick ticks = 0;
    std::uint32_t hashes_checked = 0;

  private:
    struct Last {
        Input input;
        Tick tick = 0;
    };
    Result<void> join();
    Result<void> input(std::uint8_t tag);
    Result<void> check_hash();
    [[nodiscard]] std::unexpected<Error> wrong(std::string what) const {
        return fail(Errc::invalid_argument,
                    "byte " + std::to_string(reader_.at()) + " of the recording: " + what,
                    "recording");
    }

    Reader& reader_;
    World& world_;
    std::vector<Last> last_;
    int last_id_ = -1;
};

Result<void> Replay::next() {
    const std::uint8_t tag = reader_.byte();
    if ((tag & input_tag) != 0) return input(tag);
    switch (static_cast<Tag>(tag)) {
        case Tag::step:
            world_.step();
            ++ticks;
            last_id_ = -1;
            return {};
        case Tag::joined:
            return join();
        case Tag::left:
            world_.leave(static_cast<PlayerId>(reader_.number(no_player)));
            if (!reader_.good()) return wrong("a leave that is cut short");
            return {};
        case Tag::hash:
            return check_hash();
    }
    return wrong("an unknown record");
}

Result<void> Replay::join() {
    const std::uint64_t expected = reader_.number(no_player);
    const std::uint8_t flags = reader_.byte();
    JoinRequest request{.name = std::string(reader_.text()),
                        .team = static_cast<Team>(flags & 3),
                        .bot = (flags & 4) != 0};
    if (!reader_.good() || (flags & 3) == 3 || flags > 7)
        return wrong("a join that makes no sense");
    const auto id = world_.join(request);
    if (!id || *id != expected)
        return wrong("a join that this world would have answered otherwise");
    last_[*id] = {};
    return {};
}

Result<void> Replay::input(std::uint8_t tag) {
    int id = last_id_;
    switch (tag & id_mask) {
        case 0:
            id += 1;
            break;
        case id_same:
            break;
        case id_ahead:
            id += 1 + reader_.byte();
            break;
        default:
            id = static_cast<int>(reader_.number(no_player));
            break;
    }
    if (id < 0 || static_cast<std::size_t>(id) >= last_.size()) return wrong("an input of nobody");
    Last& last = last_[static_cast<std::size_t>(id)];
    Input input = expected_after(last.input, world_.tick(), last.tick);
    input.slot = 0;
    if ((tag & sequence_follows) != 0) {
        input.sequence = static_cast<std::uint32_t>(reader_.number(UINT32_MAX));
    }
    if ((tag & seen_follows) != 0) {
        const std::uint64_t value = reader_.number(std::uint64_t{1} << 34);
        input.seen =
            value == 0 ? 0 : static_cast<Tick>(std::int64_t{world_.tick()} - unzigzag(value - 1));
    }
    if ((tag & buttons_follow) != 0) {
        const std::uint8_t buttons = reader_.byte();
        input.buttons = buttons & 0x7f;
        if ((buttons & slot_follows) != 0) input.slot = reader_.byte();
    }
    if ((tag & aim_mask) == aim_by_a_byte) {
        input.aim = static_cast<Angle>(input.aim + static_cast<std::int8_t>(reader_.byte()));
    }
    if ((tag & aim_mask) == aim_whole) input.aim = static_cast<Angle>(reader_.fixed(2));
    if (!reader_.good() || (tag & aim_mask) == aim_mask)
        return wrong("an input that makes no sense");
    world_.submit(static_cast<PlayerId>(id), input);
    last = {.input = input, .tick = world_.tick()};
    last_id_ = id;
    return {};
}

Result<void> Replay::check_hash() {
    const std::uint64_t recorded = reader_.fixed(8);
    if (!reader_.good()) return wrong("a hash that is cut short");
    if (recorded != world_.hash()) {
        return fail(
            Errc::conflict,
            "at tick " + std::to_string(world_.tick()) + " the match differs from its recording",
            "recording");
    }
    ++hashes_checked;
    return {};
}

}  // namespace

Result<Replayed> replay(std::span<const std::byte> recording) {
    Reader reader(recording);
    for (const char c : magic) {
        if (reader.byte() != static_cast<std::uint8_t>(c)) {
            return fail(Errc::invalid_argument, "byte 0: these bytes are no recording",
                        "recording");
        }
    }
    if (const std::uint8_t found = reader.byte(); found != version) {
        return fail(Errc::unsupported,
                    "version " + std::to_string(found) + " of recordings is not known",
                    "recording");
    }
    const std::uint64_t seed = reader.fixed(8);
    const auto rules = read_rules(reader);
    if (!rules) {
        return fail(Errc::invalid_argument,
                    "byte " + std::to_string(reader.at()) + " of the recording: no rules",
                    "recording");
    }
    auto map = parse_map(reader.text());
    if (!map) return std::unexpected(map.error());
    World world(std::move(*map), *rules, seed);
    Replay play(reader, world);
    while (!reader.at_end()) {
        if (auto done = play.next(); !done) return std::unexpected(done.error());
    }
    const Tick ticks = play.ticks;
    const std::uint32_t hashes = play.hashes_checked;
    return Replayed{.world = std::move(world), .ticks = ticks, .hashes_checked = hashes};
}

}  // namespace muster::sim
