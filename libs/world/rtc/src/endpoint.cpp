#include "muster/rtc/endpoint.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "endpoint_impl.hpp"
#include "muster/base/assert.hpp"
#include "muster/base/random.hpp"
#include "wire.hpp"

namespace muster::rtc {
namespace {

// ICE wants 24 bits in a ufrag and 128 in a password (RFC 8445, 5.3); a character has 4.9 here.
constexpr std::size_t ufrag_length = 8;
constexpr std::size_t password_length = 28;

constexpr std::chrono::milliseconds timer_grain{1};

std::uint64_t random_number() {
    const std::string bytes = random_bytes(sizeof(std::uint64_t));
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

}  // namespace

Endpoint::Impl::Impl(std::shared_ptr<const Identity> own_identity, const Options& own_options,
                     Listener& own_listener)
    : identity(std::move(own_identity)),
      options(own_options),
      listener(own_listener),
      by_address(AddressHash{random_number()}),
      by_ufrag(TextHash{random_number()}),
      handshake_rate({.per_second = options.limits.handshakes_per_second,
                      .burst = std::max(1.0, options.limits.handshakes_per_second / 2)}) {}

Peer* Endpoint::Impl::find(PeerId id) const {
    const auto slot = static_cast<std::uint32_t>(id);
    if (slot >= peers.size() || !peers[slot] || peers[slot]->id != id) return nullptr;
    return peers[slot]->is_gone ? nullptr : peers[slot].get();
}

Endpoint::Accepted Endpoint::Impl::add(const Offer& offer, std::span<const Candidate> candidates,
                                       Instant now) {
    if (free_slots.empty()) {
        free_slots.push_back(static_cast<std::uint32_t>(peers.size()));
        peers.emplace_back();
        generations.push_back(1);
    }
    const std::uint32_t slot = free_slots.back();
    free_slots.pop_back();
    const PeerId id = std::uint64_t{generations[slot]++} << 32U | slot;

    Connection::Setup setup{.role = Dtls::Role::server,
                            .fingerprint = offer.fingerprint,
                            .sctp = options.sctp,
                            .channels_max = options.limits.channels_max,
                            .own_records = options.own_records};
    setup.sctp.local_port = offer.sctp_port;  // write_answer() says the offer's
    setup.sctp.peer_port = offer.sctp_port;
    setup.sctp.peer_message_bytes_max = offer.max_message_size;
    peers[slot] = std::make_unique<Peer>(*this, id, offer, setup, now);
    Peer& peer = *peers[slot];
    by_ufrag.insert_or_assign(peer.ufrag, slot);
    deadlines.set(slot, peer.deadline());
    ++statistics.peers;
    ++statistics.opening;
    return {.peer = id,
            .sdp = write_answer(offer, {.ufrag = peer.ufrag,
                                        .password = peer.password,
                                        .fingerprint = identity->fingerprint(),
                                        .candidates = {candidates.begin(), candidates.end()},
                                        .max_message_size = options.sctp.message_bytes_max,
                                        .session = random_number() >> 1U})};
}

void Endpoint::Impl::emit(const Address& to, std::span<const std::byte> datagram) {
    ++statistics.datagrams_out;
    statistics.bytes_out += datagram.size();
    listener.on_datagram(to, datagram);
}

void Endpoint::Impl::mark_dirty(Peer& peer) {
    peer.is_dirty = true;
    if (!std::exchange(peer.is_listed, true)) dirty.push_back(peer.id);
}

void Endpoint::Impl::touch(Peer& peer) {
    if (std::exchange(peer.is_touched, true)) return;
    touched.push_back(peer.id);
}

void Endpoint::Impl::flush(Peer& peer, Instant now) {
    peer.is_dirty = false;  // its entry in `dirty` remains, and is passed over
    peer.connection.flush(now);
    touch(peer);
    look_after(peer);
}

void Endpoint::Impl::flush_all(Instant now) {
    // What a flush makes dirty is for the next time: a listener may send from within.
    const auto now_dirty = std::exchange(dirty, {});
    for (const PeerId id : now_dirty) {
        Peer* const peer = find(id);
        if (peer == nullptr) continue;
        peer->is_listed = false;
        if (peer->is_dirty) flush(*peer, now);
    }
    if (dirty.empty()) {
        dirty = now_dirty;  // keeps its memory
        dirty.clear();
    }
}

void Endpoint::Impl::look_after(Peer& peer) {
    if (peer.is_gone) return;
    if (const auto why = peer.connection.ended()) end(peer, *why);
}

void Endpoint::Impl::end(Peer& peer, Gone why) {
    MUSTER_ASSERT(!peer.is_gone);
    peer.is_gone = true;
    --statistics.peers;
    if (!peer.was_open) --statistics.opening;
    forget_handshake(peer.slot());
    by_ufrag.erase(peer.ufrag);
    for (std::size_t i = 0; i < peer.address_count; ++i) {
        if (by_address.find(peer.addresses[i]) == peer.slot()) by_address.erase(peer.addresses[i]);
    }
    deadlines.remove(peer.slot());
    if (peer.is_listed) std::erase(dirty, peer.id);
    gone.push_back(peer.id);
    listener.on_gone(peer.id, why);
}

void Endpoint::Impl::bury() {
    for (const PeerId id : gone) {
        const auto slot = static_cast<std::uint32_t>(id);
        peers[slot].reset();
        free_slots.push_back(slot);
    }
    gone.clear();
}

void Endpoint::Impl::settle_deadlines() {
    for (const PeerId id : touched) {
        Peer* const peer = find(id);
        if (peer == nullptr) continue;
        peer->is_touched = false;
        const Instant next = peer->deadline();
        const auto known = deadlines.of(peer->slot());
        if (!known || next < *known) deadlines.set(peer->slot(), next);
    }
    touched.clear();
}

void Endpoint::Impl::handle_timeouts(Instant now) {
    settle_deadlines();
    while (true) {
        const auto first = deadlines.first();
        if (!first || first->at > now) break;
        Peer& peer = *peers[first->slot];
        if (peer.deadline() <= now) handle_timeout(peer, now);
        // Never at once again: whatever a layer below says, time must go on.
        if (!peer.is_gone) deadlines.set(peer.slot(), std::max(peer.deadline(), now + timer_grain));
    }
    bury();
}

void Endpoint::Impl::handle_timeout(Peer& peer, Instant now) {
    const auto& limits = options.limits;
    if (!peer.was_open && now >= peer.since + limits.opening) return end(peer, Gone::never_came);
    if (now >= peer.last_heard + limits.silence) return end(peer, Gone::timed_out);
    peer.connection.handle_timeout(now);
    look_after(peer);
}

Endpoint::Endpoint(std::shared_ptr<const Identity> identity, const Options& options,
                   Listener& listener)
    : impl_(std::make_unique<Impl>(std::move(identity), options, listener)) {}
Endpoint::~Endpoint() = default;

Result<Endpoint::Accepted> Endpoint::accept(const Offer& offer,
                                            std::span<const Candidate> candidates, Instant now) {
    if (impl_->statistics.peers >= impl_->options.limits.peers_max) {
        return fail(Errc::exhausted, "this endpoint has no place for another peer");
    }
    return impl_->add(offer, candidates, now);
}

void Endpoint::receive(const Address& from, std::span<std::byte> datagram, Instant now) {
    impl_->receive(from, datagram, now);
    impl_->bury();
}

sctp::Sent Endpoint::send(PeerId id, std::uint16_t stream, bool is_text,
                          std::span<const std::byte> message, const sctp::Reliability& reliability,
                          Instant now) {
    Peer* const peer = impl_->find(id);
    if (peer == nullptr) return sctp::Sent::closed;
    const auto sent = peer->connection.send(stream, is_text, message, reliability, now);
    if (sent == sctp::Sent::queued) impl_->mark_dirty(*peer);
    return sent;
}

void Endpoint::flush(PeerId id, Instant now) {
    if (Peer* const peer = impl_->find(id)) impl_->flush(*peer, now);
    impl_->bury();
}

void Endpoint::flush_all(Instant now) {
    impl_->flush_all(now);
    impl_->bury();
}

void Endpoint::drop(PeerId id, Instant now) {
    Peer* const peer = impl_->find(id);
    if (peer == nullptr) return;
    peer->connection.flush(now);
    if (!peer->is_gone) {
        peer->connection.close();
        impl_->end(*peer, Gone::dropped);
    }
    impl_->bury();
}

std::optional<Instant> Endpoint::deadline() const {
    impl_->settle_deadlines();
    const auto first = impl_->deadlines.first();
    if (!first) return std::nullopt;
    return first->at;
}

void Endpoint::handle_timeouts(Instant now) {
    impl_->handle_timeouts(now);
}

std::size_t Endpoint::messages_waiting(PeerId id, std::uint16_t stream) const {
    const Peer* const peer = impl_->find(id);
    if (peer == nullptr || !peer->connection.association()) return 0;
    return peer->connection.association()->messages_waiting(stream);
}

std::size_t Endpoint::messages_pending(PeerId id, std::uint16_t stream) const {
    const Peer* const peer = impl_->find(id);
    if (peer == nullptr || !peer->connection.association()) return 0;
    return peer->connection.association()->messages_pending(stream);
}

std::size_t Endpoint::reliable_bytes_pending(PeerId id) const {
    const Peer* const peer = impl_->find(id);
    if (peer == nullptr || !peer->connection.association()) return 0;
    return peer->connection.association()->reliable_bytes_pending();
}

const Statistics& Endpoint::statistics() const {
    impl_->statistics.to_flush = impl_->dirty.size();
    return impl_->statistics;
}

std::optional<PeerStatistics> Endpoint::statistics(PeerId id) const {
    const Peer* const peer = impl_->find(id);
    if (peer == nullptr) return std::nullopt;
    PeerStatistics statistics;
    if (const auto& association = peer->connection.association()) {
        statistics.sctp = association->statistics();
    }
    statistics.address = peer->selected.value_or(Address{});
    statistics.last_heard = peer->last_heard;
    return statistics;
}

Peer::Peer(Endpoint::Impl& own_endpoint, PeerId own_id, const Offer& offer,
           const Connection::Setup& setup, Instant now)
    : endpoint(own_endpoint),
      id(own_id),
      ufrag(endpoint.options.ufrag_prefix + random_text(ufrag_length)),
      password(random_text(password_length)),
      username(ufrag + ":" + offer.ufrag),
      key(password),
      connection(*endpoint.identity, setup, *this),
      since(now),
      last_heard(now),
      selected_heard(now) {}

Instant Peer::deadline() const {
    const auto& limits = endpoint.options.limits;
    Instant next = last_heard + limits.silence;
    if (!was_open) next = std::min<Instant>(next, since + limits.opening);
    if (const auto inner = connection.deadline()) next = std::min(next, *inner);
    return next;
}

bool Peer::knows(const Address& address) const {
    const auto end = addresses.begin() + address_count;
    return std::find(addresses.begin(), end, address) != end;
}

bool Peer::note_check(const stun::TransactionId& transaction) {
    const std::byte* const at = transaction.data();
    const auto digest = load<std::uint32_t>(at) ^ load<std::uint32_t>(at + 4) ^
                        load<std::uint32_t>(at + 8) ^ 0xA5A5'A5A5U;
    if (std::ranges::find(recent_checks, digest) != recent_checks.end()) return false;
    recent_checks[next_check] = digest;
    next_check = static_cast<std::uint8_t>((next_check + 1) % recent_checks.size());
    return true;
}

void Peer::on_connection_datagram(std::span<const std::byte> datagram) {
    if (selected) endpoint.emit(*selected, datagram);
}

void Peer::on_connection_open() {
    was_open = true;
    --endpoint.statistics.opening;
    endpoint.listener.on_open(id);
}

void Peer::on_connection_message(std::uint16_t stream, bool is_text,
                                 std::span<const std::byte> message) {
    endpoint.listener.on_message(id, stream, is_text, message);
}

void Peer::on_connection_channel(std::uint16_t stream, std::string_view label,
                                 const sctp::Reliability& reliability) {
    endpoint.mark_dirty(*this);  // the ACK
    endpoint.listener.on_channel(id, stream, label, reliability);
}

void Peer::on_connection_channel_closed(std::uint16_t stream) {
    endpoint.listener.on_channel_closed(id, stream);
}

}  // namespace muster::rtc
