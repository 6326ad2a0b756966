#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "dtls.hpp"
#include "muster/base/assert.hpp"

namespace {

using namespace muster::rtc;
using Bytes = std::vector<std::byte>;

struct Side final : DtlsSink {
    Side(const Identity& identity, Dtls::Role role, bool own_records)
        : dtls(identity, role, identity.fingerprint(), own_records, *this) {}
    void on_dtls_datagram(std::span<const std::byte> datagram) override {
        out.emplace_back(datagram.begin(), datagram.end());
    }
    void on_dtls_open() override { ++opened; }
    void on_dtls_data(std::span<std::byte>) override { ++read; }
    std::deque<Bytes> out;
    int opened = 0;
    int read = 0;
    Dtls dtls;
};

}  // namespace

/// Datagrams of the input (each behind a byte that says when it comes and one of length) reach both
/// sides in the middle of a handshake and after it: no input makes either open twice or read
/// anything, as nothing that is not sealed under their keys is the peer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto identity = Identity::make().value();
    if (size < 1) return 0;
    const bool own_records = (data[0] & 1U) != 0;
    Side server(*identity, Dtls::Role::server, own_records);
    Side client(*identity, Dtls::Role::client, own_records);
    Instant now{1'000'000};
    server.dtls.start(now);
    client.dtls.start(now);
    std::size_t at = 1;
    for (int turn = 0; turn < 16; ++turn) {
        for (int count = 0; count < 8 && size - at >= 2 && data[at] % 16 == turn; ++count) {
            const bool to_server = (data[at] & 0x80U) != 0;
            const std::size_t length = std::min<std::size_t>(data[at + 1], size - at - 2);
            const auto* const bytes = reinterpret_cast<const std::byte*>(data) + at + 2;
            Bytes datagram(bytes, bytes + length);
            (to_server ? server : client).dtls.receive(datagram, now);
            at += 2 + length;
        }
        for (auto out = std::exchange(client.out, {}); auto& datagram : out) {
            server.dtls.receive(datagram, now);
        }
        for (auto out = std::exchange(server.out, {}); auto& datagram : out) {
            client.dtls.receive(datagram, now);
        }
    }
    MUSTER_ASSERT(server.opened <= 1 && client.opened <= 1);
    MUSTER_ASSERT(server.read == 0 && client.read == 0);
    return 0;
}
