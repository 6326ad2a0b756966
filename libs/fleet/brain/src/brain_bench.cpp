// What one decision costs with 10,000 nodes and 200,000 servers: a JSON line for each kind of
// event. Simulated: the fleet is made of records, and nothing is stored or sent. `p99_cpu` is the
// processor's time alone, which tells on a busy machine what was ours and what was waiting for
// others.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "chance.hpp"
#include "muster/brain/brain.hpp"

namespace {

using namespace muster::brain;
using muster::Timestamp;

constexpr std::uint64_t node_count = 10'000;
constexpr std::uint64_t server_count = 200'000;

struct Took {
    double wall = 0;
    double processor = 0;
};

double processor_microseconds() {
    timespec at{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

struct Bench {
    State state{Config{}, Timestamp{}};
    Timestamp now{};
    Chance chance{1};
    std::uint64_t ids = 0;
    std::vector<Took> all;

    std::vector<Action> tell(decltype(Event::what) what) {
        now += muster::milliseconds(1);
        return decide(state, {now, std::move(what)});
    }
    Took timed(decltype(Event::what) what) {
        now += muster::milliseconds(1);
        const Event event{now, std::move(what)};
        const double before = processor_microseconds();
        const auto begin = std::chrono::steady_clock::now();
        const auto actions = decide(state, event);
        const auto end = std::chrono::steady_clock::now();
        return {std::chrono::duration<double, std::micro>(end - begin).count(),
                processor_microseconds() - before};
    }
    std::string some_server() { return "srv-" + std::to_string(chance.below(server_count)); }
    std::string operation() { return "op-" + std::to_string(++ids); }

    void report(const char* metric, std::vector<Took> took) const {
        const auto index = [&](double part) {
            return static_cast<std::size_t>(static_cast<double>(took.size() - 1) * part);
        };
        std::ranges::sort(took, {}, &Took::processor);
        const double processor = took[index(0.99)].processor;
        std::ranges::sort(took, {}, &Took::wall);
        const auto at = [&](double part) { return took[index(part)].wall; };
        std::printf(
            "{\"bench\":\"brain\",\"metric\":\"%s\",\"value\":%.1f,\"unit\":\"us\",\"n\":%zu,"
            "\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"p99_cpu\":%.1f,\"nodes\":%zu,"
            "\"servers\":%zu,"
            "\"simulated\":\"fleet\"}\n",
            metric, at(0.5), took.size(), at(0.5), at(0.99), at(0.999), took.back().wall, processor,
            state.node_count(), state.server_count());
        std::fflush(stdout);
    }
    template <typename Make>
    void measure(const char* metric, std::size_t count, Make make) {
        std::vector<Took> took;
        took.reserve(count);
        for (std::size_t turn = 0; turn < count; ++turn) {
            took.push_back(timed(make()));
            all.push_back(took.back());
        }
        report(metric, std::move(took));
    }
};

ServerSpec spec(const std::string& name) {
    ServerSpec made;
    made.name = name;  // each its own: names are unique
    made.game = "valheim";
    made.runtime = "docker";
    made.memory_bytes = 1'073'741'824;
    made.cpus = 1;
    made.ports.push_back({"game", 2456, 0, Protocol::udp, false});
    made.ports.push_back({"query", 2457, 0, Protocol::both, false});
    return made;
}

void fill(Bench& bench) {
    for (std::uint64_t index = 0; index < node_count; ++index) {
        NodeFacts facts;
        facts.runtime = "docker";
        facts.memory_bytes = 32LL * 1'073'741'824;
        facts.cpus = 32;
        facts.labels = {{"region", index % 3 == 0 ? "eu" : "us"}};
        const std::string id = "node-" + std::to_string(index);
        bench.tell(NodeConnected{id, index + 1, id, facts});
        InventoryReported inventory;
        inventory.node_id = id;
        inventory.session = index + 1;
        bench.tell(inventory);
    }
    for (std::uint64_t index = 0; index < server_count; ++index) {
        const std::string id = "srv-" + std::to_string(index);
        const std::string operation = bench.operation();
        bench.tell(DeployServer{operation, id, spec(id), true, "bench"});
        const Server& server = *bench.state.server(id);
        const std::uint64_t session = bench.state.node(server.node_id)->session;
        Observed observed;
        observed.generation = server.generation;
        observed.state = ServerState::ready;
        observed.ports = server.ports;
        const std::string node = server.node_id;
        bench.tell(ServerObserved{node, session, id, observed, false});
        bench.tell(OperationFinished{node, session, operation, std::nullopt});
    }
}

}  // namespace

int main() {
    Bench bench;
    fill(bench);
    std::vector<std::string> running;
    bench.measure("power_asked", 20'000, [&] {
        running.push_back(bench.operation());
        return PowerServer{running.back(), bench.some_server(), OperationKind::restart, "bench"};
    });
    std::size_t next = 0;
    bench.measure("operation_finished", 20'000, [&] {
        const Operation& one = *bench.state.operation(running[next++]);
        return OperationFinished{one.node_id, bench.state.node(one.node_id)->session, one.id,
                                 std::nullopt};
    });
    bench.measure("server_observed", 20'000, [&] {
        const Server& server = *bench.state.server(bench.some_server());
        Observed observed = server.observed;
        ++observed.restarts;
        return ServerObserved{server.node_id, bench.state.node(server.node_id)->session, server.id,
                              observed, false};
    });
    bench.measure("deploy_placed", 5'000, [&] {
        const std::string id = bench.operation();
        return DeployServer{id, "new-" + id, spec("new-" + id), true, "bench"};
    });
    bench.measure("deploy_that_fits_nowhere", 1'000, [&] {
        const std::string id = bench.operation();
        ServerSpec big = spec("big-" + id);
        big.memory_bytes = 64LL * 1'073'741'824;
        return DeployServer{id, "big-" + id, big, true, "bench"};
    });
    bench.measure("tick_with_a_thousand_waiting", 2'000, [] { return Tick{}; });
    bench.measure("session_ended", 5'000, [&] {
        const std::string id = "node-" + std::to_string(next++ % node_count);
        return NodeSessionEnded{id, bench.state.node(id)->session};
    });
    bench.now += muster::milliseconds(120'000);
    bench.measure("tick_while_thousands_go", 500, [] { return Tick{}; });
    bench.report("decision", std::move(bench.all));
    return 0;
}
