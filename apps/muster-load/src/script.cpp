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
constexpr std::uint8_t shown_ago = 6;      // ticks: what a page that interpolates shows

}  // namespace

Script::Script(Pattern pattern, std::uint64_t seed, const Ground& ground)
    : pattern_(pattern), ground_(ground), dice_(seed) {
    choose_target();
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
    if (std::hypot(x - last_x_, y - last_y_) < moved_at_least) choose_target();
    last_x_ = x;
    last_y_ = y;
    aim_turn_ = dice_.between(-0.2, 0.2);
    if (dice_.unit() < burst_probability) fire_until_ = ticks_ + look_every / 2;
}

replication::InputStep Script::next(sim::Vec at) {
    const double x = static_cast<double>(at.x) / sim::unit;
    const double y = static_cast<double>(at.y) / sim::unit;
    if (ticks_++ % look_every == 0) watch_progress(x, y);
    const double dx = target_x_ - x;
    const double dy = target_y_ - y;
    if (std::hypot(dx, dy) < arrived) choose_target();

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
