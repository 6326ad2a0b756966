#include "script.hpp"

#include <cmath>
#include <numbers>

#include "muster/sim/input.hpp"

namespace muster::load {
namespace {

constexpr double arrived = 20;             // units
constexpr double crowd_radius = 120;       // units
constexpr std::uint32_t look_every = 30;   // ticks
constexpr double moved_at_least = 10;      // units in `look_every` ticks, or it is stuck
constexpr double burst_probability = 0.3;  // each `look_every` ticks
constexpr double dead_zone = 3;            // units: nearer than this along an axis is there
constexpr double turn_probability = 0.25;
constexpr double end_share = 0.06;             // of the map, from its sides
constexpr std::uint32_t stuck_looks_max = 12;  // then it turns round
constexpr std::uint8_t shown_ago = 6;          // ticks: what a page that interpolates shows

}  // namespace

Script::Script(Pattern pattern, std::uint64_t seed, const Ground& ground)
    : pattern_(pattern), ground_(ground), dice_(seed) {
    along_x_ = dice_.unit() < 0.5;
    forth_ = dice_.unit() < 0.5;
    if (pattern_ == Pattern::walk) {
        choose_lane();
    } else {
        choose_target();
    }
}

// The other end, on another lane; now and then across the lanes.
void Script::choose_lane() {
    if (dice_.unit() < turn_probability) along_x_ = !along_x_;
    forth_ = !forth_;
    const double end = forth_ ? 1 - end_share : end_share;
    const double lane = dice_.between(end_share, 1 - end_share);
    target_x_ = ground_.left + ground_.width * (along_x_ ? end : lane);
    target_y_ = ground_.top + ground_.height * (along_x_ ? lane : end);
    aside_looks_ = stuck_looks_ = 0;
}

// A wall in the way: along it, further each time, by turns to one side and the other; the lane is
// then where the wall ends. Who finds no way turns round.
void Script::go_round(bool is_stuck) {
    if (aside_looks_ > 0 && --aside_looks_ > 0) return;
    if (!is_stuck) {
        stuck_looks_ = 0;
        return;
    }
    if (++stuck_looks_ > stuck_looks_max) return choose_lane();
    aside_looks_ = stuck_looks_;
    aside_ = dice_.unit() < 0.5 ? aside_ : -aside_;
}

void Script::choose_target() {
    if (pattern_ == Pattern::crowd) {
        const double turn = dice_.between(0, 2 * std::numbers::pi);
        const double radius = crowd_radius * std::sqrt(dice_.unit());
        target_x_ = ground_.left + ground_.width / 2 + std::cos(turn) * radius;
        target_y_ = ground_.top + ground_.height / 2 + std::sin(turn) * radius;
        return;
    }
    target_x_ = dice_.between(ground_.left, ground_.left + ground_.width);
    target_y_ = dice_.between(ground_.top, ground_.top + ground_.height);
}

void Script::watch_progress(double x, double y) {
    const bool is_stuck = std::hypot(x - last_x_, y - last_y_) < moved_at_least;
    if (pattern_ == Pattern::walk) {
        go_round(is_stuck);
    } else if (is_stuck) {
        choose_target();
    }
    last_x_ = x;
    last_y_ = y;
    aim_turn_ = dice_.between(-0.2, 0.2);
    if (dice_.unit() < burst_probability) fire_until_ = ticks_ + look_every / 2;
}

replication::InputStep Script::next(sim::Vec at) {
    const double x = static_cast<double>(at.x) / sim::unit;
    const double y = static_cast<double>(at.y) / sim::unit;
    if (ticks_++ % look_every == 0) watch_progress(x, y);
    if (pattern_ == Pattern::walk) {
        const bool is_there = std::abs(along_x_ ? target_x_ - x : target_y_ - y) < arrived;
        if (is_there) choose_lane();
        if (aside_looks_ > 0)
            (along_x_ ? target_y_ : target_x_) = (along_x_ ? y : x) + aside_ * 99.0;
    }
    const double dx = target_x_ - x;
    const double dy = target_y_ - y;
    if (pattern_ != Pattern::walk && std::hypot(dx, dy) < arrived) choose_target();

    unsigned buttons = 0;
    if (dx > dead_zone) buttons |= sim::Input::right;
    if (dx < -dead_zone) buttons |= sim::Input::left;
    if (dy > dead_zone) buttons |= sim::Input::down;
    if (dy < -dead_zone) buttons |= sim::Input::up;
    if (ticks_ < fire_until_) buttons |= sim::Input::fire;
    if (ticks_ % 600 == 0) buttons |= sim::Input::reload;
    const double turns = std::atan2(dy, dx) / (2 * std::numbers::pi) + aim_turn_;
    replication::InputStep step;
    step.aim = static_cast<std::uint16_t>(static_cast<std::int64_t>(turns * 65'536) & 0xffff);
    step.buttons = static_cast<std::uint8_t>(buttons);
    step.seen = shown_ago;
    return step;
}

}  // namespace muster::load
