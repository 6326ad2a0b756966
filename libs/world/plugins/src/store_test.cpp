// Goal: what a plugin stores is there again after the process was killed, whole or not at all, and
// is never more than it may be.
#include "store.hpp"

#include <gtest/gtest.h>

#include "muster/base/file.hpp"
#include "testing/bench.hpp"

namespace muster::plugins {
namespace {

using testing::Folder;
using Put = Store::Put;

struct Disk {
    Folder folder;
    std::vector<std::string> complaints;
    StoreWriter writer{[this](const std::string& text) { complaints.push_back(text); }};
    [[nodiscard]] std::filesystem::path file() const { return folder.path / "arena" / "one.store"; }
    [[nodiscard]] std::unique_ptr<Store> open() {
        auto store = Store::open(file(), writer);
        EXPECT_TRUE(store) << store.error().message;
        return store ? std::move(*store) : nullptr;
    }
};

TEST(StoreFormat, GivesBackWhatWasWritten) {
    const Entries entries{{"a", ""}, {std::string("b\0c", 3), std::string(1'000, '\xff')}};
    EXPECT_EQ(read_entries(write_entries(entries)), entries);
    EXPECT_EQ(read_entries(write_entries({})), Entries{});
}

TEST(StoreFormat, RefusesEveryByteThatIsMissingOrChanged) {
    const std::string whole = write_entries({{"key", "value"}, {"other", "thing"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_entries(whole.substr(0, size))) << size;
        std::string changed = whole;
        changed[size] = static_cast<char>(changed[size] ^ 1);
        EXPECT_FALSE(read_entries(changed)) << size;
    }
    EXPECT_FALSE(read_entries(whole + "x"));
}

TEST(Store, IsReadAgainFromWhatTheWriterLeft) {
    Disk disk;
    const auto store = disk.open();
    EXPECT_EQ(store->set("a", "1"), Put::done);
    EXPECT_EQ(store->set("b", "2"), Put::done);
    disk.writer.turn();
    EXPECT_EQ(store->set("b", "3"), Put::done);
    EXPECT_EQ(store->remove("a"), true);
    EXPECT_EQ(store->remove("a"), false);
    EXPECT_EQ(disk.open()->entries(), (Entries{{"a", "1"}, {"b", "2"}}))
        << "as a killed process leaves it: the last turn of the writer";
    disk.writer.turn();
    EXPECT_EQ(disk.open()->entries(), (Entries{{"b", "3"}}));
}

TEST(Store, KeepsItsLimitsAndChangesNothingBeyondThem) {
    Disk disk;
    const auto store = disk.open();
    EXPECT_EQ(store->set("", "x"), Put::invalid);
    EXPECT_EQ(store->set(std::string(MUSTER_KEY_MAX + 1, 'k'), "x"), Put::invalid);
    EXPECT_EQ(store->set("k", std::string(MUSTER_VALUE_MAX + 1, 'v')), Put::invalid);
    EXPECT_EQ(store->set(std::string(MUSTER_KEY_MAX, 'k'), ""), Put::done);
    EXPECT_EQ(store->remove(std::string(MUSTER_KEY_MAX, 'k')), true);
    const std::string full(MUSTER_VALUE_MAX - 2, 'v');
    for (int i = 0; i < 64; ++i) {
        ASSERT_EQ(store->set(std::string{'a', static_cast<char>(i + 1)}, full), Put::done) << i;
    }
    EXPECT_EQ(store->set("z", ""), Put::limited) << "a mebibyte is full";
    EXPECT_EQ(store->find("z"), nullptr);
    EXPECT_EQ(store->set("a\x01", "less"), Put::done);
    EXPECT_EQ(store->set("z", "x"), Put::done);
}

TEST(Store, HasAMaximumOfKeysAndOfWhatTheDiskIsBehind) {
    Disk disk;
    const auto store = disk.open();
    for (unsigned i = 0; i < MUSTER_KEYS_MAX; ++i) {
        ASSERT_EQ(store->set(std::to_string(i), ""), Put::done);
    }
    EXPECT_EQ(store->set("more", ""), Put::limited);
    disk.writer.turn();
    for (unsigned i = 0; i < MUSTER_KEYS_MAX; ++i) {
        ASSERT_EQ(store->remove(std::to_string(i)), true);
        ASSERT_EQ(store->set("new" + std::to_string(i), ""), Put::done);
    }
    EXPECT_EQ(store->remove("new0"), true) << "what is already to be written costs nothing";
    EXPECT_EQ(store->set("another", ""), Put::limited) << "nothing was written since";
    disk.writer.turn();
    EXPECT_EQ(store->set("another", ""), Put::done);
}

TEST(Store, IsRefusedWhenItsFileIsDamagedAndNamed) {
    Disk disk;
    ASSERT_EQ(disk.open()->set("a", "1"), Put::done);
    ASSERT_TRUE(make_folder(disk.file().parent_path()));
    ASSERT_TRUE(write_file(disk.file(), "MKV1 and nothing more of it"));
    const auto store = Store::open(disk.file(), disk.writer);
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find("one.store is damaged"), std::string::npos)
        << store.error().message;
}

TEST(Store, IsWrittenLaterWhenTheDiskRefuses) {
    Disk disk;
    const auto store = disk.open();
    ASSERT_TRUE(write_file(disk.folder.path / "arena", "in the way of the folder"));
    ASSERT_EQ(store->set("a", "1"), Put::done);
    disk.writer.turn();
    disk.writer.turn();
    EXPECT_EQ(disk.complaints.size(), 1U) << "once";
    std::filesystem::remove(disk.folder.path / "arena");
    disk.writer.turn();
    EXPECT_EQ(disk.open()->entries(), (Entries{{"a", "1"}}));
}

}  // namespace
}  // namespace muster::plugins
