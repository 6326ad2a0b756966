#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "library.hpp"
#include "muster/base/bucket.hpp"
#include "muster/plugins/plugins.hpp"
#include "store.hpp"
#include "timers.hpp"

/// What plugin.h leaves open: an Instance is one.
struct muster_host {};

namespace muster::plugins {

enum class Call : std::uint8_t { create, destroy, join, leave, message, event, tick, timer, info };

/// One plugin in one world: makes its calls, takes their time, answers what they ask, and switches
/// it off when it fails or is slow too often in a row. The world's thread, but for open(), close(),
/// statistics() and held_since().
class Instance : public muster_host {
  public:
    /// All of them outlive it.
    Instance(const Options& options, const Library& library, host::ExtensionHost& world,
             std::unique_ptr<Store> store);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] Result<void> open();
    void close();

    void join(sim::PlayerId player, bool returned);
    void leave(sim::PlayerId player);
    void message(const host::ExtensionMessage& message);
    void event(const muster_event& event);
    void info(host::LogLevel level, std::string_view text);
    /// The tick and the timers that are due; then what all of its calls since the last one took is
    /// judged.
    void tick();

    [[nodiscard]] host::PluginStatistics statistics() const;  ///< any thread
    /// Since when a call has not returned; zero: none runs. Any thread.
    [[nodiscard]] std::chrono::nanoseconds held_since() const {
        return std::chrono::nanoseconds(held_since_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::string title() const;  ///< for logs

    // For the functions of muster_api (api.cpp): within a call only.
    [[nodiscard]] bool is_called_here() const {
        return caller_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    [[nodiscard]] host::ExtensionHost& world() const { return world_; }
    [[nodiscard]] Store& store() const { return *store_; }
    [[nodiscard]] Timers& timers() { return timers_; }
    [[nodiscard]] std::uint64_t now_ms() const;
    [[nodiscard]] const std::string* setting(std::string_view key) const;
    [[nodiscard]] std::int32_t sent(host::Sent how);
    [[nodiscard]] bool may_send();
    [[nodiscard]] std::int32_t log(std::int32_t level, std::string_view text);
    [[nodiscard]] std::int32_t set_metric(std::string_view name, double value);
    void set_reason(std::string_view text) { reason_ = text; }
    [[nodiscard]] const std::string& name() const { return library_.name; }

  private:
    static constexpr std::size_t kinds = 9;  ///< of Call

    template <typename Function>
    std::int32_t run(Call kind, Function&& function);
    void failed(Call kind);
    void judge_tick();
    void switch_off(const std::string& why);
    void complain(const std::string& text);
    [[nodiscard]] Timestamp stamp() const;

    const Options& options_;
    const Library& library_;
    host::ExtensionHost& world_;
    const PluginSettings* settings_ = nullptr;
    const std::unique_ptr<Store> store_;
    Timers timers_{MUSTER_TIMERS_MAX};
    void* instance_ = nullptr;
    bool is_open_ = false;
    std::string reason_;  ///< why the call that runs fails
    std::array<std::uint32_t, kinds> failed_in_row_{};
    std::uint32_t slow_in_row_ = 0;
    std::chrono::nanoseconds tick_took_{0};
    std::uint64_t unsaid_ = 0;  ///< complaints that were one too many
    Bucket complaints_{{.per_second = 0.2, .burst = 3}};
    Bucket lines_{{.per_second = 20, .burst = 40}};
    Bucket messages_{{.per_second = 2'000, .burst = 2'000}};

    std::atomic<std::thread::id> caller_{};
    std::atomic<std::int64_t> held_since_{0};
    std::atomic<std::uint64_t> calls_{0}, errors_{0}, slow_{0}, refused_{0}, busy_ns_{0};
    std::atomic<bool> off_{false};
    mutable std::mutex metrics_mutex_;
    std::map<std::string, double, std::less<>> metrics_;  // guarded by metrics_mutex_
};

/// The functions that plugins are given.
[[nodiscard]] const muster_api& api();

}  // namespace muster::plugins
