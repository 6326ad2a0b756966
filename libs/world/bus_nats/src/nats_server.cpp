#include "nats_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "muster/base/random.hpp"

namespace muster::bus_nats {
namespace {

using std::chrono::steady_clock;

/// The port at the end of the line that begins so; 0 when it has not been said yet.
std::uint16_t said_port(const std::string& log, const std::string& sentence) {
    const auto at = log.find(sentence);
    const auto end = at == std::string::npos ? at : log.find('\n', at);
    if (end == std::string::npos) return 0;
    const auto line = log.substr(at, end - at);
    return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

}  // namespace

NatsServer::NatsServer(std::vector<std::string> arguments, std::string configuration)
    : arguments_(std::move(arguments)),
      folder_(std::filesystem::temp_directory_path() / new_id("muster-nats")) {
    std::filesystem::create_directories(folder_);
    if (!configuration.empty()) {
        const auto file = folder_ / "nats.conf";
        std::ofstream(file) << configuration << '\n';
        arguments_.insert(arguments_.end(), {"-c", file.string()});
    }
    start();
}

NatsServer::~NatsServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void NatsServer::start(std::vector<std::string> arguments) {
    arguments_ = std::move(arguments);
    start();
}

void NatsServer::start() {
    std::vector<std::string> command{"nats-server", "-a", "127.0.0.1", "-p",
                                     port_ == 0 ? "-1" : std::to_string(port_)};
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> log{};
    if (pipe2(log.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        dup2(log[1], STDERR_FILENO);
        dup2(log[1], STDOUT_FILENO);
        execvp(argv[0], argv.data());
        execv("/usr/sbin/nats-server", argv.data());  // not on everybody's PATH
        _exit(127);
    }
    close(log[1]);
    log_ = log[0];
    if (pid_ < 0) throw std::runtime_error("no process for nats-server");
    wait_until_ready(log_);
}

/// It says its ports in its log. What it says later stays in the pipe, which has room for it.
void NatsServer::wait_until_ready(int log) {
    const bool clustered = std::ranges::find(arguments_, "--cluster_listen") != arguments_.end();
    const auto end = steady_clock::now() + std::chrono::seconds(30);
    std::string said;
    std::array<char, 4'096> buffer{};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
        pollfd readable{.fd = log, .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("nats-server does not become ready: " + said);
        }
        const auto size = read(log, buffer.data(), buffer.size());
        if (size <= 0) throw std::runtime_error("nats-server (is it installed?) ended: " + said);
        said.append(buffer.data(), static_cast<std::size_t>(size));
        const auto port = said_port(said, "Listening for client connections on");
        const auto cluster = said_port(said, "Listening for route connections on");
        if (port == 0 || (clustered && cluster == 0) || !said.contains("Server is ready")) continue;
        port_ = port;
        cluster_port_ = cluster;
        return;
    }
}

void NatsServer::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
    close(std::exchange(log_, -1));
}

void NatsServer::pause() {
    ::kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
}

void NatsServer::resume() {
    ::kill(pid_, SIGCONT);
}

std::string NatsServer::url() const {
    return "nats://127.0.0.1:" + std::to_string(port_);
}

}  // namespace muster::bus_nats
