#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "chat_text.hpp"
#include "control_messages.hpp"
#include "game_generated.h"
#include "session.hpp"

/// What players send, and the snapshots that they get.
namespace muster::host {
namespace {

constexpr std::size_t sessions_a_slice = 32;
/// Far more than come in this time when all goes well: who is behind shall write less, not hear
/// less.
constexpr std::size_t datagrams_a_slice = 512;
constexpr std::uint32_t sequence_jump_max = 60 * 60;  ///< a minute's
constexpr std::size_t name_characters_max = 24;
constexpr std::uint8_t introductions_every = 8;  ///< snapshots
constexpr std::size_t introductions_max = 64;    ///< at once
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

// Buckets count by wall time in milliseconds; a server's own time does as well.
Timestamp stamp(Instant now) {
    return Timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(now));
}

}  // namespace

void Shard::on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) {
    socket_.send(to, datagram);
}

void Shard::on_open(rtc::PeerId peer) {
    const auto known = sessions_.find(peer);
    if (known == sessions_.end()) return;
    Session& session = *known->second;
    session.open = true;
    shared_.admission.opened(session.address);
    send_note(*session.world, note::Opened{session.id, session.player});
}

void Shard::on_gone(rtc::PeerId peer, rtc::Gone why) {
    const auto known = sessions_.find(peer);
    if (known == sessions_.end() || known->second->gone) return;
    known->second->gone = true;
    known->second->why = why;
    gone_.push_back(known->second.get());
}

// A page may open its channels by DCEP instead of negotiating them; the labels say which is which.
void Shard::on_channel(rtc::PeerId peer, std::uint16_t stream, std::string_view label,
                       const sctp::Reliability&) {
    const auto known = sessions_.find(peer);
    if (known == sessions_.end()) return;
    if (label == protocol::control_label || label == "reliable") {
        known->second->control_stream = stream;
    }
    if (label == protocol::state_label || label == "unreliable") {
        known->second->state_stream = stream;
    }
}

void Shard::on_channel_closed(rtc::PeerId, std::uint16_t) {}

void Shard::on_message(rtc::PeerId peer, std::uint16_t, bool is_text,
                       std::span<const std::byte> message) {
    const auto known = sessions_.find(peer);
    if (is_text || known == sessions_.end()) return;
    if (known->second->closing && !known->second->is_farewell) return;
    const auto inbound = read_inbound(message, room_);
    if (!inbound) return;
    if (known->second->closing) {
        hear_farewell(*known->second, *inbound);
        return;
    }
    std::visit([&](const auto& said) { hear(*known->second, said); }, *inbound);
}

void Shard::hear(Session& session, const inbound::Inputs& inputs) {
    session.viewer.acknowledge(inputs.newest, inputs.received);
    Link& link = *session.world->link;
    // A player who comes from another server counts on from there.
    const bool may_jump = session.is_guest && session.sequence == 0;
    for (std::size_t i = 0; i < inputs.count; ++i) {
        sim::Input input = inputs.steps[i];
        // To a page that knows nothing of our ticks, ago is from now.
        const sim::Tick ago = inputs.seen_ago[i];
        if (inputs.newest == 0 && session.is_guest && ago > 0 && session.world->tick > ago)
            input.seen = session.world->tick - ago;
        if (input.sequence <= session.sequence) continue;
        // Far ahead of what any line loses, nothing that came after it would ever count.
        const auto newest = std::max(session.sequence, session.viewer.acknowledged());
        if (!may_jump && input.sequence > newest && input.sequence - newest > sequence_jump_max)
            continue;
        session.sequence = input.sequence;
        session.heard = session.world->tick;
        if (!session.inputs.take(stamp(now_)) ||
            !link.inputs.push(InputNote{session.id, session.player, input})) {
            link.inputs_dropped.fetch_add(1, std::memory_order_relaxed);
        }
    }
}

void Shard::hear(Session& session, const inbound::Ping& ping) {
    if (!session.pings.take(stamp(now_))) return;
    const auto pong = write_pong(ping.time, session.world->tick);
    if (endpoint_.send(session.peer, session.state_stream, false, pong, unreliable, now_) ==
        sctp::Sent::queued) {
        flush_soon(session);
    }
}

void Shard::hear(Session& session, const inbound::Say& say) {
    if (!session.playing) return;
    auto text = clean_text(say.text, protocol::chat_characters_max);
    if (!text) return;
    if (session.chats.take(stamp(now_))) {
        send_note(*session.world,
                  note::Said{session.id, session.player, std::move(*text), say.to, say.whom,
                             clean_text(say.name, name_characters_max).value_or(std::string())});
        return;
    }
    limited(session);
}

void Shard::limited(Session& session) {
    ++session.world->door->chats_limited;
    if (!session.chat_notices.take(stamp(now_))) return;
    tell(session, std::make_shared<const Bytes>(replication::write_notice(
                      static_cast<std::uint8_t>(protocol::NoticeKind::chat_limited),
                      "You say too much at once.", shared_.snapshot_rate.load())));
}

void Shard::hear(Session& session, const inbound::Party& party) {
    if (!session.playing) return;
    if (session.parties.take(stamp(now_))) {
        send_note(*session.world, note::Party{session.id, session.player, std::string(party.code)});
        return;
    }
    limited(session);
}

void Shard::hear(Session& session, const inbound::Offer& offer) {
    if (!session.playing || !session.offers.take(stamp(now_))) return;
    send_note(*session.world,
              note::Offered{session.id, session.player, offer.number, std::string(offer.sdp)});
}

// What its player said before it knew that it has gone elsewhere.
void Shard::hear_farewell(Session& session, const Inbound& inbound) {
    if (const auto* say = std::get_if<inbound::Say>(&inbound)) hear(session, *say);
}

// Over its limit, or while the world is far behind, it is dropped: what else a shard has to note
// needs the place.
void Shard::hear(Session& session, const inbound::Custom& custom) {
    WorldSide& world = *session.world;
    if (!session.playing || !world.door->has_extension) return;
    Ring<Note>& notes = world.link->notes;
    const bool has_place = world.late.empty() && notes.depth() < notes.capacity() / 2;
    if (session.customs.take(stamp(now_)) && has_place &&
        notes.push(note::Custom{session.id,
                                session.player,
                                custom.command,
                                {custom.payload.begin(), custom.payload.end()}})) {
        return;
    }
    ++world.door->customs_dropped;
}

void Shard::hear(Session& session, const inbound::Bye&) {
    session.said_bye = true;
    if (!session.closing) {
        session.closing = true;  // closed after this call of the endpoint
        session.close_at = now_;
        closing_.push_back(&session);
    }
}

// Snapshots of a new frame, to those whose turn it is. When frames were missed, so were the turns
// of their ticks, and all come now. Between slices what has arrived gets its share.
void Shard::round(WorldSide& world) {
    const std::uint64_t published = world.door->frames->published();
    if (published == world.frames_seen) return;
    world.frames_seen = published;
    const FramePool::Held held = world.door->frames->hold();
    const replication::Frame& frame = *held;
    const sim::Tick period = std::max(sim::Tick{1}, sim::tick_rate / shared_.snapshot_rate.load());
    const sim::Tick passed = frame.tick() - world.tick;
    const sim::Tick turns = std::min(period, passed);
    // Two at once are a world's that makes up for a late one. The first frame is nobody's wait.
    if (world.tick != 0) load_.ticks(passed, passed > 2 ? passed : 0);
    world.tick = frame.tick();
    if (turns == 0) go_on_talking(world);
    if (world.playing.empty()) return;
    const auto start = std::chrono::steady_clock::now();
    std::size_t served = 0;
    for (sim::Tick turn = 0; turn < turns; ++turn) {
        for (std::size_t i = 0; i < world.playing.size(); ++i) {
            WorldSide::Turn& next = world.playing[i];
            // Nobody waits for the first one.
            const bool is_new = next.session->shown == 0;
            if (!is_new && !next.cadence.has_turn(frame.tick() - turn, period)) continue;
            serve(world, *next.session, frame);
            if (turns == 1) keep_time(world, next, period);
            if (++served % sessions_a_slice != 0) continue;
            socket_.flush();
            now_ = shared_.now();
            receive(datagrams_a_slice);
        }
    }
    socket_.flush();
    if (served > 0) rounds_.record(now_, std::chrono::steady_clock::now() - start);
}

// A world that stands still shows nothing new, but what is said goes out.
void Shard::go_on_talking(WorldSide& world) {
    for (const auto& [session, cadence] : world.playing) {
        if (session->gone || session->closing || session->control.empty()) continue;
        pump(*session);
        flush_soon(*session);
    }
}

void Shard::serve(WorldSide& world, Session& session, const replication::Frame& frame) {
    if (session.gone || session.closing) return;
    if (session.turns++ % introductions_every == 0) introduce(world, session, frame);
    // Scores come once a second to each, not to all at once.
    if (world.board && session.board != world.board->tick &&
        frame.tick() - world.board->tick >= session.place * 7 % 48) {
        session.board = world.board->tick;
        tell(session, std::make_shared<const Bytes>(
                          write_board(*world.board, world.persons, session.player)));
    }
    if (session.closing) return;
    pump(session);
    show(world, session, frame);
    endpoint_.flush(session.peer, now_);
}

// Only as long as no tick gets many more sessions than its share: one late round is worse for all
// than a tick more is for one.
void Shard::keep_time(WorldSide& world, WorldSide::Turn& turn, sim::Tick period) {
    const Session& session = *turn.session;
    if (session.sequence == 0 || session.gone || session.closing) return;
    const bool is_acknowledged = session.viewer.acknowledged() >= session.sequence;
    const auto by = turn.cadence.observe(world.tick, session.heard, is_acknowledged, period);
    if (by == 0) return;
    const auto there = std::ranges::count_if(world.playing, [&](const WorldSide::Turn& other) {
        return other.cadence.has_turn(world.tick + by, period);
    });
    if (std::cmp_less(there, world.playing.size() / period * 5 / 4 + 4)) turn.cadence.move(by);
}

void Shard::introduce(WorldSide& world, Session& session, const replication::Frame& frame) {
    std::array<sim::PlayerId, introductions_max> ids{};
    const std::size_t count = session.viewer.take_strangers(frame, ids);
    if (count == 0) return;
    auto message = write_persons(world.persons, std::span(ids).first(count));
    if (!message.empty()) tell(session, std::make_shared<const Bytes>(std::move(message)));
}

// A player goes by the inputs of a tick, after which its next turn mostly is: without this one its
// page would have nothing newer than the turn before to go on from.
void Shard::show_last(Session& session) {
    const FramePool::Held held = session.world->door->frames->hold();
    const replication::Frame& frame = *held;
    if (frame.tick() > session.shown) show(*session.world, session, frame);
}

// A snapshot is not written while an older one waits: nobody gets stale state after a stall.
void Shard::show(WorldSide&, Session& session, const replication::Frame& frame) {
    if (endpoint_.messages_waiting(session.peer, session.state_stream) > 0) {
        ++counts_.snapshots_skipped;
        return;
    }
    const replication::Budget budget{.bytes = shared_.options.snapshot_bytes,
                                     .far_every = shared_.far_every.load()};
    const auto snapshot = session.viewer.write(frame, budget);
    session.shown = frame.tick();
    ages_.record(now_, std::chrono::nanoseconds(std::uint64_t{session.viewer.stalest()} *
                                                1'000'000'000U / sim::tick_rate));
    if (endpoint_.send(session.peer, session.state_stream, false, snapshot, unreliable, now_) ==
        sctp::Sent::queued) {
        ++counts_.snapshots_sent;
    } else {
        ++counts_.snapshots_skipped;
    }
}

}  // namespace muster::host
