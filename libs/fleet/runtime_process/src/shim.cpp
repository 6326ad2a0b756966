#include "shim.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "cgroup.hpp"
#include "muster/base/file.hpp"
#include "root.hpp"

namespace muster::runtime_process {
namespace {

constexpr std::size_t clients_max = 64;
constexpr std::size_t execs_max = 16;
constexpr std::size_t input_bytes_max = 64 << 10;  ///< then clients wait
constexpr std::size_t queued_bytes_max = 1 << 20;  ///< then the client is dropped
constexpr int drain_ms = 2'000;                    ///< for what is left in pipes at the end

Timestamp now() {
    return SystemClock().now();
}

/// As shells and engines count: the status, or 128 and the signal.
int code_of(const siginfo_t& info) {
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

std::optional<int> ended(const UniqueFd& pidfd) {
    siginfo_t info{};
    const auto id = static_cast<id_t>(pidfd.get());
    if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
        return std::nullopt;
    }
    return code_of(info);
}

void signal_to(const UniqueFd& pidfd, int number) {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
}

}  // namespace

Shim::Shim(Store store, Record record)
    : store_(std::move(store)),
      record_(std::move(record)),
      log_(store_.log(record_.id), record_.log_bytes_max) {}

Shim::~Shim() = default;

Result<void> Shim::start() {
    // The supervisor of the run before may be about to go.
    for (int i = 0; i < 5'000 && !lock_; ++i) {
        auto lock = Store::lock(store_.folder(record_.id) / "lock");
        if (lock) {
            lock_ = std::move(*lock);
        } else if (lock.error().code != Errc::conflict) {
            return std::unexpected(lock.error());
        } else {
            ::usleep(2'000);
        }
    }
    if (!lock_) return fail(Errc::conflict, record_.spec.name + " runs already");
    if (auto prepared = prepare_folders(store_, record_); !prepared) return prepared;
    if (auto made = make_group(record_.id, record_.spec.limits); !made) {
        remove_group(record_.id);
        return made;
    }
    auto listener = listen_in(store_.folder(record_.id));
    if (!listener) return std::unexpected(listener.error());
    listener_ = std::move(*listener);
    auto program = spawn_program(store_, record_);
    if (!program) {
        remove_group(record_.id);
        return std::unexpected(program.error());
    }
    program_ = std::move(*program);
    run_ = {};
    run_.pid = program_.pid;
    run_.started_at = now();
    auto noted = store_.write_run(record_.id, run_);
    if (!noted) {
        signal_to(program_.pidfd, SIGKILL);
        return noted;
    }
    store_.append_event(record_, "start", run_.started_at);
    return {};
}

void Shim::supervise() {
    while (!ended_) poll_once();
    finish();
}

void Shim::poll_once() {
    std::vector<pollfd> polled;
    for (const auto* fd : {&program_.pidfd, &program_.out, &program_.err}) {
        polled.push_back({fd->get(), POLLIN, 0});
    }
    polled.push_back({input_.empty() ? -1 : program_.in.get(), POLLOUT, 0});
    polled.push_back({clients_.size() < clients_max ? listener_.get() : -1, POLLIN, 0});
    for (const auto& client : clients_) {
        const bool full = (client.exec ? client.input : input_).size() >= input_bytes_max;
        const int events = (full ? 0 : POLLIN) | (client.waiting.empty() ? 0 : POLLOUT);
        // A descriptor that nothing is wanted of could still report its end again and again.
        polled.push_back({events == 0 ? -1 : client.fd.get(), static_cast<short>(events), 0});
        if (!client.exec) continue;
        // Output that the client does not take stays in the pipe, and holds up the command.
        const bool slow = !client.waiting.empty();
        polled.push_back({client.exec_code ? -1 : client.exec->pidfd.get(), POLLIN, 0});
        polled.push_back({slow ? -1 : client.exec->out.get(), POLLIN, 0});
        polled.push_back({slow ? -1 : client.exec->err.get(), POLLIN, 0});
        polled.push_back({client.input.empty() ? -1 : client.exec->in.get(), POLLOUT, 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) return;

    if (polled[1].revents != 0) drain(program_.out, false);
    if (polled[2].revents != 0) drain(program_.err, true);
    feed(program_.in, input_);
    for (auto& client : clients_) {
        flush(client);
        hear(client);
        if (client.exec) look_after_exec(client);
    }
    std::erase_if(clients_, [](const Client& client) { return client.gone; });
    if (polled[4].revents != 0) accept_client();
    if (const auto code = ended(program_.pidfd)) {
        run_.exit_code = *code;
        ended_ = true;
    }
}

void Shim::accept_client() {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    clients_.emplace_back();
    clients_.back().fd = std::move(fd);
}

void Shim::hear(Client& client) {
    std::array<char, message_bytes_max> bytes{};
    while (!client.gone && (client.exec ? client.input : input_).size() < input_bytes_max) {
        const auto got = ::recv(client.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            client.gone = true;
            // A command ends with its console; nobody could see or end it any more.
            if (client.exec) {
                signal_to(client.exec->pidfd, SIGKILL);
                ::waitpid(client.exec->pid, nullptr, 0);
            }
            return;
        }
        obey(client, std::string_view(bytes.data(), static_cast<std::size_t>(got)));
    }
}

void Shim::obey(Client& client, std::string_view message) {
    const std::string_view rest = message.substr(1);
    switch (message.front()) {
        case to_shim::attach:
            client.attached = true;
            send(client, from_shim::done);
            return;
        case to_shim::exec:
            begin_exec(client, rest);
            return;
        case to_shim::signal: {
            const int number = std::atoi(std::string(rest).c_str());
            signal_to(program_.pidfd, number);
            // What is frozen dies only once it is thawed.
            if (number == SIGKILL && run_.paused) {
                static_cast<void>(freeze_group(record_.id, false));
            }
            send(client, from_shim::done);
            return;
        }
        case to_shim::pause:
            pause(client, true);
            return;
        case to_shim::resume:
            pause(client, false);
            return;
        case to_shim::input:
            if (client.exec) client.input += rest;
            if (client.attached) input_ += rest;
            return;
        default:
            send(client, from_shim::failed, "unsupported\n\nthe supervisor does not know this");
    }
}

void Shim::pause(Client& client, bool paused) {
    auto done = freeze_group(record_.id, paused);
    if (done && run_.paused != paused) {
        run_.paused = paused;
        done = store_.write_run(record_.id, run_);
        store_.append_event(record_, paused ? "pause" : "unpause", now());
    }
    if (done) {
        send(client, from_shim::done);
    } else {
        send(client, from_shim::failed, encode_error(done.error()));
    }
}

void Shim::begin_exec(Client& client, std::string_view text) {
    const auto running =
        std::ranges::count_if(clients_, [](const Client& one) { return one.exec != nullptr; });
    auto spec = decode_exec(text);
    Result<Spawned> spawned = std::unexpected(Error{});
    if (!spec) {
        spawned = std::unexpected(spec.error());
    } else if (static_cast<std::size_t>(running) >= execs_max) {
        spawned = fail(Errc::exhausted, "too many commands run in this server already");
    } else if (run_.paused) {
        spawned = fail(Errc::conflict, record_.spec.name + " is paused");
    } else {
        spawned = spawn_exec(store_, record_, program_.pidfd.get(), *spec);
    }
    if (!spawned) {
        send(client, from_shim::failed, encode_error(spawned.error()));
        return;
    }
    client.exec = std::make_unique<Spawned>(std::move(*spawned));
    send(client, from_shim::done);
}

void Shim::look_after_exec(Client& client) {
    if (client.gone) return;
    auto& exec = *client.exec;
    feed(exec.in, client.input);
    // The code first: what is in the pipes after it is all there is.
    if (!client.exec_code) client.exec_code = ended(exec.pidfd);
    const bool was_over = client.exec_code.has_value();
    const bool more_out = drain_exec(client, exec.out, from_shim::output);
    const bool more_errors = drain_exec(client, exec.err, from_shim::errors);
    if (!was_over || more_out || more_errors || !client.waiting.empty()) return;
    send(client, from_shim::ended, std::to_string(*client.exec_code));
    client.exec.reset();
}

/// Whether there may be more at this moment.
bool Shim::drain_exec(Client& client, UniqueFd& from, char kind) {
    std::array<char, message_bytes_max - 1> bytes{};
    while (from && client.waiting.empty()) {
        const auto got = ::read(from.get(), bytes.data(), bytes.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (got <= 0) {
            from.reset();
            return false;
        }
        send(client, kind, std::string_view(bytes.data(), static_cast<std::size_t>(got)));
    }
    return static_cast<bool>(from);
}

void Shim::send(Client& client, char kind, std::string_view bytes) {
    std::string message(1, kind);
    message += bytes.substr(0, message_bytes_max - 1);
    if (!client.waiting.empty()) {
        client.queued_bytes += message.size();
        client.queue.push_back(std::move(message));
        if (client.queued_bytes > queued_bytes_max) client.gone = !client.exec;
        return;
    }
    client.waiting = std::move(message);
    flush(client);
}

void Shim::flush(Client& client) {
    std::size_t sent = 0;
    while (!client.waiting.empty()) {
        const auto done = ::send(client.fd.get(), client.waiting.data(), client.waiting.size(),
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0) break;
        client.waiting.clear();
        if (sent < client.queue.size()) {
            client.waiting = std::move(client.queue[sent++]);
            client.queued_bytes -= client.waiting.size();
        }
    }
    client.queue.erase(client.queue.begin(), client.queue.begin() + static_cast<long>(sent));
}

void Shim::drain(UniqueFd& from, bool is_error) {
    std::array<char, message_bytes_max - 1> bytes{};
    // A program that prints without end leaves time for the rest between rounds.
    for (int round = 0; round < 8 && from; ++round) {
        const auto got = ::read(from.get(), bytes.data(), bytes.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            from.reset();
            return;
        }
        const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
        log_.add(text, is_error, now());
        for (auto& client : clients_) {
            const char kind = is_error ? from_shim::errors : from_shim::output;
            if (client.attached) send(client, kind, text);
        }
    }
}

void Shim::feed(UniqueFd& to, std::string& input) {
    while (to && !input.empty()) {
        const auto written = ::write(to.get(), input.data(), input.size());
        if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (written < 0) to.reset();
        input.erase(0, written < 0 ? input.size() : static_cast<std::size_t>(written));
    }
    if (!to) input.clear();
}

void Shim::finish() {
    // With the first process of a pid namespace all others in it have been killed.
    for (auto* from : {&program_.out, &program_.err}) {
        while (*from) {
            pollfd readable{from->get(), POLLIN, 0};
            if (::poll(&readable, 1, drain_ms) <= 0) break;
            drain(*from, from == &program_.err);
        }
    }
    log_.finish(now());
    kill_group(record_.id);
    run_.out_of_memory = usage_of_group(record_.id).oom_kills > 0;
    run_.paused = false;
    run_.finished_at = now();
    remove_group(record_.id);
    // When the disk is full this is tried until it is not: how it ended must not be lost.
    while (!store_.write_run(record_.id, run_)) ::sleep(1);
    // Only now: who hears of it looks at once, and must find it so.
    if (run_.out_of_memory) store_.append_event(record_, "oom", *run_.finished_at);
    store_.append_event(record_, "die", *run_.finished_at, run_.exit_code);
    for (auto& client : clients_) {
        if (client.attached || client.exec) {
            send(client, from_shim::ended, std::to_string(run_.exit_code));
        }
        // A client that reads slowly still gets the last of it.
        for (int i = 0; i < 50 && !client.waiting.empty() && !client.gone; ++i) {
            pollfd writable{client.fd.get(), POLLOUT, 0};
            if (::poll(&writable, 1, 100) > 0) flush(client);
            if ((writable.revents & (POLLERR | POLLHUP)) != 0) break;
        }
    }
    ::unlink((store_.folder(record_.id) / "control").c_str());
}

}  // namespace muster::runtime_process
