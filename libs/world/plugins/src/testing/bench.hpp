#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/plugin.h"
#include "muster/plugins/plugins.hpp"
#include "muster/sim/world.hpp"

/// A world without a server, for plugins to be tried in: time and people are what the test says.
namespace muster::plugins::testing {

/// A folder of its own, gone with it.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path path;
};

/// The .so of that name among the tests' plugins, or the examples.
[[nodiscard]] std::string test_plugin(const std::string& name);
[[nodiscard]] std::string example(const std::string& name);

/// What was logged, from whatever thread.
class Log {
  public:
    void add(std::string_view text);
    [[nodiscard]] std::size_t count(const std::string& part) const;
    [[nodiscard]] bool has(const std::string& part) const { return count(part) > 0; }
    [[nodiscard]] std::string all() const;

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;  // guarded by mutex_
};

class Bench : public host::ExtensionHost {
  public:
    Bench();
    ~Bench() override;

    /// Options whose log and clock are the bench's, and whose stores are written by hand.
    [[nodiscard]] Options options(std::vector<std::string> files);
    /// Loads and opens them in this world; what went wrong, or nothing.
    [[nodiscard]] Result<void> open(Options options);
    [[nodiscard]] Result<void> open(std::vector<std::string> files) {
        return open(options(std::move(files)));
    }
    void close();

    sim::PlayerId join(const std::string& name);
    void leave(sim::PlayerId player);
    /// A step of the world, `ms` later, with its events and the plugins' tick.
    void tick(std::chrono::milliseconds ms = std::chrono::milliseconds(16));
    void happen(const sim::Event& event) { extension_->on_events({&event, 1}); }
    void send_to_plugins(sim::PlayerId from, std::uint8_t command, std::string_view payload);
    [[nodiscard]] host::PluginStatistics statistics() const;
    /// What plugins sent to everybody with command 0 since the last call, in order.
    [[nodiscard]] std::vector<std::string> told();

    // ExtensionHost
    [[nodiscard]] const std::string& world_name() const override { return name_; }
    [[nodiscard]] const sim::World& world() const override { return world_; }
    [[nodiscard]] host::Elapsed now() const override { return now_; }
    [[nodiscard]] bool is_person(sim::PlayerId player) const override {
        return people_.contains(player);
    }
    host::Sent send(sim::PlayerId to, std::uint8_t command,
                    std::span<const std::byte> payload) override;
    host::Sent say(sim::PlayerId to, std::string_view name, std::string_view text) override;
    host::Sent report(std::string_view plugin, std::uint8_t command,
                      std::span<const std::byte> payload) override;

    struct Message {
        sim::PlayerId to = sim::no_player;
        std::uint8_t command = 0;
        std::string payload;
    };
    std::vector<Message> sent;
    std::vector<std::string> reports;  ///< "plugin 20 payload"
    std::vector<std::string> chats;    ///< "plugin to 3: text"
    host::Sent answer = host::Sent::queued;
    Log log;
    Folder folder;
    /// How far the clock goes when a plugin logs a line.
    std::chrono::microseconds per_line{0};
    std::function<void()> while_held;  ///< called then, within the plugin's call
    std::shared_ptr<Plugins> plugins;

  private:
    const std::string name_ = "bench";
    sim::World world_;
    host::Elapsed now_{1'000'000};
    std::atomic<std::int64_t> clock_{1'000'000'000};  // nanoseconds
    std::set<sim::PlayerId> people_;
    std::shared_ptr<host::Extension> extension_;
    bool is_open_ = false;
    std::size_t told_ = 0;
};

}  // namespace muster::plugins::testing
