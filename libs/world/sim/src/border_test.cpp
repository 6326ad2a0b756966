#include "muster/sim/border.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "invariants.hpp"
#include "stage.hpp"

namespace muster::sim {
namespace {

constexpr PlayerId players = 12;
constexpr Tick repeat_interval = 4;
constexpr Rules rules{.mode = Mode::team_deathmatch,
                      .players_max = players,
                      .match_length = 1'000'000,
                      .respawn = 30,
                      .spawn_protection = 10};

/// A line that delays, reorders and loses what goes over it.
class Line {
  public:
    explicit Line(std::uint64_t seed) : random_(seed) {}
    void send(std::function<void()> deliver) {
        if (random_.below(100) < 25) return;
        under_way_.emplace(now_ + 1 + random_.below(5), std::move(deliver));
    }
    void tick() {
        ++now_;
        while (!under_way_.empty() && under_way_.begin()->first <= now_) {
            const auto deliver = std::move(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
            deliver();
        }
    }
    [[nodiscard]] Tick now() const { return now_; }

  private:
    Random random_;
    Tick now_ = 0;
    std::multimap<Tick, std::function<void()>> under_way_;
};

/// What a host does for its world: carries, repeats until answered, keeps the newest.
struct Side {
    using Number = std::pair<std::uint32_t, std::uint32_t>;
    struct Departure {
        std::uint32_t epoch = 0;
        std::vector<std::byte> bytes;
        Tick since = 0;
    };

    Side(Line& its_line, bool is_west)
        : line(its_line),
          west(is_west),
          stage(rules, {wall(-40, 850, 30, 10, 100)}, {},
                {{place(-50, 800), Team::none}, {place(50, 800), Team::none}}) {
        const Box half = west ? Box{place(-1000, -1000), place(0, 1000)}
                              : Box{place(0, -1000), place(1000, 1000)};
        const Part part{.origin = west ? 1U : 2U,
                        .regions = {half},
                        .decides_match = west,
                        .projectile_rest = static_cast<std::uint16_t>(west ? 1 : 0),
                        .projectile_stride = 2};
        EXPECT_TRUE(stage.world.set_part(part).has_value());
    }

    [[nodiscard]] bool owns(PlayerId id) const {
        const Player& player = stage.world.players()[id];
        return player.present && !player.ghost;
    }
    void step();
    void repeat();
    void send_poses();
    void release_those_beyond();
    void arrive(PlayerId id, const Departure& departure);
    void hear(PlayerId id, std::uint32_t epoch, Tick at, const Pose& pose);
    /// Judged here if it is this side's to judge.
    std::optional<Verdict> judge(const Claim& claim);
    bool settle(const Verdict& verdict);
    void hear_verdict(const Verdict& verdict);

    Line& line;
    bool west;
    Stage stage;
    Side* other = nullptr;
    std::map<Number, Claim> claims;      ///< not answered yet
    std::map<Number, Verdict> verdicts;  ///< not counted yet
    std::map<PlayerId, Departure> departures;
    std::array<std::uint32_t, players> epochs{};
    std::array<Tick, players> heard_at{};
    std::map<Number, Verdict> judged;
    std::size_t arrivals = 0;
    std::size_t foreign_kills = 0;
};

void Side::step() {
    stage.world.step();
    check_invariants(stage.world, false);
    for (const Claim& claim : stage.world.claims()) {
        EXPECT_TRUE(claims.emplace(Number{claim.origin, claim.number}, claim).second);
    }
    for (const Verdict& verdict : stage.world.verdicts()) {
        EXPECT_TRUE(verdicts.emplace(Number{verdict.origin, verdict.number}, verdict).second);
    }
    release_those_beyond();
}

void Side::release_those_beyond() {
    for (PlayerId id = 0; id < players; ++id) {
        if (!owns(id)) continue;
        const Length x = stage.player(id).at.x;
        if (west ? x < 15 * unit : x > -15 * unit) continue;
        const Record record = stage.world.release(id).value();
        departures[id] = {++epochs[id], record.encode(), line.now()};
    }
}

void Side::arrive(PlayerId id, const Departure& departure) {
    if (departure.epoch > epochs[id]) {
        const auto record = Record::decode(departure.bytes);
        ASSERT_TRUE(record.has_value()) << record.error().message;
        const auto adopted = stage.world.adopt(*record, line.now() - departure.since);
        ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
        epochs[id] = departure.epoch;
        ++arrivals;
    }
    line.send([this, id, epoch = departure.epoch] {
        const auto left = other->departures.find(id);
        if (left != other->departures.end() && left->second.epoch == epoch) {
            other->departures.erase(left);
        }
    });
}

void Side::send_poses() {
    for (PlayerId id = 0; id < players; ++id) {
        if (!owns(id)) continue;
        Pose pose = pose_of(stage.world, id);
        pose.name = {};
        line.send([this, id, epoch = epochs[id], at = line.now(), pose] {
            other->hear(id, epoch, at, pose);
        });
    }
}

void Side::hear(PlayerId id, std::uint32_t epoch, Tick at, const Pose& pose) {
    // Older than what is known: of an owner of before, or overtaken.
    if (epoch < epochs[id] || at < heard_at[id] || owns(id)) return;
    heard_at[id] = at;
    const auto posed = stage.world.pose(id, pose);
    EXPECT_TRUE(posed.has_value()) << posed.error().message;
}

std::optional<Verdict> Side::judge(const Claim& claim) {
    const auto verdict = stage.world.judge(claim);
    if (!verdict) {
        EXPECT_EQ(verdict.error().code, Errc::not_found) << verdict.error().message;
        return {};
    }
    const auto [known, fresh] = judged.emplace(Number{claim.origin, claim.number}, *verdict);
    // By an earlier owner of the victim, too.
    const auto there = other->judged.find({claim.origin, claim.number});
    EXPECT_EQ(known->second, *verdict) << "judged once";
    if (there != other->judged.end()) EXPECT_EQ(there->second, *verdict) << "by one";
    if (fresh && verdict->granted && claim.kind == Claim::Kind::hit) ++foreign_kills;
    return *verdict;
}

bool Side::settle(const Verdict& verdict) {
    const auto settled = stage.world.settle(verdict);
    EXPECT_TRUE(settled.has_value());
    return settled && *settled != Settled::elsewhere;
}

void Side::hear_verdict(const Verdict& verdict) {
    const Number number{verdict.origin, verdict.number};
    if (claims.erase(number) == 0) return;
    if (!settle(verdict)) verdicts.emplace(number, verdict);
}

void Side::repeat() {
    for (const auto& gone : departures) {
        line.send([this, gone] { other->arrive(gone.first, gone.second); });
    }
    const std::map<Number, Claim> open = claims;
    for (const auto& [number, claim] : open) {
        // The victim may have come here since.
        if (const auto verdict = judge(claim)) {
            hear_verdict(*verdict);
            continue;
        }
        line.send([this, asked = claim] {
            const auto verdict = other->judge(asked);
            if (verdict) line.send([this, answer = *verdict] { hear_verdict(answer); });
        });
    }
    std::erase_if(verdicts, [this](const auto& one) { return settle(one.second); });
    for (const auto& passed_on : verdicts) {
        line.send([this, passed_on] {
            if (!other->settle(passed_on.second)) return;
            line.send([this, number = passed_on.first] { verdicts.erase(number); });
        });
    }
}

struct Neighbours {
    explicit Neighbours(std::uint64_t seed)
        : line(seed), west(line, true), east(line, false), random(seed + 100) {
        west.other = &east;
        east.other = &west;
        for (PlayerId id = 0; id < players; ++id) {
            Side& side = id % 4 < 2 ? west : east;
            const Team team = id % 2 == 0 ? Team::red : Team::blue;
            EXPECT_EQ(side.stage.world.join({.team = team, .id = id}).value(), id);
            // Before somebody crosses, it is a ghost there: its inputs wait for it.
            EXPECT_TRUE(side.other->stage.world.pose(id, pose_of(side.stage.world, id)));
        }
    }

    void tell_match() {
        Match match = west.stage.world.match();
        match.ends_at = ticks_left(west.stage.world.tick(), match.ends_at);
        EXPECT_TRUE(east.stage.world.set_match(match).has_value());
    }
    /// Every page sends each of its inputs to both.
    void send_inputs(bool fight) {
        for (PlayerId id = 0; id < players; ++id) {
            Input& input = inputs[id];
            if (random.below(12) == 0) {
                // To and fro over the border, near to each other, at somebody.
                input.buttons = static_cast<std::uint8_t>(random.below(16));
                const Vec from = at(id);
                if (from.x < -80 * unit) input.buttons = Input::right;
                if (from.x > 80 * unit) input.buttons = Input::left;
                if (from.y < 760 * unit) input.buttons |= Input::down;
                input.buttons |= Input::fire | Input::strike;
                input.aim = angle_of(at(static_cast<PlayerId>(random.below(players))) - from);
            }
            if (!fight) input.buttons = 0;
            ++input.sequence;
            west.stage.world.submit(id, input);
            late.emplace_back(id, input);
        }
        // The way to the east is two ticks longer.
        while (late.size() > 2 * players) {
            east.stage.world.submit(late.front().first, late.front().second);
            late.erase(late.begin());
        }
    }
    [[nodiscard]] Vec at(PlayerId id) { return (west.owns(id) ? west : east).stage.player(id).at; }
    void check() {
        for (PlayerId id = 0; id < players; ++id) {
            const bool here = west.owns(id);
            const bool there = east.owns(id);
            ASSERT_FALSE(here && there) << id << " is doubled";
            if (!here && !there) {
                ASSERT_TRUE(west.departures.contains(id) || east.departures.contains(id))
                    << id << " is lost";
                continue;
            }
            const Stage& stage = here ? west.stage : east.stage;
            const Player& player = stage.world.players()[id];
            ASSERT_GE(player.acknowledged, acknowledged[id]) << id;
            acknowledged[id] = player.acknowledged;
            const InputQueue& queue = stage.queue(id);
            ASSERT_EQ(queue.newest() - player.acknowledged, queue.count())
                << id << ": an input is missing, or done twice";
        }
    }
    void tick(bool fight) {
        line.tick();
        send_inputs(fight);
        check();
        west.step();
        tell_match();
        east.step();
        check();
        if (line.now() % 2 == 0) {
            west.send_poses();
            east.send_poses();
        }
        if (line.now() % repeat_interval == 0) {
            west.repeat();
            east.repeat();
        }
    }

    Line line;
    Side west;
    Side east;
    Random random;
    std::array<Input, players> inputs{};
    std::vector<std::pair<PlayerId, Input>> late;
    std::array<std::uint32_t, players> acknowledged{};
};

TEST(Border, LosesNothingAndDoublesNothingWhateverTheLineDoes) {
    std::size_t arrivals = 0;
    std::size_t foreign_kills = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        Neighbours both(seed);
        for (int i = 0; i < 500 && !testing::Test::HasFatalFailure(); ++i) both.tick(true);
        for (int i = 0; i < 300 && !testing::Test::HasFatalFailure(); ++i) both.tick(false);
        ASSERT_TRUE(both.west.claims.empty() && both.east.claims.empty());
        ASSERT_TRUE(both.west.verdicts.empty() && both.east.verdicts.empty());
        std::size_t kills = 0;
        std::size_t deaths = 0;
        for (PlayerId id = 0; id < players; ++id) {
            ASSERT_NE(both.west.owns(id), both.east.owns(id)) << id;
            const Side& side = both.west.owns(id) ? both.west : both.east;
            const Player& player = side.stage.world.players()[id];
            kills += player.kills;
            deaths += player.deaths;
            EXPECT_EQ(player.score, player.kills * 100);
        }
        EXPECT_EQ(kills, deaths) << "each is counted once";
        const Match& match = both.west.stage.world.match();
        EXPECT_EQ(std::size_t{match.scores[0]} + match.scores[1], kills);
        arrivals += both.west.arrivals + both.east.arrivals;
        foreign_kills += both.west.foreign_kills + both.east.foreign_kills;
    }
    EXPECT_GT(arrivals, 20U) << "people crossed";
    EXPECT_GT(foreign_kills, 3U) << "and killed over the border";
}

}  // namespace
}  // namespace muster::sim
