#include "instance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "muster/base/encoding.hpp"

namespace muster::plugins {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t reason_bytes_max = 500;
constexpr std::size_t line_bytes_max = 1'000;
constexpr std::size_t metric_name_max = 40;
constexpr std::array<std::string_view, 9> call_names{
    "create", "destroy", "join", "leave", "message", "event", "tick", "timer", "info"};

double milliseconds_of(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / 1e6;
}

// One line, whatever is in it.
std::string clean(std::string_view text, std::size_t bytes_max) {
    std::string out = to_utf8(text.substr(0, bytes_max));
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

}  // namespace

Instance::Instance(const Options& options, const Library& library, host::ExtensionHost& world,
                   std::unique_ptr<Store> store)
    : options_(options), library_(library), world_(world), store_(std::move(store)) {
    const auto known = options.settings.find(library.name);
    if (known != options.settings.end()) settings_ = &known->second;
}

std::string Instance::title() const {
    return "plugin " + library_.name + " in " + world_.world_name();
}

Timestamp Instance::stamp() const {
    return Timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(world_.now()));
}

std::uint64_t Instance::now_ms() const {
    return static_cast<std::uint64_t>(stamp().time_since_epoch().count());
}

template <typename Function>
std::int32_t Instance::run(Call kind, Function&& function) {
    reason_.clear();
    const auto start = options_.clock();
    held_since_.store(start.count(), relaxed);
    caller_.store(std::this_thread::get_id(), relaxed);
    const std::int32_t status = function();
    caller_.store({}, relaxed);
    held_since_.store(0, relaxed);
    const auto took = options_.clock() - start;
    tick_took_ += took;
    calls_.fetch_add(1, relaxed);
    busy_ns_.fetch_add(static_cast<std::uint64_t>(took.count()), relaxed);
    auto& in_row = failed_in_row_[static_cast<std::size_t>(kind)];
    if (status == MUSTER_OK) {
        in_row = 0;
    } else {
        ++in_row;
        failed(kind);
    }
    return status;
}

void Instance::failed(Call kind) {
    errors_.fetch_add(1, relaxed);
    const auto index = static_cast<std::size_t>(kind);
    const std::string why =
        reason_.empty() ? "it does not say why" : clean(reason_, reason_bytes_max);
    if (kind == Call::create) return;
    complain(fmt::format("{} failed in {}: {}", title(), call_names[index], why));
    if (options_.strikes > 0 && failed_in_row_[index] >= options_.strikes) {
        switch_off(fmt::format("{} failed {} times in a row, lastly: {}", call_names[index],
                               failed_in_row_[index], why));
    }
}

void Instance::complain(const std::string& text) {
    if (!complaints_.take(stamp())) {
        ++unsaid_;
        return;
    }
    const std::uint64_t more = std::exchange(unsaid_, 0);
    options_.log(host::LogLevel::warning,
                 more == 0 ? text : fmt::format("{} (and {} times before this)", text, more));
}

void Instance::switch_off(const std::string& why) {
    if (off_.exchange(true)) return;
    timers_.clear();
    options_.log(host::LogLevel::error, title() + " is switched off: " + why);
}

Result<void> Instance::open() {
    const auto status =
        run(Call::create, [this] { return library_.calls.create(&api(), this, &instance_); });
    is_open_ = status == MUSTER_OK;
    if (is_open_) return {};
    return fail(Errc::invalid_argument,
                title() + " does not start: " +
                    (reason_.empty() ? "it does not say why" : clean(reason_, reason_bytes_max)),
                "world.plugins");
}

void Instance::close() {
    if (!std::exchange(is_open_, false)) return;
    run(Call::destroy, [this] {
        library_.calls.destroy(instance_);
        return std::int32_t{MUSTER_OK};
    });
}

void Instance::join(sim::PlayerId player, bool returned) {
    if (off_.load(relaxed) || library_.calls.join == nullptr) return;
    run(Call::join, [&] { return library_.calls.join(instance_, player, returned ? 1 : 0); });
}

void Instance::leave(sim::PlayerId player) {
    if (off_.load(relaxed) || library_.calls.leave == nullptr) return;
    run(Call::leave, [&] { return library_.calls.leave(instance_, player); });
}

void Instance::message(const host::ExtensionMessage& message) {
    if (off_.load(relaxed) || library_.calls.message == nullptr) return;
    const bool is_players = message.from != sim::no_player;
    const muster_message given{.size = sizeof(muster_message),
                               .from = static_cast<std::uint8_t>(
                                   is_players ? MUSTER_FROM_PLAYER : MUSTER_FROM_COORDINATOR),
                               .command = message.command,
                               .player = message.from,
                               .payload = message.payload.data(),
                               .payload_size = static_cast<std::uint32_t>(message.payload.size())};
    run(Call::message, [&] { return library_.calls.message(instance_, &given); });
}

void Instance::event(const muster_event& event) {
    if (off_.load(relaxed) || library_.calls.event == nullptr) return;
    run(Call::event, [&] { return library_.calls.event(instance_, &event); });
}

void Instance::info(host::LogLevel level, std::string_view text) {
    if (off_.load(relaxed) || library_.calls.info == nullptr) return;
    run(Call::info, [&] {
        return library_.calls.info(instance_, static_cast<std::int32_t>(level), text.data(),
                                   static_cast<std::uint32_t>(text.size()));
    });
}

void Instance::tick() {
    if (off_.load(relaxed)) return;
    if (library_.calls.tick != nullptr) {
        const auto tick = world_.world().tick();
        run(Call::tick, [&] { return library_.calls.tick(instance_, tick); });
    }
    const std::uint64_t now = now_ms();
    while (!off_.load(relaxed) && library_.calls.timer != nullptr) {
        const auto timer = timers_.take_due(now);
        if (!timer) break;
        run(Call::timer, [&] { return library_.calls.timer(instance_, *timer); });
    }
    judge_tick();
}

void Instance::judge_tick() {
    const auto took = std::exchange(tick_took_, std::chrono::nanoseconds(0));
    if (took <= options_.budget) {
        slow_in_row_ = 0;
        return;
    }
    slow_.fetch_add(1, relaxed);
    ++slow_in_row_;
    complain(fmt::format("{} took {:.1f} ms in a tick: over its {:.1f} ms", title(),
                         milliseconds_of(took), milliseconds_of(options_.budget)));
    if (options_.strikes > 0 && slow_in_row_ >= options_.strikes) {
        switch_off(fmt::format("it was over its {:.1f} ms in {} ticks in a row, lastly {:.1f} ms",
                               milliseconds_of(options_.budget), slow_in_row_,
                               milliseconds_of(took)));
    }
}

host::PluginStatistics Instance::statistics() const {
    host::PluginStatistics out;
    out.name = library_.name;
    out.version = library_.version;
    out.calls = calls_.load(relaxed);
    out.errors = errors_.load(relaxed);
    out.slow = slow_.load(relaxed);
    out.refused = refused_.load(relaxed);
    out.busy_us = busy_ns_.load(relaxed) / 1'000;
    out.off = off_.load(relaxed);
    const std::lock_guard lock(metrics_mutex_);
    out.metrics.assign(metrics_.begin(), metrics_.end());
    return out;
}

const std::string* Instance::setting(std::string_view key) const {
    if (settings_ == nullptr) return nullptr;
    const auto known = settings_->find(key);
    return known == settings_->end() ? nullptr : &known->second;
}

bool Instance::may_send() {
    if (messages_.take(stamp())) return true;
    refused_.fetch_add(1, relaxed);
    return false;
}

std::int32_t Instance::sent(host::Sent how) {
    switch (how) {
        case host::Sent::queued:
            return MUSTER_OK;
        case host::Sent::absent:
            return MUSTER_NOT_FOUND;
        case host::Sent::unfit:
            return MUSTER_INVALID;
        case host::Sent::limited:
            refused_.fetch_add(1, relaxed);
            return MUSTER_LIMITED;
    }
    return MUSTER_FAILED;
}

std::int32_t Instance::log(std::int32_t level, std::string_view text) {
    if (level < MUSTER_LOG_INFO || level > MUSTER_LOG_ERROR) return MUSTER_INVALID;
    if (!lines_.take(stamp())) return MUSTER_LIMITED;
    options_.log(static_cast<host::LogLevel>(level), title() + ": " + clean(text, line_bytes_max));
    return MUSTER_OK;
}

std::int32_t Instance::set_metric(std::string_view name, double value) {
    const auto is_allowed = [](const char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (name.empty() || name.size() > metric_name_max || !std::ranges::all_of(name, is_allowed) ||
        !std::isfinite(value)) {
        return MUSTER_INVALID;
    }
    const std::lock_guard lock(metrics_mutex_);
    const auto known = metrics_.find(name);
    if (known != metrics_.end()) {
        known->second = value;
        return MUSTER_OK;
    }
    if (metrics_.size() >= MUSTER_METRICS_MAX) return MUSTER_LIMITED;
    metrics_.emplace(name, value);
    return MUSTER_OK;
}

}  // namespace muster::plugins
