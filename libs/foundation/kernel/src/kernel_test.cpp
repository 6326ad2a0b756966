#include "muster/kernel/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "muster/base/file.hpp"

namespace muster::kernel {
namespace {

// A file system with a few settings, for one test.
class Kernel : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = "/tmp/muster-kernel-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(root_); }
    void put(const std::string& file, std::string_view text) const {
        std::filesystem::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << text;
    }
    [[nodiscard]] Finding find(const std::string& name) const {
        for (Finding& finding : check(root_))
            if (finding.name == name) return finding;
        ADD_FAILURE() << "nothing is said of " << name;
        return {};
    }
    std::filesystem::path root_;
};

TEST_F(Kernel, WhatIsTooLowIsWantingAndWhatIsEnoughIsGood) {
    put("proc/sys/net/core/rmem_max", "212992\n");
    put("proc/sys/net/core/wmem_max", "33554432\n");
    EXPECT_EQ(find("net.core.rmem_max").state, Finding::State::wanting);
    EXPECT_EQ(find("net.core.rmem_max").now, "212992");
    EXPECT_EQ(find("net.core.wmem_max").state, Finding::State::good);
    EXPECT_EQ(find("net.core.somaxconn").state, Finding::State::absent);
}

TEST_F(Kernel, ApplyingSetsWhatIsWantingKeepsWhatIsHigherAndLastsOverARestart) {
    put("proc/sys/net/core/rmem_max", "212992\n");
    put("proc/sys/net/core/wmem_max", "33554432\n");
    const auto done = apply(root_);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->size(), 1U);
    EXPECT_EQ(done->front().name, "net.core.rmem_max");
    EXPECT_EQ(find("net.core.rmem_max").state, Finding::State::good);
    const auto kept = read_file(root_ / "etc/sysctl.d/90-muster.conf");
    ASSERT_TRUE(kept);
    EXPECT_THAT(*kept, testing::HasSubstr("net.core.rmem_max = 16777216\n"));
    EXPECT_THAT(*kept, testing::HasSubstr("net.core.wmem_max = 33554432\n"));
    EXPECT_TRUE(apply(root_)->empty());
}

TEST_F(Kernel, WhatNobodyMaySetIsSaidWithItsName) {
    // A folder where the setting's file should be cannot be written, by root neither.
    put("proc/sys/net/core/rmem_max", "1\n");
    put("etc/sysctl.d", "a file where the folder should be");
    const auto done = apply(root_);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, testing::HasSubstr("sysctl.d"));
}

TEST_F(Kernel, HugePagesAndGovernorAreAdviceWithTheCommandToType) {
    put("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    EXPECT_EQ(find("transparent huge pages").state, Finding::State::advice);
    EXPECT_THAT(find("CPU governor").why, testing::HasSubstr("cpupower"));
    put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    EXPECT_EQ(find("transparent huge pages").state, Finding::State::good);
}

TEST(KernelOfThisMachine, CanBeRead) {
    EXPECT_FALSE(check().empty());
}

}  // namespace
}  // namespace muster::kernel
