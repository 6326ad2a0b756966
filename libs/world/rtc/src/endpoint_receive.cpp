#include <algorithm>
#include <bit>
#include <cstring>

#include "demux.hpp"
#include "endpoint_impl.hpp"

namespace muster::rtc {
namespace {

/// So long after the last datagram an address may be somebody else's.
constexpr std::chrono::seconds selected_silence{2};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product =
        static_cast<Wide>(a ^ 0x9E37'79B9'7F4A'7C15U) * (b ^ 0xE703'7ED1'A0B4'28DBU);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

std::size_t AddressHash::operator()(const Address& address) const {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::memcpy(&first, address.ip.data(), sizeof first);
    std::memcpy(&second, address.ip.data() + sizeof first, sizeof second);
    return mix(mix(first ^ seed, second), seed ^ address.port);
}

std::size_t TextHash::operator()(std::string_view text) const {
    std::uint64_t hash = seed ^ text.size();
    while (!text.empty()) {
        std::uint64_t part = 0;
        const std::size_t length = std::min(text.size(), sizeof part);
        std::memcpy(&part, text.data(), length);
        hash = mix(hash, part ^ seed);
        text.remove_prefix(length);
    }
    return hash;
}

void Endpoint::Impl::receive(const Address& from, std::span<std::byte> datagram, Instant now) {
    ++statistics.datagrams_in;
    statistics.bytes_in += datagram.size();
    switch (protocol_of(datagram)) {
        case Protocol::stun:
            return receive_stun(from, datagram, now);
        case Protocol::dtls:
            return receive_dtls(from, datagram, now);
        case Protocol::other:
            ++statistics.dropped_bad;
            return;
    }
}

void Endpoint::Impl::receive_stun(const Address& from, std::span<const std::byte> datagram,
                                  Instant now) {
    const auto request = stun::decode(datagram);
    if (!request) {
        ++statistics.dropped_bad;
        return;
    }
    // An indication keeps a NAT's binding and proves nothing; we ask nothing, so there are no
    // answers to us.
    if (request->kind != stun::Kind::request) return;
    if (!request->username || request->integrity_at == 0) {
        return refuse_check(from, *request, 400, nullptr, datagram.size());
    }
    const std::string_view username = *request->username;
    const auto slot = by_ufrag.find(username.substr(0, username.find(':')));
    if (!slot) {
        ++statistics.dropped_unknown;  // without an answer: no one is here
        return;
    }
    Peer& peer = *peers[*slot];
    if (username != peer.username || !stun::is_authentic(*request, datagram, peer.key)) {
        return refuse_check(from, *request, 401, nullptr, datagram.size());
    }
    if (request->unknown_count > 0) {
        return refuse_check(from, *request, 420, &peer.key, datagram.size());
    }
    if (request->is_controlled) {
        // A lite agent is always the controlled one and cannot change (RFC 8445, 7.3.1.1).
        return refuse_check(from, *request, 487, &peer.key, datagram.size());
    }
    if (is_in_use(peer, from, now)) {
        // A check proves a password, but not that its answer arrives: whoever forges the address of
        // somebody who plays shall not take it.
        ++statistics.dropped_bad;
        return;
    }
    if (peer.note_check(request->transaction)) {
        peer.last_heard = now;
        learn_address(peer, from);
        // While it shakes hands: the first pair that was checked, then the one that is nominated.
        const bool is_chosen = request->use_candidate || !peer.selected;
        if (!peer.was_open && is_chosen) select_address(peer, from);
    } else if (!peer.knows(from)) {
        // Its answer may have been lost, then it comes again from where it came; whoever replays
        // it from elsewhere shall not be sent the game, nor keep a peer alive that has gone.
        ++statistics.dropped_bad;
        return;
    }
    stun::Buffer buffer;
    emit(from, stun::write_success(buffer, request->transaction, from, peer.key));
}

/// Refusals go to addresses that nobody has proven: never more bytes than came, and only to what
/// says by its FINGERPRINT that it meant to speak ICE.
void Endpoint::Impl::refuse_check(const Address& from, const stun::Message& request,
                                  std::uint16_t code, const stun::IntegrityKey* key,
                                  std::size_t request_bytes) {
    ++statistics.dropped_bad;
    stun::Buffer buffer;
    const auto refusal = stun::write_error(buffer, request, code, key);
    if (!request.has_fingerprint || refusal.size() > request_bytes) return;
    emit(from, refusal);
}

void Endpoint::Impl::learn_address(Peer& peer, const Address& from) {
    const auto owner = by_address.find(from);
    if (owner == peer.slot()) return;
    if (owner) {
        // A new session from the same socket: the newest proof wins.
        Peer& before = *peers[*owner];
        const auto end = before.addresses.begin() + before.address_count;
        const auto at = std::find(before.addresses.begin(), end, from);
        std::move(at + 1, end, at);
        --before.address_count;
        before.oldest_address = 0;
        if (before.selected == from) before.selected.reset();
    }
    if (peer.address_count < peer.addresses.size()) {
        peer.addresses[peer.address_count++] = from;
    } else {
        Address& oldest = peer.addresses[peer.oldest_address];
        if (oldest == peer.selected) {
            peer.oldest_address =
                static_cast<std::uint8_t>((peer.oldest_address + 1) % peer.addresses.size());
        }
        Address& replaced = peer.addresses[peer.oldest_address];
        by_address.erase(replaced);
        replaced = from;
        peer.oldest_address =
            static_cast<std::uint8_t>((peer.oldest_address + 1) % peer.addresses.size());
    }
    by_address.insert_or_assign(from, peer.slot());
}

bool Endpoint::Impl::is_in_use(const Peer& by, const Address& address, Instant now) const {
    const auto slot = by_address.find(address);
    if (!slot || *slot == by.slot()) return false;
    const Peer& owner = *peers[*slot];
    return owner.was_open && owner.selected == address &&
           now < owner.selected_heard + selected_silence;
}

/// A peer is sent to where it shakes hands from, and once it is open to where its newest record
/// came from: a check could come from a forged address, a record that nobody sent before could not.
/// An agent plays on the pair that it nominated, so the flag itself says nothing more.
void Endpoint::Impl::select_address(Peer& peer, const Address& from) {
    if (peer.selected == from) return;
    if (peer.selected && peer.was_open) ++statistics.rebound;
    peer.selected = from;
}

void Endpoint::Impl::receive_dtls(const Address& from, std::span<std::byte> datagram, Instant now) {
    const auto slot = by_address.find(from);
    if (!slot) {
        ++statistics.dropped_unknown;
        return;
    }
    Peer& peer = *peers[*slot];
    if (peer.connection.dtls_state() == Dtls::State::idle) {
        if (!Dtls::is_client_hello(datagram)) {
            ++statistics.dropped_bad;
            return;
        }
        if (!admit_handshake(from, now)) {
            ++statistics.handshakes_refused;
            return;
        }
        handshakes.push_back({peer.slot(), from.ip});
        peer.connection.start(now);
    }
    const bool was_shaking = peer.connection.dtls_state() == Dtls::State::handshaking;
    const bool is_authentic = peer.connection.receive(datagram, now);
    const Dtls::State state = peer.connection.dtls_state();
    if (was_shaking && state != Dtls::State::handshaking) {
        forget_handshake(peer.slot());
        ++(state == Dtls::State::open ? statistics.handshakes : statistics.handshakes_failed);
    }
    if (is_authentic) {
        peer.last_heard = now;
        if (peer.was_open && peer.knows(from)) select_address(peer, from);
        if (peer.selected == from) peer.selected_heard = now;
        // What an acknowledgement made room for goes out by the next flush_all().
        const auto& association = peer.connection.association();
        if (association && association->reliable_bytes_pending() > 0) mark_dirty(peer);
    } else if (!was_shaking) {
        ++statistics.dropped_bad;
    }
    touch(peer);
    look_after(peer);
}

bool Endpoint::Impl::admit_handshake(const Address& from, Instant now) {
    const auto& limits = options.limits;
    if (handshakes.size() >= limits.handshakes_max) return false;
    const auto of_address = std::ranges::count(handshakes, from.ip, &Handshake::ip);
    if (std::cmp_greater_equal(of_address, limits.handshakes_per_address_max)) return false;
    return handshake_rate.take(Timestamp(std::chrono::floor<std::chrono::milliseconds>(now)));
}

void Endpoint::Impl::forget_handshake(std::uint32_t slot) {
    std::erase_if(handshakes, [slot](const Handshake& one) { return one.slot == slot; });
}

}  // namespace muster::rtc
