#include "tar.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>

#include "muster/base/file.hpp"

namespace muster::runtime_process {
namespace {

namespace fs = std::filesystem;

struct Tar : testing::Test {
    Tar() {
        char name[] = "/tmp/muster-tar-XXXXXX";
        folder = mkdtemp(name);
        fs::create_directories(data());
        EXPECT_TRUE(write_file(folder / "secret", "s3cret"));
    }
    ~Tar() override { fs::remove_all(folder); }
    [[nodiscard]] fs::path data() const { return folder / "data"; }
    static UniqueFd open_folder(const fs::path& path) {
        return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }

    struct Item {
        std::string path;
        std::string content;
        mode_t type = AE_IFREG;
        std::string link = {};  ///< target of a symbolic link, or of a hard link for a file
        mode_t mode = 0644;
    };
    /// An archive such as somebody hostile would make.
    static UniqueFd archive_of(const std::vector<Item>& items) {
        UniqueFd fd(::memfd_create("tar", MFD_CLOEXEC));
        auto* writer = ::archive_write_new();
        ::archive_write_set_format_pax(writer);
        ::archive_write_open_fd(writer, fd.get());
        for (const auto& item : items) {
            auto* entry = ::archive_entry_new();
            ::archive_entry_set_pathname(entry, item.path.c_str());
            ::archive_entry_set_filetype(entry, item.type);
            ::archive_entry_set_perm(entry, item.mode);
            ::archive_entry_set_size(entry, static_cast<la_int64_t>(item.content.size()));
            if (item.type == AE_IFLNK) {
                ::archive_entry_set_symlink(entry, item.link.c_str());
            } else if (!item.link.empty()) {
                ::archive_entry_set_hardlink(entry, item.link.c_str());
            }
            EXPECT_EQ(::archive_write_header(writer, entry), ARCHIVE_OK);
            ::archive_write_data(writer, item.content.data(), item.content.size());
            ::archive_entry_free(entry);
        }
        ::archive_write_free(writer);
        ::lseek(fd.get(), 0, SEEK_SET);
        return fd;
    }
    Result<void> unpack_items(const std::vector<Item>& items) const {
        const auto archive = archive_of(items);
        const auto into = open_folder(data());
        return unpack(archive.get(), into.get(), {::getuid(), ::getgid()});
    }
    static Result<std::string> pack_all(const fs::path& base, const std::string& path,
                                        const std::string& name) {
        auto packer = Packer::open(open_folder(base), path, name);
        if (!packer) return std::unexpected(packer.error());
        std::string all;
        for (;;) {
            auto bytes = (*packer)->next();
            if (!bytes || bytes->empty()) return bytes ? Result<std::string>(all) : bytes;
            all += *bytes;
        }
    }

    fs::path folder;
};

TEST_F(Tar, WhatWasPackedIsUnpackedTheSame) {
    fs::create_directories(data() / "a/b");
    const std::string big(300'000, 'x');
    ASSERT_TRUE(write_file(data() / "a/b/big", big));
    ASSERT_TRUE(write_file(data() / "empty", ""));
    ASSERT_TRUE(write_file(data() / ("long-" + std::string(200, 'n')), "long"));
    fs::create_symlink("a/b/big", data() / "link");
    const auto packed = pack_all(folder, "data", "data");
    ASSERT_TRUE(packed) << packed.error().message;

    const UniqueFd archive(::memfd_create("tar", MFD_CLOEXEC));
    ASSERT_EQ(::write(archive.get(), packed->data(), packed->size()),
              static_cast<ssize_t>(packed->size()));
    ::lseek(archive.get(), 0, SEEK_SET);
    fs::create_directory(folder / "copy");
    const auto into = open_folder(folder / "copy");
    const auto done = unpack(archive.get(), into.get(), {::getuid(), ::getgid()});
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(read_file(folder / "copy/data/a/b/big"), big);
    EXPECT_EQ(read_file(folder / "copy/data/empty"), "");
    EXPECT_EQ(read_file(folder / "copy/data" / ("long-" + std::string(200, 'n'))), "long");
    EXPECT_EQ(fs::read_symlink(folder / "copy/data/link"), "a/b/big");
}

TEST_F(Tar, NothingIsWrittenOutside) {
    const std::string outside = (folder / "out").string();
    const std::vector<std::vector<Item>> attempts{
        {{"../out", "x"}},
        {{"a/../../out", "x"}},
        {{"link", "", AE_IFLNK, folder.string()}, {"link/out", "x"}},
        {{"link", "", AE_IFLNK, ".."}, {"link/out", "x"}},
        {{"link", "", AE_IFLNK, ".."}, {"link/out", "", AE_IFDIR}},
        {{"hard", "", AE_IFREG, "../secret"}},
        {{"link", "", AE_IFLNK, ".."}, {"hard", "", AE_IFREG, "link/secret"}},
    };
    for (const auto& items : attempts) {
        const auto done = unpack_items(items);
        EXPECT_FALSE(done) << items.back().path;
        EXPECT_FALSE(fs::exists(outside)) << items.back().path;
        EXPECT_FALSE(fs::exists(data() / "hard")) << items.back().path;
        EXPECT_EQ(read_file(folder / "secret"), "s3cret");
        fs::remove(data() / "link");
    }
}

TEST_F(Tar, ALinkThatStandsInTheWayIsReplacedNotFollowed) {
    fs::create_symlink(folder / "secret", data() / "file");
    ASSERT_TRUE(unpack_items({{"file", "mine"}}));
    EXPECT_FALSE(fs::is_symlink(data() / "file"));
    EXPECT_EQ(read_file(data() / "file"), "mine");
    EXPECT_EQ(read_file(folder / "secret"), "s3cret");
}

TEST_F(Tar, AnAbsolutePathIsTakenAsOneInTheFolder) {
    ASSERT_TRUE(unpack_items({{"/etc/thing", "x"}}));
    EXPECT_EQ(read_file(data() / "etc/thing"), "x");
}

TEST_F(Tar, DevicesAreRefusedAndSetUserIdIsTakenAway) {
    EXPECT_EQ(unpack_items({{"pipe", "", AE_IFIFO}}).error().code, Errc::permission_denied);
    EXPECT_EQ(unpack_items({{"disk", "", AE_IFBLK}}).error().code, Errc::permission_denied);
    EXPECT_TRUE(fs::is_empty(data()));
    ASSERT_TRUE(unpack_items({{"program", "x", AE_IFREG, "", 04755}}));
    struct stat now{};
    ASSERT_EQ(::stat((data() / "program").c_str(), &now), 0);
    EXPECT_EQ(now.st_mode & 07777, 0755U);
}

TEST_F(Tar, WhatIsNoArchiveIsSaidToBeNone) {
    const UniqueFd fd(::memfd_create("tar", MFD_CLOEXEC));
    const std::string text(5'000, 'z');
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), 5'000);
    ::lseek(fd.get(), 0, SEEK_SET);
    const auto into = open_folder(data());
    EXPECT_EQ(unpack(fd.get(), into.get(), {}).error().code, Errc::invalid_argument);
}

TEST_F(Tar, PackingFollowsNoLinkOut) {
    fs::create_symlink(folder, data() / "up");
    fs::create_symlink(folder / "secret", data() / "stolen");
    const auto all = pack_all(folder, "data", "data");
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(all->find("s3cret"), std::string::npos);
    EXPECT_EQ(pack_all(data(), "up/secret", "secret").error().code, Errc::permission_denied);
    EXPECT_EQ(pack_all(data(), "stolen", "stolen").error().code, Errc::permission_denied);
    EXPECT_EQ(pack_all(data(), "../secret", "secret").error().code, Errc::permission_denied);
    EXPECT_EQ(pack_all(data(), "none", "none").error().code, Errc::not_found);
}

}  // namespace
}  // namespace muster::runtime_process
