#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "beacon.hpp"
#include "cadence.hpp"
#include "histogram.hpp"
#include "inbound.hpp"
#include "muster/base/bucket.hpp"
#include "muster/replication/viewer.hpp"
#include "muster/rtc/endpoint.hpp"
#include "muster/udp/socket.hpp"
#include "shared.hpp"

namespace muster::host {

/// A datagram that reached a shard which does not know its sender, on its way to the one that may.
struct Forwarded {
    enum class Kind : std::uint8_t {
        datagram,
        known,  ///< no bytes: the receiver's datagrams from this address are for the sender of this
    };
    Kind kind = Kind::datagram;
    rtc::Address from;
    std::uint16_t size = 0;
    std::array<std::byte, 1'500> bytes;
};
using ForwardRing = Ring<Forwarded>;

/// To each shard from each other one: [to][from].
using ForwardRings = std::vector<std::vector<std::unique_ptr<ForwardRing>>>;

/// A network thread: a socket of the port, and the sessions whose ufrag names it. open() before and
/// start() after the worlds are made; what may be called from other threads says so.
class Shard final : rtc::Listener {
  public:
    Shard(Shared& shared, ForwardRings& forwards, std::size_t index, udp::Socket socket,
          std::vector<rtc::Candidate> candidates);
    ~Shard() override;

    /// Called twice a second in this shard's thread.
    std::function<void(Instant)> every_half_second;

    Result<void> start(std::optional<unsigned> core);
    /// Any thread: says goodbye to all, and ends within `grace`, when what waits has gone out.
    void begin_stop(std::chrono::milliseconds grace);
    void join();

    struct Counts {
        rtc::Statistics rtc;
        udp::Statistics udp;
        std::uint32_t sessions = 0, opening = 0;
        std::uint64_t snapshots_sent = 0, snapshots_skipped = 0, forwarded = 0,
                      forwarded_unknown = 0, forwards_dropped = 0, kicked = 0, beacons = 0,
                      beacons_limited = 0;
        std::size_t outbox_depth = 0;
    };
    [[nodiscard]] Counts counts() const;                               ///< any thread
    [[nodiscard]] const Histogram& rounds() const { return rounds_; }  ///< any thread
    [[nodiscard]] const Histogram& ages() const { return ages_; }      ///< any thread
    [[nodiscard]] double load() const { return load_.share(); }        ///< any thread

  private:
    struct Session;
    /// What this shard knows of a world.
    struct WorldSide {
        WorldDoor* door = nullptr;
        Link* link = nullptr;
        std::vector<Person> persons;
        std::shared_ptr<const Board> board;
        struct Turn {
            Session* session;
            Cadence cadence;
        };
        std::vector<Turn> playing;
        std::uint8_t next_phase = 0;  ///< of the next session that begins
        std::uint64_t frames_seen = 0;
        sim::Tick tick = 0;     ///< of the last frame
        std::deque<Note> late;  ///< notes that the ring had no place for; a few for each session
    };

    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override;
    void on_open(rtc::PeerId peer) override;
    void on_message(rtc::PeerId peer, std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_channel(rtc::PeerId peer, std::uint16_t stream, std::string_view label,
                    const sctp::Reliability& reliability) override;
    void on_channel_closed(rtc::PeerId peer, std::uint16_t stream) override;
    void on_gone(rtc::PeerId peer, rtc::Gone why) override;

    // shard.cpp
    void run();
    void wait_for_work(Instant now);
    void receive(std::size_t datagrams_max);
    void take(const rtc::Address& from, std::span<std::byte> datagram);
    [[nodiscard]] bool answer_beacon(const rtc::Address& from, std::span<const std::byte> datagram);
    void take_forwarded();
    void forward(std::size_t to, Forwarded::Kind kind, const rtc::Address& from,
                 std::span<const std::byte> datagram);
    void publish_counts();
    void serve_overload();
    void leave_all();
    [[nodiscard]] bool has_ended(Instant now);

    // shard_sessions.cpp
    void take_mail(WorldSide& world);
    void expect(WorldSide& world, mail::Expect& expect);
    void begin(WorldSide& world, mail::Begin& begin);
    void end(const mail::End& end);
    void tell_all(WorldSide& world, const mail::TellAll& tell);
    void tell_some(WorldSide& world, const mail::TellSome& some);
    void tell_one(const mail::Tell& tell);
    void tell(Session& session, SharedBytes message);
    void pump(Session& session);
    void flush_soon(Session& session);
    void flush_marked();
    void close(Session& session, Instant after);
    void close_due(Instant now);
    [[nodiscard]] bool has_everything(Session& session);
    void stop_playing(Session& session);
    void bury();
    void send_note(WorldSide& world, Note note);
    [[nodiscard]] Session* find(SessionId id);

    // shard_players.cpp
    void hear(Session& session, const inbound::Inputs& inputs);
    void hear(Session& session, const inbound::Ping& ping);
    void hear(Session& session, const inbound::Say& say);
    void hear(Session& session, const inbound::Party& party);
    void limited(Session& session);
    void hear(Session& session, const inbound::Custom& custom);
    void hear(Session& session, const inbound::Bye& bye);
    void hear(Session& session, const inbound::Offer& offer);
    void hear_farewell(Session& session, const Inbound& inbound);
    void go_on_talking(WorldSide& world);
    void round(WorldSide& world);
    void serve(WorldSide& world, Session& session, const replication::Frame& frame);
    void keep_time(WorldSide& world, WorldSide::Turn& turn, sim::Tick period);
    void introduce(WorldSide& world, Session& session, const replication::Frame& frame);
    void show_last(Session& session);
    void show(WorldSide& world, Session& session, const replication::Frame& frame);

    Shared& shared_;
    ForwardRings& forwards_;
    const std::size_t index_;
    udp::Socket socket_;
    const std::vector<rtc::Candidate> candidates_;
    rtc::Endpoint endpoint_;
    std::vector<WorldSide> worlds_;
    std::unordered_map<rtc::PeerId, std::unique_ptr<Session>> sessions_;
    std::unordered_map<SessionId, Session*> by_id_;
    std::vector<Session*> gone_;  ///< to be buried once the endpoint's call has returned
    std::vector<Session*> to_flush_;
    std::vector<Session*> closing_;
    /// Addresses whose datagrams come here and are another shard's, as that one confirmed.
    struct Foreign {
        rtc::Address from;
        std::size_t shard;
        Instant used;
    };
    std::unordered_map<std::uint64_t, Foreign> foreign_;
    void remember_foreign(const rtc::Address& from, std::size_t shard);
    std::vector<bool> to_wake_;
    std::vector<std::uint64_t> room_;  ///< for messages that are not aligned

    BeaconLimits beacon_limits_;
    std::uint32_t players_ = 0;  ///< of the process, a moment ago

    Instant now_{};  ///< of this turn of the loop
    Histogram rounds_, ages_;
    Load load_;
    Counts counts_;
    mutable std::mutex mutex_;
    Counts published_;  // guarded by mutex_
    Instant published_at_{};
    Instant half_second_at_{};
    std::uint32_t service_version_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> stop_by_{0};
    bool left_ = false;
    std::thread thread_;
};

}  // namespace muster::host
