#include "spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "cgroup.hpp"
#include "confine.hpp"
#include "root.hpp"
#include "wire.hpp"

namespace muster::runtime_process {
namespace {

/// The far ends, for the new process.
struct FarEnds {
    UniqueFd in;
    UniqueFd out;
    UniqueFd err;
    bool terminal = false;
};

Result<void> make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return refused("cannot make a pipe");
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return {};
}

Result<void> connect_ends(Spawned& near, FarEnds& far, bool terminal, const Record& record) {
    far.terminal = terminal;
    if (!terminal) {
        auto made = make_pipe(far.in, near.in);
        if (made) made = make_pipe(near.out, far.out);
        if (made) made = make_pipe(near.err, far.err);
        return made;
    }
    near.out.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!near.out || ::grantpt(near.out.get()) != 0 || ::unlockpt(near.out.get()) != 0) {
        return refused("cannot make a terminal");
    }
    char name[64];
    if (::ptsname_r(near.out.get(), name, sizeof name) != 0) return refused("no terminal");
    far.in.reset(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    far.out.reset(::fcntl(far.in.get(), F_DUPFD_CLOEXEC, 3));
    far.err.reset(::fcntl(far.in.get(), F_DUPFD_CLOEXEC, 3));
    near.in.reset(::fcntl(near.out.get(), F_DUPFD_CLOEXEC, 3));
    if (!far.err || !near.in) return refused("cannot open a terminal");
    if (::fchown(far.in.get(), record.uid, record.gid) != 0) return refused("no terminal");
    return {};
}

Result<void> take_ends(const FarEnds& far) {
    if (::setsid() < 0) return refused("cannot make a session");
    if (far.terminal && ::ioctl(far.in.get(), TIOCSCTTY, 0) != 0) return refused("no terminal");
    if (::dup2(far.in.get(), 0) < 0 || ::dup2(far.out.get(), 1) < 0 ||
        ::dup2(far.err.get(), 2) < 0) {
        return refused("cannot connect the console");
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int ignored : {SIGPIPE, SIGHUP, SIGINT, SIGTERM}) ::signal(ignored, SIG_DFL);
    ::umask(0022);
    return {};
}

/// Only returns when it fails. The words and variables are looked up in the new root.
Error execute(const std::vector<std::string>& words, const std::map<std::string, std::string>& env,
              const std::string& folder) {
    if (::chdir(folder.c_str()) != 0) {
        auto error = refused("cannot enter the working folder " + folder, Errc::invalid_argument);
        error.error().field = "working_folder";
        return error.error();
    }
    std::vector<std::string> pairs;
    for (const auto& [name, value] : env) pairs.push_back(name + "=" + value);
    std::vector<char*> variables;
    for (auto& pair : pairs) variables.push_back(pair.data());
    variables.push_back(nullptr);
    std::vector<std::string> own = words;
    std::vector<char*> arguments;
    for (auto& word : own) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto path = env.find("PATH");
    if (path != env.end()) ::setenv("PATH", path->second.c_str(), 1);
    ::execvpe(arguments[0], arguments.data(), variables.data());
    return refused("cannot run " + words[0], Errc::invalid_argument).error();
}

/// Tells the supervisor why nothing was executed; the pipe closes by itself when something was.
[[noreturn]] void give_up(int report, const Error& error) {
    const std::string text = encode_error(error);
    const auto written = ::write(report, text.data(), text.size());
    ::_exit(written > 0 ? 126 : 125);
}

Result<void> hear_report(int report) {
    std::string text;
    char bytes[4096];
    ssize_t got = 0;
    while ((got = ::read(report, bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0) text.append(bytes, static_cast<std::size_t>(got));
    }
    if (text.empty()) return {};
    return std::unexpected(decode_error(text));
}

Result<UniqueFd> pidfd_of(pid_t pid) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return refused("cannot watch the program");
    return fd;
}

Result<UniqueFd> own_pid_namespace() {
    UniqueFd fd(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
    if (!fd) return refused("cannot open the own namespace");
    return fd;
}

/// Runs `child` in a new process whose pid namespace `prepare` has chosen.
template <typename Prepare, typename Child>
Result<Spawned> spawn(const Record& record, bool terminal, Prepare prepare, Child child) {
    Spawned near;
    FarEnds far;
    UniqueFd report_in;
    UniqueFd report_out;
    if (auto made = connect_ends(near, far, terminal, record); !made) {
        return std::unexpected(made.error());
    }
    if (auto made = make_pipe(report_in, report_out); !made) return std::unexpected(made.error());
    auto home = own_pid_namespace();
    if (!home) return std::unexpected(home.error());
    if (auto prepared = prepare(); !prepared) return std::unexpected(prepared.error());
    near.pid = ::fork();
    if (near.pid == 0) {
        auto taken = take_ends(far);
        give_up(report_out.get(), taken ? child() : taken.error());
    }
    if (near.pid < 0) return refused("cannot start a process", Errc::exhausted);
    // Only the one child was meant for the other namespace.
    if (::setns(home->get(), CLONE_NEWPID) != 0) return refused("cannot return from a namespace");
    report_out.reset();
    if (auto heard = hear_report(report_in.get()); !heard) {
        ::waitpid(near.pid, nullptr, 0);
        return std::unexpected(heard.error());
    }
    auto pidfd = pidfd_of(near.pid);
    if (!pidfd) return std::unexpected(pidfd.error());
    near.pidfd = std::move(*pidfd);
    for (const auto* end : {&near.in, &near.out, &near.err}) {
        if (*end) ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
    }
    return near;
}

Error run_program(const Store& store, const Record& record) {
    if (auto joined = join_group(record.id); !joined) return joined.error();
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
        return refused("cannot make namespaces").error();
    }
    const std::string host = record.spec.name.substr(0, 63);
    if (::sethostname(host.data(), host.size()) != 0) return refused("cannot set the name").error();
    if (auto entered = enter_root(store, record); !entered) return entered.error();
    if (auto given = give_up_privileges(record); !given) return given.error();
    return execute(record.words(), record.environment(), record.working_folder());
}

Error run_exec(const Record& record, int program_pidfd, const runtime::ExecSpec& spec) {
    if (auto joined = join_group(record.id); !joined) return joined.error();
    if (::setns(program_pidfd, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
        return refused("cannot enter the server's namespaces").error();
    }
    if (auto given = give_up_privileges(record); !given) return given.error();
    auto environment = record.environment();
    for (const auto& [name, value] : spec.environment) environment[name] = value;
    const auto folder = spec.working_folder.empty() ? record.working_folder() : spec.working_folder;
    return execute(spec.command, environment, folder);
}

}  // namespace

Result<Spawned> spawn_program(const Store& store, const Record& record) {
    if (record.words().empty()) {
        return fail(Errc::invalid_argument, "neither the image nor the request says what to run",
                    "command");
    }
    const auto prepare = []() -> Result<void> {
        if (::unshare(CLONE_NEWPID) != 0) return refused("cannot make a pid namespace");
        return {};
    };
    return spawn(record, record.spec.tty, prepare, [&] { return run_program(store, record); });
}

Result<Spawned> spawn_exec(const Store&, const Record& record, int program_pidfd,
                           const runtime::ExecSpec& spec) {
    if (spec.command.empty()) return fail(Errc::invalid_argument, "there is no command", "command");
    const auto prepare = [&]() -> Result<void> {
        if (::setns(program_pidfd, CLONE_NEWPID) != 0) return refused("cannot enter the server");
        return {};
    };
    return spawn(record, spec.tty, prepare, [&] { return run_exec(record, program_pidfd, spec); });
}

std::optional<int> signal_number(const std::string& name) {
    if (name.empty()) return std::nullopt;
    const std::string plain = name.starts_with("SIG") ? name.substr(3) : name;
    for (int number = 1; number < 32; ++number) {
        const char* known = ::sigabbrev_np(number);
        if ((known != nullptr && plain == known) || plain == std::to_string(number)) return number;
    }
    return std::nullopt;
}

}  // namespace muster::runtime_process
