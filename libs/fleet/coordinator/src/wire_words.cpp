#include "wire_words.hpp"

#include <algorithm>
#include <cmath>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t text_bytes_max = 4096;
constexpr int labels_max = 64;

std::string text_of(const std::string& from) {
    return to_utf8(std::string_view(from).substr(0, text_bytes_max));
}

std::uint16_t port_of(std::uint32_t number) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(number, 65535));
}

brain::ServerState state_of(wire::ServerState state) {
    switch (state) {
        case wire::CREATING:
            return brain::ServerState::creating;
        case wire::INSTALLING:
            return brain::ServerState::installing;
        case wire::STARTING:
            return brain::ServerState::starting;
        case wire::READY:
            return brain::ServerState::ready;
        case wire::UNHEALTHY:
            return brain::ServerState::unhealthy;
        case wire::STOPPING:
            return brain::ServerState::stopping;
        case wire::STOPPED:
            return brain::ServerState::stopped;
        case wire::CRASHED:
            return brain::ServerState::crashed;
        case wire::PAUSED:
            return brain::ServerState::paused;
        default:
            return brain::ServerState::unknown;
    }
}

}  // namespace

brain::NodeFacts facts_of(const wire::Hello& hello, const std::string& dials_from) {
    brain::NodeFacts out;
    out.version = text_of(hello.version());
    out.hostname = text_of(hello.hostname());
    out.address = hello.advertise().empty() ? dials_from : text_of(hello.advertise());
    for (const auto& [name, value] : hello.labels()) {
        if (out.labels.size() >= labels_max) break;
        out.labels[text_of(name)] = text_of(value);
    }
    out.runtime = text_of(hello.runtime());
    out.runtime_version = text_of(hello.runtime_version());
    out.memory_bytes = std::max<std::int64_t>(0, hello.memory_bytes());
    out.cpus = std::isfinite(hello.cpus()) ? std::clamp(hello.cpus(), 0.0, 100'000.0) : 0;
    out.disk_bytes = std::max<std::int64_t>(0, hello.disk_bytes());
    if (hello.port_first() > 0 && hello.port_last() >= hello.port_first()) {
        out.ports = brain::PortRange{port_of(hello.port_first()), port_of(hello.port_last())};
    }
    return out;
}

brain::Observed observed_of(const wire::ServerObserved& observed) {
    brain::Observed out;
    out.generation = observed.generation();
    out.state = state_of(observed.state());
    out.reason = text_of(observed.reason());
    out.instance_id = text_of(observed.instance_id());
    out.exit_code = observed.exit_code();
    out.restarts = observed.restarts();
    out.since =
        Timestamp(std::chrono::milliseconds(std::max<std::int64_t>(0, observed.since_ms())));
    for (const auto& port : observed.ports()) {
        brain::GivenPort given;
        given.name = text_of(port.name());
        given.inside = port_of(port.inside());
        given.outside = port_of(port.outside());
        given.protocol = port.protocol() == "tcp" ? brain::Protocol::tcp : brain::Protocol::udp;
        out.ports.push_back(std::move(given));
    }
    return out;
}

std::optional<Error> error_of(bool ok, const std::string& code, const std::string& message,
                              const std::string& field) {
    if (ok) return std::nullopt;
    return Error{from_name(code), message.empty() ? "it failed" : text_of(message), text_of(field)};
}

std::vector<brain::BusyPort> busy_ports_of(
    const google::protobuf::RepeatedPtrField<wire::Port>& ports) {
    std::vector<brain::BusyPort> out;
    for (const auto& port : ports) {
        if (port.outside() == 0 || port.outside() > 65535) continue;
        out.push_back({port_of(port.outside()),
                       port.protocol() == "udp" ? brain::Protocol::udp : brain::Protocol::tcp});
    }
    return out;
}

}  // namespace muster::coordinator
