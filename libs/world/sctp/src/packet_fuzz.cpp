#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "chunks.hpp"
#include "muster/base/assert.hpp"
#include "muster/sctp/association.hpp"

/// An open association, and then whatever a peer may send: chunks with the right tag and checksum,
/// TSNs close to the ones that are next, in between our own sends, losses and timeouts. It stays
/// within its limits, never sends a packet that is too large, and tells its end once.
namespace {

using namespace muster::sctp;

struct Side final : Listener {
    Side(const Options& given, const Secrets& secrets)
        : options(given), association(given, secrets, *this) {}
    void on_packet(std::span<std::byte> packet) override {
        MUSTER_ASSERT(packet.size() <= options.packet_bytes_max);
        std::memset(packet.data() + packet.size(), 0xEE, options.tailroom);
        sent.emplace_back(packet.begin(), packet.end());
    }
    void on_open() override { MUSTER_ASSERT(++opened == 1); }
    void on_message(std::uint16_t stream, std::uint32_t,
                    std::span<const std::byte> message) override {
        MUSTER_ASSERT(stream < options.streams && !message.empty());
        MUSTER_ASSERT(message.size() <= options.message_bytes_max);
    }
    void on_streams_reset(std::span<const std::uint16_t> streams) override {
        for (const auto stream : streams) MUSTER_ASSERT(stream < options.streams);
    }
    void on_closed(CloseReason) override { MUSTER_ASSERT(++closed == 1); }

    Options options;
    std::vector<std::vector<std::byte>> sent;
    int opened = 0, closed = 0;
    Association association;
};

struct Input {
    const std::uint8_t* at;
    const std::uint8_t* end;
    std::uint8_t byte() { return at < end ? *at++ : 0; }
    bool empty() const { return at >= end; }
};

/// Any chunk: its type and flags, a length, and bytes; of DATA, SACK and the like the TSN is made
/// one close to `tsn`, so that it is not thrown away at once.
std::size_t make_chunk(Input& input, std::byte* at, std::size_t room, std::uint32_t tsn,
                       std::uint32_t own_tsn) {
    constexpr std::uint8_t types[]{0, 0, 0,  3,  3,  192, 130, 4,  5,   6,   7,
                                   8, 9, 10, 11, 14, 1,   2,   63, 127, 191, 255};
    const std::uint8_t type = types[input.byte() % sizeof types];
    const std::uint8_t flags = input.byte();
    std::size_t body = input.byte();
    if (type == 0) body += 12;
    if (chunk_header_bytes + padded(body) > room) return 0;
    at[0] = static_cast<std::byte>(type);
    at[1] = static_cast<std::byte>(flags);
    store16(at + 2, static_cast<std::uint16_t>(chunk_header_bytes + body));
    std::memset(at + 4, 0, padded(body));
    for (std::size_t i = 0; i < body && !input.empty(); ++i) {
        at[4 + i] = static_cast<std::byte>(input.byte());
    }
    const auto close_to = [&](std::uint32_t base) {
        store32(at + 4, base + static_cast<std::uint32_t>(
                                   static_cast<std::int8_t>(std::to_integer<std::uint8_t>(at[4]))));
    };
    if (body >= 4 && (type == 0 || type == 192)) close_to(tsn);
    if (body >= 4 && (type == 3 || type == 7)) close_to(own_tsn);
    if (type == 0) store16(at + 8, std::to_integer<std::uint16_t>(at[8]) & 15);
    if (type == 130 && body >= 16) {
        store16(at + 4, static_cast<std::uint16_t>(13 + std::to_integer<unsigned>(at[4]) % 6));
        store32(at + 8, tsn + (std::to_integer<unsigned>(at[8]) & 3));
        store32(at + 16, tsn + (std::to_integer<unsigned>(at[16]) & 15));
    }
    return chunk_header_bytes + padded(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input{data, data + size};
    const Options options{.receive_window = 16'384, .message_bytes_max = 4'096};
    const std::uint32_t tsn = 0xFFFFFFF0, own_tsn = 0x7FFFFFF0;
    Side own(options, {.tag = 7, .initial_tsn = own_tsn});
    Side peer(options, {.tag = 9, .initial_tsn = tsn});
    Instant now{1'000'000};
    peer.association.connect(now);
    for (int i = 0; i < 3; ++i) {
        for (const auto& packet : std::exchange(peer.sent, {}))
            own.association.receive(packet, now);
        for (const auto& packet : std::exchange(own.sent, {}))
            peer.association.receive(packet, now);
    }
    MUSTER_ASSERT(own.association.is_open());
    std::uint32_t base = tsn;
    while (!input.empty()) {
        const std::uint8_t what = input.byte();
        now += std::chrono::milliseconds(what >> 4);
        if ((what & 3) != 3) {
            std::vector<std::byte> packet(1'200);
            store16(&packet[0], 5000);
            store16(&packet[2], 5000);
            store32(&packet[4], 7);
            std::size_t used = common_header_bytes;
            for (int i = 0; i <= (what & 3); ++i) {
                used += make_chunk(input, &packet[used], packet.size() - used, base, own_tsn);
            }
            packet.resize(used);
            own.association.receive(packet, now);
            if ((what & 8) != 0) ++base;
        } else if ((what & 4) != 0) {
            const std::uint8_t kind = input.byte();
            const std::vector<std::byte> message(1 + input.byte() * 20U);
            (void)own.association.send(kind & 15, 53, message,
                                       {.policy = static_cast<Reliability::Policy>((kind >> 4) % 3),
                                        .limit = kind & 3U,
                                        .ordered = (kind & 64) != 0},
                                       now);
            own.association.flush(now);
        } else if ((what & 8) != 0) {
            const std::uint16_t stream = input.byte() & 15;
            own.association.reset_streams({&stream, 1}, now);
        } else if (const auto due = own.association.deadline()) {
            now = std::max(now, *due);
            own.association.handle_timeout(now);
        }
        own.sent.clear();
    }
    MUSTER_ASSERT(own.closed == (own.association.is_closed() ? 1 : 0));
    return 0;
}
