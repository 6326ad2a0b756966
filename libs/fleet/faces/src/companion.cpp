#include "companion.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "muster/base/encoding.hpp"

namespace muster::faces {
namespace {

using coordinator::LogLevel;
using Descriptor = asio::posix::stream_descriptor;
using boost::system::error_code;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// Whoever holds the output open after the program has ended does not keep us.
constexpr std::chrono::milliseconds last_output{500};

/// A descriptor that is closed when nobody has taken it.
struct Owned {
    int fd = -1;
    Owned() = default;
    explicit Owned(int given) : fd(given) {}
    Owned(Owned&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Owned& operator=(Owned&&) = delete;
    ~Owned() {
        if (fd >= 0) ::close(fd);
    }
    [[nodiscard]] int take() { return std::exchange(fd, -1); }
};

struct Pipe {
    Owned read;
    Owned write;
};
Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(Errc::internal, "no pipe: " + std::string(std::strerror(errno)));
    }
    return Pipe{Owned(ends[0]), Owned(ends[1])};
}

std::vector<std::string> environment_of(const CompanionOptions& options) {
    std::vector<std::string> out;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string_view entry(*at);
        // A password or a token of ours is not the companion's.
        if (!entry.starts_with("MUSTER_")) out.emplace_back(entry);
    }
    for (const auto& [name, value] : options.environment) {
        std::erase_if(
            out, [&, prefix = name + "="](const auto& entry) { return entry.starts_with(prefix); });
        out.push_back(name + "=" + value);
    }
    return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// What the child needs, made before the fork: afterwards only async-signal-safe calls are allowed.
struct Launch {
    const char* folder;
    char** arguments;
    char** environment;
    int output;
    int errors;
    int report;
    pid_t parent;
};

[[noreturn]] void become(const Launch& launch) {
    ::setpgid(0, 0);
    // Ended by the kernel when we are: then nobody else would.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != launch.parent) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
    ::dup2(launch.output, STDOUT_FILENO);
    ::dup2(launch.errors, STDERR_FILENO);
    // Whatever else is open here closes with exec; the report says that there was none.
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (::chdir(launch.folder) == 0) {
        ::execvpe(launch.arguments[0], launch.arguments, launch.environment);
    }
    const int why = errno;
    [[maybe_unused]] const auto written = ::write(launch.report, &why, sizeof why);
    ::_exit(127);
}

std::string how_it_ended(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return "ended with " + std::to_string(info.si_status);
    const char* name = ::sigabbrev_np(info.si_status);
    return "was ended by SIG" + std::string(name == nullptr ? "?" : name);
}

}  // namespace

void OutputLines::add(std::string_view bytes, const std::function<void(std::string)>& line) {
    for (const char c : bytes) {
        if (c == '\n' || rest_.size() >= line_bytes_max) finish(line);
        if (c == '\n') continue;
        const auto code = static_cast<unsigned char>(c);
        if (c == '\t') {
            rest_ += ' ';
        } else if (code >= 0x20 && code != 0x7f) {
            rest_ += c;
        }
    }
}

void OutputLines::finish(const std::function<void(std::string)>& line) {
    if (rest_.empty()) return;
    line(to_utf8(std::exchange(rest_, {})));
}

struct Companion::Child {
    Child(asio::any_io_executor executor, pid_t process, int end, int output, int errors)
        : pid(process),
          ended(executor, end),
          outputs{Descriptor(executor, output), Descriptor(executor, errors)} {}
    pid_t pid;
    Descriptor ended;  ///< a pidfd: readable once the process has ended
    std::array<Descriptor, 2> outputs;
};

Companion::Companion(asio::any_io_executor executor, CompanionOptions options)
    : executor_(executor), options_(std::move(options)), stopping_(executor) {}

Companion::~Companion() {
    // Only when nobody waited for the end of run().
    if (running_ > 0) ::kill(-running_, SIGKILL);
}

void Companion::say(LogLevel level, const std::string& text) const {
    if (log) log(level, "companion: " + text);
}

Result<std::unique_ptr<Companion::Child>> Companion::start() const {
    auto output = make_pipe();
    auto errors = make_pipe();
    auto report = make_pipe();
    if (!output || !errors || !report) return fail(Errc::internal, "no pipes for the companion");
    auto arguments = options_.command;
    auto environment = environment_of(options_);
    const auto argument_pointers = pointers_to(arguments);
    const auto environment_pointers = pointers_to(environment);
    const std::string folder = options_.folder.string();
    const Launch launch{.folder = folder.c_str(),
                        .arguments = const_cast<char**>(argument_pointers.data()),
                        .environment = const_cast<char**>(environment_pointers.data()),
                        .output = output->write.fd,
                        .errors = errors->write.fd,
                        .report = report->write.fd,
                        .parent = ::getpid()};
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Errc::internal, "no process: " + std::string(std::strerror(errno)));
    if (pid == 0) become(launch);
    // Both sides do it, so that whoever comes first is early enough.
    ::setpgid(pid, pid);
    {
        const Owned closed(report->write.take());
    }
    int why = 0;
    ssize_t count = 0;
    do {
        count = ::read(report->read.fd, &why, sizeof why);
    } while (count < 0 && errno == EINTR);
    if (count == sizeof why) {
        ::waitpid(pid, nullptr, 0);
        return fail(Errc::unavailable,
                    options_.command.front() + " in " + folder + ": " + std::strerror(why));
    }
    const int end = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (end < 0) {
        const int error = errno;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return fail(Errc::unsupported, "no pidfd: " + std::string(std::strerror(error)));
    }
    return std::make_unique<Child>(executor_, pid, end, output->read.take(), errors->read.take());
}

asio::awaitable<void> Companion::show(Child* child, int which) {
    OutputLines lines;
    const auto level = which == 0 ? LogLevel::info : LogLevel::warning;
    const auto line = [this, level](std::string text) { say(level, text); };
    std::array<char, 4'096> buffer{};
    auto& from = child->outputs.at(static_cast<std::size_t>(which));
    for (;;) {
        const auto [error, count] = co_await from.async_read_some(asio::buffer(buffer), quietly);
        lines.add(std::string_view(buffer.data(), count), line);
        if (error) break;
    }
    lines.finish(line);
}

asio::awaitable<void> Companion::supervise(std::unique_ptr<Child> child) {
    running_ = child->pid;
    Tasks outputs(executor_);
    outputs.start(show(child.get(), 0));
    outputs.start(show(child.get(), 1));
    const auto wait_for_end = [](Descriptor* ended) -> asio::awaitable<void> {
        co_await ended->async_wait(Descriptor::wait_read, quietly);
    };
    siginfo_t info{};
    const auto has_ended = [&] {
        // WNOWAIT: its pid stays its own until the group has been killed.
        return ::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED | WNOHANG | WNOWAIT) ==
                   0 &&
               info.si_pid != 0;
    };
    while (!is_stopping_ && !has_ended()) {
        co_await race(wait_for_end(&child->ended), stopping_.wait());
    }
    if (!has_ended()) {
        ::kill(-child->pid, SIGTERM);
        Bell limit(executor_);
        co_await race(wait_for_end(&child->ended), limit.wait(options_.grace));
        if (!has_ended()) ::kill(-child->pid, SIGKILL);
        while (!has_ended()) co_await wait_for_end(&child->ended);
    }
    // What it left behind goes with it.
    ::kill(-child->pid, SIGKILL);
    ::waitpid(child->pid, nullptr, 0);
    running_ = 0;
    Bell limit(executor_);
    co_await race(outputs.ended(), limit.wait(last_output));
    for (auto& output : child->outputs) {
        error_code ignored;
        output.close(ignored);
    }
    co_await outputs.ended();
    say(is_stopping_ ? LogLevel::info : LogLevel::warning, how_it_ended(info));
}

asio::awaitable<void> Companion::run() {
    auto pause = options_.pause_first;
    while (!is_stopping_) {
        const auto begun = std::chrono::steady_clock::now();
        auto child = start();
        if (child) {
            say(LogLevel::info, "started in " + options_.folder.string());
            co_await supervise(*std::move(child));
        } else {
            say(LogLevel::error, child.error().message);
        }
        if (is_stopping_) break;
        if (std::chrono::steady_clock::now() - begun > lasting) pause = options_.pause_first;
        co_await stopping_.wait(pause);
        pause = std::min(pause * 2, options_.pause_max);
    }
}

void Companion::stop() {
    is_stopping_ = true;
    stopping_.ring();
}

}  // namespace muster::faces
