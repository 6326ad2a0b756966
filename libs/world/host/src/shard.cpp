#include "shard.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <thread>
#include <utility>

#include "game_generated.h"
#include "muster/replication/messages.hpp"
#include "muster/rtc/probe.hpp"
#include "session.hpp"
#include "worker.hpp"

namespace muster::host {
namespace {

constexpr std::size_t datagrams_a_turn = 2'048;
constexpr Instant counts_every{50'000};
constexpr Instant half_second{500'000};
constexpr Instant wait_max{100'000};
constexpr std::size_t crowd = 12;
constexpr Instant gathering{2'000};
constexpr std::size_t foreign_max = 65'536;
constexpr Instant foreign_unused{2'000'000};
constexpr char first_shard = 'A';

rtc::Options endpoint_options(const Shared& shared, std::size_t index) {
    rtc::Options out;
    const Options& options = shared.options;
    out.limits.peers_max = options.sessions_max;
    // Where many may come from one address, many may shake hands at once.
    out.limits.handshakes_per_address_max = std::clamp<std::size_t>(
        options.sessions_per_address_max / 4, 16, out.limits.handshakes_max);
    // A player who is gone must be gone altogether when `resume` is over.
    out.limits.silence = std::min(std::chrono::milliseconds(15'000), options.resume / 2);
    // Longer than between two snapshots at 30 a second: an acknowledgement goes out with one.
    out.sctp.sack_delay = std::chrono::milliseconds(45);
    out.sctp.message_bytes_max = protocol::to_world_bytes_max * 2;
    if (shared.shards.size() > 1)
        out.ufrag_prefix = std::string(1, static_cast<char>(first_shard + index));
    return out;
}

std::uint64_t key_of(const rtc::Address& address) {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, address.ip.data(), 8);
    std::memcpy(&low, address.ip.data() + 8, 8);
    return (high ^ low ^ address.port) * 0x9e37'79b9'7f4a'7c15U;
}

bool is_stun(std::span<const std::byte> datagram) {
    return !datagram.empty() && std::to_integer<unsigned>(datagram[0]) < 4;
}

}  // namespace

Shard::Shard(Shared& shared, ForwardRings& forwards, std::size_t index, udp::Socket socket,
             std::vector<rtc::Candidate> candidates)
    : shared_(shared),
      forwards_(forwards),
      index_(index),
      socket_(std::move(socket)),
      candidates_(std::move(candidates)),
      endpoint_(shared.identity, endpoint_options(shared, index), *this),
      to_wake_(shared.shards.size()) {
    for (const auto& door : shared.worlds) {
        WorldSide side;
        side.door = door.get();
        side.link = door->links[index].get();
        side.persons.resize(door->players_max);
        worlds_.push_back(std::move(side));
    }
}

Shard::~Shard() = default;

Result<void> Shard::start(std::optional<unsigned> core) {
    auto thread = start_thread("shard-" + std::to_string(index_), core, [this] { run(); });
    if (!thread) return std::unexpected(thread.error());
    thread_ = std::move(*thread);
    return {};
}

void Shard::begin_stop(std::chrono::milliseconds grace) {
    if (stopping_.load()) return;
    stop_by_.store((shared_.now() + Instant(grace)).count());
    stopping_.store(true);
    shared_.shards[index_]->wake.signal();
}

void Shard::join() {
    if (thread_.joinable()) thread_.join();
}

Shard::Counts Shard::counts() const {
    const std::lock_guard lock(mutex_);
    return published_;
}

void Shard::run() {
    now_ = shared_.now();
    for (;;) {
        wait_for_work(now_);
        const auto start = std::chrono::steady_clock::now();
        now_ = shared_.now();
        for (WorldSide& world : worlds_) take_mail(world);
        receive(datagrams_a_turn);
        take_forwarded();
        const auto deadline = endpoint_.deadline();
        if (deadline && *deadline <= now_) endpoint_.handle_timeouts(now_);
        for (WorldSide& world : worlds_) round(world);
        serve_overload();
        flush_marked();
        close_due(now_);
        bury();
        socket_.flush();
        for (std::size_t i = 0; i < to_wake_.size(); ++i) {
            if (!to_wake_[i]) continue;
            shared_.shards[i]->wake.signal();
            to_wake_[i] = false;
        }
        publish_counts();
        if (every_half_second && now_ - half_second_at_ >= half_second) {
            half_second_at_ = now_;
            every_half_second(now_);
        }
        load_.busy(std::chrono::steady_clock::now() - start);
        load_.passed(now_);
        if (stopping_.load() && has_ended(now_)) break;
    }
    for (WorldSide& world : worlds_) take_mail(world);  // whoever joined too late is answered
    leave_all();
}

void Shard::wait_for_work(Instant now) {
    // Waking costs more than a datagram does: of a crowd's, those of two milliseconds come
    // together.
    now = shared_.now();
    if (sessions_.size() >= crowd && now < now_ + gathering) {
        std::this_thread::sleep_for(now_ + gathering - now);
        now = shared_.now();
    }
    Instant wait = wait_max;
    if (const auto deadline = endpoint_.deadline()) {
        wait = std::clamp(*deadline - now, Instant(0), wait);
    }
    for (const Session* session : closing_) {
        wait = std::clamp(session->close_at - now, Instant(0), wait);
    }
    for (const WorldSide& world : worlds_) {
        if (world.door->frames->published() != world.frames_seen && !world.playing.empty())
            wait = {};
    }
    Wake& wake = shared_.shards[index_]->wake;
    std::array<pollfd, 2> waiting{
        {{socket_.descriptor(), POLLIN, 0}, {wake.descriptor(), POLLIN, 0}}};
    const timespec timeout{static_cast<time_t>(wait.count() / 1'000'000),
                           static_cast<long>(wait.count() % 1'000'000 * 1'000)};
    if (ppoll(waiting.data(), waiting.size(), &timeout, nullptr) > 0 && waiting[1].revents != 0) {
        wake.clear();
    }
}

void Shard::receive(std::size_t datagrams_max) {
    socket_.receive(datagrams_max, [this](const rtc::Address& from, std::span<std::byte> datagram) {
        take(from, datagram);
    });
}

// A session lives in the shard that its ufrag names; the system hands a datagram to the shard that
// its sender hashes to. So checks for another shard are handed on, and when that one has found them
// good, so is everything from their sender that is nobody's here.
void Shard::take(const rtc::Address& from, std::span<std::byte> datagram) {
    if (answer_beacon(from, datagram)) return;
    if (shared_.shards.size() > 1 && is_stun(datagram)) {
        const auto ufrag = rtc::Endpoint::ufrag_of(datagram);
        if (ufrag && !ufrag->empty()) {
            const auto to = static_cast<std::size_t>(ufrag->front() - first_shard);
            if (to < shared_.shards.size() && to != index_) {
                forward(to, Forwarded::Kind::datagram, from, datagram);
                return;
            }
        }
    }
    if (foreign_.empty()) {
        endpoint_.receive(from, datagram, now_);
        return;
    }
    const std::uint64_t unknown = endpoint_.statistics().dropped_unknown;
    endpoint_.receive(from, datagram, now_);
    if (endpoint_.statistics().dropped_unknown == unknown) return;
    const auto known = foreign_.find(key_of(from));
    if (known == foreign_.end() || known->second.from != from) return;
    known->second.used = now_;
    ++counts_.forwarded_unknown;
    forward(known->second.shard, Forwarded::Kind::datagram, from, datagram);
}

// Of who measures how far this server is: answered here, from what is at hand, and never at the
// cost of those who play.
bool Shard::answer_beacon(const rtc::Address& from, std::span<const std::byte> datagram) {
    if (datagram.empty()) return false;
    const auto nonce = datagram[0] == beacon_first ? read_beacon_question(datagram) : std::nullopt;
    const auto probe = is_stun(datagram) ? rtc::answer_to_probe(datagram, from) : std::nullopt;
    if (!nonce && !probe) return false;
    if (!beacon_limits_.admit(from, Timestamp(std::chrono::duration_cast<milliseconds>(now_)))) {
        ++counts_.beacons_limited;
        return true;
    }
    ++counts_.beacons;
    if (probe) {
        socket_.send(from, probe->view());
    } else {
        const auto capacity = static_cast<std::uint32_t>(shared_.options.sessions_max);
        socket_.send(from, write_beacon_answer(*nonce, players_, capacity));
    }
    return true;
}

// One session can prove any number of addresses. When they are too many, those that play keep their
// entries: the others have not sent for long.
void Shard::remember_foreign(const rtc::Address& from, std::size_t shard) {
    if (foreign_.size() >= foreign_max) {
        std::erase_if(foreign_, [this](const auto& entry) {
            return entry.second.used + foreign_unused < now_;
        });
        if (foreign_.size() >= foreign_max) return;  // its next check comes in a few seconds
    }
    foreign_[key_of(from)] = {from, shard, now_};
}

void Shard::forward(std::size_t to, Forwarded::Kind kind, const rtc::Address& from,
                    std::span<const std::byte> datagram) {
    ForwardRing& ring = *forwards_[to][index_];
    Forwarded* const slot = ring.prepare();
    if (slot == nullptr || datagram.size() > slot->bytes.size()) {
        ++counts_.forwards_dropped;
        return;
    }
    slot->kind = kind;
    slot->from = from;
    slot->size = static_cast<std::uint16_t>(datagram.size());
    std::ranges::copy(datagram, slot->bytes.begin());
    ring.commit();
    to_wake_[to] = true;
    ++counts_.forwarded;
}

void Shard::take_forwarded() {
    if (shared_.shards.size() == 1) return;
    for (std::size_t other = 0; other < shared_.shards.size(); ++other) {
        if (other == index_) continue;
        forwards_[index_][other]->drain(
            [&](Forwarded& one) {
                if (one.kind == Forwarded::Kind::known) {
                    remember_foreign(one.from, other);
                    return;
                }
                const std::span datagram = std::span(one.bytes).first(one.size);
                const bool is_check = is_stun(datagram);
                const rtc::Statistics before = endpoint_.statistics();
                endpoint_.receive(one.from, datagram, now_);
                const rtc::Statistics& after = endpoint_.statistics();
                // Only a check with the right password tells where a sender belongs.
                if (is_check && after.dropped_bad == before.dropped_bad &&
                    after.dropped_unknown == before.dropped_unknown) {
                    forward(other, Forwarded::Kind::known, one.from, {});
                }
            },
            datagrams_a_turn);
    }
}

void Shard::publish_counts() {
    if (now_ - published_at_ < counts_every) return;
    published_at_ = now_;
    players_ = static_cast<std::uint32_t>(shared_.admission.sessions());
    counts_.rtc = endpoint_.statistics();
    counts_.udp = socket_.statistics();
    counts_.sessions = 0;
    counts_.opening = 0;
    counts_.outbox_depth = 0;
    for (const auto& [peer, session] : sessions_) {
        ++(session->playing ? counts_.sessions : counts_.opening);
        counts_.outbox_depth += session->control.size();
    }
    const std::lock_guard lock(mutex_);
    published_ = counts_;
}

void Shard::serve_overload() {
    const std::uint32_t version = shared_.service_version.load();
    if (version == service_version_) return;
    service_version_ = version;
    const std::uint8_t rate = shared_.snapshot_rate.load();
    const Overload overload = shared_.overload.load();
    const auto kind = overload == Overload::none          ? protocol::NoticeKind::overload_over
                      : overload == Overload::far_thinned ? protocol::NoticeKind::overload_far
                                                          : protocol::NoticeKind::overload_rate;
    const std::string_view text = overload == Overload::none ? "The server has recovered."
                                  : overload == Overload::far_thinned
                                      ? "The server is busy: what is far moves less smoothly."
                                      : "The server is very busy: everything comes less often.";
    const auto notice = std::make_shared<const replication::Bytes>(
        replication::write_notice(static_cast<std::uint8_t>(kind), text, rate));
    for (const auto& [peer, session] : sessions_) {
        if (session->playing) tell(*session, notice);
    }
}

// Stopping: first everybody is told, then what waits may go out.
bool Shard::has_ended(Instant now) {
    if (!left_) {
        left_ = true;
        const auto notice = std::make_shared<const replication::Bytes>(
            replication::write_notice(static_cast<std::uint8_t>(protocol::NoticeKind::stopping),
                                      "The server is stopping.", shared_.snapshot_rate.load()));
        for (const auto& [peer, session] : sessions_) {
            if (session->open && !session->closing) tell(*session, notice);
            pump(*session);
            flush_soon(*session);
        }
        flush_marked();
        socket_.flush();
    }
    if (now >= Instant(stop_by_.load())) return true;
    return std::ranges::all_of(sessions_, [this](const auto& entry) {
        return entry.second->control.empty() &&
               (!entry.second->open || endpoint_.reliable_bytes_pending(entry.first) == 0);
    });
}

void Shard::leave_all() {
    now_ = shared_.now();
    std::vector<rtc::PeerId> peers;
    for (const auto& [peer, session] : sessions_) peers.push_back(peer);
    for (const rtc::PeerId peer : peers) endpoint_.drop(peer, now_);
    bury();
    socket_.flush();
    published_at_ = now_ - counts_every;
    publish_counts();
}

}  // namespace muster::host
