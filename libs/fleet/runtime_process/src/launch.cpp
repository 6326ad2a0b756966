#include "launch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>

#include "wire.hpp"

namespace muster::runtime_process {
namespace {

constexpr std::chrono::seconds start_deadline{120};
constexpr int report_fd = 3;

Result<std::string> hear(int fd) {
    const auto end = std::chrono::steady_clock::now() + start_deadline;
    std::string text;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
        pollfd readable{fd, POLLIN, 0};
        const int ready =
            ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready == 0)
            return fail(Errc::timeout, "the supervisor does not say whether it started");
        char bytes[4096];
        const auto got = ::read(fd, bytes, sizeof bytes);
        if (got == 0) return text;
        if (got < 0 && errno != EINTR) return refused("cannot hear the supervisor");
        if (got > 0) text.append(bytes, static_cast<std::size_t>(got));
    }
}

}  // namespace

Result<void> launch_shim(const std::vector<std::string>& command, const std::string& state_dir,
                         const std::string& id) {
    std::vector<std::string> words = command;
    words.push_back(state_dir);
    words.push_back(id);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    // Nothing of this process's environment is a supervisor's business.
    char* const environment[] = {nullptr};

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return refused("cannot make a pipe");
    UniqueFd report(ends[0]);
    UniqueFd far(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, far.get(), report_fd);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    pid_t pid = -1;
    const int wrong =
        ::posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), environment);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    far.reset();
    if (wrong != 0) {
        errno = wrong;
        return refused("cannot start the supervisor " + command.front());
    }
    auto text = hear(report.get());
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!text) return std::unexpected(text.error());
    if (*text == "ok") return {};
    if (text->empty()) return fail(Errc::internal, "the supervisor ended without a word");
    return std::unexpected(decode_error(*text));
}

bool is_port_taken(const runtime::PortBinding& port) {
    const bool tcp = port.protocol == runtime::Protocol::tcp;
    const UniqueFd fd(::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    if (!fd) return false;
    const int yes = 1;
    // Connections that ended a moment ago do not count.
    if (tcp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port.outside);
    if (::inet_pton(AF_INET, port.address.c_str(), &at.sin_addr) != 1)
        at.sin_addr.s_addr = INADDR_ANY;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return false;
    return errno == EADDRINUSE;
}

}  // namespace muster::runtime_process
