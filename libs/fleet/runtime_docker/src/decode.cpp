#include "decode.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace muster::runtime_docker {
namespace {

using runtime::Phase;
using runtime::Protocol;

/// The Engine writes year 1 for "never".
std::optional<Timestamp> time_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto time = from_rfc3339(text_at(object, path));
    if (!time || *time <= Timestamp{}) return std::nullopt;
    return time;
}

struct InsidePort {
    std::uint16_t number = 0;
    Protocol protocol = Protocol::tcp;
};

std::uint16_t parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() ? port : std::uint16_t{0};
}

/// "7000/udp"; nothing for SCTP and what else there may be.
std::optional<InsidePort> inside_port(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto protocol = text.substr(slash + 1);
    if (protocol != "tcp" && protocol != "udp") return std::nullopt;
    InsidePort port;
    port.number = parse_port(text.substr(0, slash));
    port.protocol = protocol == "tcp" ? Protocol::tcp : Protocol::udp;
    if (port.number == 0) return std::nullopt;
    return port;
}

std::vector<runtime::PortBinding> decode_ports(const Json& bindings,
                                               const std::map<std::string, std::string>& labels) {
    std::vector<runtime::PortBinding> ports;
    if (!bindings.is_object()) return ports;
    for (const auto& [key, places] : bindings.items()) {
        const auto inside = inside_port(key);
        if (!inside || !places.is_array()) continue;
        for (const auto& place : places) {
            runtime::PortBinding port;
            const auto name = labels.find(std::string(port_label) + key);
            if (name != labels.end()) port.name = name->second;
            port.inside = inside->number;
            port.protocol = inside->protocol;
            port.outside = parse_port(text_at(place, {"HostPort"}));
            port.address = text_at(place, {"HostIp"});
            if (port.address.empty()) port.address = "0.0.0.0";
            ports.push_back(std::move(port));
        }
    }
    return ports;
}

void drop_port_labels(std::map<std::string, std::string>& labels) {
    std::erase_if(labels, [](const auto& label) { return label.first.starts_with(port_label); });
}

double cpu_percent(const Json& json) {
    const auto used = number_at(json, {"cpu_stats", "cpu_usage", "total_usage"});
    const auto used_before = number_at(json, {"precpu_stats", "cpu_usage", "total_usage"});
    const auto all = number_at(json, {"cpu_stats", "system_cpu_usage"});
    const auto all_before = number_at(json, {"precpu_stats", "system_cpu_usage"});
    auto cores = static_cast<double>(number_at(json, {"cpu_stats", "online_cpus"}));
    const auto& each = at(json, {"cpu_stats", "cpu_usage", "percpu_usage"});
    if (cores <= 0 && each.is_array()) cores = static_cast<double>(each.size());
    // The first sample has nothing to be compared with.
    if (all_before <= 0 || all <= all_before || used < used_before) return 0;
    const auto share = (static_cast<double>(used) - static_cast<double>(used_before)) /
                       (static_cast<double>(all) - static_cast<double>(all_before));
    return share * std::max(cores, 1.0) * 100.0;
}

std::int64_t add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? a : sum;
}

/// What the kernel could take back at once is not counted, as `docker stats` does: cgroup v1 and v2
/// have their own word for it.
std::int64_t memory_used(const Json& json) {
    const auto usage = number_at(json, {"memory_stats", "usage"});
    auto cached = number_at(json, {"memory_stats", "stats", "total_inactive_file"});
    if (cached == 0) cached = number_at(json, {"memory_stats", "stats", "inactive_file"});
    return cached > 0 && cached < usage ? usage - cached : usage;
}

runtime::Artifact named(runtime::ArtifactKind kind, const Json& json) {
    runtime::Artifact artifact;
    artifact.kind = kind;
    artifact.id = text_at(json, {"Id"});
    artifact.driver = text_at(json, {"Driver"});
    artifact.labels = texts_at(json, {"Labels"});
    return artifact;
}

}  // namespace

runtime::Instance decode_instance(const Json& json) {
    runtime::Instance instance;
    instance.id = text_at(json, {"Id"});
    instance.name = text_at(json, {"Name"});
    if (instance.name.starts_with('/')) instance.name.erase(0, 1);
    instance.image = text_at(json, {"Config", "Image"});
    instance.labels = texts_at(json, {"Config", "Labels"});
    const auto phase = runtime::phase_from_name(text_at(json, {"State", "Status"}));
    instance.phase = phase.value_or(Phase::dead);
    instance.exit_code = static_cast<int>(
        std::clamp<std::int64_t>(number_at(json, {"State", "ExitCode"}), -255, 255));
    instance.out_of_memory = flag_at(json, {"State", "OOMKilled"});
    instance.error = text_at(json, {"State", "Error"});
    instance.created_at = time_at(json, {"Created"}).value_or(Timestamp{});
    instance.started_at = time_at(json, {"State", "StartedAt"});
    instance.finished_at = time_at(json, {"State", "FinishedAt"});
    instance.ports = decode_ports(at(json, {"HostConfig", "PortBindings"}), instance.labels);
    drop_port_labels(instance.labels);
    return instance;
}

std::optional<runtime::Stats> decode_stats(const Json& json) {
    const auto time = time_at(json, {"read"});
    if (!time) return std::nullopt;
    runtime::Stats stats;
    stats.time = *time;
    stats.cpu_percent = cpu_percent(json);
    stats.memory_bytes = memory_used(json);
    stats.memory_limit_bytes = number_at(json, {"memory_stats", "limit"});
    stats.pids = number_at(json, {"pids_stats", "current"});
    if (const auto& networks = at(json, {"networks"}); networks.is_object()) {
        for (const auto& network : networks) {
            stats.network_received_bytes =
                add(stats.network_received_bytes, number_at(network, {"rx_bytes"}));
            stats.network_sent_bytes =
                add(stats.network_sent_bytes, number_at(network, {"tx_bytes"}));
        }
    }
    if (const auto& io = at(json, {"blkio_stats", "io_service_bytes_recursive"}); io.is_array()) {
        for (const auto& entry : io) {
            auto kind = text_at(entry, {"op"});
            std::ranges::transform(kind, kind.begin(),
                                   [](unsigned char c) { return std::tolower(c); });
            auto& sum = kind == "read" ? stats.disk_read_bytes : stats.disk_written_bytes;
            if (kind == "read" || kind == "write") sum = add(sum, number_at(entry, {"value"}));
        }
    }
    return stats;
}

std::optional<runtime::RuntimeEvent> decode_event(const Json& json) {
    static const std::set<std::string> told{"create", "start",   "die",    "oom",
                                            "pause",  "unpause", "destroy"};
    if (text_at(json, {"Type"}) != "container") return std::nullopt;
    runtime::RuntimeEvent event;
    event.kind = text_at(json, {"Action"});
    if (!told.contains(event.kind)) return std::nullopt;
    event.id = text_at(json, {"Actor", "ID"});
    event.labels = texts_at(json, {"Actor", "Attributes"});
    event.name = event.labels["name"];
    if (const auto code = event.labels.find("exitCode"); code != event.labels.end()) {
        int number = 0;
        const auto& digits = code->second;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        event.exit_code = number;
    }
    for (const char* word : {"name", "image", "exitCode", "execDuration"}) event.labels.erase(word);
    drop_port_labels(event.labels);
    auto nanoseconds = number_at(json, {"timeNano"});
    if (nanoseconds <= 0) {
        constexpr std::int64_t seconds_max = 9'000'000'000;
        nanoseconds =
            std::clamp<std::int64_t>(number_at(json, {"time"}), 0, seconds_max) * 1'000'000'000;
    }
    event.time = Timestamp(std::chrono::milliseconds(nanoseconds / 1'000'000));
    return event;
}

runtime::Artifact decode_image(const Json& json) {
    auto image = named(runtime::ArtifactKind::image, json);
    if (const auto& tags = at(json, {"RepoTags"}); tags.is_array()) {
        for (const auto& tag : tags) {
            if (tag.is_string() && tag != "<none>:<none>") image.names.push_back(tag);
        }
    }
    image.size_bytes = number_at(json, {"Size"});
    constexpr std::int64_t seconds_max = 9'000'000'000;
    const auto seconds = std::clamp<std::int64_t>(number_at(json, {"Created"}), 0, seconds_max);
    image.created_at = Timestamp(std::chrono::seconds(seconds));
    return image;
}

runtime::Artifact decode_volume(const Json& json) {
    auto volume = named(runtime::ArtifactKind::volume, json);
    volume.id = text_at(json, {"Name"});
    volume.names = {volume.id};
    volume.created_at = time_at(json, {"CreatedAt"}).value_or(Timestamp{});
    // -1 when the engine did not count.
    volume.size_bytes = std::max<std::int64_t>(number_at(json, {"UsageData", "Size"}), 0);
    return volume;
}

runtime::Artifact decode_network(const Json& json) {
    auto network = named(runtime::ArtifactKind::network, json);
    network.names = {text_at(json, {"Name"})};
    network.created_at = time_at(json, {"Created"}).value_or(Timestamp{});
    return network;
}

Result<runtime::PullProgress> PullDecoder::feed(const Json& json) {
    if (const auto error = text_at(json, {"error"}); !error.empty()) {
        auto reason = decode_error(500, dump(Json{{"message", error}}));
        return fail(reason.code, reason.message, "image");
    }
    const auto id = text_at(json, {"id"});
    const auto status = text_at(json, {"status"});
    const auto total = number_at(json, {"progressDetail", "total"});
    constexpr std::size_t layers_max = 1024;
    if (status == "Downloading" && total > 0 &&
        (layers_.contains(id) || layers_.size() < layers_max)) {
        const auto done = number_at(json, {"progressDetail", "current"});
        layers_[id] = {std::clamp<std::int64_t>(done, 0, total), total};
    } else if (const auto layer = layers_.find(id); layer != layers_.end()) {
        layer->second.done = layer->second.total;
    }
    runtime::PullProgress progress;
    progress.status = status;
    for (const auto& [name, layer] : layers_) {
        progress.done_bytes = add(progress.done_bytes, layer.done);
        progress.total_bytes = add(progress.total_bytes, layer.total);
    }
    return progress;
}

}  // namespace muster::runtime_docker
