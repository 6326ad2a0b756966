#include "words.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::uplink {
namespace {

constexpr std::size_t word_bytes_max = 64;

std::string cut(const std::string& text) {
    return to_utf8(text.substr(0, word_bytes_max));
}

}  // namespace

wire::Hello hello_of(const Options& options, const host::Statistics& statistics,
                     std::uint16_t udp_port, bool draining) {
    wire::Hello out;
    out.set_protocol(link::world_protocol);
    out.set_version(options.version);
    out.set_name(options.name);
    for (const std::string& address : options.addresses) out.add_addresses(address);
    out.set_udp_port(udp_port);
    out.set_http_port(options.http_port);
    out.set_http_secure(options.http_secure);
    out.set_sessions_max(statistics.sessions_max);
    for (const host::WorldStatistics& world : statistics.worlds) {
        wire::World& one = *out.add_worlds();
        one.set_name(world.world);
        one.set_mode(cut(world.mode));
        one.set_map(cut(world.map));
        one.set_players_max(world.players_max);
    }
    out.set_draining(draining);
    return out;
}

double CpuShare::since_last(double cpu_seconds, std::chrono::steady_clock::time_point now) {
    const std::chrono::duration<double> passed = now - at_;
    const double used = cpu_seconds - cpu_seconds_;
    const bool is_first = at_ == std::chrono::steady_clock::time_point{};
    at_ = now;
    cpu_seconds_ = cpu_seconds;
    if (is_first || passed.count() <= 0) return 0;
    return std::clamp(used / passed.count() / cores_, 0.0, 1.0);
}

wire::Load load_of(const host::Statistics& statistics, double cpu, bool draining) {
    wire::Load out;
    for (const host::WorldStatistics& world : statistics.worlds) {
        wire::WorldLoad& one = *out.add_worlds();
        one.set_people(world.people);
        one.set_bots(world.bots);
        one.set_asleep(world.asleep);
        for (const host::Stage& stage : world.stages) {
            if (stage.name == "tick") one.set_tick_p99_us(static_cast<std::uint32_t>(stage.p99_us));
        }
    }
    out.set_sessions(statistics.sessions);
    out.set_cpu(cpu);
    out.set_draining(draining);
    return out;
}

Result<host::JoinRequest> request_of(wire::JoinOffer offer, bool draining) {
    host::JoinRequest out;
    if (offer.team() == "red") {
        out.team = sim::Team::red;
    } else if (offer.team() == "blue") {
        out.team = sim::Team::blue;
    } else if (!offer.team().empty()) {
        return fail(Errc::invalid_argument, "`red`, `blue` or absent", "team");
    }
    if (draining && offer.resume().empty()) {
        return fail(Errc::unavailable, "this world server is being emptied and takes nobody new");
    }
    out.world = std::move(*offer.mutable_world());
    out.sdp = std::move(*offer.mutable_sdp());
    out.name = std::move(*offer.mutable_name());
    out.resume = std::move(*offer.mutable_resume());
    out.remote_address = std::move(*offer.mutable_remote_address());
    return out;
}

wire::JoinAnswer answer_of(std::uint64_t request_id, const Result<host::Joined>& joined) {
    wire::JoinAnswer out;
    out.set_request_id(request_id);
    if (joined) {
        out.set_sdp(joined->sdp);
        out.set_ticket(joined->ticket);
        out.set_player(joined->player);
    } else {
        out.set_error_code(std::string(name_of(joined.error().code)));
        out.set_error_message(joined.error().message);
        out.set_error_field(joined.error().field);
    }
    return out;
}

}  // namespace muster::uplink
