#include "muster/runtime/contract.hpp"

#include <csignal>
#include <cstdlib>

#include "muster/base/time.hpp"
#include "muster/pki/pki.hpp"
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
    explicit DockerSubject(const std::string& host) : DockerSubject(at(host)) {}
    explicit DockerSubject(const runtime_docker::Options& options) {
        auto opened = runtime_docker::open(loop_.get_executor(), options);
        EXPECT_TRUE(opened) << "MUSTER_TEST_DOCKER_HOST must say where an engine answers";
        if (opened) runtime_ = std::move(*opened);
    }
    asio::io_context& loop() override { return loop_; }
    Runtime& runtime() override { return *runtime_; }
    [[nodiscard]] std::string image() const override { return "muster-test/game:1"; }
    [[nodiscard]] std::uint16_t free_port() override { return unused_port(); }

  private:
    static runtime_docker::Options at(const std::string& host) {
        runtime_docker::Options options;
        options.base_url = host;
        return options;
    }
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
struct OwnEngine : testing::Test {
    OwnEngine() {
        char name[] = "/tmp/muster-engine-XXXXXX";
        folder = mkdtemp(name);
    }
    /// With the test game's image on it.
    void begin(const std::string& flags) {
        tool("start", flags);
        const auto build =
            std::string(MUSTER_SOURCE_DIR) + "/tools/images/build testgame " + host();
        EXPECT_EQ(std::system((build + " >/dev/null").c_str()), 0);
    }
    ~OwnEngine() override { tool("stop", " --purge"); }
    void tool(const std::string& name, const std::string& more = "") const {
        const auto command =
            std::string(MUSTER_SOURCE_DIR) + "/tools/engine/" + name + " " + folder + more;
        EXPECT_EQ(std::system((command + " >/dev/null").c_str()), 0) << command;
    }
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

using EngineRestart = OwnEngine;
TEST_F(EngineRestart, EventsEndAndResumeWithWhatHappenedMeanwhile) {
    begin("");
    subject = std::make_unique<DockerSubject>(host());
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

    tool("start");
    auto resumed = wait(runtime.streams().events(cursor + milliseconds(1)));
    ASSERT_TRUE(resumed) << resumed.error().message;
    const auto died = next_event(**resumed, "die");
    EXPECT_EQ(died.id, *id);
    EXPECT_GT(died.time, cursor);
    ASSERT_TRUE(power(*stays, Power::stop));
    EXPECT_EQ(next_event(**resumed, "die").id, *stays);
}

struct EngineOverTls : OwnEngine {
    /// Writes what the server needs into the folder, and gives what the client needs.
    runtime_docker::Options certify(std::uint16_t port) {
        const auto now = SystemClock().now();
        const auto authority = pki::new_authority("test", now, std::chrono::days(1));
        const auto server_key = pki::new_private_key();
        const auto client_key = pki::new_private_key();
        const auto server = pki::issue(*authority, *server_key, {"engine", {}, {"127.0.0.1"}},
                                       pki::Usage::server, now, std::chrono::minutes(60));
        const auto client = pki::issue(*authority, *client_key, {"muster", {}, {}},
                                       pki::Usage::client, now, std::chrono::minutes(60));
        EXPECT_TRUE(write_file(folder + "/ca.pem", authority->certificate_pem));
        EXPECT_TRUE(write_file(folder + "/cert.pem", *server));
        EXPECT_TRUE(write_file(folder + "/key.pem", *server_key, 0600));
        runtime_docker::Options options;
        options.base_url = "https://127.0.0.1:" + std::to_string(port);
        options.ca_pem = authority->certificate_pem;
        options.certificate_pem = *client;
        options.private_key_pem = *client_key;
        return options;
    }
};

TEST_F(EngineOverTls, ServesWhoItKnowsAndNobodyElse) {
    const auto port = unused_port();
    auto options = certify(port);
    begin(" -H tcp://127.0.0.1:" + std::to_string(port) + " --tlsverify --tlscacert " + folder +
          "/ca.pem --tlscert " + folder + "/cert.pem --tlskey " + folder + "/key.pem");
    subject = std::make_unique<DockerSubject>(options);
    auto& runtime = subject->runtime();
    InstanceSpec spec;
    spec.name = "muster-tls";
    spec.image = subject->image();
    const auto id = wait(runtime.instances().create(spec));
    ASSERT_TRUE(id) << id.error().message;
    ASSERT_TRUE(power(*id, Power::start));
    auto console = wait(runtime.streams().attach(*id));
    ASSERT_TRUE(console) << console.error().message;
    ASSERT_TRUE(wait((*console)->write("say hello\n")));
    std::string seen;
    while (seen.find("> say hello\nhello\n") == std::string::npos) {
        const auto output = wait((*console)->read());
        ASSERT_TRUE(output) << output.error().message;
        ASSERT_TRUE(*output) << seen;
        seen += (*output)->bytes;
    }
    ASSERT_TRUE(power(*id, Power::stop));

    options.certificate_pem.clear();
    options.private_key_pem.clear();
    DockerSubject stranger(options);
    const auto facts = await_result(stranger.loop(), stranger.runtime().facts());
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace muster::runtime
