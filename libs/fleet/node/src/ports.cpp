#include "ports.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>

#include "muster/base/file.hpp"
#include "muster/base/text.hpp"

namespace muster::node {
namespace {

std::string name_of(const HostPort& port) {
    return std::to_string(port.first) + (port.second == runtime::Protocol::tcp ? "/tcp" : "/udp");
}

// Every socket that listens (tcp) or is bound (udp), with its port and its inode, from
// /proc/net/{tcp,udp}{,6} (proc(5)).
void each_socket(runtime::Protocol protocol,
                 const std::function<void(std::uint16_t, const std::string&)>& visit) {
    const bool tcp = protocol == runtime::Protocol::tcp;
    for (const char* table :
         {tcp ? "/proc/net/tcp" : "/proc/net/udp", tcp ? "/proc/net/tcp6" : "/proc/net/udp6"}) {
        const auto content = read_file(table);
        if (!content) continue;
        std::istringstream lines(*content);
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            std::istringstream fields(line);
            std::array<std::string, 10> field;
            for (std::string& one : field) fields >> one;
            const std::size_t colon = field[1].rfind(':');
            if (colon == std::string::npos || (tcp && field[3] != "0A")) continue;
            std::uint16_t number = 0;
            std::from_chars(field[1].data() + colon + 1, field[1].data() + field[1].size(), number,
                            16);
            visit(number, field[9]);
        }
    }
}

std::set<std::string> sockets_at(const HostPort& port) {
    std::set<std::string> inodes;
    each_socket(port.second, [&](std::uint16_t number, const std::string& inode) {
        if (number == port.first) inodes.insert("socket:[" + inode + "]");
    });
    return inodes;
}

}  // namespace

bool is_free(const HostPort& port) {
    const bool tcp = port.second == runtime::Protocol::tcp;
    const int fd = ::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    if (fd < 0) return true;  // the engine will say so if it is not
    const int on = 1;
    // What a server before left in TIME_WAIT is no obstacle; a listener still is.
    if (tcp) (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port.first);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    const bool free =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        (!tcp || ::listen(fd, 1) == 0);
    ::close(fd);
    return free;
}

std::set<HostPort> listening_ports() {
    std::set<HostPort> out;
    for (const auto protocol : {runtime::Protocol::tcp, runtime::Protocol::udp}) {
        each_socket(protocol, [&](std::uint16_t number, const std::string&) {
            out.insert({number, protocol});
        });
    }
    return out;
}

std::string holder_of(const HostPort& port) {
    const std::set<std::string> sockets = sockets_at(port);
    if (sockets.empty()) return "";
    std::error_code error;
    for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
        const std::string pid = process.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        std::error_code ignored;
        for (const auto& open :
             std::filesystem::directory_iterator(process.path() / "fd", ignored)) {
            const auto target = std::filesystem::read_symlink(open.path(), ignored);
            if (ignored || !sockets.contains(target.string())) continue;
            const auto name = read_file(process.path() / "comm", 256);
            return std::string(name ? trim(*name) : "a process") + " (pid " + pid + ")";
        }
    }
    return "";
}

Result<void> check_free(const std::vector<runtime::PortBinding>& ports) {
    for (const runtime::PortBinding& port : ports) {
        const HostPort outside{port.outside, port.protocol};
        if (port.outside == 0 || is_free(outside)) continue;
        const std::string holder = holder_of(outside);
        return fail(Errc::conflict,
                    "port " + name_of(outside) + " of this machine is taken" +
                        (holder.empty() ? std::string() : " by " + holder),
                    "ports." + port.name);
    }
    return {};
}

Result<void> choose_ports(std::vector<runtime::PortBinding>& ports, std::uint16_t first,
                          std::uint16_t last, const std::set<HostPort>& taken) {
    std::set<HostPort> used = taken;
    for (const runtime::PortBinding& port : ports) used.insert({port.outside, port.protocol});
    std::map<std::pair<std::string, std::uint16_t>, std::vector<runtime::PortBinding*>> wanted;
    for (runtime::PortBinding& port : ports) {
        if (port.outside == 0) wanted[{port.name, port.inside}].push_back(&port);
    }
    unsigned candidate = first;
    for (auto& [key, group] : wanted) {
        const auto fits = [&](std::uint16_t number) {
            return std::ranges::all_of(group, [&](const runtime::PortBinding* port) {
                const HostPort outside{number, port->protocol};
                return !used.contains(outside) && is_free(outside);
            });
        };
        while (candidate <= last && !fits(static_cast<std::uint16_t>(candidate))) ++candidate;
        if (candidate > last || candidate == 0) {
            return fail(
                Errc::exhausted,
                "no port is free between " + std::to_string(first) + " and " + std::to_string(last),
                "ports." + key.first);
        }
        for (runtime::PortBinding* port : group) {
            port->outside = static_cast<std::uint16_t>(candidate);
            used.insert({port->outside, port->protocol});
        }
        ++candidate;
    }
    return {};
}

}  // namespace muster::node
