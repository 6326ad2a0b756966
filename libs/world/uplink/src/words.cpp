#include "words.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::uplink {
namespace {

constexpr std::size_t word_bytes_max = 64;
constexpr int grants_max = 256;
constexpr std::uint32_t lease_ms_max = 3'600'000;
constexpr std::uint32_t ids_max = 65'535;

std::string cut(const std::string& text) {
    return to_utf8(text.substr(0, word_bytes_max));
}

void put(const territory::Rectangle& area, wire::Area& into) {
    into.set_left(area.left);
    into.set_top(area.top);
    into.set_right(area.right);
    into.set_bottom(area.bottom);
}

territory::Rectangle area_of(const wire::Area& area) {
    return {area.left(), area.top(), area.right(), area.bottom()};
}

Result<territory::Grant> grant_of(const wire::Grant& grant) {
    territory::Grant out;
    out.world = grant.world();
    out.region = grant.region();
    out.area = area_of(grant.area());
    out.epoch = grant.epoch();
    out.keeper = grant.keeper();
    out.leave = grant.leave();
    out.successor = grant.successor();
    if (out.region == 0 || out.epoch == 0) {
        return fail(Errc::invalid_argument, "a region and its epoch are not 0", "grants");
    }
    if (out.area.empty()) return fail(Errc::invalid_argument, "a region has an area", "grants");
    if (grant.neighbours_size() > grants_max) {
        return fail(Errc::invalid_argument, "at most 256 of them", "grants.neighbours");
    }
    for (const wire::Neighbour& one : grant.neighbours()) {
        out.neighbours.push_back({one.region(), area_of(one.area()), one.server(), one.epoch()});
    }
    return out;
}

}  // namespace

wire::Hello hello_of(const Options& options, const host::Statistics& statistics,
                     std::uint16_t udp_port, bool draining) {
    wire::Hello out;
    out.set_protocol(link::world_protocol);
    out.set_version(options.version);
    out.set_name(options.name);
    out.set_location(options.location);
    for (const std::string& address : options.addresses) out.add_addresses(address);
    out.set_udp_port(udp_port);
    out.set_http_port(options.http_port);
    out.set_http_secure(options.http_secure);
    out.set_sessions_max(statistics.sessions_max);
    out.set_uptime_s(static_cast<std::uint64_t>(statistics.uptime.count()));
    for (const host::WorldStatistics& world : statistics.worlds) {
        wire::World& one = *out.add_worlds();
        one.set_name(world.world);
        one.set_mode(cut(world.mode));
        one.set_map(cut(world.map));
        one.set_players_max(world.players_max);
        if (!options.spread) continue;
        const SpreadWorld& given = *options.spread;
        wire::Spread& spread = *one.mutable_spread();
        put(given.bounds, *spread.mutable_bounds());
        spread.set_strip(given.strip);
        spread.set_regions_min(given.regions_min);
        spread.set_fingerprint(given.fingerprint);
        out.set_life(given.life);
    }
    if (options.spread) {
        for (const auto& wish : options.spread->wishes) put(wish, *out.add_wishes());
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

wire::LeaseQuestion question_of(const mesh::Question& question, double cpu, bool draining) {
    wire::LeaseQuestion out;
    out.set_request(question.request.number);
    out.set_draining(draining);
    out.set_wants_ids(question.wants_ids);
    const auto put = [](const territory::Holding& what, wire::Holding& into) {
        into.set_region(what.region);
        into.set_epoch(what.epoch);
    };
    for (const auto& one : question.request.holds) put(one, *out.add_holds());
    for (const auto& one : question.request.released) put(one, *out.add_released());
    double weight = 0;
    for (const auto& load : question.loads) weight += 1 + load.players;
    for (const auto& load : question.loads) {
        wire::RegionLoad& one = *out.add_loads();
        one.set_region(load.region);
        one.set_players(load.players);
        one.set_cpu_permille(static_cast<std::uint32_t>(cpu * 1'000 * (1 + load.players) / weight));
    }
    for (const auto id : question.used) out.add_used(id);
    for (const auto id : question.spare) out.add_spare(id);
    for (const auto& server : question.hears) out.add_hears(server);
    return out;
}

Result<mesh::Decision> decision_of(const wire::LeaseAnswer& answer) {
    mesh::Decision out;
    territory::Answer& decided = out.answer;
    decided.server = answer.server();
    decided.life = answer.life();
    decided.request = answer.request();
    decided.number = answer.number();
    if (answer.lease_ms() > lease_ms_max) {
        return fail(Errc::invalid_argument, "longer than an hour", "lease_ms");
    }
    decided.lease = milliseconds(answer.lease_ms());
    if (answer.grants_size() > grants_max) {
        return fail(Errc::invalid_argument, "at most 256 of them", "grants");
    }
    for (const wire::Grant& grant : answer.grants()) {
        auto read = grant_of(grant);
        if (!read) return std::unexpected(read.error());
        decided.grants.push_back(*std::move(read));
    }
    std::uint32_t ids = 0;
    for (const wire::IdLoan& loan : answer.loans()) {
        if (loan.first() >= ids_max || loan.count() == 0 || loan.count() > ids_max - loan.first() ||
            (ids += loan.count()) > ids_max) {
            return fail(Errc::invalid_argument, "those are no ids of players", "loans");
        }
        out.loans.push_back(
            {static_cast<sim::PlayerId>(loan.first()), static_cast<std::uint16_t>(loan.count())});
    }
    return out;
}

territory::Withdraw withdraw_of(const wire::Withdraw& withdraw) {
    territory::Withdraw out;
    out.region = withdraw.region();
    out.epoch = withdraw.epoch();
    out.successor = withdraw.successor();
    out.life = withdraw.life();
    return out;
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
    out.resume_only = offer.resume_only();
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
