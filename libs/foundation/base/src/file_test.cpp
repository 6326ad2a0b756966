#include "muster/base/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

namespace muster {
namespace {

class FileTest : public ::testing::Test {
  protected:
    FileTest() {
        std::string name = (std::filesystem::temp_directory_path() / "muster-file-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~FileTest() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST_F(FileTest, WhatWasWrittenIsReadAndLeavesNoTemporaryBehind) {
    const auto path = folder_ / "a";
    ASSERT_TRUE(write_file(path, "one", 0600));
    ASSERT_TRUE(write_file(path, "two", 0600));
    EXPECT_EQ(read_file(path), "two");
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, AMissingFileAndATooLongOneAreToldApart) {
    EXPECT_EQ(read_file(folder_ / "none").error().code, Errc::not_found);
    ASSERT_TRUE(write_file(folder_ / "long", std::string(11, 'x')));
    EXPECT_EQ(read_file(folder_ / "long", 10).error().code, Errc::too_large);
    EXPECT_TRUE(read_file(folder_ / "long", 11));
}

TEST_F(FileTest, FilesOfTheKernelAreReadWhole) {
    EXPECT_GT(read_file("/proc/self/stat")->size(), 20U);
}

TEST_F(FileTest, FoldersAreMadeWithTheirParentsAndMayExist) {
    ASSERT_TRUE(make_folder(folder_ / "x" / "y", 0700));
    ASSERT_TRUE(make_folder(folder_ / "x" / "y", 0700));
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / "x" / "y"));
}

}  // namespace
}  // namespace muster
