#include "bench_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/store_sqlite/store_sqlite.hpp"

extern char** environ;

namespace muster::coordinator::bench {

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

int run_coordinator(const std::string& folder) {
    asio::io_context context(1);
    const SystemClock clock;
    auto store = store_sqlite::open_store(std::filesystem::path(folder) / "muster.db");
    if (!store) give_up(store.error().message);
    coordinator::Options options;
    options.data_dir = folder;
    options.games_folder = std::filesystem::path(folder) / "games";
    options.http_port = 0;
    options.grpc_host = "127.0.0.1";
    options.grpc_port = 0;
    options.requests_per_second = 1e9;
    options.requests_burst = 1e9;
    options.http_connections_per_address_max = options.http_connections_max;
    auto opened =
        coordinator::Coordinator::open(context.get_executor(), std::move(options), **store, clock);
    if (!opened) give_up(opened.error().message);
    std::printf("%d %d\n", (*opened)->http_port(), (*opened)->grpc_port());
    std::fflush(stdout);
    asio::co_spawn(context, (*opened)->run(), asio::detached);
    context.run();
    return 0;
}

Child start_coordinator(const char* self, const std::string& game) {
    Child child;
    child.folder = std::filesystem::temp_directory_path() / ("muster-bench-" + random_text(10));
    if (!make_folder(child.folder / "games") ||
        (!game.empty() && !write_file(child.folder / "games" / "benchgame.toml", game))) {
        give_up("cannot make " + child.folder.string());
    }
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = self;
    std::string role = "--coordinator";
    std::string folder = child.folder;
    std::array<char*, 4> arguments{program.data(), role.data(), folder.data(), nullptr};
    if (posix_spawn(&child.pid, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) !=
        0) {
        give_up("cannot start the coordinator");
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE* from = fdopen(ends[0], "r");
    int http = 0;
    int grpc = 0;
    if (from == nullptr || std::fscanf(from, "%d %d", &http, &grpc) != 2) {
        give_up("the coordinator did not begin");
    }
    static_cast<void>(std::fclose(from));
    child.http = static_cast<std::uint16_t>(http);
    child.grpc = static_cast<std::uint16_t>(grpc);
    return child;
}

std::size_t resident_bytes(pid_t pid) {
    const auto status = read_file("/proc/" + std::to_string(pid) + "/statm").value_or("0 0");
    return std::strtoull(status.c_str() + status.find(' '), nullptr, 10) *
           static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void stop(const Child& child) {
    kill(child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(child.folder, ignored);
}

}  // namespace muster::coordinator::bench
