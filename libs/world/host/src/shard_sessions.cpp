#include <algorithm>
#include <utility>

#include "control_messages.hpp"
#include "session.hpp"

/// Sessions: how they come, what they are told on the control channel, how they end.
namespace muster::host {
namespace {

constexpr std::size_t control_messages_max = 1'024;
constexpr std::size_t control_bytes_max = 1'048'576;
/// For a last notice to arrive before the connection is closed.
constexpr Instant last_words{300'000};
/// For everything to arrive before the connection of a player who has gone elsewhere is closed.
constexpr Instant farewell_max{2'000'000};
constexpr sctp::Reliability reliable{};

}  // namespace

void Shard::take_mail(WorldSide& world) {
    world.link->mail.drain([&](Mail& mail) {
        if (auto* one = std::get_if<mail::Expect>(&mail)) expect(world, *one);
        if (auto* one = std::get_if<mail::Begin>(&mail)) begin(world, *one);
        if (const auto* one = std::get_if<mail::TellAll>(&mail)) tell_all(world, *one);
        if (const auto* one = std::get_if<mail::TellSome>(&mail)) tell_some(world, *one);
        if (const auto* one = std::get_if<mail::Tell>(&mail)) tell_one(*one);
        if (const auto* one = std::get_if<mail::End>(&mail)) end(*one);
        if (auto* one = std::get_if<mail::Introduce>(&mail)) {
            world.persons[one->player] = std::move(one->person);
        }
        if (auto* one = std::get_if<mail::Scores>(&mail)) world.board = std::move(one->board);
        mail = std::monostate{};
    });
    while (!world.late.empty() && world.link->notes.push(std::move(world.late.front()))) {
        world.late.pop_front();
    }
}

void Shard::expect(WorldSide& world, mail::Expect& expect) {
    auto accepted =
        stopping_.load()
            ? Result<rtc::Endpoint::Accepted>(fail(Errc::unavailable, "the server is stopping"))
            : endpoint_.accept(expect.offer, candidates_, now_);
    if (!accepted) {
        shared_.admission.release(expect.address, false);
        shared_.shards[index_]->sessions.fetch_sub(1);
        world.link->sessions.fetch_sub(1);
        send_note(world,
                  note::Ended{expect.session, expect.player, note::Ended::How::never_came, {}});
        expect.answer(std::unexpected(accepted.error()));
        return;
    }
    auto session = std::make_unique<Session>(expect, accepted->peer, world);
    by_id_[session->id] = session.get();
    sessions_[accepted->peer] = std::move(session);
    expect.answer(Joined{std::move(accepted->sdp), std::move(expect.ticket), expect.player});
}

void Shard::begin(WorldSide& world, mail::Begin& begin) {
    Session* const session = find(begin.session);
    if (session == nullptr || session->gone || session->closing || session->playing) return;
    session->playing = true;
    session->place = world.playing.size();
    world.playing.push_back({session, Cadence(world.next_phase++)});
    for (SharedBytes& message : begin.messages) tell(*session, std::move(message));
    pump(*session);
    flush_soon(*session);
}

void Shard::end(const mail::End& end) {
    Session* const session = find(end.session);
    if (session == nullptr || session->gone) return;
    if (end.is_farewell && session->open && !session->closing) show_last(*session);
    if (end.notice && session->open) {
        tell(*session, end.notice);
        pump(*session);
        flush_soon(*session);
    }
    session->is_farewell = end.is_farewell && session->open && !session->closing;
    close(*session, session->is_farewell ? farewell_max : end.notice ? last_words : Instant(0));
}

void Shard::tell_all(WorldSide& world, const mail::TellAll& tell_all) {
    for (const auto& [session, cadence] : world.playing) {
        const bool is_meant = tell_all.team == sim::Team::none ||
                              world.persons[session->player].team == tell_all.team;
        if (!is_meant || session->closing) continue;
        if (std::ranges::binary_search(tell_all.except, session->player)) continue;
        tell(*session, tell_all.message);
    }
}

void Shard::tell_one(const mail::Tell& one) {
    Session* const session = find(one.session);
    if (session == nullptr || session->gone || session->closing) return;
    tell(*session, one.message);
    pump(*session);
    flush_soon(*session);
}

void Shard::tell_some(WorldSide& world, const mail::TellSome& some) {
    for (const auto& [session, cadence] : world.playing) {
        if (session->closing) continue;
        const auto [first, last] = std::ranges::equal_range(
            some.messages, session->player, {}, [](const auto& one) { return one.first; });
        for (auto one = first; one != last; ++one) tell(*session, one->second);
    }
}

// Goes out with the session's next snapshot.
void Shard::tell(Session& session, SharedBytes message) {
    if (session.gone || session.is_farewell) return;  // nothing comes after a farewell
    if (session.control.size() >= control_messages_max ||
        session.control_bytes + message->size() > control_bytes_max) {
        if (!session.closing) {
            ++counts_.kicked;
            shared_.log(LogLevel::info, "player " + std::to_string(session.player) + " of " +
                                            session.world->door->name +
                                            " is dropped: it does not take its messages");
            close(session, Instant(0));
        }
        return;
    }
    session.control_bytes += message->size();
    session.control.push_back(std::move(message));
}

void Shard::pump(Session& session) {
    while (!session.control.empty() && session.open && !session.gone) {
        const replication::Bytes& message = *session.control.front();
        const auto sent =
            endpoint_.send(session.peer, session.control_stream, false, message, reliable, now_);
        if (sent == sctp::Sent::full || sent == sctp::Sent::closed) return;
        if (sent == sctp::Sent::too_large) {
            if (session.closing) return;
            shared_.log(LogLevel::info, "player " + std::to_string(session.player) + " of " +
                                            session.world->door->name +
                                            " is dropped: its peer takes no message of " +
                                            std::to_string(message.size()) + " bytes");
            close(session, Instant(0));
            return;
        }
        session.control_bytes -= message.size();
        session.control.pop_front();
    }
}

void Shard::flush_soon(Session& session) {
    if (session.flushing || session.gone) return;
    session.flushing = true;
    to_flush_.push_back(&session);
}

void Shard::flush_marked() {
    for (std::size_t i = 0; i < to_flush_.size(); ++i) {
        Session& session = *to_flush_[i];
        session.flushing = false;
        if (!session.gone) endpoint_.flush(session.peer, now_);
    }
    to_flush_.clear();
}

void Shard::close(Session& session, Instant after) {
    // It stays in `playing`, over which somebody may go right now, until it is buried.
    if (!session.closing) closing_.push_back(&session);
    session.closing = true;
    session.close_at = now_ + after;
}

void Shard::close_due(Instant now) {
    for (std::size_t i = 0; i < closing_.size(); ++i) {
        Session& session = *closing_[i];
        if (session.gone) continue;
        if (session.close_at > now && !has_everything(session)) continue;
        endpoint_.drop(session.peer, now);
        if (session.gone) continue;
        session.gone = true;  // the endpoint knew nothing of it
        gone_.push_back(&session);
    }
}

bool Shard::has_everything(Session& session) {
    if (!session.is_farewell) return false;
    if (!session.control.empty()) {
        pump(session);
        endpoint_.flush(session.peer, now_);
    }
    return session.control.empty() && endpoint_.reliable_bytes_pending(session.peer) == 0;
}

void Shard::stop_playing(Session& session) {
    if (!session.playing) return;
    session.playing = false;
    auto& playing = session.world->playing;
    playing[session.place] = playing.back();
    playing[session.place].session->place = session.place;
    playing.pop_back();
}

// Not within the endpoint's calls, nor while a round goes over the sessions.
void Shard::bury() {
    while (!gone_.empty()) {
        Session* const session = gone_.back();
        gone_.pop_back();
        stop_playing(*session);
        std::erase(closing_, session);
        std::erase(to_flush_, session);
        using How = note::Ended::How;
        const How how = session->said_bye ? How::said_bye
                        : !session->open  ? How::never_came
                                          : How::lost;
        const bool was_silent = session->why == rtc::Gone::timed_out;
        send_note(*session->world,
                  note::Ended{session->id, session->player, how,
                              was_silent ? std::min(std::chrono::milliseconds(15'000),
                                                    shared_.options.resume / 2)
                                         : std::chrono::milliseconds(0)});
        shared_.admission.release(session->address, session->open);
        shared_.shards[index_]->sessions.fetch_sub(1);
        session->world->link->sessions.fetch_sub(1);
        by_id_.erase(session->id);
        sessions_.erase(session->peer);
    }
}

void Shard::send_note(WorldSide& world, Note note) {
    if (world.late.empty() && world.link->notes.push(std::move(note))) return;
    world.late.push_back(std::move(note));
}

Shard::Session* Shard::find(SessionId id) {
    const auto known = by_id_.find(id);
    return known == by_id_.end() ? nullptr : known->second;
}

}  // namespace muster::host
