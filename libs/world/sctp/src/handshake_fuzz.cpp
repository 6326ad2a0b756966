#include <cstdint>
#include <cstring>
#include <vector>

#include "chunks.hpp"
#include "cookie.hpp"
#include "muster/base/assert.hpp"
#include "muster/sctp/association.hpp"

/// Handshake chunks from anybody: INIT, INIT ACK and COOKIE ECHO of any content, to an association
/// that waits, one that called and one that echoed a cookie. None opens by a forged cookie, and
/// what is sent in answer is never larger than a packet.
namespace {

using namespace muster::sctp;

struct Side final : Listener {
    explicit Side(const Secrets& secrets) : association({}, secrets, *this) {}
    void on_packet(std::span<std::byte> packet) override {
        MUSTER_ASSERT(packet.size() <= Options{}.packet_bytes_max);
        last.assign(packet.begin(), packet.end());
    }
    void on_open() override { opened = true; }
    void on_message(std::uint16_t, std::uint32_t, std::span<const std::byte>) override {}
    void on_streams_reset(std::span<const std::uint16_t>) override {}
    void on_closed(CloseReason) override {}

    std::vector<std::byte> last;
    bool opened = false;
    Association association;
};

void receive(Side& side, std::span<const std::byte> chunks, std::uint32_t tag, Instant now) {
    std::vector<std::byte> packet(common_header_bytes + chunks.size());
    store16(&packet[0], 5000);
    store16(&packet[2], 5000);
    store32(&packet[4], tag);
    std::memcpy(packet.data() + common_header_bytes, chunks.data(), chunks.size());
    store32(&packet[8], __builtin_bswap32(crc32c(packet)));
    side.association.receive(packet, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Instant now{1'000'000};
    Secrets secrets{.tag = 7, .initial_tsn = 3};
    secrets.cookie_key[0] = std::byte{5};
    Side side(secrets);
    Side peer({.tag = 9, .initial_tsn = 4});
    const std::uint8_t mode = data[0] % 3;
    if (mode > 0) side.association.connect(now);
    if (mode == 2) {
        peer.association.receive(side.last, now);
        side.association.receive(peer.last, now);  // it echoes the cookie
    }
    auto chunks = std::as_bytes(std::span(data + 1, size - 1));
    const bool init = chunks[0] == static_cast<std::byte>(ChunkType::init);
    receive(side, chunks, init ? 0 : 7, now);
    (void)unseal(chunks, secrets.cookie_key);
    if (side.opened) {  // only by a COOKIE ACK to what was echoed
        MUSTER_ASSERT(mode == 2);
    }
    for (int i = 0; i < 30; ++i) {
        const auto due = side.association.deadline();
        if (!due) break;
        now = *due;
        side.association.handle_timeout(now);
    }
    return 0;
}
