#include "world_plugins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::plugins {
namespace {

constexpr std::chrono::seconds held_too_long{2};
constexpr std::size_t line_bytes_max = 1'000;

// 0: plugins are not told.
std::uint16_t kind_of(sim::Event::Kind kind) {
    using Kind = sim::Event::Kind;
    switch (kind) {
        case Kind::killed:
            return MUSTER_EVENT_KILLED;
        case Kind::flag_taken:
            return MUSTER_EVENT_FLAG_TAKEN;
        case Kind::flag_dropped:
            return MUSTER_EVENT_FLAG_DROPPED;
        case Kind::flag_returned:
            return MUSTER_EVENT_FLAG_RETURNED;
        case Kind::flag_captured:
            return MUSTER_EVENT_FLAG_CAPTURED;
        case Kind::match_started:
            return MUSTER_EVENT_MATCH_STARTED;
        case Kind::match_ended:
            return MUSTER_EVENT_MATCH_ENDED;
        case Kind::spawned:
            return MUSTER_EVENT_SPAWNED;
        case Kind::joined:
            return MUSTER_EVENT_CAME;
        case Kind::left:
            return MUSTER_EVENT_WENT;
        default:
            return 0;
    }
}

}  // namespace

Result<void> WorldPlugins::open(host::ExtensionHost& host) {
    host_ = &host;
    for (const Library& library : shelf_->libraries) {
        auto store = Store::open(shelf_->options.folder / world_ / (library.name + ".store"),
                                 shelf_->writer);
        if (!store) {
            close();
            return fail(store.error().code, "plugin " + library.name + ": " + store.error().message,
                        "world.plugins");
        }
        auto instance =
            std::make_unique<Instance>(shelf_->options, library, host, std::move(*store));
        if (auto opened = instance->open(); !opened) {
            close();
            return opened;
        }
        if (library.calls.info != nullptr) listens_ = true;
        const std::lock_guard lock(instances_mutex_);
        instances_.push_back(std::move(instance));
        named_.emplace_back(0);
    }
    return {};
}

void WorldPlugins::close() {
    // They are kept for statistics() until the end; only their host may go now.
    for (const auto& instance : instances_) instance->close();
    shelf_->writer.turn();
}

void WorldPlugins::on_join(sim::PlayerId player, bool returned) {
    for (const auto& instance : instances_) instance->join(player, returned);
}

void WorldPlugins::on_leave(sim::PlayerId player) {
    for (const auto& instance : instances_) instance->leave(player);
}

void WorldPlugins::on_message(const host::ExtensionMessage& message) {
    for (const auto& instance : instances_) instance->message(message);
}

void WorldPlugins::on_events(std::span<const sim::Event> events) {
    for (const sim::Event& event : events) {
        const std::uint16_t kind = kind_of(event.kind);
        if (kind == 0) continue;
        const muster_event given{.size = sizeof(muster_event),
                                 .tick = host_->world().tick(),
                                 .kind = kind,
                                 .player = event.player,
                                 .other = event.other,
                                 .team = static_cast<std::uint8_t>(event.team),
                                 .weapon = static_cast<std::uint8_t>(event.weapon)};
        for (const auto& instance : instances_) instance->event(given);
    }
}

void WorldPlugins::on_tick() {
    give_lines();
    for (const auto& instance : instances_) instance->tick();
}

void WorldPlugins::give_lines() {
    if (!has_lines_.load(std::memory_order_relaxed)) return;
    std::vector<Line> lines;
    {
        const std::lock_guard lock(lines_mutex_);
        lines.swap(lines_);
        has_lines_.store(false, std::memory_order_relaxed);
    }
    for (const Line& line : lines) {
        for (const auto& instance : instances_) instance->info(line.level, line.text);
    }
}

void WorldPlugins::tap(host::LogLevel level, std::string_view text) {
    if (!listens_) return;
    const std::lock_guard lock(lines_mutex_);
    if (lines_.size() >= lines_max) return;
    lines_.push_back({level, std::string(text.substr(0, line_bytes_max))});
    has_lines_.store(true, std::memory_order_relaxed);
}

std::vector<host::PluginStatistics> WorldPlugins::statistics() const {
    const std::lock_guard lock(instances_mutex_);
    std::vector<host::PluginStatistics> out;
    for (const auto& instance : instances_) out.push_back(instance->statistics());
    return out;
}

void WorldPlugins::look(std::chrono::nanoseconds now) {
    const std::lock_guard lock(instances_mutex_);
    for (std::size_t i = 0; i < instances_.size(); ++i) {
        const auto since = instances_[i]->held_since();
        if (since.count() == 0 || now - since < held_too_long || named_[i] == since) continue;
        named_[i] = since;
        shelf_->options.log(
            host::LogLevel::error,
            fmt::format("{} has not returned from a call for {} s: its world "
                        "stands still",
                        instances_[i]->title(),
                        std::chrono::floor<std::chrono::seconds>(now - since).count()));
    }
}

}  // namespace muster::plugins
