#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "convert.hpp"
#include "history.hpp"
#include "host_facts.hpp"
#include "muster/base/file.hpp"
#include "muster/node/timers.hpp"
#include "ports.hpp"
#include "ready_line.hpp"
#include "safe_folder.hpp"
#include "scene.hpp"

namespace muster::node {
namespace {

using namespace scene;

TEST(ReadyLine, SeesTheLineAsAPersonDoes) {
    EXPECT_EQ(plain_line("\x1b[1;32mDone\x1b[0m (3.2s)!"), "Done (3.2s)!");
    EXPECT_EQ(plain_line("\x1b]0;title\x07text\r"), "text");
    EXPECT_EQ(plain_line("\x1b]8;;http://x\x1b\\link"), "link");
    EXPECT_EQ(plain_line("\x1b["), "");
    EXPECT_EQ(plain_line("\x1b"), "");
    const auto pattern = ReadyLine::make("^Done \\([0-9.]+s\\)");
    ASSERT_TRUE(pattern);
    EXPECT_TRUE(pattern->matches("\x1b[1;32mDone\x1b[0m (3.2s)!"));
    EXPECT_FALSE(pattern->matches("not Done (3.2s)"));
}

TEST(ReadyLine, AHostilePatternOrLineTakesNoTime) {
    const auto pattern = ReadyLine::make("(a+)+$");
    ASSERT_TRUE(pattern);
    EXPECT_FALSE(pattern->matches(std::string(16'000, 'a') + "b"));
    const auto wrong = ReadyLine::make("(");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().field, "ready.pattern");
}

wire::Sample sample_at(std::int64_t time) {
    wire::Sample sample;
    sample.set_time_ms(time);
    sample.set_cpu_percent(static_cast<double>(time % 977) / 4);
    sample.set_memory_bytes(1'000'000'000 + time * 4096 % 1'000'003);
    sample.set_memory_limit_bytes(2'000'000'000);
    sample.set_network_received_bytes(time * 13);
    sample.set_network_sent_bytes(time * 7);
    sample.set_disk_read_bytes(time / 100);
    sample.set_pids(20 + time % 3);
    return sample;
}

TEST(History, GivesBackWhatItTookAndKeepsAnHour) {
    History history;
    for (std::int64_t i = 0; i < 5000; ++i) history.add(sample_at(1'800'000'000'000 + i * 1000));
    EXPECT_GE(history.size(), 3600U);
    EXPECT_LE(history.size(), 3660U);
    const auto last = history.last(3600);
    ASSERT_EQ(last.size(), 3600U);
    for (std::size_t i = 0; i < last.size(); ++i) {
        const wire::Sample expected =
            sample_at(1'800'000'000'000 + (5000 - 3600 + static_cast<std::int64_t>(i)) * 1000);
        ASSERT_EQ(last[i].SerializeAsString(), expected.SerializeAsString()) << i;
    }
    EXPECT_LT(history.bytes(), 110'000U);
    EXPECT_EQ(history.last(3).size(), 3U);
    EXPECT_TRUE(History().last(10).empty());
}

TEST(SafeFolder, WritesWithFoldersAndModeAndKeepsWhatItShall) {
    Folder folder;
    auto safe = SafeFolder::open(folder.path());
    ASSERT_TRUE(safe);
    SafeFolder::FileWrite file;
    file.path = "config/deep/server.cfg";
    file.content = "one";
    file.mode = 0640;
    ASSERT_TRUE(safe->write(file));
    const auto path = folder.path() / file.path;
    EXPECT_EQ(read_file(path).value(), "one");
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0640));
    file.content = "two";
    file.keep_existing = true;
    ASSERT_TRUE(safe->write(file));
    EXPECT_EQ(read_file(path).value(), "one");
    file.keep_existing = false;
    ASSERT_TRUE(safe->write(file));
    EXPECT_EQ(read_file(path).value(), "two");
}

TEST(SafeFolder, NoPathAndNoLinkLeadsOut) {
    Folder folder;
    Folder outside;
    std::filesystem::create_directory_symlink(outside.path(), folder.path() / "link");
    std::filesystem::create_directory_symlink("../..", folder.path() / "up");
    std::filesystem::create_symlink(outside.path() / "victim", folder.path() / "file");
    auto safe = SafeFolder::open(folder.path());
    ASSERT_TRUE(safe);
    SafeFolder::FileWrite file;
    file.content = "evil";
    for (const char* path :
         {"../x", "/etc/x", "a/../../x", "link/x", "up/x", "link/deeper/x", "", ".", "a/"}) {
        file.path = path;
        const auto written = safe->write(file);
        ASSERT_FALSE(written) << path;
        EXPECT_EQ(written.error().code, Errc::invalid_argument) << path;
    }
    // A link at the place itself is replaced, not followed.
    file.path = "file";
    ASSERT_TRUE(safe->write(file));
    EXPECT_TRUE(
        std::filesystem::is_regular_file(std::filesystem::symlink_status(folder.path() / "file")));
    EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST(SafeFolder, KnowsNumericOwnersAndFolderNames) {
    EXPECT_EQ(owner_from("1000")->group, 1000U);
    EXPECT_EQ(owner_from("1000:50")->group, 50U);
    EXPECT_FALSE(owner_from("steam"));
    EXPECT_FALSE(owner_from("1000:x"));
    EXPECT_FALSE(owner_from(""));
    EXPECT_TRUE(is_folder_name("srv-7k2m.old_1"));
    for (const char* name : {"", ".", "..", ".x", "a/b", "-a", "a b"}) {
        EXPECT_FALSE(is_folder_name(name)) << name;
    }
}

runtime::PortBinding binding(const std::string& name, std::uint16_t inside, std::uint16_t outside,
                             runtime::Protocol protocol) {
    runtime::PortBinding port;
    port.name = name;
    port.inside = inside;
    port.outside = outside;
    port.protocol = protocol;
    return port;
}

TEST(Ports, ATakenOneIsNamedWithItsHolder) {
    for (const auto& [kind, protocol] : {std::pair{SOCK_STREAM, runtime::Protocol::tcp},
                                         std::pair{SOCK_DGRAM, runtime::Protocol::udp}}) {
        const Listener listener(kind);
        const auto checked = check_free({binding("game", 1, listener.port(), protocol)});
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, Errc::conflict);
        EXPECT_EQ(checked.error().field, "ports.game");
        EXPECT_THAT(checked.error().message, testing::HasSubstr(std::to_string(listener.port())));
        EXPECT_THAT(checked.error().message,
                    testing::HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
    }
}

TEST(Ports, AreChosenFromTheRangeAndBothProtocolsGetOneNumber) {
    const Listener listener(SOCK_STREAM);
    const std::uint16_t first = listener.port();
    const auto last = static_cast<std::uint16_t>(std::min(65'535, first + 200));
    std::vector<runtime::PortBinding> ports{binding("game", 7777, 0, runtime::Protocol::tcp),
                                            binding("game", 7777, 0, runtime::Protocol::udp),
                                            binding("query", 27015, 0, runtime::Protocol::udp)};
    ASSERT_TRUE(choose_ports(ports, first, last, {}));
    EXPECT_GT(ports[0].outside, first);
    EXPECT_EQ(ports[0].outside, ports[1].outside);
    EXPECT_NE(ports[2].outside, ports[1].outside);
    std::vector<runtime::PortBinding> more{binding("game", 7777, 0, runtime::Protocol::tcp)};
    const auto none = choose_ports(more, first, first, {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::exhausted);
    EXPECT_EQ(none.error().field, "ports.game");
}

TEST(HostFacts, AreOfThisMachine) {
    const HostFacts facts = host_facts("/");
    EXPECT_GT(facts.memory_bytes, 0);
    EXPECT_GT(facts.disk_bytes, 0);
    EXPECT_GT(facts.cpus, 0);
    EXPECT_FALSE(facts.hostname.empty());
    EXPECT_GT(facts.booted_at.time_since_epoch().count(), 0);
    HostMeter meter;
    const wire::Sample sample = meter.sample("/", Timestamp(5ms));
    EXPECT_GT(sample.memory_bytes(), 0);
    EXPECT_LE(sample.memory_bytes(), sample.memory_limit_bytes());
    EXPECT_EQ(sample.time_ms(), 5);
}

TEST(Timers, FireInOrderOnceAndCanBeTakenBack) {
    ManualTimers timers;
    std::vector<int> fired;
    timers.after(20ms, [&] { fired.push_back(2); });
    timers.after(10ms, [&] {
        fired.push_back(1);
        timers.after(0ms, [&] { fired.push_back(10); });
    });
    const Timers::Id never = timers.after(15ms, [&] { fired.push_back(99); });
    timers.cancel(never);
    timers.advance(9ms);
    EXPECT_TRUE(fired.empty());
    timers.advance(11ms);
    EXPECT_THAT(fired, testing::ElementsAre(1, 10, 2));
    timers.advance(1h);
    EXPECT_EQ(fired.size(), 3U);
}

TEST(Memory, IsOneLineAndComesBack) {
    lifecycle::Memory memory;
    memory.wanted = true;
    memory.crashes = 2;
    memory.counted_run = 1'800'000'000'001;
    memory.ready_run = 1'800'000'000'000;
    memory.exit_code = -1;
    memory.state = lifecycle::State::crashed;
    memory.since = Timestamp(7ms);
    memory.reason = "it ended with exit code 3; see \"the log\"";
    EXPECT_EQ(memory_from(to_text(memory)), memory);
    EXPECT_EQ(memory_from(to_text(lifecycle::Memory{})), lifecycle::Memory{});
    EXPECT_FALSE(memory_from("9 1"));
    EXPECT_FALSE(memory_from(""));
}

}  // namespace
}  // namespace muster::node
