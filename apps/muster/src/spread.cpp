#include "spread.hpp"

#include <fmt/format.h>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"
#include "muster/bus/in_process.hpp"
#include "muster/bus_nats/bus_nats.hpp"

namespace muster {
namespace {

/// Two starts never have the same one.
std::uint64_t new_life() {
    std::uint64_t out = 0;
    while (out == 0) {
        for (const char byte : random_bytes(sizeof(out))) {
            out = (out << 8U) | static_cast<unsigned char>(byte);
        }
    }
    return out;
}

/// All that makes the same inputs give the same world. Who is told another one plays another world.
std::string fingerprint_of(const host::WorldOptions& world, std::uint8_t tick_rate) {
    const sim::Rules& rules = world.rules;
    return sha256_hex(fmt::format("{}\n{} {} {} {} {} {} {} {} {} {} {} {}",
                                  sim::to_json(world.map), static_cast<unsigned>(rules.mode),
                                  rules.players_max, rules.match_length, rules.break_length,
                                  rules.respawn, rules.spawn_protection, rules.flag_return,
                                  rules.captures_to_win, rules.kills_to_win, rules.friendly_fire,
                                  world.seed, tick_rate))
        .substr(0, 32);
}

Result<std::shared_ptr<bus::Bus>> connect_bus(const Role& role) {
    const settings::Settings& given = role.settings;
    bus_nats::Options options;
    options.servers = given.list("bus.url");
    if (options.servers.empty()) {
        role.log.say(Level::warning,
                     "without bus.url this world server can share its world with no other one");
        return std::make_shared<bus::InProcessBus>(bus::make_hub());
    }
    options.user = given.text("bus.user");
    options.password = given.text("bus.password");
    options.token = given.text("bus.token");
    options.ca_file = given.text("bus.ca");
    options.name = "muster world " + given.text("world.name");
    // Like the coordinator, it may come later.
    options.start_disconnected = true;
    auto bus = bus_nats::connect(std::move(options));
    if (bus) return std::shared_ptr<bus::Bus>(std::move(*bus));
    const std::string& field = bus.error().field;
    const std::string setting = field == "ca_file" ? "bus.ca"
                                : field == "user" || field == "password" || field == "token"
                                    ? "bus." + field
                                    : "bus.url";
    return fail(bus.error().code, given.source(setting) + ": " + bus.error().message, setting);
}

std::int32_t units(sim::Length length) {
    return static_cast<std::int32_t>(length / sim::unit);
}

}  // namespace

Result<SpreadEnds> make_spread(const Role& role, const host::WorldOptions& world,
                               std::uint8_t tick_rate) {
    auto bus = connect_bus(role);
    if (!bus) return std::unexpected(bus.error());
    SpreadEnds out;
    out.host.bus = std::move(*bus);
    out.host.life = out.link.life = new_life();
    out.link.questions = std::make_shared<uplink::Questions>();
    out.host.ask = [questions = out.link.questions](const mesh::Question& question) {
        questions->ask(question);
    };
    out.host.is_linked = [questions = out.link.questions] { return questions->is_linked(); };
    const sim::Box& bounds = world.map.bounds;
    out.link.bounds = {units(bounds.low.x), units(bounds.low.y), units(bounds.high.x),
                       units(bounds.high.y)};
    for (const auto& wish : role.settings.areas("world.wishes")) {
        out.link.wishes.push_back({wish.left, wish.top, wish.right, wish.bottom});
    }
    out.link.strip = units(out.host.strip);
    out.link.regions_min = static_cast<std::uint32_t>(role.settings.number("world.regions"));
    out.link.fingerprint = fingerprint_of(world, tick_rate);
    return out;
}

}  // namespace muster
