#include "muster/runtime/contract.hpp"

#include <csignal>
#include <cstdlib>

#include "muster/runtime_docker/docker.hpp"

namespace muster::runtime {
namespace {

std::uint16_t unused_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&at), size), 0);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

std::string test_host() {
    const char* host = std::getenv("MUSTER_TEST_DOCKER_HOST");
    return host == nullptr ? std::string() : host;
}

class DockerSubject final : public ContractSubject {
  public:
    explicit DockerSubject(const std::string& host) {
        runtime_docker::Options options;
        options.base_url = host;
        auto opened = runtime_docker::open(loop_.get_executor(), options);
        EXPECT_TRUE(opened) << "MUSTER_TEST_DOCKER_HOST must say where an engine answers";
        if (opened) runtime_ = std::move(*opened);
    }
    asio::io_context& loop() override { return loop_; }
    Runtime& runtime() override { return *runtime_; }
    [[nodiscard]] std::string image() const override { return "muster-test/game:1"; }
    [[nodiscard]] std::uint16_t free_port() override { return unused_port(); }

  private:
    asio::io_context loop_;
    std::unique_ptr<Runtime> runtime_;
};

INSTANTIATE_TEST_SUITE_P(
    Docker, RuntimeContract,
    testing::Values(Maker{"docker", [] { return std::make_unique<DockerSubject>(test_host()); }}),
    testing::PrintToStringParamName());

/// Kills the processes that are in the container's cgroup.
bool kill_program_of(const std::string& id) {
    bool killed = false;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto groups = read_file(entry.path() / "cgroup");
        if (groups && groups->find(id) != std::string::npos) {
            killed = ::kill(std::stoi(name), SIGKILL) == 0 || killed;
        }
    }
    return killed;
}

/// An engine of its own, to be stopped and started without disturbing other tests.
struct EngineRestart : testing::Test {
    EngineRestart() {
        char name[] = "/tmp/muster-engine-XXXXXX";
        folder = mkdtemp(name);
        start();
        const auto build =
            std::string(MUSTER_SOURCE_DIR) + "/tools/images/build testgame " + host();
        EXPECT_EQ(std::system((build + " >/dev/null").c_str()), 0);
        subject = std::make_unique<DockerSubject>(host());
    }
    ~EngineRestart() override { tool("stop", " --purge"); }
    void tool(const std::string& name, const std::string& more = {}) const {
        const auto command =
            std::string(MUSTER_SOURCE_DIR) + "/tools/engine/" + name + " " + folder + more;
        EXPECT_EQ(std::system((command + " >/dev/null").c_str()), 0) << command;
    }
    void start() const { tool("start"); }
    [[nodiscard]] std::string host() const { return "unix://" + folder + "/docker.sock"; }
    /// As a crash does: no goodbye.
    void kill_engine() const {
        const auto pid = read_file(folder + "/dockerd.pid");
        ASSERT_TRUE(pid);
        ASSERT_EQ(::kill(std::stoi(*pid), SIGKILL), 0);
    }
    template <typename T>
    T wait(asio::awaitable<T> task) {
        return await_result(subject->loop(), std::move(task));
    }
    Result<void> power(const std::string& id, Power what) {
        Instances::PowerRequest request;
        request.power = what;
        return wait(subject->runtime().instances().power(id, request));
    }
    /// The next event of that kind; fails the test when the stream ends before.
    RuntimeEvent next_event(Stream<RuntimeEvent>& events, const std::string& kind) {
        for (;;) {
            const auto event = wait(events.next());
            EXPECT_TRUE(event) << event.error().message;
            if (!event || !*event) return {};
            if ((*event)->kind == kind) return **event;
        }
    }

    std::string folder;
    std::unique_ptr<DockerSubject> subject;
};

TEST_F(EngineRestart, EventsEndAndResumeWithWhatHappenedMeanwhile) {
    auto& runtime = subject->runtime();
    InstanceSpec spec;
    spec.name = "muster-restart";
    spec.image = subject->image();
    const auto id = wait(runtime.instances().create(spec));
    ASSERT_TRUE(id) << id.error().message;
    spec.name = "muster-stays";
    const auto stays = wait(runtime.instances().create(spec));
    ASSERT_TRUE(power(*id, Power::start));
    ASSERT_TRUE(power(*stays, Power::start));
    auto events = wait(runtime.streams().events(Timestamp{}));
    ASSERT_TRUE(events) << events.error().message;
    ASSERT_EQ(next_event(**events, "start").id, *id);
    const auto cursor = next_event(**events, "start").time;

    kill_engine();
    const auto broken = wait((*events)->next());
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Errc::unavailable);
    EXPECT_EQ(wait(runtime.instances().list()).error().code, Errc::unavailable);
    EXPECT_EQ(wait(runtime.streams().events(cursor)).error().code, Errc::unavailable);

    // One of the two ends while no engine watches.
    ASSERT_TRUE(kill_program_of(*id));

    start();
    auto resumed = wait(runtime.streams().events(cursor + milliseconds(1)));
    ASSERT_TRUE(resumed) << resumed.error().message;
    const auto died = next_event(**resumed, "die");
    EXPECT_EQ(died.id, *id);
    EXPECT_GT(died.time, cursor);
    ASSERT_TRUE(power(*stays, Power::stop));
    EXPECT_EQ(next_event(**resumed, "die").id, *stays);
}

}  // namespace
}  // namespace muster::runtime
