#include "cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "muster/base/file.hpp"
#include "muster/base/text.hpp"
#include "unique_fd.hpp"

namespace muster::runtime_process {
namespace {

namespace fs = std::filesystem;

struct Hierarchies {
    std::map<std::string, fs::path> v1;  ///< controller -> where it is mounted
    fs::path systemd;                    ///< of version 1, where services are told apart
    fs::path v2;                         ///< empty when not mounted
    std::set<std::string> v2_controllers;

    [[nodiscard]] bool in_v2(const std::string& controller) const {
        return v2_controllers.contains(controller);
    }
    /// The instance's folder for a controller; empty when there is none.
    [[nodiscard]] fs::path group(const std::string& controller, const std::string& id) const {
        if (const auto found = v1.find(controller); found != v1.end()) {
            return found->second / "muster" / id;
        }
        return in_v2(controller) ? v2 / "muster" / id : fs::path();
    }
};

/// /proc/self/mounts: what, where, type, options.
Hierarchies find_hierarchies() {
    Hierarchies found;
    const std::set<std::string> used{"memory", "pids", "cpu", "cpuacct", "freezer", "blkio"};
    std::istringstream lines(read_file("/proc/self/mounts").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string what;
        std::string where;
        std::string type;
        std::string options;
        words >> what >> where >> type >> options;
        if (type == "cgroup2" && found.v2.empty()) {
            found.v2 = where;
            std::istringstream names(
                read_file(found.v2 / "cgroup.controllers").value_or(std::string()));
            for (std::string name; names >> name;) found.v2_controllers.insert(name);
        }
        if (type != "cgroup") continue;
        for (const auto& option : split_list(options)) {
            if (option == "name=systemd") found.systemd = where;
            if (used.contains(option)) found.v1.emplace(option, where);
        }
    }
    return found;
}

const Hierarchies& hierarchies() {
    static const Hierarchies found = find_hierarchies();
    return found;
}

std::set<fs::path> groups_of(const std::string& id) {
    std::set<fs::path> all;
    const auto& known = hierarchies();
    for (const auto& [controller, root] : known.v1) all.insert(root / "muster" / id);
    if (!known.v2.empty()) all.insert(known.v2 / "muster" / id);
    return all;
}

/// Control files take one write of the whole value.
Result<void> put(const fs::path& file, const std::string& value) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return refused("cannot open " + file.string());
    if (::write(fd.get(), value.data(), value.size()) < 0) {
        return refused("cannot write " + value + " to " + file.string());
    }
    return {};
}

std::int64_t number_in(const fs::path& file) {
    const auto text = read_file(file);
    return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

/// The number after the word that begins a line: "oom_kill 1".
std::int64_t number_after(const fs::path& file, std::string_view word) {
    std::istringstream lines(read_file(file).value_or(""));
    std::string name;
    std::int64_t value = 0;
    while (lines >> name >> value) {
        if (name == word) return value;
    }
    return 0;
}

Result<void> limit(const std::string& id, const std::string& controller, const std::string& v1_file,
                   const std::string& v2_file, const std::string& value) {
    const auto& known = hierarchies();
    const auto group = known.group(controller, id);
    if (group.empty()) {
        return fail(Errc::unsupported,
                    "this system has no cgroup for the limit of " + controller +
                        "; without it a "
                        "server could take all of the machine",
                    "limits." + controller);
    }
    return put(group / (known.v1.contains(controller) ? v1_file : v2_file), value);
}

Result<void> set_limits(const std::string& id, const runtime::ResourceLimits& limits) {
    const auto& known = hierarchies();
    if (limits.memory_bytes > 0) {
        const auto bytes = std::to_string(limits.memory_bytes);
        if (auto set = limit(id, "memory", "memory.limit_in_bytes", "memory.max", bytes); !set) {
            return set;
        }
        // Swap counts into the limit; kernels without accounting of swap have no such file.
        const auto group = known.group("memory", id);
        if (known.v1.contains("memory")) {
            static_cast<void>(put(group / "memory.memsw.limit_in_bytes", bytes));
        } else {
            static_cast<void>(put(group / "memory.swap.max", "0"));
        }
    }
    if (limits.pids > 0) {
        const auto count = std::to_string(limits.pids);
        if (auto set = limit(id, "pids", "pids.max", "pids.max", count); !set) return set;
    }
    if (limits.cpus > 0) {
        constexpr std::int64_t period = 100'000;
        const auto quota = std::max<std::int64_t>(
            static_cast<std::int64_t>(limits.cpus * static_cast<double>(period)), 1'000);
        const auto v1 = std::to_string(quota);
        const auto v2 = v1 + " " + std::to_string(period);
        const bool one = known.v1.contains("cpu");
        if (auto set = limit(id, "cpu", "cpu.cfs_quota_us", "cpu.max", one ? v1 : v2); !set) {
            return set;
        }
    }
    return {};
}

}  // namespace

Result<void> make_group(const std::string& id, const runtime::ResourceLimits& limits) {
    const auto& known = hierarchies();
    if (!known.v2.empty()) {
        std::error_code error;
        fs::create_directories(known.v2 / "muster", error);
        for (const auto* name : {"memory", "pids", "cpu", "io"}) {
            if (!known.in_v2(name)) continue;
            const std::string on = std::string("+") + name;
            static_cast<void>(put(known.v2 / "cgroup.subtree_control", on));
            static_cast<void>(put(known.v2 / "muster" / "cgroup.subtree_control", on));
        }
    }
    for (const auto& group : groups_of(id)) {
        std::error_code error;
        fs::create_directories(group, error);
        if (error) {
            return fail(Errc::internal,
                        "cannot make the cgroup " + group.string() + ": " + error.message());
        }
    }
    return set_limits(id, limits);
}

Result<void> join_group(const std::string& id) {
    for (const auto& group : groups_of(id)) {
        if (auto joined = put(group / "cgroup.procs", "0"); !joined) return joined;
    }
    return {};
}

void leave_service_group() {
    for (const auto& root : {hierarchies().v2, hierarchies().systemd}) {
        if (root.empty()) continue;
        const auto group = root / "muster" / "supervisors";
        std::error_code error;
        fs::create_directories(group, error);
        static_cast<void>(put(group / "cgroup.procs", "0"));
    }
}

bool can_freeze() {
    return hierarchies().v1.contains("freezer") || !hierarchies().v2.empty();
}

Result<void> freeze_group(const std::string& id, bool frozen) {
    const auto& known = hierarchies();
    if (known.v1.contains("freezer")) {
        return put(known.group("freezer", id) / "freezer.state", frozen ? "FROZEN" : "THAWED");
    }
    if (!known.v2.empty())
        return put(known.v2 / "muster" / id / "cgroup.freeze", frozen ? "1" : "0");
    return fail(Errc::unsupported, "this system has no cgroup that can pause a server");
}

void kill_group(const std::string& id) {
    for (int round = 0; round < 100; ++round) {
        bool any = false;
        for (const auto& group : groups_of(id)) {
            std::istringstream pids(read_file(group / "cgroup.procs").value_or(""));
            for (pid_t pid = 0; pids >> pid;) {
                any = true;
                ::kill(pid, SIGKILL);
            }
        }
        if (!any) return;
        static_cast<void>(freeze_group(id, false));
        ::usleep(10'000);
    }
}

void remove_group(const std::string& id) {
    for (const auto& group : groups_of(id)) {
        // Processes that have ended leave their group a moment later.
        for (int i = 0; i < 200 && ::rmdir(group.c_str()) != 0 && errno == EBUSY; ++i) {
            ::usleep(5'000);
        }
    }
}

GroupUsage usage_of_group(const std::string& id) {
    const auto& known = hierarchies();
    GroupUsage usage;
    const auto memory = known.group("memory", id);
    if (known.v1.contains("memory")) {
        usage.memory_bytes = number_in(memory / "memory.usage_in_bytes") -
                             number_after(memory / "memory.stat", "total_inactive_file");
        usage.oom_kills = number_after(memory / "memory.oom_control", "oom_kill");
    } else if (!memory.empty()) {
        usage.memory_bytes = number_in(memory / "memory.current") -
                             number_after(memory / "memory.stat", "inactive_file");
        usage.oom_kills = number_after(memory / "memory.events", "oom_kill");
    }
    if (known.v1.contains("cpuacct")) {
        usage.cpu_microseconds = number_in(known.group("cpuacct", id) / "cpuacct.usage") / 1'000;
    } else if (!known.v2.empty()) {
        usage.cpu_microseconds = number_after(known.v2 / "muster" / id / "cpu.stat", "usage_usec");
    }
    if (const auto pids = known.group("pids", id); !pids.empty()) {
        usage.pids = number_in(pids / "pids.current");
    }
    if (known.v1.contains("blkio")) {
        // Lines of "8:0 Read 4096".
        std::istringstream lines(
            read_file(known.group("blkio", id) / "blkio.throttle.io_service_bytes").value_or(""));
        std::string device;
        std::string what;
        std::int64_t bytes = 0;
        while (lines >> device >> what >> bytes) {
            if (what == "Read") usage.read_bytes += bytes;
            if (what == "Write") usage.written_bytes += bytes;
        }
    } else if (known.in_v2("io")) {
        // Words of "rbytes=4096 wbytes=0".
        std::istringstream words(read_file(known.v2 / "muster" / id / "io.stat").value_or(""));
        for (std::string word; words >> word;) {
            const auto value = word.substr(word.find('=') + 1);
            if (word.starts_with("rbytes=")) usage.read_bytes += std::stoll(value);
            if (word.starts_with("wbytes=")) usage.written_bytes += std::stoll(value);
        }
    }
    usage.memory_bytes = std::max<std::int64_t>(usage.memory_bytes, 0);
    return usage;
}

}  // namespace muster::runtime_process
