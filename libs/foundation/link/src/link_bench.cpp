// The round trip of a command with many connected nodes: a coordinator in this process, the nodes
// in a second one (the same program), each with a TLS connection of its own over loopback. A
// session is picked, sent one command, and its answer awaited; `--flight` such exchanges run at a
// time. Prints one JSON line.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "muster/base/file.hpp"
#include "muster/link/link.hpp"

extern char** environ;

namespace {

using namespace muster;
using namespace std::chrono_literals;
using link::asio::awaitable;
using Clock = std::chrono::steady_clock;

struct Settings {
    std::size_t sessions = 1'000;
    std::size_t commands = 50'000;
    std::size_t flight = 1;
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "link_bench: %s\n", why.c_str());
    std::exit(1);
}

std::size_t resident_bytes() {
    const auto status = read_file("/proc/self/statm").value_or("0 0");
    return std::strtoull(status.c_str() + status.find(' '), nullptr, 10) *
           static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

pki::Identity identity_of(const pki::Identity& authority, const std::string& key,
                          const pki::Subject& subject, pki::Usage usage) {
    auto certificate = pki::issue(authority, key, subject, usage, SystemClock{}.now(), 600min);
    if (!certificate) give_up(certificate.error().message);
    return {std::move(*certificate), key};
}

// ---- the nodes' process

awaitable<void> node(link::asio::io_context& context, link::Client::Options options) {
    const auto client = link::Client::open(context.get_executor(), std::move(options)).value();
    auto session = co_await client->session(60s);
    if (!session) give_up("a node: " + session.error().message);
    for (;;) {
        auto message = co_await (*session)->receive();
        if (!message) co_return;
        link::wire::FromNode answer;
        answer.mutable_result()->set_operation_id(message->command().operation_id());
        answer.mutable_result()->set_ok(true);
        if (!(*session)->send(std::move(answer))) co_return;
    }
}

int run_nodes() {
    std::string text;
    std::array<char, 4096> bytes{};
    for (ssize_t size = 0; (size = read(STDIN_FILENO, bytes.data(), bytes.size())) > 0;) {
        text.append(bytes.data(), static_cast<std::size_t>(size));
    }
    const auto order = nlohmann::json::parse(text);
    const pki::Identity authority{order.at("certificate"), order.at("key")};
    const auto key = pki::new_private_key().value();
    link::asio::io_context context(1);
    for (std::size_t i = 0; i < order.at("sessions").get<std::size_t>(); ++i) {
        link::Client::Options options;
        options.address = order.at("address");
        options.authority_pem = authority.certificate_pem;
        const pki::Subject subject{"node:nod-" + std::to_string(i), {}, {}};
        options.identity = identity_of(authority, key, subject, pki::Usage::client);
        link::asio::co_spawn(context, node(context, std::move(options)), link::asio::detached);
    }
    context.run();
    return 0;
}

// ---- the coordinator's process

struct Peer {
    std::shared_ptr<link::NodeSession> session;
    std::unique_ptr<link::asio::steady_timer> answered;
};

struct Bench {
    Settings settings;
    link::asio::io_context context{1};
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<double> microseconds;
    std::size_t started = 0;
    std::size_t next_peer = 0;
};

awaitable<void> hold_session(Bench& bench, std::shared_ptr<link::NodeSession> session) {
    auto mine = std::make_unique<Peer>();
    mine->session = session;
    mine->answered = std::make_unique<link::asio::steady_timer>(bench.context);
    Peer& peer = *mine;
    bench.peers.push_back(std::move(mine));
    while (co_await session->receive()) peer.answered->cancel();
}

awaitable<void> exchange(Bench& bench) {
    while (bench.started < bench.settings.commands) {
        ++bench.started;
        Peer& peer = *bench.peers[bench.next_peer++ % bench.peers.size()];
        link::wire::ToNode message;
        message.mutable_command()->set_operation_id("op-" + std::to_string(bench.started));
        message.mutable_command()->mutable_power()->set_kind(link::wire::START);
        const auto began = Clock::now();
        peer.answered->expires_at(Clock::time_point::max());
        if (!peer.session->send(std::move(message))) give_up("a session broke");
        boost::system::error_code woken;
        co_await peer.answered->async_wait(
            link::asio::redirect_error(link::asio::use_awaitable, woken));
        const std::chrono::duration<double, std::micro> took = Clock::now() - began;
        bench.microseconds.push_back(took.count());
    }
}

awaitable<void> measure(Bench& bench) {
    link::asio::steady_timer timer(bench.context);
    const auto until = Clock::now() + 120s;
    while (bench.peers.size() < bench.settings.sessions) {
        if (Clock::now() > until) give_up("not all nodes came");
        timer.expires_after(10ms);
        co_await timer.async_wait(link::asio::use_awaitable);
    }
    std::size_t running = bench.settings.flight;
    for (std::size_t i = 0; i < bench.settings.flight; ++i) {
        link::asio::co_spawn(bench.context, exchange(bench),
                             [&running](std::exception_ptr) { --running; });
    }
    while (running > 0) {
        timer.expires_after(10ms);
        co_await timer.async_wait(link::asio::use_awaitable);
    }
}

pid_t start_nodes(const char* self, const std::string& order) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    std::string program = self;
    std::string role = "--nodes";
    std::array<char*, 3> arguments{program.data(), role.data(), nullptr};
    pid_t child = 0;
    if (posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) != 0) {
        give_up("cannot start the nodes");
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (write(ends[1], order.data(), order.size()) != static_cast<ssize_t>(order.size())) {
        give_up("cannot order the nodes");
    }
    close(ends[1]);
    return child;
}

double percentile(const std::vector<double>& sorted, double fraction) {
    return sorted[static_cast<std::size_t>(fraction * static_cast<double>(sorted.size() - 1))];
}

nlohmann::json machine() {
    utsname name{};
    uname(&name);
    return {{"cores", std::thread::hardware_concurrency()}, {"kernel", name.release}};
}

int run_coordinator(const char* self, const Settings& settings) {
    Bench bench;
    bench.settings = settings;
    const auto authority =
        pki::new_authority("link_bench", SystemClock{}.now(), std::chrono::days{1}).value();
    link::Server::Options options;
    options.host = "127.0.0.1";
    options.authority_pem = authority.certificate_pem;
    const pki::Subject subject{"bench", {std::string(link::coordinator_name)}, {}};
    options.identity =
        identity_of(authority, pki::new_private_key().value(), subject, pki::Usage::server);
    link::Server::Handlers handlers;
    using Reply = Result<link::wire::EnrollReply>;
    handlers.enrol = [](link::EnrolRequest) -> awaitable<Reply> { co_return Reply{}; };
    handlers.renew = [](std::string, std::string) -> awaitable<Reply> { co_return Reply{}; };
    handlers.admit = [](const std::string&, const std::string&) { return Result<void>{}; };
    handlers.session = [&bench](std::shared_ptr<link::NodeSession> session) {
        return hold_session(bench, std::move(session));
    };
    handlers.carrier = [](std::string, std::string,
                          std::shared_ptr<link::Carrier>) -> awaitable<void> { co_return; };
    auto server = link::Server::open(bench.context.get_executor(), std::move(options), handlers);
    if (!server) give_up(server.error().message);

    const nlohmann::json order = {{"address", "127.0.0.1:" + std::to_string((*server)->port())},
                                  {"certificate", authority.certificate_pem},
                                  {"key", authority.private_key_pem},
                                  {"sessions", settings.sessions}};
    const pid_t child = start_nodes(self, order.dump());
    bool over = false;
    link::asio::co_spawn(bench.context, measure(bench),
                         [&over](std::exception_ptr) { over = true; });
    while (!over) bench.context.run_one();
    const std::size_t resident = resident_bytes();
    kill(child, SIGTERM);
    waitpid(child, nullptr, 0);

    std::ranges::sort(bench.microseconds);
    const nlohmann::json line = {{"bench", "link"},
                                 {"metric", "command_round_trip"},
                                 {"value", percentile(bench.microseconds, 0.5)},
                                 {"unit", "us"},
                                 {"n", bench.microseconds.size()},
                                 {"p50", percentile(bench.microseconds, 0.5)},
                                 {"p99", percentile(bench.microseconds, 0.99)},
                                 {"p999", percentile(bench.microseconds, 0.999)},
                                 {"sessions", settings.sessions},
                                 {"in_flight", settings.flight},
                                 {"rss_bytes", resident},
                                 {"machine", machine()}};
    std::printf("%s\n", line.dump().c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (argc == 2 && std::string_view(argv[1]) == "--nodes") return run_nodes();
    Settings settings;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::size_t value = std::strtoull(argv[i + 1], nullptr, 10);
        if (value == 0) give_up(std::string(name) + " needs a number above zero");
        if (name == "--sessions") {
            settings.sessions = value;
        } else if (name == "--commands") {
            settings.commands = value;
        } else if (name == "--flight") {
            settings.flight = value;
        } else {
            give_up("usage: [--sessions N] [--commands N] [--flight N]");
        }
    }
    if (settings.flight > settings.sessions) give_up("--flight is at most --sessions");
    return run_coordinator(argv[0], settings);
}
