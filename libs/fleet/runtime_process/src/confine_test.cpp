#include <gmock/gmock.h>

#include "muster/runtime/test_tar.hpp"
#include "test_scene.hpp"

namespace muster::runtime_process {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Lines = std::vector<std::string>;

struct Confinement : Scene {
    std::string all_of(const std::string& id, const std::string& path) {
        auto got = wait(runtime->archives().get(id, path));
        EXPECT_TRUE(got) << got.error().message;
        std::string bytes;
        while (got) {
            auto piece = wait((*got)->next());
            EXPECT_TRUE(piece);
            if (!piece || !*piece) break;
            bytes += **piece;
        }
        return bytes;
    }
};

/// An archive in one piece.
class Piece final : public runtime::Stream<std::string> {
  public:
    explicit Piece(std::string bytes) : bytes_(std::move(bytes)) {}
    boost::asio::awaitable<Result<std::optional<std::string>>> next() override {
        if (bytes_.empty()) co_return std::optional<std::string>();
        co_return std::optional(std::exchange(bytes_, {}));
    }
    void close() override {}

  private:
    std::string bytes_;
};

constexpr const char* status =
    "grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status";

TEST_F(Confinement, AProgramHasNoPrivileges) {
    const auto seen = run(std::string(status) + "; echo $$");
    ASSERT_EQ(seen.size(), 6U);
    EXPECT_THAT(seen[0], HasSubstr("19")) << "a user of its own, from 1,900,000,000 on";
    EXPECT_EQ(seen[1], "CapEff:\t0000000000000000");
    EXPECT_EQ(seen[2], "CapBnd:\t0000000000000000");
    EXPECT_EQ(seen[3], "NoNewPrivs:\t1");
    EXPECT_EQ(seen[4], "Seccomp:\t2");
    EXPECT_EQ(seen[5], "1") << "the first of its own processes";
}

TEST_F(Confinement, ACapabilityThatWasAskedForIsThere) {
    auto spec = shell(status);
    spec.capabilities = {"NET_BIND_SERVICE"};
    EXPECT_THAT(lines(start(spec)), Contains("CapEff:\t0000000000000400"));
    spec.name = "muster-other";
    spec.capabilities = {"SYS_ADMIN"};
    const auto refused = wait(runtime->instances().create(spec));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unsupported);
    EXPECT_EQ(refused.error().field, "capabilities");
}

TEST_F(Confinement, ACommandInItHasNoMore) {
    const auto id = start(shell("echo up; exec sleep 1000"));
    lines(id, "up");
    runtime::ExecSpec spec;
    spec.command = {"/bin/sh", "-c", std::string(status) + "; ls /proc | grep -c '^[0-9]'"};
    auto console = wait(runtime->streams().exec(id, spec));
    ASSERT_TRUE(console) << console.error().message;
    std::string out;
    for (;;) {
        const auto output = wait((*console)->read());
        ASSERT_TRUE(output) << output.error().message;
        if (!*output) break;
        out += (*output)->bytes;
    }
    EXPECT_THAT(out, HasSubstr("CapBnd:\t0000000000000000"));
    EXPECT_THAT(out, HasSubstr("NoNewPrivs:\t1\nSeccomp:\t2\n"));
    EXPECT_THAT(out, Not(HasSubstr("Uid:\t0")));
}

TEST_F(Confinement, WritesGoIntoItsOwnFoldersOnly) {
    const auto seen = run(
        "for d in / /usr /etc /var /dev /proc /opt; do touch $d/muster-x 2>/dev/null && echo wrote "
        "$d; done;"
        "for d in /tmp /data /dev/shm; do touch $d/muster-x && echo mine $d; done;"
        "for d in /root /boot /run/systemd /sys /mnt; do test -e $d && echo saw $d; done; true");
    EXPECT_THAT(seen, ElementsAre("mine /tmp", "mine /data", "mine /dev/shm"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/muster-x"));
    EXPECT_FALSE(std::filesystem::exists("/dev/shm/muster-x"));
}

TEST_F(Confinement, NeitherMountsNorNamespacesCanBeMade) {
    const auto seen =
        run("mount -t tmpfs x /tmp 2>/dev/null && echo mounted; unshare -U true 2>/dev/null && "
            "echo user;"
            "unshare -m true 2>/dev/null && echo mounts; chroot /tmp 2>/dev/null && echo root;"
            "kill -9 -1 2>/dev/null; hostname muster-x 2>/dev/null && echo named; echo end");
    EXPECT_THAT(seen, ElementsAre("end"));
}

TEST_F(Confinement, ItSeesItsOwnProcessesOnly) {
    EXPECT_THAT(
        run("for p in /proc/[0-9]*; do echo ${p#/proc/}; done | sort -n | head -1; cat /proc/" +
            std::to_string(::getpid()) + "/environ 2>/dev/null; echo end"),
        ElementsAre("1", "end"));
}

TEST_F(Confinement, LinksOutOfItsDataLeadNowhere) {
    const auto data = place.folder / "server";
    std::filesystem::create_directory(data);
    ASSERT_TRUE(write_file(place.folder / "secret", "s3cret"));
    auto spec =
        shell("ln -s / /data/up; ln -s /etc /data/etc; ln -s ../secret /data/secret; ln -s " +
              (place.folder / "secret").string() + " /data/stolen; mkdir /data/in; echo made");
    spec.mounts = {{data, "/data", false}};
    const auto id = start(spec);
    EXPECT_THAT(lines(id), ElementsAre("made"));
    auto& archives = runtime->archives();
    for (const std::string path :
         {"/data/up/etc/passwd", "/data/etc/passwd", "/data/secret", "/data/stolen", "/data/up",
          "/etc/passwd", "/data/../etc/passwd"}) {
        const auto got = wait(archives.get(id, path));
        ASSERT_FALSE(got) << path;
        EXPECT_EQ(got.error().code, Errc::permission_denied) << path;
        auto tar = std::make_unique<Piece>(runtime::write_tar({{"muster-x", "x"}}));
        EXPECT_FALSE(wait(archives.put(id, path, std::move(tar)))) << path;
    }
    auto tar = std::make_unique<Piece>(runtime::write_tar({{"up/muster-x", "x"}}));
    EXPECT_FALSE(wait(archives.put(id, "/data", std::move(tar))));
    EXPECT_FALSE(std::filesystem::exists("/muster-x"));
    EXPECT_FALSE(std::filesystem::exists("/etc/muster-x"));
    EXPECT_THAT(all_of(id, "/data"), Not(HasSubstr("s3cret")));
    auto mine = std::make_unique<Piece>(runtime::write_tar({{"x", "x"}}));
    EXPECT_TRUE(wait(archives.put(id, "/data/in", std::move(mine))));
    EXPECT_TRUE(std::filesystem::exists(data / "in/x"));
}

TEST_F(Confinement, AReadOnlyMountIsOne) {
    std::filesystem::create_directory(place.folder / "maps");
    ASSERT_TRUE(write_file(place.folder / "maps/one", "map"));
    auto spec = shell("cat /maps/one; echo; touch /maps/two 2>/dev/null || echo no");
    spec.mounts = {{place.folder / "maps", "/maps", true}};
    const auto id = start(spec);
    EXPECT_THAT(lines(id), ElementsAre("map", "no"));
    auto tar = std::make_unique<Piece>(runtime::write_tar({{"two", "x"}}));
    EXPECT_EQ(wait(runtime->archives().put(id, "/maps", std::move(tar))).error().code,
              Errc::permission_denied);
}

TEST_F(Confinement, FilesThatOthersPutInItsDataAreItsOwn) {
    std::filesystem::create_directories(place.folder / "server/deep");
    ASSERT_TRUE(write_file(place.folder / "server/deep/settings", "old", 0600));
    auto spec = shell("echo new > /data/deep/settings && cat /data/deep/settings");
    spec.mounts = {{place.folder / "server", "/data", false}};
    EXPECT_THAT(lines(start(spec)), ElementsAre("new"));
}

TEST_F(Confinement, TheLimitOfProcessesHolds) {
    auto spec = shell(
        "i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i+1)); echo $i; done; echo unlimited");
    spec.limits.pids = 10;
    const auto id = start(spec);
    const auto seen = lines(id);
    EXPECT_THAT(seen, Not(Contains("unlimited")));
    EXPECT_THAT(seen, Contains("9"));
    EXPECT_THAT(seen, Not(Contains("10")));
    EXPECT_NE(look(id).exit_code, 0);
}

TEST_F(Confinement, ATerminalIsOne) {
    auto spec = shell("test -t 0 && test -t 1 && test -t 2 && echo terminal");
    spec.tty = true;
    EXPECT_THAT(lines(start(spec)), ElementsAre(HasSubstr("terminal")));
}

TEST_F(Confinement, WhatCannotRunSaysWhy) {
    auto spec = shell("");
    spec.command = {"/bin/muster-none"};
    auto id = wait(runtime->instances().create(spec));
    ASSERT_TRUE(id);
    const auto started = power(*id, runtime::Power::start);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("/bin/muster-none: No such file"));
    spec.name = "muster-other";
    spec.command = {"/bin/true"};
    spec.mounts = {{"/var/tmp/muster-none", "/data", false}};
    id = wait(runtime->instances().create(spec));
    if (id) {
        const auto mounted = power(*id, runtime::Power::start);
        ASSERT_FALSE(mounted);
        EXPECT_EQ(mounted.error().field, "mounts");
    } else {
        EXPECT_EQ(id.error().field, "mounts");
    }
}

}  // namespace
}  // namespace muster::runtime_process
