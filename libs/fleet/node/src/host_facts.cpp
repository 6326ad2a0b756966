#include "host_facts.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <sstream>
#include <thread>

#include "muster/base/file.hpp"

namespace muster::node {
namespace {

std::int64_t to_number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// "MemTotal:  16384 kB"
std::int64_t meminfo(const std::string& text, const std::string& key) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        if (!line.starts_with(key)) continue;
        std::istringstream words(line);
        std::string name;
        std::int64_t kibibytes = 0;
        words >> name >> kibibytes;
        return kibibytes * 1024;
    }
    return 0;
}

}  // namespace

HostFacts host_facts(const std::filesystem::path& data) {
    HostFacts facts;
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) facts.hostname = name.data();
    if (const auto text = read_file("/proc/meminfo")) {
        facts.memory_bytes = meminfo(*text, "MemTotal:");
    }
    facts.cpus = std::thread::hardware_concurrency();
    struct statvfs disk{};
    if (::statvfs(data.c_str(), &disk) == 0) {
        facts.disk_bytes = static_cast<std::int64_t>(disk.f_blocks * disk.f_frsize);
    }
    if (const auto text = read_file("/proc/stat")) {
        const std::size_t at = text->find("\nbtime ");
        if (at != std::string::npos) {
            const std::int64_t seconds = to_number(std::string_view(*text).substr(at + 7));
            facts.booted_at = Timestamp(std::chrono::seconds(seconds));
        }
    }
    return facts;
}

muster::node::v1::Sample HostMeter::sample(const std::filesystem::path& data, Timestamp now) {
    muster::node::v1::Sample sample;
    sample.set_time_ms(now.time_since_epoch().count());
    if (const auto text = read_file("/proc/stat")) {
        // cpu user nice system idle iowait irq softirq steal, in ticks of all processors (proc(5)).
        std::istringstream words(*text);
        std::string name;
        words >> name;
        std::array<std::int64_t, 8> ticks{};
        std::int64_t total = 0;
        for (std::int64_t& tick : ticks) {
            words >> tick;
            total += tick;
        }
        const std::int64_t busy = total - ticks[3] - ticks[4];
        if (total_ > 0 && total > total_) {
            const double share =
                static_cast<double>(busy - busy_) / static_cast<double>(total - total_);
            sample.set_cpu_percent(share * 100 * std::thread::hardware_concurrency());
        }
        busy_ = busy;
        total_ = total;
    }
    if (const auto text = read_file("/proc/meminfo")) {
        const std::int64_t all = meminfo(*text, "MemTotal:");
        sample.set_memory_limit_bytes(all);
        sample.set_memory_bytes(all - meminfo(*text, "MemAvailable:"));
    }
    struct statvfs disk{};
    if (::statvfs(data.c_str(), &disk) == 0) {
        sample.set_disk_limit_bytes(static_cast<std::int64_t>(disk.f_blocks * disk.f_frsize));
        sample.set_disk_used_bytes(
            static_cast<std::int64_t>((disk.f_blocks - disk.f_bfree) * disk.f_frsize));
    }
    if (const auto text = read_file("/proc/net/dev")) {
        std::istringstream lines(*text);
        std::string line;
        std::int64_t received = 0;
        std::int64_t sent = 0;
        while (std::getline(lines, line)) {
            const std::size_t colon = line.find(':');
            if (colon == std::string::npos) continue;
            if (line.substr(0, colon).find_last_of(' ') != std::string::npos &&
                line.substr(0, colon).ends_with(" lo")) {
                continue;
            }
            std::istringstream numbers(line.substr(colon + 1));
            std::array<std::int64_t, 9> field{};
            for (std::int64_t& one : field) numbers >> one;
            received += field[0];
            sent += field[8];
        }
        sample.set_network_received_bytes(received);
        sample.set_network_sent_bytes(sent);
    }
    return sample;
}

std::int64_t folder_bytes(const std::filesystem::path& folder, std::size_t entries_max) {
    std::int64_t total = 0;
    std::error_code error;
    auto it = std::filesystem::recursive_directory_iterator(
        folder, std::filesystem::directory_options::skip_permission_denied, error);
    for (const auto end = std::filesystem::recursive_directory_iterator();
         !error && it != end && entries_max > 0; it.increment(error), --entries_max) {
        struct stat entry{};
        if (::lstat(it->path().c_str(), &entry) == 0 && S_ISREG(entry.st_mode)) {
            total += entry.st_blocks * 512;
        }
    }
    return total;
}

}  // namespace muster::node
