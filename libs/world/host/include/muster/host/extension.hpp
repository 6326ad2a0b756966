#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/world.hpp"

/// What may take part in a world from outside of this room: plugins. Host knows no more of it.
namespace muster::host {

/// Time since the server began.
using Elapsed = std::chrono::microseconds;

enum class Sent : std::uint8_t {
    queued,   ///< on its way; lost only if the connection is
    limited,  ///< over a limit, dropped: 60 a second to one player (120 at once), 20 to all (40)
    absent,   ///< no person of this id is there
    unfit,    ///< a payload over 1,024 bytes; a text that is empty, too long or no UTF-8
};

/// What an extension may ask of its world and say in it. Only within the extension's own calls, on
/// the thread of that call.
class ExtensionHost {
  public:
    virtual ~ExtensionHost() = default;
    [[nodiscard]] virtual const std::string& world_name() const = 0;
    [[nodiscard]] virtual const sim::World& world() const = 0;
    [[nodiscard]] virtual Elapsed now() const = 0;
    /// Whether it is a person whose connection has come; it may be away for a moment.
    [[nodiscard]] virtual bool is_person(sim::PlayerId player) const = 0;
    /// A command and at most 1,024 bytes, on the control channel. To sim::no_player: to everybody.
    virtual Sent send(sim::PlayerId to, std::uint8_t command,
                      std::span<const std::byte> payload) = 0;
    /// The same as a line of chat from `name`: at most 100 characters. Counts as a message.
    virtual Sent say(sim::PlayerId to, std::string_view name, std::string_view text) = 0;
    /// To whoever runs the world (WorldServer::on_news): at most 1,024 bytes, 10 a second in a
    /// world (20 at once). `absent`: nobody listens.
    virtual Sent report(std::string_view plugin, std::uint8_t command,
                        std::span<const std::byte> payload) = 0;
};

struct ExtensionMessage {
    sim::PlayerId from = sim::no_player;  ///< no_player: WorldServer::inject, for the coordinator
    std::uint8_t command = 0;
    std::span<const std::byte> payload;  ///< at most 1,024 bytes; valid during the call
};

/// What a plugin tells those who run its world.
struct PluginNews {
    std::string world, plugin;
    std::uint8_t command = 0;
    std::vector<std::byte> payload;
};

/// How one plugin fares, since the start.
struct PluginStatistics {
    std::string name, version;
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;   ///< calls that failed
    std::uint64_t slow = 0;     ///< ticks in which it took more than its budget
    std::uint64_t refused = 0;  ///< messages over a limit
    std::uint64_t busy_us = 0;  ///< time spent in it
    bool off = false;           ///< called no more
    std::vector<std::pair<std::string, double>> metrics;  ///< its own, by name
};

/// Takes part in one world. open() comes before the world's first tick and close() after the last,
/// from the thread that starts or stops the server; on_...() from the world's thread, while no
/// other call runs. They delay the tick for as long as they take. Nothing may be thrown.
class Extension {
  public:
    virtual ~Extension() = default;
    /// The host stays until close(). An error keeps the server from starting.
    [[nodiscard]] virtual Result<void> open(ExtensionHost& host) = 0;
    virtual void close() = 0;

    /// A person's connection has come; `returned`: to a player who was there before, or who comes
    /// from another server of the world.
    virtual void on_join(sim::PlayerId player, bool returned) = 0;
    virtual void on_leave(sim::PlayerId player) = 0;  ///< for good, or to another server
    virtual void on_message(const ExtensionMessage& message) = 0;
    /// What a step did that everybody is told (sim::is_for_everybody) and more.
    virtual void on_events(std::span<const sim::Event> events) = 0;
    virtual void on_tick() = 0;  ///< last in each tick; not while the world sleeps

    [[nodiscard]] virtual std::vector<PluginStatistics> statistics() const = 0;  ///< any thread
};

}  // namespace muster::host
