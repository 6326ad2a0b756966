// What a world costs without a network (T0): one thread does the whole tick, and of some scenes
// also the snapshots of the clients that are due. A JSON line for each; `p99_cpu` is the
// processor's time alone, which tells on a busy machine what was ours and what was waiting for
// others.
//
//     muster_world_bench world        whole ticks of crowded worlds
//     muster_world_bench replication  bytes and freshness of what clients are told
//     muster_world_bench ... --quick  a tenth of the ticks
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "muster/bots/bots.hpp"
#include "muster/replication/frame.hpp"
#include "muster/replication/viewer.hpp"
#include "muster/sim/world.hpp"
#include "samples.hpp"
#include "script.hpp"

namespace {

using namespace muster;
using load::Samples;

constexpr std::size_t warm_ticks = 600;
constexpr sim::Tick snapshot_every = 2;  // ticks: 30 Hz

struct Scene {
    const char* name;
    std::uint32_t width, height;  // 0: the classic arena
    std::uint16_t players;
    std::uint16_t viewers;
    double asked_ms;  // p99 at most; 0: nothing was asked
};

constexpr Scene scenes[] = {
    {"200v200, 400 clients", 0, 0, 400, 400, 1.5},
    {"1000v1000, 2000 clients", 0, 0, 2'000, 2'000, 8},
    {"10000 bots", 8'000, 6'000, 10'000, 0, 12},
    {"10000 bots, 1000 clients", 8'000, 6'000, 10'000, 1'000, 0},
};

// A client that gets everything and acknowledges it with its next input.
struct Client {
    explicit Client(sim::PlayerId player, std::uint8_t generation)
        : id(player), viewer(player, generation) {}
    std::span<const std::byte> serve(const replication::Frame& frame,
                                     const replication::Budget& budget) {
        if (sent != 0) viewer.acknowledge(sent, ~std::uint32_t{0});
        sent = frame.tick();
        return viewer.write(frame, budget);
    }
    sim::PlayerId id;
    sim::Tick sent = 0;
    replication::Viewer viewer;
};

struct Stages {
    explicit Stages(std::size_t count)
        : bots(count), step(count), frame(count), snapshots(count), tick(count), processor(count) {}
    Samples bots, step, frame, snapshots, tick, processor;
};

class Play {
  public:
    explicit Play(const Scene& scene)
        : scene_(scene),
          world_(map_of(scene), rules_of(scene), 1),
          bots_(world_, bots_of(scene), 1),
          frame_(world_, {}) {
        while (bots_.count() < scene.players && world_.tick() < 10'000) tick(nullptr);
        for (const auto id : world_.present()) {
            if (clients_.size() == scene.viewers) break;
            clients_.emplace_back(id, world_.players()[id].generation);
        }
        for (std::size_t i = 0; i < warm_ticks; ++i) tick(nullptr);
    }

    void tick(Stages* stages) {
        const double cpu = load::processor_us();
        const double start = load::wall_us();
        bots_.think();
        const double thought = load::wall_us();
        world_.step();
        const double stepped = load::wall_us();
        frame_.build(world_);
        const double built = load::wall_us();
        for (std::size_t i = world_.tick() % snapshot_every; i < clients_.size();
             i += snapshot_every) {
            const auto message = clients_[i].serve(frame_, budget_);
            bytes_ += message.size();
            ++messages_;
        }
        const double end = load::wall_us();
        if (stages == nullptr) return;
        stages->bots.add(thought - start);
        stages->step.add(stepped - thought);
        stages->frame.add(built - stepped);
        stages->snapshots.add(end - built);
        stages->tick.add(end - start);
        stages->processor.add(load::processor_us() - cpu);
    }

    void measure(std::size_t ticks) {
        Stages stages(ticks);
        bytes_ = messages_ = 0;
        for (std::size_t i = 0; i < ticks; ++i) tick(&stages);
        double visible = 0;
        for (const auto& client : clients_) visible += static_cast<double>(client.viewer.visible());
        visible /= std::max(1.0, static_cast<double>(clients_.size()));
        report("tick", stages.tick, &stages.processor, visible);
        report("bots", stages.bots, nullptr, 0);
        report("step", stages.step, nullptr, 0);
        report("frame", stages.frame, nullptr, 0);
        if (!clients_.empty()) report("snapshots", stages.snapshots, nullptr, 0);
    }

  private:
    static sim::Map map_of(const Scene& scene) {
        if (scene.width == 0) return sim::classic_arena(1);
        return sim::generate_map(scene.width, scene.height, 1).value();
    }
    static sim::Rules rules_of(const Scene& scene) {
        sim::Rules rules;
        rules.players_max = scene.players;
        return rules;
    }
    static bots::Options bots_of(const Scene& scene) {
        bots::Options options;
        options.wanted = scene.players;
        options.reserved = 0;
        return options;
    }

    void report(const char* metric, Samples& samples, Samples* processor, double visible) const {
        samples.sort();
        std::printf(
            "{\"bench\":\"world\",\"scene\":\"%s\",\"metric\":\"%s\",\"value\":%.3f,"
            "\"unit\":\"ms\",\"n\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f",
            scene_.name, metric, samples.at(0.99) / 1e3, samples.count(), samples.at(0.5) / 1e3,
            samples.at(0.99) / 1e3, samples.at(0.999) / 1e3, samples.max() / 1e3);
        if (processor != nullptr) {
            processor->sort();
            std::printf(",\"p99_cpu\":%.3f,\"p50_cpu\":%.3f", processor->at(0.99) / 1e3,
                        processor->at(0.5) / 1e3);
            if (scene_.asked_ms > 0) std::printf(",\"asked\":%.1f", scene_.asked_ms);
            if (!clients_.empty()) {
                std::printf(",\"bytes_a_snapshot\":%.0f,\"visible\":%.0f",
                            static_cast<double>(bytes_) / static_cast<double>(messages_), visible);
            }
        }
        std::printf(",\"tier\":\"T0\",\"machine\":\"%s\"}\n", load::machine().c_str());
        std::fflush(stdout);
    }

    const Scene& scene_;
    sim::World world_;
    bots::Bots bots_;
    replication::Frame frame_;
    replication::Budget budget_;
    std::vector<Client> clients_;
    std::uint64_t bytes_ = 0, messages_ = 0;
};

void replication_line(const char* scene, const char* metric, double value, const char* unit,
                      Samples& samples, double asked) {
    samples.sort();
    std::printf(
        "{\"bench\":\"replication\",\"scene\":\"%s\",\"metric\":\"%s\",\"value\":%.1f,"
        "\"unit\":\"%s\",\"n\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"asked\":%.1f,"
        "\"tier\":\"T0\",\"machine\":\"%s\"}\n",
        scene, metric, value, unit, samples.count(), samples.at(0.5), samples.at(0.99),
        samples.max(), asked, load::machine().c_str());
    std::fflush(stdout);
}

// IPv4, UDP, a DTLS record with AES-GCM, SCTP and one DATA chunk.
constexpr double wire_bytes = 20 + 8 + 13 + 8 + 16 + 12 + 16;

// Bots fight on a map where about 32 are in view; of the snapshots only those with 30 to 34 count.
void measure_bytes(std::size_t ticks) {
    constexpr Scene scene{"32 in view, fighting", 8'000, 6'000, 1'400, 0, 0};
    sim::Rules rules;
    rules.players_max = scene.players;
    sim::World world(sim::generate_map(scene.width, scene.height, 1).value(), rules, 1);
    bots::Options options;
    options.wanted = scene.players;
    options.reserved = 0;
    bots::Bots bots(world, options, 1);
    replication::Frame frame(world, {});
    std::vector<Client> clients;
    Samples bytes(ticks * scene.players / snapshot_every);
    Samples ages(ticks * scene.players / snapshot_every);
    for (std::size_t i = 0; i < warm_ticks + ticks; ++i) {
        bots.think();
        world.step();
        frame.build(world);
        if (i == warm_ticks / 2) {
            for (const auto id : world.present()) {
                clients.emplace_back(id, world.players()[id].generation);
            }
        }
        for (std::size_t c = world.tick() % snapshot_every; c < clients.size();
             c += snapshot_every) {
            const auto size = clients[c].serve(frame, {}).size();
            const auto visible = clients[c].viewer.visible();
            if (i < warm_ticks || visible < 30 || visible > 34) continue;
            bytes.add((static_cast<double>(size) + wire_bytes) * 30);
            ages.add(static_cast<double>(clients[c].viewer.stalest()) * 1e3 / sim::tick_rate);
        }
    }
    replication_line(scene.name, "bytes a second with all headers, mean", bytes.mean(), "B/s",
                     bytes, 15'000);
    ages.sort();
    replication_line(scene.name, "age of the stalest in view", ages.max(), "ms", ages, 500);
}

// 501 players walk into the middle of the arena and stay in each other's view.
void measure_crowd(std::size_t ticks) {
    constexpr std::uint16_t count = 501;
    const char* scene = "500 in view";
    sim::Rules rules;
    rules.players_max = count;
    sim::World world(sim::classic_arena(1), rules, 1);
    replication::Frame frame(world, {});
    const auto& bounds = world.map().bounds;
    const auto units = [](sim::Length length) { return static_cast<float>(length) / sim::unit; };
    const load::Ground ground{units(bounds.low.x), units(bounds.low.y),
                              units(bounds.high.x - bounds.low.x),
                              units(bounds.high.y - bounds.low.y)};
    std::vector<Client> clients;
    std::vector<load::Script> scripts;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto id = world.join({"walker", sim::Team::none, false}).value();
        clients.emplace_back(id, world.players()[id].generation);
        scripts.emplace_back(load::Pattern::crowd, i, ground);
    }
    Samples bytes(ticks * count), ages(ticks * count), visible(ticks * count);
    const replication::Budget budget;
    for (std::uint32_t i = 1; i <= 2 * warm_ticks + ticks; ++i) {
        for (std::uint32_t c = 0; c < count; ++c) {
            const auto step = scripts[c].next(world.players()[clients[c].id].at);
            sim::Input input;
            input.sequence = i;
            input.aim = step.aim;
            input.buttons = step.buttons & ~(sim::Input::fire | sim::Input::reload);
            world.submit(clients[c].id, input);
        }
        world.step();
        frame.build(world);
        for (std::size_t c = i % snapshot_every; c < count; c += snapshot_every) {
            const auto size = clients[c].serve(frame, budget).size();
            if (i <= 2 * warm_ticks) continue;
            bytes.add(static_cast<double>(size));
            visible.add(static_cast<double>(clients[c].viewer.visible()));
            ages.add(static_cast<double>(clients[c].viewer.stalest()) * 1e3 / sim::tick_rate);
        }
    }
    ages.sort();
    bytes.sort();
    replication_line(scene, "in view, mean", visible.mean(), "players", visible, 500);
    replication_line(scene, "bytes of one snapshot, the most", bytes.max(), "B", bytes,
                     static_cast<double>(budget.bytes));
    replication_line(scene, "age of the stalest in view, the most", ages.max(), "ms", ages, 500);
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view what = "world";
    std::size_t ticks = 3'000;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--quick") == 0) {
            ticks = 300;
        } else {
            what = argv[i];
        }
    }
    if (what == "world") {
        for (const auto& scene : scenes) std::make_unique<Play>(scene)->measure(ticks);
    } else if (what == "replication") {
        measure_bytes(ticks / 5);
        measure_crowd(ticks / 5);
    } else {
        std::fputs("muster_world_bench world|replication [--quick]\n", stderr);
        return 2;
    }
    return 0;
}
