#include "postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"

namespace muster::store_postgres {
namespace {

using std::chrono::steady_clock;

/// Where Debian keeps the programs of a server; the newest.
std::filesystem::path programs() {
    std::vector<std::filesystem::path> found;
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
        if (std::filesystem::exists(version.path() / "bin" / "postgres")) {
            found.push_back(version.path() / "bin");
        }
    }
    if (found.empty()) throw std::runtime_error("PostgreSQL's server is not installed");
    return std::ranges::max(found);
}

struct User {
    uid_t user = 0;
    gid_t group = 0;
};

User server_user() {
    if (geteuid() != 0) return {geteuid(), getegid()};
    for (const char* name : {"postgres", "nobody"}) {
        if (const auto* entry = getpwnam(name)) return {entry->pw_uid, entry->pw_gid};
    }
    throw std::runtime_error("there is no user that PostgreSQL could run as");
}

/// Starts it as that user, in a group of processes of its own.
pid_t start_program(std::vector<std::string> command, const std::filesystem::path& log,
                    const User& as, bool as_group) {
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto folder = log.parent_path();
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process for PostgreSQL");
    if (child != 0) return child;
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (as_group) setpgid(0, 0);
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(as.group) != 0 ||
                           setuid(as.user) != 0 || chdir(folder.c_str()) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid(), which clears it; PostgreSQL drops all
    if (getppid() != parent) _exit(1);
    execv(argv[0], argv.data());
    _exit(127);
}

using Session = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Session log_in(const std::string& url) {
    return {PQconnectdb(url.c_str()), &PQfinish};
}

}  // namespace

PostgresServer::PostgresServer()
    : folder_(std::filesystem::temp_directory_path() / new_id("muster-pg")) {
    std::filesystem::create_directories(folder_);
    const auto as = server_user();
    if (geteuid() == 0 && chown(folder_.c_str(), as.user, as.group) != 0) {
        throw std::runtime_error("the server's folder cannot be given away");
    }
    const pid_t made = start_program({programs() / "initdb", "-D", folder_ / "data", "-U", "muster",
                                      "-A", "trust", "-E", "UTF8", "--locale=C", "-N"},
                                     folder_ / "log", as, false);
    int status = 0;
    waitpid(made, &status, 0);
    if (status != 0) {
        throw std::runtime_error("initdb failed: " + read_file(folder_ / "log").value_or(""));
    }
    start();
}

PostgresServer::~PostgresServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::start() {
    start_process();
    const auto end = steady_clock::now() + std::chrono::seconds(60);
    // It says nowhere but in its log when it is ready, so it is asked.
    while (PQping(url("postgres").c_str()) != PQPING_OK) {
        if (steady_clock::now() > end || waitpid(pid_, nullptr, WNOHANG) != 0) {
            throw std::runtime_error("PostgreSQL does not start: " +
                                     read_file(folder_ / "log").value_or(""));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void PostgresServer::start_process() {
    // What the kernel was given survives kill -9 of the server, so it need not wait for the disk.
    pid_ = start_program({programs() / "postgres", "-D", folder_ / "data", "-k", folder_, "-c",
                          "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=30", "-c",
                          "shared_buffers=8MB", "-c", "dynamic_shared_memory_type=posix"},
                         folder_ / "log", server_user(), true);
}

// Its sessions are processes of their own; each ends at once, too, rather than when it looks for
// its parent.
void PostgresServer::signal_all(int signal) const {
    std::error_code none;
    for (const auto& process : std::filesystem::directory_iterator("/proc", none)) {
        const auto stat = read_file(process.path() / "stat");
        if (!stat) continue;
        // "PID (NAME) STATE PARENT GROUP ...": every server process leads a session of its own.
        const auto after = stat->rfind(") ");
        if (after == std::string::npos) continue;
        const auto parent = std::strtol(stat->c_str() + after + 4, nullptr, 10);
        if (parent == pid_) ::kill(std::atoi(process.path().filename().c_str()), signal);
    }
}

void PostgresServer::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGSTOP);  // it must not start anything while the rest is ended
    signal_all(SIGKILL);
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
}

void PostgresServer::pause() {
    ::kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
    signal_all(SIGSTOP);
}

void PostgresServer::resume() {
    signal_all(SIGCONT);
    ::kill(pid_, SIGCONT);
}

std::string PostgresServer::new_database() {
    const auto name = "d" + random_text(12);
    const auto session = log_in(url("postgres"));
    PGresult* made = PQexec(session.get(), ("CREATE DATABASE " + name).c_str());
    const bool done = PQresultStatus(made) == PGRES_COMMAND_OK;
    PQclear(made);
    if (!done) throw std::runtime_error(PQerrorMessage(session.get()));
    return name;
}

std::string PostgresServer::url(const std::string& database) const {
    return "postgresql://muster:" + std::string(password) + "@/" + database +
           "?host=" + folder_.string();
}

}  // namespace muster::store_postgres
