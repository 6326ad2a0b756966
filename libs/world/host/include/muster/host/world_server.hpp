#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/bots/bots.hpp"
#include "muster/host/extension.hpp"
#include "muster/host/spread.hpp"
#include "muster/rtc/endpoint.hpp"
#include "muster/sim/world.hpp"

/// A world server: worlds, each with a tick thread that owns its simulation, behind network shards
/// that own the sessions of all of them on one UDP port.
namespace muster::host {

enum class LogLevel { info, warning, error };

/// One world: a map, its rules, and who is there when nobody is.
struct WorldOptions {
    std::string name = "arena";  ///< in URLs: [a-z0-9-], at most 40
    sim::Map map;
    sim::Rules rules;
    std::uint64_t seed = 0;
    bots::Options bots;
    /// Without people for so long it stops ticking until somebody joins; 0: never.
    std::chrono::milliseconds sleep_after{30'000};
    sim::Length chat_near = 0;   ///< how far words to those near go; 0: half as far as one sees
    std::string recording_file;  ///< empty: records nothing
    std::size_t recording_bytes_max = std::size_t{1} << 30U;
    std::shared_ptr<Extension> extension;  ///< of this world alone; null: none
    /// Computed together with other servers. Such a world is the only one of its server, never
    /// sleeps, and is not recorded.
    std::optional<Spread> spread{};
};

struct Options {
    std::vector<WorldOptions> worlds;  ///< 1 to 16

    std::string udp_host = "0.0.0.0";
    std::uint16_t udp_port = 7777;  ///< 0 asks the system
    /// Numeric, for candidates; empty: those of this machine.
    std::vector<std::string> public_addresses;
    std::uint16_t shards = 0;  ///< network threads; 0: one a core, four at most
    bool pin = false;          ///< each thread to its core: ticks first, then shards

    /// How often a second a world is computed: 60, 30 (two steps at a time) or 20 (three).
    std::uint8_t tick_rate = 60;
    std::uint8_t snapshot_rate = 30;   ///< a second: 60, 30, 20, 15 or 10
    std::size_t snapshot_bytes = 600;  ///< of one snapshot at most, before DTLS
    std::uint16_t sessions_max = 4'096;
    std::uint16_t sessions_per_address_max = 64;
    double joins_per_second = 200;
    double joins_per_address_per_second = 20;
    std::chrono::milliseconds resume{30'000};

    std::function<void(LogLevel, std::string_view)> log;  ///< from any thread
};

struct JoinRequest {
    std::string world{};  ///< its name; empty: the first
    std::string sdp{};
    std::string name{};
    sim::Team team = sim::Team::none;
    std::string resume{};          ///< a token of an earlier session, or empty
    std::string remote_address{};  ///< who asks, for limits
    /// Of a spread world: `not_found`, field "resume", rather than a new place for a ticket of
    /// somebody who is not here.
    bool resume_only = false;
};
struct Joined {
    std::string sdp;     ///< the answer
    std::string ticket;  ///< names this session to leave(), and resumes it
    sim::PlayerId player = sim::no_player;
};

enum class Overload : std::uint8_t { none = 0, far_thinned = 1, rate_lowered = 2 };

struct Stage {
    std::string name;
    double p50_us = 0, p99_us = 0, max_us = 0;
};

struct WorldStatistics {
    std::string world, map, mode;
    bool asleep = false;
    std::uint64_t tick = 0, ticks_late = 0, ticks_skipped = 0;
    std::chrono::milliseconds since_tick{0};  ///< since one ended; 0 while asleep
    std::vector<Stage>
        stages;  ///< inputs, bots, step, frame, tick (all of it); of the last ten seconds
    std::uint16_t people = 0, bots = 0, players_max = 0;
    std::uint64_t inputs = 0, inputs_dropped = 0, chats = 0, chats_limited = 0;
    std::uint64_t customs = 0, customs_dropped = 0;  ///< messages to plugins
    std::vector<PluginStatistics> plugins;
    std::optional<mesh::Statistics> spread{};  ///< of a spread world, at most 250 ms old
    std::uint64_t bus_dropped = 0;             ///< messages that gave way in the tick's inbox
    std::size_t inbox_depth = 0, inbox_max = 0;
};

/// What /metrics, `muster top` and /api/v1/worlds show. A copy, taken at any time.
struct Statistics {
    std::vector<WorldStatistics> worlds;
    Stage snapshots;  ///< a shard's round: interest, encoding, SCTP, DTLS, sending
    std::uint32_t sessions = 0, opening = 0, sessions_max = 0;
    std::uint64_t snapshots_sent = 0, snapshots_skipped = 0;
    std::uint64_t joins = 0, joins_refused = 0, resumed = 0;
    std::uint64_t datagrams_in = 0, datagrams_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t datagrams_dropped = 0, handshakes = 0, handshakes_failed = 0,
                  handshakes_refused = 0;
    std::uint64_t beacons = 0,
                  beacons_limited = 0;  ///< pings of the UDP port, and those over a limit
    std::chrono::seconds uptime{0};     ///< of this server, not of its machine
    std::size_t outbox_depth = 0;       ///< control messages that wait
    double snapshot_age_p99_ms = 0;     ///< of visible entities
    Overload overload = Overload::none;
    std::uint8_t snapshot_rate = 30;
    std::uint64_t process_rss_bytes = 0;  ///< of the whole process
    double process_cpu_seconds = 0;
};

/// A person in a world of this server, as those who run it see them.
struct PersonFacts {
    sim::PlayerId id = sim::no_player;
    std::string name{};
    sim::Team team = sim::Team::none;
    bool is_away = false;  ///< the connection was lost, and may come back
};
/// By id, by name (all of it), or by both.
struct Kick {
    sim::PlayerId player = sim::no_player;
    std::string name{};
    std::string reason{};  ///< for the player; at most 200 characters
};

/// The truth of one tick, for a witness of what clients decoded: all entities as the wire has them.
struct Witness {
    sim::Tick tick = 0;
    std::vector<std::byte> entities;  ///< EntityRecords, 12 bytes each
    std::uint64_t hash = 0;           ///< of the world's state
};

/// Starts its threads in open() and ends them in the destructor. Its methods may be called from any
/// thread and block for a few milliseconds at most.
class WorldServer {
  public:
    [[nodiscard]] static Result<std::unique_ptr<WorldServer>> open(Options options);
    ~WorldServer();
    WorldServer(const WorldServer&) = delete;
    WorldServer& operator=(const WorldServer&) = delete;

    [[nodiscard]] std::uint16_t udp_port() const;
    /// Calls `then` once, from a thread of the server's. `rate_limited`, `exhausted` (full, and no
    /// bot can go), `invalid_argument` (sdp, name, resume). Of a spread world `unavailable` when
    /// nobody may join here now, and when the player of the ticket is another server's.
    void join(JoinRequest request, std::function<void(Result<Joined>)> then);
    /// A ticket of another world than `world` (empty: any) does nothing.
    void leave(std::string ticket, std::string_view world = {});
    [[nodiscard]] Statistics statistics() const;
    /// The frame of a tick soon to come.
    Result<void> witness(std::string_view world, std::function<void(Witness)> then);
    Result<void> set_bots(std::string_view world, std::uint16_t wanted);
    /// Gives a message to a world's extension as the coordinator's, at the start of a tick soon to
    /// come, and wakes a world that sleeps. `not_found`: no such world, or it has no extension;
    /// `too_large`: over 1,024 bytes; `unavailable`: too much waits.
    Result<void> inject(std::string_view world, std::uint8_t command,
                        std::span<const std::byte> payload);
    /// What plugins report goes to `listen`, from a world's thread; it must not wait, nor call
    /// this. Empty: to nobody; then none is called any more when this returns.
    void on_news(std::function<void(PluginNews)> listen);
    /// Says something to everybody in the world, of a spread one to those of the other servers,
    /// too: once, wherever they go meanwhile. At most 400 characters. `not_found`,
    /// `invalid_argument` (text), `unavailable`.
    Result<void> announce(std::string_view world, std::string_view text);
    /// Tells a person of this server why, ends the connection, and gives the place away: the ticket
    /// is no good any more. Calls `then` once, from the world's thread or this one. `not_found`: no
    /// such person here; `conflict`: several of that name; `invalid_argument` (reason).
    void kick(std::string_view world, Kick kick, std::function<void(Result<PersonFacts>)> then);
    /// The people of this server, by ascending id, likewise.
    void people(std::string_view world, std::function<void(Result<std::vector<PersonFacts>>)> then);
    /// Of a spread world, from any thread and done in the tick soon to come: what the coordinator
    /// says to Spread::ask, and what it says unasked. Without such a world they do nothing.
    void decided(mesh::Decision decision);
    void withdrawn(territory::Withdraw withdraw);
    /// Tells everybody, and lets what is queued go out, for `grace` at most.
    void stop(std::chrono::milliseconds grace);

  private:
    struct Impl;
    explicit WorldServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::host
