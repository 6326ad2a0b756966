#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "instance.hpp"

namespace muster::plugins {

/// What all worlds' plugins have together.
struct Shelf {
    explicit Shelf(Options given)
        : options(std::move(given)),
          writer([this](const std::string& text) { options.log(host::LogLevel::error, text); }) {}

    const Options options;
    std::vector<Library> libraries;  ///< fixed once they are loaded
    StoreWriter writer;
};

/// All plugins of one world, in the order in which they were loaded.
class WorldPlugins final : public host::Extension {
  public:
    WorldPlugins(std::shared_ptr<Shelf> shelf, std::string world)
        : shelf_(std::move(shelf)), world_(std::move(world)) {}
    ~WorldPlugins() override { close(); }

    Result<void> open(host::ExtensionHost& host) override;
    void close() override;
    void on_join(sim::PlayerId player, bool returned) override;
    void on_leave(sim::PlayerId player) override;
    void on_message(const host::ExtensionMessage& message) override;
    void on_events(std::span<const sim::Event> events) override;
    void on_tick() override;
    [[nodiscard]] std::vector<host::PluginStatistics> statistics() const override;

    /// Any thread: a line of the log, for the next tick.
    void tap(host::LogLevel level, std::string_view text);
    /// Any thread: names in the log who has not returned for long, once.
    void look(std::chrono::nanoseconds now);

  private:
    static constexpr std::size_t lines_max = 64;
    struct Line {
        host::LogLevel level = host::LogLevel::info;
        std::string text;
    };
    void give_lines();

    const std::shared_ptr<Shelf> shelf_;
    const std::string world_;
    host::ExtensionHost* host_ = nullptr;
    std::atomic<bool> listens_{false};  ///< somebody wants lines

    mutable std::mutex instances_mutex_;  ///< of the list, which only open() and close() change
    std::vector<std::unique_ptr<Instance>> instances_;
    std::vector<std::chrono::nanoseconds> named_;  ///< the calls that look() has named

    std::mutex lines_mutex_;
    std::vector<Line> lines_;  // guarded by lines_mutex_
    std::atomic<bool> has_lines_{false};
};

}  // namespace muster::plugins
