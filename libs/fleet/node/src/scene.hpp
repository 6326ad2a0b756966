#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "convert.hpp"
#include "host.hpp"
#include "muster/base/random.hpp"
#include "muster/runtime/fake.hpp"
#include "muster/runtime/test_await.hpp"
#include "server.hpp"

namespace muster::node::scene {

using namespace std::chrono_literals;

/// A folder that is gone afterwards.
class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("muster-node-" + random_text(10))) {
        std::filesystem::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Listens on a port that the system chose.
class Listener {
  public:
    explicit Listener(int kind) : fd_(::socket(AF_INET, kind, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_ANY);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        if (kind == SOCK_STREAM) EXPECT_EQ(::listen(fd_, 1), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(fd_); }
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

inline wire::Command command(const std::string& operation, const std::string& server,
                             std::uint64_t generation = 1) {
    wire::Command made;
    made.set_operation_id(operation);
    made.set_server_id(server);
    made.set_generation(generation);
    return made;
}
inline wire::Command power(const std::string& operation, const std::string& server,
                           wire::PowerKind kind) {
    wire::Command made = command(operation, server);
    made.mutable_power()->set_kind(kind);
    return made;
}
inline wire::Command deploy(const std::string& operation, const std::string& server,
                            bool start = true) {
    wire::Command made = command(operation, server);
    made.mutable_deploy()->set_start(start);
    wire::ServerSpec& spec = *made.mutable_deploy()->mutable_spec();
    spec.set_name("friday");
    spec.set_image("game");
    spec.mutable_stop()->set_grace_seconds(30);
    spec.mutable_crash()->set_restart(true);
    spec.mutable_crash()->set_backoff_seconds_first(1);
    spec.mutable_crash()->set_backoff_seconds_max(60);
    spec.mutable_crash()->set_give_up_after(3);
    spec.mutable_crash()->set_healthy_after_seconds(60);
    wire::Volume& volume = *spec.add_volumes();
    volume.set_name("data");
    volume.set_target("/data");
    return made;
}

/// A host on a fake engine, with its time in the test's hands.
class Scene {
  public:
    Scene() : runtime(loop.get_executor(), clock) { runtime.add_image("game", program()); }
    ~Scene() { end(); }

    static runtime::FakeProgram program() {
        runtime::FakeProgram quiet;
        quiet.on_signal = [](runtime::FakeProcess& process, std::string_view) { process.exit(0); };
        return quiet;
    }

    void begin() {
        tasks = std::make_unique<Tasks>(loop.get_executor());
        Host::Options options;
        options.data_dir = folder.path();
        options.node_id = node_id;
        options.operations_max = operations_max;
        options.send = [this](wire::FromNode message) { said.push_back(std::move(message)); };
        options.log = [](const std::string&) {};
        auto opened = Host::open(*tasks, std::move(options), runtime, clock, timers);
        ASSERT_TRUE(opened) << opened.error().message;
        host = std::move(*opened);
        host->begin();
        settle();
    }
    /// As the process would end at any moment; what is under way stays so.
    void end() {
        if (!host) return;
        for (const char* call : {"create", "start", "kill", "pull", "inspect", "remove", "stop"}) {
            runtime.release(call);
        }
        host->stop();
        bool drained = false;
        boost::asio::co_spawn(loop, tasks->drain(), [&](std::exception_ptr) { drained = true; });
        until([&] { return drained; });
        host.reset();
        tasks.reset();
    }
    /// Runs everything that can run without time passing.
    void settle() {
        loop.restart();
        while (loop.poll() > 0) {
        }
    }
    void until(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + 60s;
        loop.restart();
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << "it does not happen";
            if (loop.stopped()) loop.restart();
            loop.run_for(std::chrono::milliseconds(20));
        }
    }
    void pass(milliseconds time) {
        for (; time > 0ms; time -= std::min<milliseconds>(time, 500ms)) {
            const milliseconds step = std::min<milliseconds>(time, 500ms);
            clock.advance(step);
            timers.advance(step);
            settle();
        }
    }
    void give(const wire::Command& what) {
        // Two runs of a server never begin in the same millisecond; nor do they here.
        clock.advance(1ms);
        host->command(what);
        settle();
    }
    [[nodiscard]] std::string outcome(const std::string& operation) const {
        std::string found = "open";
        for (const wire::FromNode& message : said) {
            if (message.has_result() && message.result().operation_id() == operation) {
                found = message.result().ok() ? "ok" : message.result().error_code();
            }
        }
        return found;
    }
    [[nodiscard]] const wire::OperationResult* result(const std::string& operation) const {
        for (const wire::FromNode& message : said) {
            if (message.has_result() && message.result().operation_id() == operation) {
                return &message.result();
            }
        }
        return nullptr;
    }
    [[nodiscard]] wire::ServerObserved server(const std::string& id) const {
        // Not by the inventory: that looks through all sockets of this machine each time.
        const auto found = host->find(id);
        return found ? found->observed() : wire::ServerObserved{};
    }
    [[nodiscard]] wire::ServerState state(const std::string& id) const {
        return server(id).state();
    }

    boost::asio::io_context loop;
    Folder folder;
    ManualClock clock{Timestamp(1'800'000'000'000ms)};
    ManualTimers timers;
    runtime::FakeRuntime runtime;
    std::string node_id = "node-test";
    std::size_t operations_max = 8;
    std::vector<wire::FromNode> said;
    std::unique_ptr<Tasks> tasks;
    std::unique_ptr<Host> host;
};

}  // namespace muster::node::scene
