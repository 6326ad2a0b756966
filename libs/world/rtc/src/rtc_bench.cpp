#include <benchmark/benchmark.h>
#include <malloc.h>
#include <time.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "muster/base/assert.hpp"
#include "muster/rtc/caller.hpp"
#include "records.hpp"
#include "stun.hpp"

namespace muster::rtc {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint16_t unreliable_stream = 2;
constexpr sctp::Reliability unreliable{
    .policy = sctp::Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

/// One endpoint and its callers, without a network: what the callers say waits in `to_server`.
struct Table final : Listener {
    struct Player final : CallerListener {
        Player(Table& own_table, Address own_address)
            : table(own_table), address(own_address), caller(table.identity, {}, *this) {}
        void on_datagram(const Address&, std::span<const std::byte> datagram) override {
            table.to_server.emplace_back(address, Bytes(datagram.begin(), datagram.end()));
        }
        void on_open() override {}
        void on_message(std::uint16_t, bool, std::span<const std::byte>) override {
            ++table.heard_by_players;
        }
        void on_closed(std::string_view) override {}
        Table& table;
        Address address;
        PeerId peer = 0;
        Caller caller;
    };

    Table(bool own_records, std::size_t players_count);
    /// 30 ms pass, and all that was said is heard.
    void exchange();
    void on_datagram(const Address& to, std::span<const std::byte> datagram) override {
        to_players.emplace_back(to, Bytes(datagram.begin(), datagram.end()));
    }
    void on_open(PeerId) override {}
    void on_message(PeerId, std::uint16_t, bool, std::span<const std::byte>) override { ++heard; }
    void on_channel(PeerId, std::uint16_t, std::string_view, const sctp::Reliability&) override {}
    void on_channel_closed(PeerId, std::uint16_t) override {}
    void on_gone(PeerId, Gone) override {}

    std::shared_ptr<const Identity> identity = Identity::make().value();
    Instant now{1'000'000};
    std::unique_ptr<Endpoint> endpoint;
    std::vector<std::unique_ptr<Player>> players;
    std::map<Address, Player*> by_address;
    std::vector<std::pair<Address, Bytes>> to_server, to_players;
    std::size_t heard = 0, heard_by_players = 0;
};

Table::Table(bool own_records, std::size_t players_count) {
    Options options;
    options.own_records = own_records;
    // A refused hello would wait for a timer, of which the clock is not this one.
    options.limits.handshakes_per_second = 1e6;
    options.limits.handshakes_max = players_count;
    endpoint = std::make_unique<Endpoint>(identity, options, *this);
    const Candidate candidate{"192.0.2.1", 7};
    for (std::size_t i = 0; i < players_count; ++i) {
        Address address = parse_address("198.51.100.1:1000").value();
        address.ip[14] = static_cast<std::byte>(i / 256);
        address.ip[15] = static_cast<std::byte>(i % 256);
        players.push_back(std::make_unique<Player>(*this, address));
        auto& player = *players.back();
        by_address[address] = &player;
        const auto offer = parse_offer(player.caller.offer()).value();
        const auto accepted = endpoint->accept(offer, {&candidate, 1}, now).value();
        player.peer = accepted.peer;
        MUSTER_ASSERT(player.caller.start(accepted.sdp, std::nullopt, now).has_value());
    }
    for (int i = 0; i < 20; ++i) exchange();
    for (const auto& player : players) MUSTER_ASSERT(player->caller.is_open());
}

void Table::exchange() {
    now += std::chrono::milliseconds(30);
    for (auto& [from, datagram] : std::exchange(to_server, {})) {
        endpoint->receive(from, datagram, now);
    }
    endpoint->flush_all(now);
    endpoint->handle_timeouts(now);
    for (auto& [to, datagram] : std::exchange(to_players, {})) {
        by_address[to]->caller.receive(datagram, now);
    }
    for (auto& player : players) {
        player->caller.flush(now);
        player->caller.handle_timeouts(now);
    }
}

/// Of this thread alone: others on the machine do not count.
std::chrono::nanoseconds cpu_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The server's part of a client's tick: 40 bytes up, 400 down, acknowledgements both ways. The
/// callers' part is done in between and not counted; the copy of each datagram is.
void client_ticks(benchmark::State& state) {
    const auto players = static_cast<std::size_t>(state.range(1));
    Table table(state.range(0) != 0, players);
    const std::vector<std::byte> up(40), down(400);
    std::chrono::nanoseconds spent{0};
    std::size_t ticks = 0;
    for (auto _ : state) {
        for (auto& player : table.players) {
            player->caller.send(unreliable_stream, false, up, unreliable, table.now);
            player->caller.flush(table.now);
        }
        auto in = std::exchange(table.to_server, {});
        const auto start = cpu_time();
        for (auto& [from, datagram] : in) table.endpoint->receive(from, datagram, table.now);
        for (const auto& player : table.players) {
            table.endpoint->send(player->peer, unreliable_stream, false, down, unreliable,
                                 table.now);
        }
        table.endpoint->flush_all(table.now);
        table.endpoint->handle_timeouts(table.now);
        const auto now_spent = cpu_time() - start;
        spent += now_spent;
        ++ticks;
        state.SetIterationTime(std::chrono::duration<double>(now_spent).count());
        table.exchange();
    }
    MUSTER_ASSERT(table.heard == ticks * players && table.heard_by_players == ticks * players);
    state.counters["ns_a_client_tick"] =
        static_cast<double>(spent.count()) / static_cast<double>(ticks * players);
}

void seal_record(benchmark::State& state) {
    const auto identity = Identity::make().value();
    Sealer sealer(identity->impl(), {}, 1, 1);
    std::vector<std::byte> buffer(record_headroom + 450 + record_tailroom);
    const auto payload = std::span(buffer).subspan(record_headroom, 450);
    for (auto _ : state) benchmark::DoNotOptimize(sealer.seal(Content::data, payload));
}

void open_record(benchmark::State& state) {
    const auto identity = Identity::make().value();
    Sealer sealer(identity->impl(), {}, 1, 1);
    Opener opener(identity->impl(), {});
    std::vector<std::byte> buffer(record_headroom + 90 + record_tailroom);
    const auto payload = std::span(buffer).subspan(record_headroom, 90);
    for (auto _ : state) {
        const auto record = front_record(sealer.seal(Content::data, payload));
        benchmark::DoNotOptimize(opener.open(*record));
    }
}

void answer_check(benchmark::State& state) {
    const stun::IntegrityKey key("abcdefghijklmnopqrstuvwxyz");
    const Address address = parse_address("198.51.100.1:1000").value();
    stun::Buffer buffer, answer;
    const auto request = stun::write_request(buffer, {.transaction = {}, .username = "a:b"}, key);
    for (auto _ : state) {
        const auto message = stun::decode(request);
        benchmark::DoNotOptimize(stun::is_authentic(*message, request, key));
        benchmark::DoNotOptimize(stun::write_success(answer, message->transaction, address, key));
    }
}

/// A whole connection's opening, both sides of it.
void open_connection(benchmark::State& state) {
    const auto identity = Identity::make().value();
    for (auto _ : state) Table table(true, 1);
}

/// What a connection holds on the heap once it is open: half of what both sides hold.
void memory_of_a_connection(benchmark::State& state) {
    constexpr std::size_t players = 1'000;
    for (auto _ : state) {
        const std::size_t before = mallinfo2().uordblks;
        const Table table(state.range(0) != 0, players);
        state.counters["bytes_a_side"] =
            static_cast<double>(mallinfo2().uordblks - before) / (2.0 * players);
    }
}

BENCHMARK(memory_of_a_connection)->Arg(1)->Arg(0)->ArgName("own_records")->Iterations(1);
BENCHMARK(client_ticks)
    ->ArgsProduct({{1, 0}, {1, 100, 1'000}})
    ->ArgNames({"own_records", "clients"})
    ->Iterations(100)
    ->UseManualTime();
BENCHMARK(seal_record);
BENCHMARK(open_record)->Name("seal_and_open_90_bytes");
BENCHMARK(answer_check);
BENCHMARK(open_connection)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace muster::rtc

BENCHMARK_MAIN();
