#include "convert.hpp"

#include <set>
#include <sstream>

#include "ready_line.hpp"
#include "safe_folder.hpp"

namespace muster::node {

using std::chrono::seconds;

lifecycle::Rules rules_of(const wire::ServerSpec& spec) {
    lifecycle::Rules rules;
    rules.ready_by_line = !spec.ready().pattern().empty();
    rules.ready_timeout = seconds(spec.ready().timeout_seconds());
    rules.stop_by_console = !spec.stop().console_command().empty();
    rules.grace = seconds(spec.stop().grace_seconds());
    rules.restart_on_crash = spec.crash().restart();
    rules.backoff_first = seconds(spec.crash().backoff_seconds_first());
    rules.backoff_max = seconds(spec.crash().backoff_seconds_max());
    rules.give_up_after = spec.crash().give_up_after();
    rules.healthy_after = seconds(spec.crash().healthy_after_seconds());
    return rules;
}

wire::ServerState to_wire(lifecycle::State state) {
    switch (state) {
        case lifecycle::State::creating:
            return wire::CREATING;
        case lifecycle::State::installing:
            return wire::INSTALLING;
        case lifecycle::State::starting:
            return wire::STARTING;
        case lifecycle::State::ready:
            return wire::READY;
        case lifecycle::State::unhealthy:
            return wire::UNHEALTHY;
        case lifecycle::State::paused:
            return wire::PAUSED;
        case lifecycle::State::stopping:
            return wire::STOPPING;
        case lifecycle::State::stopped:
            return wire::STOPPED;
        case lifecycle::State::crashed:
            return wire::CRASHED;
        case lifecycle::State::unknown:
            return wire::UNKNOWN;
    }
    return wire::UNKNOWN;
}

std::vector<runtime::PortBinding> ports_of(const wire::ServerSpec& spec) {
    std::vector<runtime::PortBinding> ports;
    for (const wire::Port& port : spec.ports()) {
        runtime::PortBinding binding;
        binding.name = port.name();
        binding.inside = static_cast<std::uint16_t>(port.inside());
        binding.outside = static_cast<std::uint16_t>(port.outside());
        binding.protocol =
            port.protocol() == "udp" ? runtime::Protocol::udp : runtime::Protocol::tcp;
        ports.push_back(std::move(binding));
    }
    return ports;
}

void put_ports(const std::vector<runtime::PortBinding>& ports,
               google::protobuf::RepeatedPtrField<wire::Port>& out) {
    for (const runtime::PortBinding& port : ports) {
        wire::Port& one = *out.Add();
        one.set_name(port.name);
        one.set_inside(port.inside);
        one.set_outside(port.outside);
        one.set_protocol(port.protocol == runtime::Protocol::udp ? "udp" : "tcp");
    }
}

wire::ContainerObserved to_wire(const runtime::Instance& instance) {
    wire::ContainerObserved seen;
    const auto ms = [](const std::optional<Timestamp>& time) {
        return time ? time->time_since_epoch().count() : 0;
    };
    seen.set_id(instance.id);
    seen.set_name(instance.name);
    seen.set_image(instance.image);
    seen.set_phase(std::string(runtime::name_of(instance.phase)));
    seen.set_exit_code(instance.exit_code);
    seen.set_created_ms(ms(instance.created_at));
    seen.set_started_ms(ms(instance.started_at));
    seen.set_finished_ms(ms(instance.finished_at));
    seen.mutable_labels()->insert(instance.labels.begin(), instance.labels.end());
    put_ports(instance.ports, *seen.mutable_ports());
    return seen;
}

wire::Artifact to_wire(const runtime::Artifact& artifact) {
    wire::Artifact out;
    out.set_id(artifact.id);
    for (const std::string& name : artifact.names) out.add_names(name);
    out.set_driver(artifact.driver);
    out.set_size_bytes(artifact.size_bytes);
    out.mutable_labels()->insert(artifact.labels.begin(), artifact.labels.end());
    out.set_created_ms(artifact.created_at.time_since_epoch().count());
    return out;
}

Result<runtime::ArtifactKind> artifact_kind(const std::string& name) {
    if (name == "image") return runtime::ArtifactKind::image;
    if (name == "volume") return runtime::ArtifactKind::volume;
    if (name == "network") return runtime::ArtifactKind::network;
    return fail(Errc::invalid_argument, "the kind is none of image, volume, network", "kind");
}

std::optional<runtime::Power> power_of(wire::PowerKind kind) {
    switch (kind) {
        case wire::START:
            return runtime::Power::start;
        case wire::STOP:
            return runtime::Power::stop;
        case wire::RESTART:
            return runtime::Power::restart;
        case wire::KILL:
            return runtime::Power::kill;
        case wire::PAUSE:
            return runtime::Power::pause;
        case wire::UNPAUSE:
            return runtime::Power::unpause;
        default:
            return std::nullopt;
    }
}

wire::OperationResult to_wire(const std::string& operation, const Result<void>& result) {
    wire::OperationResult out;
    out.set_operation_id(operation);
    out.set_ok(result.has_value());
    if (!result) {
        out.set_error_code(std::string(name_of(result.error().code)));
        out.set_error_message(result.error().message);
        out.set_error_field(result.error().field);
    }
    return out;
}

wire::Sample to_wire(const runtime::Stats& stats) {
    wire::Sample sample;
    sample.set_time_ms(stats.time.time_since_epoch().count());
    sample.set_cpu_percent(stats.cpu_percent);
    sample.set_memory_bytes(stats.memory_bytes);
    sample.set_memory_limit_bytes(stats.memory_limit_bytes);
    sample.set_network_received_bytes(stats.network_received_bytes);
    sample.set_network_sent_bytes(stats.network_sent_bytes);
    sample.set_disk_read_bytes(stats.disk_read_bytes);
    sample.set_disk_written_bytes(stats.disk_written_bytes);
    sample.set_pids(stats.pids);
    return sample;
}

lifecycle::Life life_of(runtime::Phase phase) {
    switch (phase) {
        case runtime::Phase::running:
        case runtime::Phase::restarting:
            return lifecycle::Life::running;
        case runtime::Phase::paused:
            return lifecycle::Life::paused;
        case runtime::Phase::created:
        case runtime::Phase::removing:
        case runtime::Phase::exited:
        case runtime::Phase::dead:
            return lifecycle::Life::standing;
    }
    return lifecycle::Life::standing;
}

std::string to_text(const lifecycle::Memory& memory) {
    std::ostringstream out;
    out << "1 " << memory.wanted << ' ' << memory.crashes << ' ' << memory.counted_run << ' '
        << memory.ready_run << ' ' << memory.exit_code << ' ' << static_cast<int>(memory.state)
        << ' ' << memory.since.time_since_epoch().count() << ' ' << memory.reason;
    return out.str();
}

std::optional<lifecycle::Memory> memory_from(std::string_view text) {
    std::istringstream in{std::string(text)};
    int version = 0;
    int state = 0;
    std::int64_t since = 0;
    lifecycle::Memory memory;
    in >> version >> memory.wanted >> memory.crashes >> memory.counted_run >> memory.ready_run >>
        memory.exit_code >> state >> since;
    if (!in || version != 1 || state < 0 || state > static_cast<int>(lifecycle::State::unknown)) {
        return std::nullopt;
    }
    memory.state = static_cast<lifecycle::State>(state);
    memory.since = Timestamp(milliseconds(since));
    in.get();
    std::getline(in, memory.reason, '\0');
    return memory;
}

Result<void> check(const wire::ServerSpec& spec) {
    const auto wrong = [](std::string why, std::string field) {
        return fail(Errc::invalid_argument, std::move(why), std::move(field));
    };
    if (spec.image().empty()) return wrong("there is no image", "image");
    if (!spec.data_name().empty() && !is_folder_name(spec.data_name())) {
        return wrong("the name of the data is not a folder's name", "data_name");
    }
    std::set<std::string> volumes;
    for (const wire::Volume& volume : spec.volumes()) {
        const std::string field = "volumes." + volume.name();
        if (!is_folder_name(volume.name())) return wrong("the volume has no usable name", field);
        if (!volume.target().starts_with('/')) return wrong("the target is not absolute", field);
        if (!volumes.insert(volume.name()).second) return wrong("the volume is there twice", field);
    }
    for (const wire::File& file : spec.files()) {
        if (!volumes.contains(file.volume())) {
            return wrong("the file " + file.path() + " lies in no volume", "files." + file.path());
        }
    }
    for (const wire::Port& port : spec.ports()) {
        const std::string field = "ports." + port.name();
        if (port.inside() == 0 || port.inside() > 65'535 || port.outside() > 65'535) {
            return wrong("a port is a number from 1 to 65535", field);
        }
        if (port.protocol() != "tcp" && port.protocol() != "udp") {
            return wrong("the protocol is neither tcp nor udp", field);
        }
    }
    if (!spec.pull().empty() && spec.pull() != "missing" && spec.pull() != "always" &&
        spec.pull() != "never") {
        return wrong("pull is none of missing, always, never", "pull");
    }
    if (!spec.ready().pattern().empty()) {
        if (auto pattern = ReadyLine::make(spec.ready().pattern()); !pattern) {
            return std::unexpected(pattern.error());
        }
    }
    return {};
}

}  // namespace muster::node
