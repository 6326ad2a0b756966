#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

#include "store.hpp"
#include "test_scene.hpp"

namespace muster::runtime_process {

int test_node(const std::string& folder) {
    boost::asio::io_context loop;
    auto runtime = open(loop.get_executor(), TestPlace::options_in(folder));
    if (!runtime) return 1;
    auto spec = Scene::shell(
        "trap 'echo bye; exit 5' TERM; i=0;"
        "while :; do i=$((i+1)); echo tick $i; read -r -t 0.02 line <&3 && echo heard $line; done");
    spec.name = "ticks";
    spec.command = {"/bin/bash", "-c", "exec 3<&0; " + spec.command.back()};
    const auto id = runtime::await_result(loop, (*runtime)->instances().create(spec));
    if (!id) return 1;
    runtime::Instances::PowerRequest start;
    if (!runtime::await_result(loop, (*runtime)->instances().power(*id, start))) return 1;
    std::puts("started");
    std::fflush(stdout);
    for (;;) ::pause();
}

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

struct Supervision : Scene {
    /// The process whose command line has both words.
    static pid_t process_with(const std::string& one, const std::string& other) {
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const auto line = read_file(entry.path() / "cmdline");
            if (line && line->find(one) != std::string::npos &&
                line->find(other) != std::string::npos) {
                return std::atoi(entry.path().filename().c_str());
            }
        }
        return -1;
    }
    /// Starts the test's node and kills it as a crash would, once it has started the instance.
    void run_and_kill_node() {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        std::string self = "/proc/self/exe";
        std::string role = "test-node";
        std::string folder = place.folder;
        char* words[] = {self.data(), role.data(), folder.data(), nullptr};
        pid_t node = -1;
        ASSERT_EQ(::posix_spawn(&node, words[0], &actions, nullptr, words, environ), 0);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        char answer[8] = {};
        EXPECT_EQ(::read(ends[0], answer, sizeof answer), 8);
        ::kill(node, SIGKILL);
        ::waitpid(node, nullptr, 0);
        ::close(ends[0]);
    }
};

TEST_F(Supervision, ANodeThatWasKilledFindsItsServersAsTheyAre) {
    runtime.reset();
    run_and_kill_node();
    reopen(place.options());
    const auto now = look("ticks");
    EXPECT_EQ(now.phase, runtime::Phase::running);
    auto console = wait(runtime->streams().attach("ticks"));
    ASSERT_TRUE(console) << console.error().message;
    ASSERT_TRUE(wait((*console)->write("hello\n")));
    lines("ticks", "heard hello");
    ASSERT_TRUE(power("ticks", runtime::Power::stop));
    EXPECT_EQ(look("ticks").exit_code, 5);

    // Nothing is missing of what it printed, also while there was no node.
    int expected = 0;
    const auto printed = lines("ticks");
    for (const auto& line : printed) {
        if (line.starts_with("tick ")) EXPECT_EQ(line, "tick " + std::to_string(++expected));
    }
    EXPECT_EQ(printed.back(), "bye");
    auto events = wait(runtime->streams().events(Timestamp{}));
    std::vector<std::string> kinds;
    while (kinds.empty() || kinds.back() != "die") {
        kinds.push_back((*wait((*events)->next()))->kind);
    }
    EXPECT_THAT(kinds, ElementsAre("create", "start", "die"));
}

TEST_F(Supervision, WhenAnEndIsToldItIsSoAlready) {
    auto events = wait(runtime->streams().events(Timestamp{}));
    ASSERT_TRUE(events);
    const auto id = wait(runtime->instances().create(shell("exit 3")));
    ASSERT_TRUE(id);
    for (int round = 0; round < 5; ++round) {
        ASSERT_TRUE(power(*id, runtime::Power::start));
        for (;;) {
            const auto event = wait((*events)->next());
            ASSERT_TRUE(event && *event);
            if ((*event)->kind == "die") break;
        }
        EXPECT_EQ(look(*id).phase, runtime::Phase::exited);
        EXPECT_EQ(look(*id).exit_code, 3);
    }
}

TEST_F(Supervision, WhatEndedWhileThereWasNoNodeIsKnownAfterwards) {
    const auto id = start(shell("read -r x; exit 9"));
    {
        auto console = wait(runtime->streams().attach(id));
        ASSERT_TRUE(console);
        auto other = Store(place.options().state_dir);
        ASSERT_TRUE(wait((*console)->write("go\n")));
        runtime.reset();
        while (!other.run(id)->finished_at) ::usleep(1'000);
    }
    reopen(place.options());
    const auto now = look(id);
    EXPECT_EQ(now.phase, runtime::Phase::exited);
    EXPECT_EQ(now.exit_code, 9);
    EXPECT_TRUE(now.finished_at);
}

TEST_F(Supervision, AnInstanceDiesWithItsSupervisorAndThatIsNoticed) {
    const auto id = start(game());
    lines(id, "Done!");
    const auto pid = Store(place.options().state_dir).run(id)->pid;
    auto events = wait(runtime->streams().events(Timestamp{}));
    const auto shim = process_with("process-shim", id);
    ASSERT_GT(shim, 1);
    ASSERT_EQ(::kill(shim, SIGKILL), 0);
    for (;;) {
        const auto event = wait((*events)->next());
        ASSERT_TRUE(event && *event);
        if ((*event)->kind != "die") continue;
        EXPECT_EQ((*event)->exit_code, 137);
        break;
    }
    const auto now = look(id);
    EXPECT_EQ(now.phase, runtime::Phase::exited);
    EXPECT_THAT(now.error, HasSubstr("supervisor"));
    // It is dead, if perhaps not yet buried by the system's first process.
    const auto is_dead = [&] {
        const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
        return !stat || stat->find(") Z ") != std::string::npos;
    };
    for (int i = 0; i < 30'000 && !is_dead(); ++i) ::usleep(1'000);
    EXPECT_TRUE(is_dead());
    EXPECT_TRUE(power(id, runtime::Power::start));
    EXPECT_EQ(look(id).phase, runtime::Phase::running);
}

TEST_F(Supervision, TheSupervisorLeavesTheServiceThatStartedIt) {
    const auto id = start(game());
    const auto shim = process_with("process-shim", id);
    const auto groups = read_file("/proc/" + std::to_string(shim) + "/cgroup");
    ASSERT_TRUE(groups);
    EXPECT_THAT(*groups, HasSubstr("/muster/supervisors\n"));
}

TEST_F(Supervision, TheLogOfAnInstanceStaysSmall) {
    auto options = place.options();
    options.log_bytes_max = 50'000;
    reopen(options);
    const auto id = start(shell("i=0; while [ $i -lt 10000 ]; do i=$((i+1)); echo line $i; done"));
    const auto printed = lines(id);
    EXPECT_EQ(printed.back(), "line 10000");
    std::uintmax_t size = 0;
    const auto folder = options.state_dir / "instances" / id;
    for (const auto* name : {"log", "log.1"}) size += std::filesystem::file_size(folder / name);
    EXPECT_LT(size, 50'000U * 2 + 70'000U) << "two files, and what came in one read";
    EXPECT_EQ(look(id).exit_code, 0);
}

TEST_F(Supervision, ImagesAreTheFoldersAndNothingIsDownloaded) {
    std::filesystem::create_directories(place.folder / "images/muster/tool:1/bin");
    auto& artifacts = runtime->artifacts();
    const auto images = wait(artifacts.list(runtime::ArtifactKind::image));
    ASSERT_TRUE(images);
    std::vector<std::string> names;
    for (const auto& image : *images) names.push_back(image.names.at(0));
    EXPECT_THAT(names, testing::UnorderedElementsAre("host", "game", "muster/tool:1"));
    for (const auto& name : names) EXPECT_EQ(wait(artifacts.has_image(name)), true);
    for (const std::string none : {"none", "../images/game", "/etc", "", "muster/../../state"}) {
        EXPECT_EQ(wait(artifacts.has_image(none)), false) << none;
    }
    EXPECT_TRUE(wait(artifacts.pull("game")));
    const auto pulled = wait(artifacts.pull("none:1"));
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().code, Errc::unsupported);
    EXPECT_THAT(pulled.error().message, HasSubstr("images/none:1"));
    EXPECT_EQ(wait(artifacts.create({})).error().code, Errc::unsupported);
}

TEST_F(Supervision, OneStateFolderServesOneProcess) {
    const auto second = open(loop.get_executor(), place.options());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
}

TEST_F(Supervision, WithoutRootItSaysWhatIsMissing) {
    TestPlace other;
    ASSERT_EQ(::seteuid(65'534), 0);
    const auto opened = open(loop.get_executor(), other.options());
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::permission_denied);
    EXPECT_THAT(opened.error().message, HasSubstr("root"));
}

TEST_F(Supervision, NothingIsLeftOfWhatWasRemoved) {
    const auto id = start(game());
    lines(id, "Done!");
    ASSERT_TRUE(wait(runtime->instances().remove(id)));
    EXPECT_FALSE(std::filesystem::exists(place.options().state_dir / "instances" / id));
    // Its lock is free a moment before the supervisor itself is gone.
    for (int i = 0; i < 3'000 && process_with("process-shim", id) > 0; ++i) ::usleep(10'000);
    EXPECT_EQ(process_with("process-shim", id), -1);
    EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup/memory/muster/" + id));
    EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup/muster/" + id));
}

}  // namespace
}  // namespace muster::runtime_process
