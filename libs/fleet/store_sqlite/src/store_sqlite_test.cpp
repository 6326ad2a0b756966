#include "muster/store_sqlite/store_sqlite.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "database.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/store/contract.hpp"
#include "schema.hpp"

namespace muster::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, Contract,
                         testing::Values(Subject{.name = "sqlite",
                                                 .open =
                                                     [](const std::filesystem::path& folder) {
                                                         return store_sqlite::open_store(
                                                             folder / "store.db");
                                                     },
                                                 .open_copy =
                                                     [](const std::filesystem::path& file) {
                                                         return store_sqlite::open_store(file);
                                                     }}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace muster::store

namespace muster::store_sqlite {
namespace {

class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / new_id("muster-sqlite")) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::filesystem::path file() const { return path_ / "store.db"; }

  private:
    std::filesystem::path path_;
};

mode_t mode_of(const std::filesystem::path& file) {
    struct stat facts{};
    EXPECT_EQ(::stat(file.c_str(), &facts), 0) << file;
    return facts.st_mode & 0777U;
}

Result<void> put(store::Store& store, const std::string& id, const std::string& body) {
    const std::vector<store::Change> changes{{.record = {"server", id, body}, .erase = false}};
    return store.commit(changes, "", {});
}

Database open_raw(const std::filesystem::path& file) {
    auto database =
        Database::open(file, milliseconds(100), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    EXPECT_TRUE(database);
    return std::move(*database);
}

TEST(StoreSqlite, NobodyElseMayReadItsFiles) {
    const Folder folder;
    std::ofstream(folder.file()).close();
    std::filesystem::permissions(folder.file(), std::filesystem::perms(0644));
    auto store = open_store(folder.file());
    ASSERT_TRUE(store);
    ASSERT_TRUE(put(**store, "a", "{}"));
    EXPECT_EQ(mode_of(folder.file()), 0600U);
    EXPECT_EQ(mode_of(folder.file().string() + "-wal"), 0600U);
    EXPECT_EQ(mode_of(folder.file().string() + "-shm"), 0600U);
    const auto copy = folder.file().parent_path() / "copy.db";
    ASSERT_TRUE((*store)->backup(copy));
    EXPECT_EQ(mode_of(copy), 0600U);
}

TEST(StoreSqlite, KeepsAWriteAheadLogAndMarksTheFileAsOurs) {
    const Folder folder;
    ASSERT_TRUE(open_store(folder.file()));
    auto raw = open_raw(folder.file());
    EXPECT_EQ(raw.ask("PRAGMA journal_mode").value_or(""), "wal");
    EXPECT_EQ(raw.ask("PRAGMA application_id").value_or(""), std::to_string(application_id));
}

TEST(StoreSqlite, OpensWhatSchemaVersionOneLeft) {
    const Folder folder;
    const auto sql = read_file("testdata/version_1.sql");
    ASSERT_TRUE(sql) << sql.error().message;
    {
        ASSERT_TRUE(open_raw(folder.file()).run(*sql));
    }
    auto store = open_store(folder.file());
    ASSERT_TRUE(store) << store.error().message;
    const std::vector<store::Record> servers{{"server", "srv-1", R"({"name":"friday"})"}};
    EXPECT_EQ(store::records_of(**store, "server"), servers);
    const std::vector<store::Entry> lines{{1, "first"}, {2, "second"}};
    EXPECT_EQ((*store)->read_log("audit", 0, 10).value_or(std::vector<store::Entry>{}), lines);
    ASSERT_TRUE(put(**store, "srv-2", "{}"));
}

TEST(StoreSqlite, AStepOfTheSchemaKeepsWhatIsThere) {
    const Folder folder;
    {
        auto store = open_store(folder.file());
        ASSERT_TRUE(store);
        ASSERT_TRUE(put(**store, "a", "{}"));
    }
    auto raw = open_raw(folder.file());
    std::vector<Migration> steps(migrations().begin(), migrations().end());
    steps.push_back({"ALTER TABLE record ADD COLUMN note TEXT;"});
    const auto done = bring_up_to_date(raw, steps);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(raw.ask("PRAGMA user_version").value_or(""), std::to_string(steps.size()));
    EXPECT_EQ(raw.ask("SELECT count(*) FROM record WHERE note IS NULL").value_or(""), "1");
}

TEST(StoreSqlite, AStepThatFailsLeavesTheOldSchemaWhole) {
    const Folder folder;
    ASSERT_TRUE(open_store(folder.file()));
    auto raw = open_raw(folder.file());
    std::vector<Migration> steps(migrations().begin(), migrations().end());
    steps.push_back({"ALTER TABLE record ADD COLUMN note TEXT;"});
    steps.push_back({"ALTER TABLE missing ADD COLUMN note TEXT;"});
    EXPECT_FALSE(bring_up_to_date(raw, steps));
    EXPECT_EQ(raw.ask("PRAGMA user_version").value_or(""), std::to_string(migrations().size()));
    EXPECT_EQ(raw.ask("SELECT count(*) FROM pragma_table_info('record')").value_or(""), "3");
    EXPECT_TRUE(bring_up_to_date(raw, migrations()));
}

TEST(StoreSqlite, RefusesWhatANewerVersionWroteAndSaysSo) {
    const Folder folder;
    ASSERT_TRUE(open_store(folder.file()));
    {
        ASSERT_TRUE(open_raw(folder.file()).run("PRAGMA user_version = 900"));
    }
    const auto store = open_store(folder.file());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::unsupported);
    EXPECT_NE(store.error().message.find("newer version (schema 900"), std::string::npos)
        << store.error().message;
    EXPECT_EQ(open_raw(folder.file()).ask("PRAGMA user_version").value_or(""), "900");
}

TEST(StoreSqlite, RefusesTheDatabaseOfAnotherProgram) {
    const Folder folder;
    {
        ASSERT_TRUE(open_raw(folder.file()).run("CREATE TABLE theirs (x)"));
    }
    const auto store = open_store(folder.file());
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find("another program"), std::string::npos);
    EXPECT_EQ(open_raw(folder.file()).ask("SELECT count(*) FROM sqlite_schema").value_or(""), "1");
}

TEST(StoreSqlite, RefusesAFileThatIsNoDatabase) {
    const Folder folder;
    ASSERT_TRUE(write_file(folder.file(), std::string(8'192, 'x')));
    const auto store = open_store(folder.file());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::internal);
    EXPECT_NE(store.error().message.find("damaged"), std::string::npos) << store.error().message;
    EXPECT_EQ(read_file(folder.file()).value_or(""), std::string(8'192, 'x'));
}

TEST(StoreSqlite, NoticesDamageInTheMiddleOfTheFile) {
    const Folder folder;
    {
        auto store = open_store(folder.file());
        ASSERT_TRUE(store);
        std::vector<store::Change> changes;
        for (int index = 0; index < 500; ++index) {
            changes.push_back({.record = {"server", std::to_string(index), std::string(500, 'a')},
                               .erase = false});
        }
        ASSERT_TRUE((*store)->commit(changes, "", {}));
    }
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40'960);
    file << std::string(8'192, '\xFF');
    file.close();
    const auto store = open_store(folder.file());
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find("put a backup in its place"), std::string::npos)
        << store.error().message;
}

TEST(StoreSqlite, NamesTheFolderThatIsMissing) {
    const auto store = open_store("/nonexistent-folder/store.db");
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::not_found);
    EXPECT_NE(store.error().message.find("/nonexistent-folder/store.db"), std::string::npos);
}

TEST(StoreSqlite, ACommitWhileAnotherProcessHoldsTheFileFailsWholeAndLaterWorks) {
    const Folder folder;
    auto store = open_store(folder.file(), {.busy_timeout = milliseconds(1)});
    ASSERT_TRUE(store);
    auto other = open_raw(folder.file());
    ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
    const auto refused = put(**store, "a", "{}");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    ASSERT_TRUE(other.run("ROLLBACK"));
    EXPECT_TRUE(put(**store, "a", "{}"));
}

TEST(StoreSqlite, ABackupLeavesNothingBesideItself) {
    const Folder folder;
    auto store = open_store(folder.file());
    ASSERT_TRUE(store);
    const auto target = folder.file().parent_path() / "copies";
    std::filesystem::create_directory(target);
    ASSERT_TRUE((*store)->backup(target / "copy.db"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target), {}), 1);
    EXPECT_FALSE((*store)->backup("/nonexistent-folder/copy.db"));
}

/// Commits 1, 2, 3 ... (two records and a line of the log in each) and tells each number only after
/// its commit returned. Never returns.
[[noreturn]] void commit_for_ever(const std::filesystem::path& file, int tell) {
    auto store = open_store(file);
    if (!store) {
        ::_exit(3);
    }
    const auto log = (*store)->read_log("audit", 0, 1'000'000);
    auto next = static_cast<std::int64_t>(log->size()) + 1;
    for (;; ++next) {
        const std::string number = std::to_string(next);
        const std::vector<store::Change> changes{
            {.record = {"server", number, number + std::string(3'000, '.')}, .erase = false},
            {.record = {"node", "latest", number}, .erase = false}};
        const std::vector<store::Entry> lines{{next, number}};
        if (!(*store)->commit(changes, "audit", lines) ||
            ::write(tell, &next, sizeof next) != static_cast<ssize_t>(sizeof next)) {
            ::_exit(4);
        }
    }
}

TEST(StoreSqlite, EveryAcknowledgedCommitIsThereAfterKillNine) {
    const Folder folder;
    std::int64_t told = 0;
    for (int round = 0; round < 4; ++round) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            commit_for_ever(folder.file(), ends[1]);
        }
        ::close(ends[1]);
        const std::int64_t enough = told + 5 + random_below(20);
        std::int64_t number = 0;
        while (told < enough &&
               ::read(ends[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number)) {
            told = number;
        }
        ::kill(child, SIGKILL);
        while (::read(ends[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number)) {
            told = number;  // what it still had said
        }
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
        ASSERT_GE(told, enough);

        auto store = open_store(folder.file());
        ASSERT_TRUE(store) << store.error().message;
        const auto log = (*store)->read_log("audit", 0, 1'000'000);
        ASSERT_TRUE(log);
        const auto kept = static_cast<std::int64_t>(log->size());
        // The commit that was under way may be there or not, but whole.
        EXPECT_GE(kept, told);
        EXPECT_LE(kept, told + 1);
        EXPECT_EQ(store::records_of(**store, "server").size(), log->size());
        EXPECT_EQ(store::records_of(**store, "node").at(0).body, std::to_string(kept));
        told = kept;
    }
}

}  // namespace
}  // namespace muster::store_sqlite
