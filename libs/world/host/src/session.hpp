#pragma once

#include <deque>
#include <string>

#include "muster/base/bucket.hpp"
#include "shard.hpp"

namespace muster::host {

/// A connection of a player, in its shard.
struct Shard::Session {
    Session(const mail::Expect& expected, rtc::PeerId with, WorldSide& in)
        : id(expected.session),
          peer(with),
          world(&in),
          player(expected.player),
          address(expected.address),
          is_guest(expected.is_guest),
          viewer(expected.player, expected.generation) {}

    SessionId id;
    rtc::PeerId peer;
    WorldSide* world;
    sim::PlayerId player;
    std::string address;  ///< for Admission::release()
    bool is_guest;        ///< expected as one
    replication::Viewer viewer;

    bool open = false;     ///< the peer's channels work
    bool playing = false;  ///< the world said so
    bool gone = false;     ///< the endpoint does not know it any more
    bool said_bye = false;
    bool flushing = false;  ///< in to_flush_
    rtc::Gone why = rtc::Gone::dropped;
    Instant close_at{};  ///< when in closing_
    bool closing = false;
    bool is_farewell = false;  ///< closing, once it has everything

    std::uint16_t control_stream = protocol::control_stream;
    std::uint16_t state_stream = protocol::state_stream;
    std::deque<SharedBytes> control;  ///< waits for place in the association
    std::size_t control_bytes = 0;
    std::size_t place = 0;       ///< in WorldSide::playing
    std::uint32_t sequence = 0;  ///< of the newest input that went to the world
    sim::Tick heard = 0;         ///< the world's newest tick when that came
    sim::Tick shown = 0;         ///< of its newest snapshot
    sim::Tick board = 0;         ///< of the scores that it was told last
    std::uint8_t turns = 0;      ///< snapshots, for what comes less often
    Bucket inputs{{.per_second = 150, .burst = 150}};
    Bucket pings{{.per_second = 5, .burst = 5}};
    Bucket chats{{.per_second = 0.5, .burst = 5}};
    Bucket parties{{.per_second = 0.5, .burst = 5}};
    Bucket offers{{.per_second = 1, .burst = 4}};
    Bucket customs{{.per_second = 20, .burst = 40}};
    Bucket chat_notices{{.per_second = 0.5, .burst = 1}};
};

}  // namespace muster::host
