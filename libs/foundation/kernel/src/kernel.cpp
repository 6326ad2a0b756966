#include "muster/kernel/kernel.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "muster/base/file.hpp"
#include "muster/base/text.hpp"

namespace muster::kernel {
namespace {

struct Least {
    std::string_view name;
    std::uint64_t value;
    std::string_view why;
};

// The sockets of a world ask for 4 MiB each way; the rest leaves room for bursts of thousands.
constexpr std::array<Least, 6> least{{
    {"net.core.rmem_max", 16U << 20U, "a burst from thousands of players fits the socket"},
    {"net.core.wmem_max", 16U << 20U, "a round of snapshots fits the socket"},
    {"net.core.netdev_max_backlog", 10'000, "packets that came wait for the core"},
    {"net.core.somaxconn", 4'096, "connections of a storm of joins wait, rather than fail"},
    {"fs.file-max", 1'048'576, "each connection and container takes files"},
    {"net.netfilter.nf_conntrack_max", 262'144, "a firewall that tracks has room for all players"},
}};
constexpr rlim_t files_wanted = 65'536;

std::filesystem::path file_of(const std::filesystem::path& root, std::string_view name) {
    std::filesystem::path file = root / "proc" / "sys";
    for (const auto& part : split_list(name, '.')) file /= part;
    return file;
}

std::optional<std::string> first_line(const std::filesystem::path& file) {
    auto text = read_file(file, 4'096);
    if (!text) return std::nullopt;
    return std::string(trim(std::string_view(*text).substr(0, text->find('\n'))));
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Not write_file, which renames: the kernel's files can only be written where they are.
Result<void> write_in_place(const std::filesystem::path& file, const std::string& text) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(Errc::permission_denied, std::strerror(errno));
    const bool written =
        ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int why = errno;
    ::close(descriptor);
    if (!written) return fail(Errc::permission_denied, std::strerror(why));
    return {};
}

Finding check_least(const std::filesystem::path& root, const Least& wanted) {
    Finding finding{.name = std::string(wanted.name),
                    .now = {},
                    .wanted = "at least " + std::to_string(wanted.value),
                    .why = std::string(wanted.why)};
    const auto now = first_line(file_of(root, wanted.name));
    if (!now) return finding;
    finding.now = *now;
    const auto value = number(*now);
    finding.state =
        value && *value >= wanted.value ? Finding::State::good : Finding::State::wanting;
    return finding;
}

Finding check_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const bool enough = limit.rlim_max >= files_wanted;
    return {.name = "open files of a process",
            .now = limit.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_max),
            .wanted = "at least " + std::to_string(files_wanted),
            .why = enough ? "each connection takes one"
                          : "each connection takes one: LimitNOFILE= in the unit, or ulimit -n",
            .state = enough ? Finding::State::good : Finding::State::advice};
}

// The word in brackets is the one in force: "always [madvise] never".
Finding check_huge_pages(const std::filesystem::path& root) {
    Finding finding{.name = "transparent huge pages",
                    .now = {},
                    .wanted = "madvise or never",
                    .why = "always makes ticks wait for memory to be moved"};
    const auto line = first_line(root / "sys/kernel/mm/transparent_hugepage/enabled");
    if (!line) return finding;
    const auto open = line->find('[');
    const auto close = line->find(']');
    if (open == std::string::npos || close == std::string::npos || close < open) return finding;
    finding.now = line->substr(open + 1, close - open - 1);
    finding.state = finding.now == "always" ? Finding::State::advice : Finding::State::good;
    if (finding.state == Finding::State::advice)
        finding.why += ": echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
    return finding;
}

Finding check_governor(const std::filesystem::path& root) {
    Finding finding{.name = "CPU governor",
                    .now = {},
                    .wanted = "performance",
                    .why = "a core that clocks down between ticks is late for each"};
    const auto line = first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (!line) return finding;
    finding.now = *line;
    finding.state = *line == "performance" ? Finding::State::good : Finding::State::advice;
    if (finding.state == Finding::State::advice)
        finding.why += ": cpupower frequency-set -g performance";
    return finding;
}

}  // namespace

std::vector<Finding> check(const std::filesystem::path& root) {
    std::vector<Finding> findings;
    for (const Least& wanted : least) findings.push_back(check_least(root, wanted));
    findings.push_back(check_files());
    findings.push_back(check_huge_pages(root));
    findings.push_back(check_governor(root));
    return findings;
}

Result<std::vector<Finding>> apply(const std::filesystem::path& root) {
    std::vector<Finding> done;
    std::string kept = "# Written by `muster system apply`.\n";
    for (const Least& wanted : least) {
        Finding finding = check_least(root, wanted);
        if (finding.state == Finding::State::absent) continue;
        kept +=
            finding.name + " = " +
            (finding.state == Finding::State::good ? finding.now : std::to_string(wanted.value)) +
            "\n";
        if (finding.state == Finding::State::good) continue;
        if (auto written = write_in_place(file_of(root, wanted.name), std::to_string(wanted.value));
            !written) {
            return fail(Errc::permission_denied,
                        "cannot set " + finding.name + " (" + written.error().message +
                            "); run it as root, outside a container",
                        finding.name);
        }
        finding.now = std::to_string(wanted.value);
        finding.state = Finding::State::good;
        done.push_back(std::move(finding));
    }
    if (done.empty()) return done;
    const std::filesystem::path folder = root / "etc" / "sysctl.d";
    if (auto made = make_folder(folder, 0755); !made) return std::unexpected(made.error());
    if (auto written = write_file(folder / "90-muster.conf", kept, 0644); !written) {
        return std::unexpected(written.error());
    }
    return done;
}

}  // namespace muster::kernel
