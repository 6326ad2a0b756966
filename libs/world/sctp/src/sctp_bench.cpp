// What one client costs a tick: 400 bytes of state down, unreliable, its SACK and 40 bytes of
// input up. Ours, and usrsctp in our place against the same peer; what the peer does is not timed.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

#include "chunks.hpp"
#include "link_sim.hpp"
#include "usrsctp_sim.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace muster::sctp {
namespace {

constexpr Reliability unreliable{
    .policy = Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

/// Without the copies that sim::OwnEnd makes.
struct Side final : Listener {
    Side(std::uint32_t tag, bool zero_checksum)
        : association({.zero_checksum = zero_checksum}, {.tag = tag, .initial_tsn = tag}, *this) {}
    void on_packet(std::span<std::byte> packet) override {
        std::memcpy(out.data(), packet.data(), packet.size());
        size = packet.size();
    }
    void on_open() override {}
    void on_message(std::uint16_t, std::uint32_t, std::span<const std::byte> message) override {
        benchmark::DoNotOptimize(message.data());
        ++messages;
    }
    void on_streams_reset(std::span<const std::uint16_t>) override {}
    void on_closed(CloseReason) override {}
    [[nodiscard]] std::span<const std::byte> packet() const { return {out.data(), size}; }

    std::array<std::byte, 1'500> out{};
    std::size_t size = 0;
    std::uint64_t messages = 0;
    Association association;
};

/// The packets of the client are made before: SACK and input in one, as its next TSN and our last
/// one want it. Both are patched, so that nothing but our side runs.
struct Client {
    std::vector<std::byte> packet;
    std::uint32_t tsn;
    explicit Client(std::uint32_t initial_tsn) : packet(12 + 16 + 16 + 40), tsn(initial_tsn) {
        PacketWriter writer(packet, 5000, 5000, 1);
        std::byte* sack = writer.add(ChunkType::sack, 0, 12);
        store32(sack + 4, 262'144);
        store32(sack + 8, 0);
        std::byte* data = writer.add(ChunkType::data, 7, 12 + 40);
        std::memset(data, 0, 12 + 40);
    }
    std::span<const std::byte> next(std::uint32_t acknowledged, bool zero_checksum) {
        store32(&packet[16], acknowledged);
        store32(&packet[32], tsn++);
        store32(&packet[8], 0);
        if (!zero_checksum) store32(&packet[8], __builtin_bswap32(crc32c(packet)));
        return packet;
    }
};

void message_round(benchmark::State& state) {
    const bool zero = state.range(0) != 0;
    Side own(1, zero), peer(2, zero);
    Instant now{1'000'000};
    peer.association.connect(now);
    own.association.receive(peer.packet(), now);
    peer.association.receive(own.packet(), now);
    own.association.receive(peer.packet(), now);
    Client client(2);
    const std::vector<std::byte> snapshot(400);
    std::uint32_t sent = 1;
    const auto round = [&] {
        (void)own.association.send(1, 53, snapshot, unreliable, now);
        own.association.flush(now);
        own.association.receive(client.next(sent++, zero), now);
        now += Instant{33'333};
    };
    for (int i = 0; i < 100; ++i) round();
    const auto before = allocations.load();
    for (auto _ : state) round();
    state.counters["allocations"] = static_cast<double>(allocations.load() - before);
    if (own.messages == 0 || own.association.messages_pending(1) > 2) state.SkipWithError("broken");
}
BENCHMARK(message_round)->ArgName("zero_checksum")->Arg(0)->Arg(1);

/// Both ends at work, as usrsctp cannot be fed by hand: the difference is what it costs.
void both_ends(benchmark::State& state, bool oracle) {
    sim::OwnEnd client(2, {}, false);
    sim::OwnEnd own(4, {}, false);
    const auto theirs = oracle ? sim::make_usrsctp_end() : nullptr;
    sim::End& server = oracle ? *theirs : own;
    Instant now{1'000'000};
    std::vector<std::vector<std::byte>> up, down;
    client.wire = [&](std::span<const std::byte> p) { up.emplace_back(p.begin(), p.end()); };
    server.wire = [&](std::span<const std::byte> p) { down.emplace_back(p.begin(), p.end()); };
    const auto exchange = [&] {
        while (!up.empty() || !down.empty()) {
            for (const auto& p : std::exchange(up, {})) server.receive(p, now);
            for (const auto& p : std::exchange(down, {})) client.receive(p, now);
        }
    };
    client.connect(now);
    server.connect(now);
    exchange();
    const std::vector<std::byte> snapshot(400), input(40);
    for (auto _ : state) {
        (void)server.send(1, 53, snapshot, unreliable, now);
        server.flush(now);
        exchange();
        (void)client.send(1, 53, input, unreliable, now);
        client.flush(now);
        exchange();
        now += Instant{33'333};
        if (server.deadline() && *server.deadline() <= now) server.handle_timeout(now);
        client.received.clear();
        server.received.clear();
    }
    if (client.opened == 0 || server.opened == 0) state.SkipWithError("it did not open");
}
void both_ends_ours(benchmark::State& state) {
    both_ends(state, false);
}
void both_ends_usrsctp(benchmark::State& state) {
    both_ends(state, true);
}
BENCHMARK(both_ends_ours);
BENCHMARK(both_ends_usrsctp);

}  // namespace
}  // namespace muster::sctp

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
