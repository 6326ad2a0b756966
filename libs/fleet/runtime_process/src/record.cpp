#include "record.hpp"

#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

namespace muster::runtime_process {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;
using Texts = std::map<std::string, std::string>;

std::int64_t ms(Timestamp time) {
    return time.time_since_epoch().count();
}
Timestamp time_of(std::int64_t ms) {
    return Timestamp(milliseconds(ms));
}

/// Runs the decoder over the text, with the library's exceptions made errors.
template <typename T, typename Decode>
Result<T> decoded(std::string_view text, const char* what, Decode decode) {
    try {
        const json value = json::parse(text);
        if (!value.is_object()) return fail(Errc::internal, std::string(what) + " is no object");
        return decode(value);
    } catch (const json::exception& error) {
        return fail(Errc::internal, std::string(what) + " cannot be read: " + error.what());
    }
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Names and texts may hold any bytes; what is not UTF-8 is replaced rather than refused.
std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to_json(const runtime::InstanceSpec& spec) {
    json ports = json::array();
    for (const auto& port : spec.ports) {
        ports.push_back({{"name", port.name},
                         {"inside", port.inside},
                         {"outside", port.outside},
                         {"udp", port.protocol == runtime::Protocol::udp},
                         {"address", port.address}});
    }
    json mounts = json::array();
    for (const auto& mount : spec.mounts) {
        mounts.push_back(
            {{"source", mount.source}, {"target", mount.target}, {"read_only", mount.read_only}});
    }
    return {{"name", spec.name},
            {"image", spec.image},
            {"entrypoint", spec.entrypoint},
            {"command", spec.command},
            {"environment", spec.environment},
            {"labels", spec.labels},
            {"working_folder", spec.working_folder},
            {"user", spec.user},
            {"ports", ports},
            {"mounts", mounts},
            {"capabilities", spec.capabilities},
            {"memory_bytes", spec.limits.memory_bytes},
            {"cpus", spec.limits.cpus},
            {"pids", spec.limits.pids},
            {"tty", spec.tty}};
}

runtime::InstanceSpec spec_from(const json& value) {
    runtime::InstanceSpec spec;
    spec.name = value.at("name").get<std::string>();
    spec.image = value.at("image").get<std::string>();
    spec.entrypoint = value.at("entrypoint").get<Words>();
    spec.command = value.at("command").get<Words>();
    spec.environment = value.at("environment").get<Texts>();
    spec.labels = value.at("labels").get<Texts>();
    spec.working_folder = value.at("working_folder").get<std::string>();
    spec.user = value.at("user").get<std::string>();
    for (const auto& port : value.at("ports")) {
        runtime::PortBinding binding;
        binding.name = port.at("name").get<std::string>();
        binding.inside = port.at("inside").get<std::uint16_t>();
        binding.outside = port.at("outside").get<std::uint16_t>();
        binding.protocol =
            port.at("udp").get<bool>() ? runtime::Protocol::udp : runtime::Protocol::tcp;
        binding.address = port.at("address").get<std::string>();
        spec.ports.push_back(std::move(binding));
    }
    for (const auto& mount : value.at("mounts")) {
        spec.mounts.push_back({mount.at("source").get<std::string>(),
                               mount.at("target").get<std::string>(),
                               mount.at("read_only").get<bool>()});
    }
    spec.capabilities = value.at("capabilities").get<Words>();
    spec.limits.memory_bytes = value.at("memory_bytes").get<std::int64_t>();
    spec.limits.cpus = value.at("cpus").get<double>();
    spec.limits.pids = value.at("pids").get<std::int64_t>();
    spec.tty = value.at("tty").get<bool>();
    return spec;
}

ImageConfig image_from(const json& value) {
    ImageConfig image;
    image.entrypoint = value.value("entrypoint", Words{});
    image.command = value.value("command", Words{});
    image.environment = value.value("environment", Texts{});
    image.working_folder = value.value("working_folder", std::string());
    image.writable = value.value("writable", Words{"/data"});
    return image;
}

json to_json(const ImageConfig& image) {
    return {{"entrypoint", image.entrypoint},
            {"command", image.command},
            {"environment", image.environment},
            {"working_folder", image.working_folder},
            {"writable", image.writable}};
}

}  // namespace

Result<ImageConfig> decode_image(std::string_view text) {
    auto image = decoded<ImageConfig>(text, "muster-image.json",
                                      [](const json& v) { return image_from(v); });
    if (!image) {
        image.error().code = Errc::invalid_argument;
        image.error().field = "image";
        return image;
    }
    for (const auto& folder : image->writable) {
        if (!folder.starts_with('/') || folder.size() < 2 ||
            folder.find("..") != std::string::npos) {
            return fail(Errc::invalid_argument,
                        "muster-image.json: " + folder + " is no absolute folder to write in",
                        "image");
        }
    }
    return image;
}

std::vector<std::string> Record::words() const {
    Words all = spec.entrypoint.empty() ? image.entrypoint : spec.entrypoint;
    // As images do: who names another program does not want the image's words for the old one.
    const bool own = !spec.command.empty() || !spec.entrypoint.empty();
    const Words& command = own ? spec.command : image.command;
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

Texts Record::environment() const {
    Texts all{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
              {"HOME", "/data"},
              {"HOSTNAME", spec.name}};
    if (spec.tty) all["TERM"] = "xterm";
    for (const auto& port : spec.ports) {
        if (runs_own_program()) break;  // it would take them for settings, which they are not
        std::string name = "MUSTER_PORT_" + port.name;
        for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? upper(c) : '_';
        all[name] = std::to_string(port.outside);
    }
    for (const auto& [name, value] : image.environment) all[name] = value;
    for (const auto& [name, value] : spec.environment) all[name] = value;
    return all;
}

std::string Record::working_folder() const {
    if (!spec.working_folder.empty()) return spec.working_folder;
    return image.working_folder.empty() ? "/" : image.working_folder;
}

std::string encode(const Record& record) {
    return dump({{"id", record.id},
                 {"spec", to_json(record.spec)},
                 {"image_folder", record.image_folder},
                 {"image", to_json(record.image)},
                 {"uid", record.uid},
                 {"gid", record.gid},
                 {"log_bytes_max", record.log_bytes_max},
                 {"created_ms", ms(record.created_at)}});
}

Result<Record> decode_record(std::string_view text) {
    return decoded<Record>(text, "the record of an instance", [](const json& value) {
        Record record;
        record.id = value.at("id").get<std::string>();
        record.spec = spec_from(value.at("spec"));
        record.image_folder = value.at("image_folder").get<std::string>();
        record.image = image_from(value.at("image"));
        record.uid = value.at("uid").get<std::uint32_t>();
        record.gid = value.at("gid").get<std::uint32_t>();
        record.log_bytes_max = value.at("log_bytes_max").get<std::int64_t>();
        record.created_at = time_of(value.at("created_ms").get<std::int64_t>());
        return record;
    });
}

std::string encode(const Run& run) {
    json value{{"pid", run.pid},
               {"started_ms", ms(run.started_at)},
               {"exit_code", run.exit_code},
               {"out_of_memory", run.out_of_memory},
               {"paused", run.paused},
               {"error", run.error}};
    if (run.finished_at) value["finished_ms"] = ms(*run.finished_at);
    return dump(value);
}

Result<Run> decode_run(std::string_view text) {
    return decoded<Run>(text, "the record of a run", [](const json& value) {
        Run run;
        run.pid = value.at("pid").get<int>();
        run.started_at = time_of(value.at("started_ms").get<std::int64_t>());
        run.exit_code = value.at("exit_code").get<int>();
        run.out_of_memory = value.at("out_of_memory").get<bool>();
        run.paused = value.at("paused").get<bool>();
        run.error = value.at("error").get<std::string>();
        if (value.contains("finished_ms")) {
            run.finished_at = time_of(value.at("finished_ms").get<std::int64_t>());
        }
        return run;
    });
}

std::string encode(const runtime::RuntimeEvent& event) {
    json value{{"ms", ms(event.time)},
               {"kind", event.kind},
               {"id", event.id},
               {"name", event.name},
               {"labels", event.labels}};
    if (event.exit_code) value["exit_code"] = *event.exit_code;
    return dump(value);
}

Result<runtime::RuntimeEvent> decode_event(std::string_view text) {
    return decoded<runtime::RuntimeEvent>(text, "an event", [](const json& value) {
        runtime::RuntimeEvent event;
        event.time = time_of(value.at("ms").get<std::int64_t>());
        event.kind = value.at("kind").get<std::string>();
        event.id = value.at("id").get<std::string>();
        event.name = value.at("name").get<std::string>();
        event.labels = value.at("labels").get<Texts>();
        if (value.contains("exit_code")) event.exit_code = value.at("exit_code").get<int>();
        return event;
    });
}

std::string encode(const runtime::ExecSpec& spec) {
    return dump({{"command", spec.command},
                 {"environment", spec.environment},
                 {"working_folder", spec.working_folder},
                 {"tty", spec.tty}});
}

Result<runtime::ExecSpec> decode_exec(std::string_view text) {
    return decoded<runtime::ExecSpec>(text, "a command", [](const json& value) {
        runtime::ExecSpec spec;
        spec.command = value.at("command").get<Words>();
        spec.environment = value.at("environment").get<Texts>();
        spec.working_folder = value.at("working_folder").get<std::string>();
        spec.tty = value.at("tty").get<bool>();
        return spec;
    });
}

std::string encode(const runtime::LogLine& line) {
    return std::to_string(ms(line.time)) + (line.is_error ? " e " : " o ") + line.text;
}

std::optional<runtime::LogLine> decode_log_line(std::string_view line) {
    std::int64_t at = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), at);
    if (error != std::errc{}) return std::nullopt;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.starts_with(" o ") && !line.starts_with(" e ")) return std::nullopt;
    runtime::LogLine out;
    out.time = time_of(at);
    out.is_error = line[1] == 'e';
    out.text = line.substr(3);
    return out;
}

}  // namespace muster::runtime_process
