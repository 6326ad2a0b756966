#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "cgroup.hpp"
#include "muster/runtime_process/process.hpp"
#include "shim.hpp"

namespace muster::runtime_process {
namespace {

constexpr int report_fd = 3;

/// Leaves everything of the process that started it: its session, its standard streams, its
/// descriptors. Only the report's pipe stays, until it is known whether the program runs.
void become_independent() {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
    ::close_range(report_fd + 1, ~0U, 0);
    ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
    ::setsid();
    for (const int ignored : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(ignored, SIG_IGN);
}

void report(const std::string& text) {
    const auto written = ::write(report_fd, text.data(), text.size());
    static_cast<void>(written);
    ::close(report_fd);
}

}  // namespace

int shim_main(std::span<const std::string> words) {
    if (words.size() != 2 || ::fcntl(report_fd, F_GETFD) < 0) {
        static constexpr std::string_view text =
            "this command is for the process runtime's own use\n";
        const auto written = ::write(2, text.data(), text.size());
        return written > 0 ? 2 : 3;
    }
    // Its starter waits for this process; the one that stays belongs to init.
    const pid_t child = ::fork();
    if (child != 0) return child > 0 ? 0 : 1;
    become_independent();
    leave_service_group();
    ::prctl(PR_SET_NAME, "muster-shim", 0, 0, 0);
    Store store{fs::path(words[0])};
    auto record = store.record(words[1]);
    if (!record) {
        report(encode_error(record.error()));
        return 1;
    }
    Shim shim(store, std::move(*record));
    if (auto started = shim.start(); !started) {
        report(encode_error(started.error()));
        return 1;
    }
    report("ok");
    shim.supervise();
    return 0;
}

}  // namespace muster::runtime_process
