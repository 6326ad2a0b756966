#include "muster/replication/frame.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "frame_parts.hpp"
#include "muster/base/assert.hpp"

namespace muster::replication {
namespace {

std::int32_t index_of(sim::Length from_low, sim::Length cell, std::int32_t count) {
    return std::clamp(from_low / cell, 0, count - 1);
}

// From a coordinate to each of the `2 * reach + 1` cells along one axis, squared.
void measure(std::array<float, 2 * reach_max + 1>& out, sim::Length from_low, sim::Length cell,
             std::int32_t own, std::int32_t reach, std::int32_t count) {
    for (std::int32_t n = 0; n <= 2 * reach; ++n) {
        const auto index = own + n - reach;
        const float low = static_cast<float>(index * cell);
        const float at = static_cast<float>(from_low);
        const float away = std::max({low - at, at - low - static_cast<float>(cell), 0.0F});
        out[static_cast<std::size_t>(n)] =
            index < 0 || index >= count ? std::numeric_limits<float>::infinity() : away * away;
    }
}

Grid grid_of(const sim::Map& map, sim::Length cell) {
    Grid grid;
    grid.low = map.bounds.low;
    grid.cell = cell;
    grid.columns = std::max(1, (map.bounds.high.x - map.bounds.low.x + cell - 1) / cell);
    grid.rows = std::max(1, (map.bounds.high.y - map.bounds.low.y + cell - 1) / cell);
    return grid;
}

std::vector<Frame::Parts::Step> steps_around(std::int32_t reach, std::int32_t columns) {
    std::vector<Frame::Parts::Step> around;
    for (std::int32_t row = -reach; row <= reach; ++row)
        for (std::int32_t column = -reach; column <= reach; ++column)
            around.push_back({static_cast<std::uint8_t>(column + reach),
                              static_cast<std::uint8_t>(row + reach), row * columns + column});
    std::ranges::sort(around, {}, [reach](const auto& step) {
        const auto column = step.column - reach, row = step.row - reach;
        return std::tuple(column * column + row * row, row, column);
    });
    return around;
}

bool is_shown(sim::Event::Kind kind) {
    return !sim::is_for_everybody(kind);
}

bool is_alive(const sim::Player& player) {
    return player.present && player.alive;
}

}  // namespace

Scale Scale::of(const sim::Map& map) {
    Scale scale{.low = map.bounds.low, .step = 1};
    const auto side =
        std::max(map.bounds.high.x - map.bounds.low.x, map.bounds.high.y - map.bounds.low.y);
    while (side / scale.step > 65'535) scale.step *= 2;
    return scale;
}

std::int32_t Grid::column_of(sim::Length x) const {
    return index_of(x - low.x, cell, columns);
}
std::int32_t Grid::row_of(sim::Length y) const {
    return index_of(y - low.y, cell, rows);
}
std::uint32_t Grid::cell_of(sim::Vec at) const {
    return static_cast<std::uint32_t>(row_of(at.y) * columns + column_of(at.x));
}
CellDistances Frame::Parts::distances_from(sim::Vec at) const {
    CellDistances distances;
    const auto column = grid.column_of(at.x), row = grid.row_of(at.y);
    measure(distances.columns, at.x - grid.low.x, grid.cell, column, reach, grid.columns);
    measure(distances.rows, at.y - grid.low.y, grid.cell, row, reach, grid.rows);
    distances.own = row * grid.columns + column;
    return distances;
}

Frame::Frame(const sim::World& world, FrameOptions options) : parts_(std::make_unique<Parts>()) {
    MUSTER_ASSERT(options.cell >= sim::unit && options.view >= sim::unit);
    // A view of very many cells would look at more cells than entities.
    options.cell = std::max(options.cell, options.view / reach_max + 1);
    Parts& parts = *parts_;
    parts.options = options;
    parts.scale = Scale::of(world.map());
    parts.grid = grid_of(world.map(), options.cell);
    parts.reach = (options.view + options.cell - 1) / options.cell;
    parts.around = steps_around(parts.reach, parts.grid.columns);
    const std::size_t places = world.players().size();
    const auto cells = static_cast<std::size_t>(parts.grid.columns * parts.grid.rows);
    parts.players.reserve(places);
    parts.records.reserve(places);
    parts.ids.reserve(places);
    parts.x.reserve(places);
    parts.y.reserve(places);
    parts.living.reserve(places);
    parts.place.assign(places, nowhere);
    parts.cell_start.assign(cells + 1, 0);
    parts.moment_start.assign(cells + 1, 0);
    parts.personal_first.assign(places, no_moment);
    // Only what is used of this is ever touched.
    const std::size_t moments = std::max<std::size_t>(4'096, places * 4);
    parts.moments.reserve(moments);
    parts.moment_order.reserve(moments * 2);
    parts.keys.reserve(std::max(moments, places));
    parts.personal_next.reserve(moments * 2);
    parts.vanished.reserve(places);
}
Frame::~Frame() = default;
Frame::Frame(Frame&&) noexcept = default;
Frame& Frame::operator=(Frame&&) noexcept = default;

void Frame::build(const sim::World& world, const Frame* before) {
    const Parts& past = before == nullptr ? *parts_ : *before->parts_;
    Parts& parts = *parts_;
    const auto now = world.tick();
    parts.take_vanished(world, past);
    parts.take_moments(world, past);
    parts.tick = now;
    const auto all = world.players();
    parts.players.assign(all.begin(), all.end());
    parts.sort_entities(world);
    parts.sort_moments();
    parts.link_moments();
}

void Frame::Parts::take_vanished(const sim::World& world, const Parts& before) {
    const auto now = world.tick();
    if (&before != this) vanished.assign(before.vanished.begin(), before.vanished.end());
    std::erase_if(vanished, [now](const Vanished& one) {
        return one.tick >= now || one.tick + recent_ticks <= now;
    });
    const auto all = world.players();
    for (const auto id : before.ids)
        if (!is_alive(all[id])) vanished.push_back({id, now});
}

void Frame::Parts::sort_entities(const sim::World& world) {
    living.clear();
    keys.clear();
    std::ranges::fill(cell_start, 0);
    std::ranges::fill(place, nowhere);
    carriers = {sim::no_player, sim::no_player};
    for (const sim::PlayerId id : world.present()) {
        if (!is_alive(players[id])) continue;
        const auto cell = grid.cell_of(players[id].at);
        living.push_back(id);
        keys.push_back(cell);
        ++cell_start[cell];
        if (players[id].carries == sim::Team::red) carriers[0] = id;
        if (players[id].carries == sim::Team::blue) carriers[1] = id;
    }
    std::uint32_t total = 0;
    for (auto& start : cell_start) total += std::exchange(start, total);
    records.resize(living.size());
    ids.resize(living.size());
    x.resize(living.size());
    y.resize(living.size());
    // Each start moves to its cell's end, which is the next one's start: moved back afterwards.
    for (std::size_t n = 0; n < living.size(); ++n) {
        const auto id = living[n];
        const auto index = cell_start[keys[n]]++;
        const auto& player = players[id];
        records[index] = entity_of(scale, tick, id, player);
        ids[index] = id;
        x[index] = static_cast<float>(player.at.x);
        y[index] = static_cast<float>(player.at.y);
        place[id] = static_cast<std::uint16_t>(index);
    }
    std::shift_right(cell_start.begin(), cell_start.end(), 1);
    cell_start.front() = 0;
}

void Frame::Parts::take_moments(const sim::World& world, const Parts& before) {
    const auto now = world.tick();
    if (&before != this) moments.assign(before.moments.begin(), before.moments.end());
    std::erase_if(moments, [now](const Moment& moment) {
        return moment.tick >= now || moment.tick + recent_ticks <= now;
    });
    const auto all = world.players();
    for (const sim::Event& event : world.events()) {
        if (!is_shown(event.kind)) continue;
        Moment moment;
        moment.at = event.at;
        moment.tick = now;
        moment.player = event.player;
        moment.other = event.other;
        moment.is_shot = event.kind == sim::Event::Kind::shot;
        if (moment.is_shot) {
            const bool stronger = event.player < all.size() && all[event.player].damage_until > now;
            moment.shot = shot_of(scale, event, stronger);
            add_passes(world, event, moment);
        } else {
            moment.effect = effect_of(scale, event);
        }
        moments.push_back(moment);
    }
}

void Frame::Parts::add_passes(const sim::World& world, const sim::Event& event,
                              Moment& moment) const {
    const auto& rules = sim::rules_of(event.weapon);
    if (rules.speed <= 0) return;
    const auto ticks = static_cast<std::int64_t>(options.view / 2 / rules.speed);
    if (ticks == 0) return;
    std::uint32_t last = grid.cell_of(event.at);
    sim::Vec from = event.at;
    for (std::int64_t n = 1; n <= 3 && n * ticks <= rules.lifetime; ++n) {
        const std::int64_t to_x = event.at.x + event.velocity.x * ticks * n;
        const std::int64_t to_y = event.at.y + event.velocity.y * ticks * n;
        if (to_x < grid.low.x || to_y < grid.low.y ||
            to_x >= grid.low.x + std::int64_t{grid.cell} * grid.columns ||
            to_y >= grid.low.y + std::int64_t{grid.cell} * grid.rows)
            return;
        const sim::Vec to{static_cast<sim::Length>(to_x), static_cast<sim::Length>(to_y)};
        if (!world.sees(from, to)) return;
        from = to;
        const auto cell = grid.cell_of(to);
        if (std::exchange(last, cell) != cell) moment.passes[moment.pass_count++] = cell;
    }
}

void Frame::Parts::sort_moments() {
    std::ranges::fill(moment_start, 0);
    keys.clear();
    std::uint32_t total = 0;
    for (const Moment& moment : moments) {
        keys.push_back(grid.cell_of(moment.at));
        ++moment_start[keys.back()];
        for (std::size_t n = 0; n < moment.pass_count; ++n) ++moment_start[moment.passes[n]];
        total += 1U + moment.pass_count;
    }
    moment_order.resize(total);
    total = 0;
    for (auto& start : moment_start) total += std::exchange(start, total);
    for (std::size_t n = moments.size(); n-- > 0;) {
        const Moment& moment = moments[n];
        const auto index = static_cast<std::uint32_t>(n);
        moment_order[moment_start[keys[n]]++] = index;
        for (std::size_t pass = 0; pass < moment.pass_count; ++pass)
            moment_order[moment_start[moment.passes[pass]]++] = index | passes_here;
    }
    std::shift_right(moment_start.begin(), moment_start.end(), 1);
    moment_start.front() = 0;
}

void Frame::Parts::link_moments() {
    std::ranges::fill(personal_first, no_moment);
    personal_next.resize(moments.size() * 2);
    for (std::uint32_t n = 0; n < moments.size(); ++n) {
        const Moment& moment = moments[n];
        const auto link = [&](sim::PlayerId id, std::uint32_t node) {
            if (id < personal_first.size())
                personal_next[node] = std::exchange(personal_first[id], node);
        };
        link(moment.player, 2 * n);
        if (moment.other != moment.player) link(moment.other, 2 * n + 1);
    }
}

sim::Tick Frame::tick() const {
    return parts_->tick;
}
const Scale& Frame::scale() const {
    return parts_->scale;
}
const FrameOptions& Frame::options() const {
    return parts_->options;
}
std::span<const EntityRecord> Frame::entities() const {
    return parts_->records;
}
const EntityRecord* Frame::entity(sim::PlayerId id) const {
    if (id >= parts_->place.size() || parts_->place[id] == nowhere) return nullptr;
    return &parts_->records[parts_->place[id]];
}

}  // namespace muster::replication
