#include <algorithm>

#include "decode.hpp"
#include "muster/base/encoding.hpp"

namespace muster::runtime_docker {
namespace {

std::string port_key(const runtime::PortBinding& port) {
    return std::to_string(port.inside) +
           (port.protocol == runtime::Protocol::tcp ? "/tcp" : "/udp");
}

Json environment_list(const std::map<std::string, std::string>& variables) {
    Json list = Json::array();
    for (const auto& [name, value] : variables) list.push_back(name + "=" + value);
    return list;
}

Json host_config(const runtime::InstanceSpec& spec) {
    Json host;
    // What a game does not ask for it does not get.
    host["CapDrop"] = Json::array({"ALL"});
    host["CapAdd"] = spec.capabilities;
    host["SecurityOpt"] = Json::array({"no-new-privileges:true"});
    host["Privileged"] = false;
    // The fleet decides about restarts, never the engine: two who decide fight.
    host["RestartPolicy"] = {{"Name", "no"}};
    if (spec.limits.memory_bytes > 0) {
        host["Memory"] = spec.limits.memory_bytes;
        host["MemorySwap"] = spec.limits.memory_bytes;  // both together: so no swap on top
    }
    if (spec.limits.cpus > 0) {
        host["NanoCpus"] = static_cast<std::int64_t>(spec.limits.cpus * 1e9);
    }
    if (spec.limits.pids > 0) host["PidsLimit"] = spec.limits.pids;
    host["LogConfig"] = {{"Type", "json-file"},
                         {"Config", {{"max-size", "16m"}, {"max-file", "2"}}}};
    if (!spec.network.empty()) host["NetworkMode"] = spec.network;
    Json mounts = Json::array();
    for (const auto& mount : spec.mounts) {
        mounts.push_back({{"Type", "bind"},
                          {"Source", mount.source},
                          {"Target", mount.target},
                          {"ReadOnly", mount.read_only}});
    }
    host["Mounts"] = std::move(mounts);
    Json bindings = Json::object();
    for (const auto& port : spec.ports) {
        bindings[port_key(port)].push_back(
            {{"HostIp", port.address}, {"HostPort", std::to_string(port.outside)}});
    }
    host["PortBindings"] = std::move(bindings);
    return host;
}

}  // namespace

Json create_body(const runtime::InstanceSpec& spec) {
    Json body;
    body["Image"] = spec.image;
    if (!spec.entrypoint.empty()) body["Entrypoint"] = spec.entrypoint;
    if (!spec.command.empty()) body["Cmd"] = spec.command;
    if (!spec.working_folder.empty()) body["WorkingDir"] = spec.working_folder;
    if (!spec.user.empty()) body["User"] = spec.user;
    body["Env"] = environment_list(spec.environment);
    body["Tty"] = spec.tty;
    body["OpenStdin"] = true;
    body["StdinOnce"] = false;  // a console that leaves does not close the program's input
    auto labels = spec.labels;
    Json exposed = Json::object();
    for (const auto& port : spec.ports) {
        exposed[port_key(port)] = Json::object();
        labels[std::string(port_label) + port_key(port)] = port.name;
    }
    body["Labels"] = labels;
    body["ExposedPorts"] = std::move(exposed);
    body["HostConfig"] = host_config(spec);
    return body;
}

Json exec_body(const runtime::ExecSpec& spec) {
    Json body;
    body["AttachStdin"] = true;
    body["AttachStdout"] = true;
    body["AttachStderr"] = true;
    body["Tty"] = spec.tty;
    body["Cmd"] = spec.command;
    body["Env"] = environment_list(spec.environment);
    if (!spec.working_folder.empty()) body["WorkingDir"] = spec.working_folder;
    if (!spec.user.empty()) body["User"] = spec.user;
    return body;
}

std::string with_tag(std::string image) {
    const auto slash = image.rfind('/');
    const auto last = slash == std::string::npos ? 0 : slash + 1;
    if (image.find('@') == std::string::npos && image.find(':', last) == std::string::npos) {
        image += ":latest";
    }
    return image;
}

std::optional<std::uint16_t> taken_port(std::string_view message) {
    for (const std::string_view mark :
         {" failed: port is already allocated", ": bind: address already in use"}) {
        const auto end = message.find(mark);
        if (end == std::string_view::npos) continue;
        const auto colon = message.rfind(':', end - 1);
        if (end == 0 || colon == std::string_view::npos) continue;
        std::uint32_t port = 0;
        for (const char digit : message.substr(colon + 1, end - colon - 1)) {
            if (digit < '0' || digit > '9' || port > 65535) return std::nullopt;
            port = port * 10 + static_cast<std::uint32_t>(digit - '0');
        }
        if (port == 0 || port > 65535) return std::nullopt;
        return static_cast<std::uint16_t>(port);
    }
    return std::nullopt;
}

Error decode_error(int status, std::string_view body) {
    const auto json = parse_json(body);
    constexpr std::size_t text_bytes_max = 1024;
    std::string message = json ? text_at(*json, {"message"}) : std::string();
    if (message.empty()) message = "the engine answered with status " + std::to_string(status);
    message = to_utf8(std::string_view(message).substr(0, text_bytes_max));
    if (const auto port = taken_port(message)) {
        return {Errc::conflict, "port " + std::to_string(*port) + " is taken on this host",
                "ports"};
    }
    const auto says = [&message](std::string_view text) {
        return message.find(text) != std::string::npos;
    };
    switch (status) {
        case 400:
            return {Errc::invalid_argument, message, {}};
        case 401:
            return {Errc::unauthenticated, message, {}};
        case 403:
            return {Errc::permission_denied, message, {}};
        case 404:
            return {Errc::not_found, message, {}};
        case 409:
            return {Errc::conflict, message, {}};
        case 501:
            return {Errc::unsupported, message, {}};
        case 502:
        case 503:
            return {Errc::unavailable, message, {}};
        case 504:
            return {Errc::timeout, message, {}};
        default:
            break;
    }
    // A registry's failings come as 500 or inside a stream, told apart by their text only.
    if (says("manifest unknown") || says("not found") || says("does not exist")) {
        return {Errc::not_found, message, {}};
    }
    if (says("dial tcp") || says("no such host") || says("i/o timeout") || says("TLS handshake")) {
        return {Errc::unavailable, message, {}};
    }
    if (says("pull access denied") || says("unauthorized")) {
        return {Errc::permission_denied, message, {}};
    }
    return {Errc::internal, message, {}};
}

}  // namespace muster::runtime_docker
