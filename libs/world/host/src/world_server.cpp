#include "muster/host/world_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

#include "addresses.hpp"
#include "chat_text.hpp"
#include "muster/base/encoding.hpp"
#include "muster/udp/socket.hpp"
#include "shard.hpp"
#include "tickets.hpp"
#include "world_thread.hpp"

namespace muster::host {
namespace {

constexpr std::size_t worlds_max = 16;
constexpr std::size_t shards_max = 16;
constexpr std::size_t name_characters_max = 64;  // the world cuts it to 24
constexpr std::size_t sdp_bytes_max = 65'536;

Result<void> check_name(const std::string& name) {
    const auto is_allowed = [](const char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (name.empty() || name.size() > 40 || !std::ranges::all_of(name, is_allowed)) {
        return fail(Errc::invalid_argument, "a world's name is 1 to 40 of a-z, 0-9 and -: " + name,
                    "worlds");
    }
    return {};
}

Result<void> check_spread(const Options& options, const WorldOptions& world) {
    if (!world.spread) return {};
    if (options.worlds.size() != 1) {
        return fail(Errc::invalid_argument,
                    "a world on several servers is the only one of its server: " + world.name,
                    "worlds");
    }
    if (!world.recording_file.empty()) {
        return fail(Errc::invalid_argument, "a world on several servers is not recorded",
                    "recording_file");
    }
    if (!world.spread->bus) return fail(Errc::invalid_argument, "no bus", "spread.bus");
    if (world.spread->life == 0) return fail(Errc::invalid_argument, "not 0", "spread.life");
    return {};
}

template <typename Values>
bool is_one_of(unsigned value, const Values& values) {
    return std::ranges::find(values, value) != std::ranges::end(values);
}

Result<void> check(const Options& options) {
    if (options.worlds.empty() || options.worlds.size() > worlds_max) {
        return fail(Errc::invalid_argument, "1 to 16 worlds", "worlds");
    }
    for (std::size_t i = 0; i < options.worlds.size(); ++i) {
        const WorldOptions& world = options.worlds[i];
        if (auto named = check_name(world.name); !named) return named;
        for (std::size_t j = 0; j < i; ++j) {
            if (options.worlds[j].name == world.name) {
                return fail(Errc::invalid_argument, "two worlds of the name " + world.name,
                            "worlds");
            }
        }
        if (auto spread = check_spread(options, world); !spread) return spread;
        if (world.rules.players_max == 0) {
            return fail(Errc::invalid_argument, "a world for nobody: " + world.name, "players_max");
        }
    }
    if (!is_one_of(options.tick_rate, std::array{60U, 30U, 20U})) {
        return fail(Errc::invalid_argument, "60, 30 or 20 a second", "tick_rate");
    }
    if (!is_one_of(options.snapshot_rate, std::array{60U, 30U, 20U, 15U, 10U})) {
        return fail(Errc::invalid_argument, "60, 30, 20, 15 or 10 a second", "snapshot_rate");
    }
    if (options.snapshot_bytes < 120 || options.snapshot_bytes > protocol::state_bytes_max) {
        return fail(Errc::invalid_argument, "120 to 1100 bytes", "snapshot_bytes");
    }
    if (options.shards > shards_max) return fail(Errc::invalid_argument, "at most 16", "shards");
    return {};
}

std::size_t shards_of(const Options& options) {
    if (options.shards > 0) return options.shards;
    return std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

}  // namespace

struct WorldServer::Impl {
    explicit Impl(Options options)
        : shared(std::move(options)), control(shared.options.snapshot_rate) {}

    Result<void> open_doors();
    Result<void> open_shards();
    Result<void> open_worlds();
    Result<void> start();
    void control_overload(Instant now);
    void stop(std::chrono::milliseconds grace);
    void answer_the_rest();
    [[nodiscard]] WorldThread* find(std::string_view world);

    Shared shared;
    ForwardRings forwards;
    OverloadControl control;
    std::uint16_t port = 0;
    std::vector<std::unique_ptr<WorldThread>> worlds;
    std::vector<std::unique_ptr<Shard>> shards;
    std::mutex stop_mutex;
    bool stopped = false;  // guarded by stop_mutex
};

Result<void> WorldServer::Impl::open_doors() {
    auto identity = rtc::Identity::make();
    if (!identity) return std::unexpected(identity.error());
    shared.identity = std::move(*identity);
    const std::size_t count = shards_of(shared.options);
    for (std::size_t i = 0; i < count; ++i) {
        shared.shards.push_back(std::make_unique<ShardDoor>());
        if (!shared.shards.back()->wake.is_open()) {
            return fail(Errc::unavailable, "no file descriptor is left");
        }
    }
    for (std::size_t i = 0; i < shared.options.worlds.size(); ++i) {
        const WorldOptions& world = shared.options.worlds[i];
        auto door = std::make_unique<WorldDoor>();
        door->index = static_cast<std::uint16_t>(i);
        door->name = world.name;
        door->players_max = world.rules.players_max;
        for (std::size_t s = 0; s < count; ++s) door->links.push_back(std::make_unique<Link>());
        shared.worlds.push_back(std::move(door));
    }
    forwards.resize(count);
    for (std::size_t to = 0; to < count; ++to) {
        forwards[to].resize(count);
        for (std::size_t from = 0; from < count; ++from) {
            if (from != to) forwards[to][from] = std::make_unique<ForwardRing>(1'024);
        }
    }
    return {};
}

Result<void> WorldServer::Impl::open_shards() {
    const Options& options = shared.options;
    const std::size_t count = shared.shards.size();
    std::vector<udp::Socket> sockets;
    port = options.udp_port;
    if (count > 1 && port != 0) {
        // Shards share their port, and would as gladly with another server's: tried alone first.
        const auto alone = udp::Socket::open({.host = options.udp_host, .port = port});
        if (!alone) return std::unexpected(alone.error());
    }
    for (std::size_t i = 0; i < count; ++i) {
        auto socket =
            udp::Socket::open({.host = options.udp_host, .port = port, .shared = count > 1});
        if (!socket) return std::unexpected(socket.error());
        port = socket->port();
        sockets.push_back(std::move(*socket));
    }
    if (auto attached = udp::attach_shards(sockets[0], count); !attached) {
        shared.log(LogLevel::warning, "datagrams are not steered: " + attached.error().message);
    }
    std::vector<rtc::Candidate> candidates;
    for (const std::string& address : options.public_addresses)
        candidates.push_back({address, port});
    if (candidates.empty()) candidates = candidates_of(options.udp_host, port);
    for (std::size_t i = 0; i < count; ++i) {
        shards.push_back(
            std::make_unique<Shard>(shared, forwards, i, std::move(sockets[i]), candidates));
    }
    shards[0]->every_half_second = [this](Instant now) { control_overload(now); };
    return {};
}

Result<void> WorldServer::Impl::open_worlds() {
    for (std::size_t i = 0; i < shared.worlds.size(); ++i) {
        auto world =
            WorldThread::open(shared, *shared.worlds[i], std::move(shared.options.worlds[i]));
        if (!world) return std::unexpected(world.error());
        worlds.push_back(std::move(*world));
    }
    return {};
}

Result<void> WorldServer::Impl::start() {
    const auto core = [this](std::size_t index) {
        return shared.options.pin ? std::optional(static_cast<unsigned>(index)) : std::nullopt;
    };
    for (std::size_t i = 0; i < worlds.size(); ++i) {
        if (auto started = worlds[i]->start(core(i)); !started) return started;
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
        if (auto started = shards[i]->start(core(worlds.size() + i)); !started) return started;
    }
    return {};
}

void WorldServer::Impl::control_overload(Instant now) {
    double load = 0;
    for (const auto& world : worlds) load = std::max(load, world->load());
    for (const auto& shard : shards) load = std::max(load, shard->load());
    const auto service = control.update(now, load);
    if (!service) return;
    shared.far_every.store(service->far_every);
    shared.snapshot_rate.store(service->snapshot_rate);
    shared.overload.store(service->overload);
    ++shared.service_version;
    shared.log(service->overload == Overload::none ? LogLevel::info : LogLevel::warning,
               "load " + std::to_string(static_cast<int>(load * 100)) + " %: snapshots " +
                   std::to_string(service->snapshot_rate) +
                   " times a second, what is far in every " + std::to_string(service->far_every) +
                   "th");
}

void WorldServer::Impl::stop(std::chrono::milliseconds grace) {
    const std::lock_guard lock(stop_mutex);
    if (stopped) return;
    stopped = true;
    shared.stopping.store(true);
    for (const auto& shard : shards) shard->begin_stop(grace);
    for (const auto& shard : shards) shard->join();
    for (const auto& world : worlds) world->stop();
    answer_the_rest();
}

// Whoever joined between a shard's end and its world's.
void WorldServer::Impl::answer_the_rest() {
    for (const auto& door : shared.worlds) {
        for (const auto& link : door->links) {
            link->mail.drain([this](Mail& mail) {
                if (auto* expect = std::get_if<mail::Expect>(&mail)) {
                    shared.admission.release(expect->address, false);
                    expect->answer(fail(Errc::unavailable, "the server is stopping"));
                }
                mail = std::monostate{};
            });
        }
    }
}

WorldThread* WorldServer::Impl::find(std::string_view world) {
    for (std::size_t i = 0; i < worlds.size(); ++i) {
        if (shared.worlds[i]->name == world) return worlds[i].get();
    }
    return nullptr;
}

Result<std::unique_ptr<WorldServer>> WorldServer::open(Options options) {
    if (auto checked = check(options); !checked) return std::unexpected(checked.error());
    auto impl = std::make_unique<Impl>(std::move(options));
    std::unique_ptr<WorldServer> out(new WorldServer(std::move(impl)));
    for (const auto step :
         {&Impl::open_doors, &Impl::open_shards, &Impl::open_worlds, &Impl::start}) {
        if (auto done = ((*out->impl_).*step)(); !done) return std::unexpected(done.error());
    }
    return out;
}

WorldServer::WorldServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WorldServer::~WorldServer() {
    impl_->stop(std::chrono::milliseconds(0));
}

std::uint16_t WorldServer::udp_port() const {
    return impl_->port;
}

void WorldServer::join(JoinRequest request, std::function<void(Result<Joined>)> then) {
    Shared& shared = impl_->shared;
    WorldThread* const world =
        request.world.empty() ? impl_->worlds.front().get() : impl_->find(request.world);
    if (world == nullptr) {
        return then(fail(Errc::not_found, "there is no world " + to_utf8(request.world)));
    }
    if (request.name.size() > 4 * name_characters_max || !is_utf8(request.name)) {
        return then(fail(Errc::invalid_argument, "not UTF-8 of at most 256 bytes", "name"));
    }
    request.name = clean_text(request.name, name_characters_max).value_or("");
    if (!request.resume.empty() && !read_ticket(request.resume)) {
        return then(fail(Errc::invalid_argument, "not a token of this server's", "resume"));
    }
    if (request.sdp.size() > sdp_bytes_max) {
        return then(fail(Errc::invalid_argument, "longer than 64 KiB", "sdp"));
    }
    auto offer = rtc::parse_offer(request.sdp);
    if (!offer) {
        Error error = offer.error();
        error.field = "sdp";
        return then(std::unexpected(std::move(error)));
    }
    if (shared.stopping.load()) {
        return then(fail(Errc::unavailable, "the server is stopping"));
    }
    const std::string address = request.remote_address;
    if (auto admitted = shared.admission.admit(address, SystemClock().now()); !admitted) {
        return then(std::unexpected(admitted.error()));
    }
    request.sdp.clear();
    auto posted = world->post(JoinCommand{std::move(request), std::move(*offer), then});
    if (posted) return;
    shared.admission.release(address, false);
    then(std::unexpected(posted.error()));
}

void WorldServer::leave(std::string ticket, std::string_view world) {
    const auto read = read_ticket(ticket);
    if (!read || read->world >= impl_->worlds.size()) return;
    if (!world.empty() && impl_->find(world) != impl_->worlds[read->world].get()) return;
    // Too many commands: the player is removed when it is not heard of any more.
    (void)impl_->worlds[read->world]->post(LeaveCommand{std::move(ticket)});
}

namespace {

Error no_world(std::string_view name) {
    return {Errc::not_found, "there is no world " + to_utf8(name), "world"};
}

}  // namespace

Result<void> WorldServer::witness(std::string_view world, std::function<void(Witness)> then) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr) {
        return fail(Errc::not_found, "there is no world " + to_utf8(world));
    }
    return found->post(WitnessCommand{std::move(then)});
}

Result<void> WorldServer::set_bots(std::string_view world, std::uint16_t wanted) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr) {
        return fail(Errc::not_found, "there is no world " + to_utf8(world));
    }
    return found->post(BotsCommand{wanted});
}

Result<void> WorldServer::inject(std::string_view world, std::uint8_t command,
                                 std::span<const std::byte> payload) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr || !found->has_extension()) {
        return fail(Errc::not_found, "there is no world with plugins: " + to_utf8(world), "world");
    }
    if (payload.size() > protocol::custom_bytes_max) {
        return fail(Errc::too_large, "longer than 1024 bytes", "payload");
    }
    return found->post(InjectCommand{command, {payload.begin(), payload.end()}});
}

void WorldServer::on_news(std::function<void(PluginNews)> listen) {
    impl_->shared.newsstand.listen(std::move(listen));
}

Result<void> WorldServer::announce(std::string_view world, std::string_view text) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr) return std::unexpected(no_world(world));
    auto words = clean_text(text, protocol::announcement_characters_max);
    if (!words) return fail(Errc::invalid_argument, "1 to 400 characters of UTF-8", "text");
    return found->post(AnnounceCommand{*std::move(words)});
}

void WorldServer::kick(std::string_view world, Kick kick,
                       std::function<void(Result<PersonFacts>)> then) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr) return then(std::unexpected(no_world(world)));
    constexpr std::size_t reason_characters_max = 200;
    auto reason = clean_text(
        kick.reason.empty() ? "You were removed from this world." : std::string_view(kick.reason),
        reason_characters_max);
    if (!reason) {
        return then(fail(Errc::invalid_argument, "at most 200 characters of UTF-8", "reason"));
    }
    kick.reason = *std::move(reason);
    if (auto posted = found->post(KickCommand{std::move(kick), then}); !posted)
        then(std::unexpected(posted.error()));
}

void WorldServer::people(std::string_view world,
                         std::function<void(Result<std::vector<PersonFacts>>)> then) {
    WorldThread* const found = impl_->find(world);
    if (found == nullptr) return then(std::unexpected(no_world(world)));
    if (auto posted = found->post(PeopleCommand{then}); !posted)
        then(std::unexpected(posted.error()));
}

// What is lost when too many commands wait comes again with the next question.
void WorldServer::decided(mesh::Decision decision) {
    WorldThread& world = *impl_->worlds.front();
    if (world.is_spread()) (void)world.post(std::move(decision));
}

void WorldServer::withdrawn(territory::Withdraw withdraw) {
    WorldThread& world = *impl_->worlds.front();
    if (world.is_spread()) (void)world.post(std::move(withdraw));
}

void WorldServer::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

namespace {

void add_process(Statistics& out) {
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        out.process_cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    }
    std::uint64_t whole = 0;
    std::uint64_t resident = 0;  // in pages
    if (std::ifstream("/proc/self/statm") >> whole >> resident) {
        out.process_rss_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
}

}  // namespace

Statistics WorldServer::statistics() const {
    const Shared& shared = impl_->shared;
    const Instant now = shared.now();
    Statistics out;
    for (const auto& world : impl_->worlds) out.worlds.push_back(world->statistics(now));
    out.snapshots.name = "snapshots";
    for (const auto& shard : impl_->shards) {
        const auto counts = shard->counts();
        out.sessions += counts.sessions;
        out.opening += counts.opening;
        out.snapshots_sent += counts.snapshots_sent;
        out.snapshots_skipped += counts.snapshots_skipped;
        out.datagrams_in += counts.udp.datagrams_in;
        out.datagrams_out += counts.udp.datagrams_out;
        out.bytes_in += counts.udp.bytes_in;
        out.bytes_out += counts.udp.bytes_out;
        out.datagrams_dropped += counts.udp.dropped_here + counts.udp.dropped_by_system +
                                 counts.udp.truncated + counts.forwards_dropped +
                                 counts.rtc.dropped_unknown - counts.forwarded_unknown +
                                 counts.rtc.dropped_bad;
        out.handshakes += counts.rtc.handshakes;
        out.handshakes_failed += counts.rtc.handshakes_failed;
        out.handshakes_refused += counts.rtc.handshakes_refused;
        out.beacons += counts.beacons;
        out.beacons_limited += counts.beacons_limited;
        out.outbox_depth += counts.outbox_depth;
        // The worst shard's: that one decides what its players feel.
        const Stage rounds = stage_of("snapshots", shard->rounds(), now);
        out.snapshots.p50_us = std::max(out.snapshots.p50_us, rounds.p50_us);
        out.snapshots.p99_us = std::max(out.snapshots.p99_us, rounds.p99_us);
        out.snapshots.max_us = std::max(out.snapshots.max_us, rounds.max_us);
        out.snapshot_age_p99_ms =
            std::max(out.snapshot_age_p99_ms, shard->ages().summary(now).p99_us / 1e3);
    }
    out.uptime = std::chrono::duration_cast<std::chrono::seconds>(now);
    out.sessions_max = shared.options.sessions_max;
    out.joins = shared.joins.load();
    out.joins_refused = shared.admission.refused();
    out.resumed = shared.resumed.load();
    out.overload = shared.overload.load();
    out.snapshot_rate = shared.snapshot_rate.load();
    add_process(out);
    return out;
}

}  // namespace muster::host
