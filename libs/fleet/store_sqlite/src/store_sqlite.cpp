#include "muster/store_sqlite/store_sqlite.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "database.hpp"
#include "schema.hpp"

namespace muster::store_sqlite {

namespace {

/// SQLite gives -wal and -shm the mode of the main file, so that is all there is to do.
Result<void> make_private(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        const int reason = errno;
        return fail(
            reason == EACCES || reason == EROFS || reason == EPERM ? Errc::permission_denied
                                                                   : Errc::not_found,
            "the store " + file.string() + " cannot be opened (" + std::strerror(reason) + ")");
    }
    const int changed = ::fchmod(descriptor, 0600);
    const int reason = errno;
    ::close(descriptor);
    if (changed != 0) {
        return fail(Errc::permission_denied, "the store " + file.string() +
                                                 " cannot be made private (" +
                                                 std::strerror(reason) + ")");
    }
    return {};
}

Result<void> sync(const std::filesystem::path& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0 || ::fsync(descriptor) != 0) {
        const int reason = errno;
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        return fail(Errc::internal,
                    path.string() + " cannot be synced (" + std::strerror(reason) + ")");
    }
    ::close(descriptor);
    return {};
}

class SqliteStore final : public store::Store {
  public:
    explicit SqliteStore(Database database) : database_(std::move(database)) {}

    Result<void> prepare() {
        const std::pair<Statement*, std::string_view> wanted[] = {
            {&begin_, "BEGIN IMMEDIATE"},
            {&end_, "COMMIT"},
            {&load_, "SELECT id, body FROM record WHERE kind = ?1 ORDER BY id"},
            {&put_,
             "INSERT INTO record (kind, id, body) VALUES (?1, ?2, ?3) "
             "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"},
            {&erase_, "DELETE FROM record WHERE kind = ?1 AND id = ?2"},
            {&last_, "SELECT coalesce(max(sequence), 0) FROM entry WHERE log = ?1"},
            {&append_, "INSERT INTO entry (log, sequence, body) VALUES (?1, ?2, ?3)"},
            {&read_,
             "SELECT sequence, body FROM entry WHERE log = ?1 AND sequence > ?2 "
             "ORDER BY sequence LIMIT ?3"}};
        for (const auto& [statement, sql] : wanted) {
            if (const int code = statement->prepare(database_.get(), sql); code != SQLITE_OK) {
                return database_.failure(code);
            }
        }
        return {};
    }

    Result<std::vector<store::Record>> load(std::string_view kind) override {
        std::vector<store::Record> records;
        load_.bind(1, kind);
        int code = SQLITE_ROW;
        while ((code = load_.step()) == SQLITE_ROW) {
            records.push_back({std::string(kind), load_.text(0), load_.text(1)});
        }
        load_.reset();
        if (code != SQLITE_DONE) {
            return database_.failure(code);
        }
        return records;
    }

    Result<void> commit(std::span<const store::Change> changes, std::string_view log,
                        std::span<const store::Entry> appended) override {
        if (auto begun = finish(begin_); !begun) {
            return begun;
        }
        auto done = write(changes, log, appended);
        if (done) {
            done = finish(end_);
        }
        if (!done && sqlite3_get_autocommit(database_.get()) == 0) {
            // The first error is the one to tell; a rollback fails only if SQLite did it already.
            static_cast<void>(database_.run("ROLLBACK"));
        }
        return done;
    }

    Result<std::vector<store::Entry>> read_log(std::string_view log, std::int64_t after,
                                               std::size_t limit) override {
        constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
        std::vector<store::Entry> entries;
        read_.bind(1, log);
        read_.bind(2, after);
        read_.bind(3, static_cast<std::int64_t>(std::min(limit, most)));
        int code = SQLITE_ROW;
        while ((code = read_.step()) == SQLITE_ROW) {
            entries.push_back({read_.number(0), read_.text(1)});
        }
        read_.reset();
        if (code != SQLITE_DONE) {
            return database_.failure(code);
        }
        return entries;
    }

    Result<void> backup(const std::filesystem::path& to) override {
        std::error_code ignored;
        if (std::filesystem::exists(to, ignored)) {
            return fail(Errc::conflict, to.string() + " exists already", "path");
        }
        // Beside its place first: who finds a file under the name finds a whole one.
        std::filesystem::path part = to;
        part += ".part";
        std::filesystem::remove(part, ignored);
        auto done = copy_into(part);
        if (done) {
            done = sync(part, O_RDONLY);
        }
        if (done && ::link(part.c_str(), to.c_str()) != 0) {  // unlike rename, never over a file
            done = fail(errno == EEXIST ? Errc::conflict : Errc::internal,
                        to.string() + " cannot be made (" + std::strerror(errno) + ")", "path");
        }
        std::filesystem::remove(part, ignored);
        if (done) {
            const auto folder = to.parent_path();
            done = sync(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
        }
        return done;
    }

  private:
    Result<void> finish(Statement& statement) {
        const int code = statement.step();
        const auto failure = database_.failure(code);  // before reset() changes the message
        statement.reset();
        if (code != SQLITE_DONE) {
            return failure;
        }
        return {};
    }

    Result<void> write(std::span<const store::Change> changes, std::string_view log,
                       std::span<const store::Entry> appended) {
        std::int64_t last = 0;
        if (!appended.empty()) {
            last_.bind(1, log);
            const int code = last_.step();
            last = code == SQLITE_ROW ? last_.number(0) : 0;
            last_.reset();
            if (code != SQLITE_ROW) {
                return database_.failure(code);
            }
        }
        auto done = store::check_commit(changes, log, appended, last);
        for (std::size_t index = 0; done && index < changes.size(); ++index) {
            const auto& [record, erase] = changes[index];
            Statement& statement = erase ? erase_ : put_;
            statement.bind(1, record.kind);
            statement.bind(2, record.id);
            if (!erase) {
                statement.bind(3, record.body);
            }
            done = finish(statement);
        }
        for (std::size_t index = 0; done && index < appended.size(); ++index) {
            append_.bind(1, log);
            append_.bind(2, appended[index].sequence);
            append_.bind(3, appended[index].body);
            done = finish(append_);
        }
        return done;
    }

    Result<void> copy_into(const std::filesystem::path& file) {
        if (auto made = make_private(file); !made) {
            return made;
        }
        auto target = Database::open(file, milliseconds(1'000), SQLITE_OPEN_READWRITE);
        if (!target) {
            return std::unexpected(target.error());
        }
        sqlite3_backup* copying =
            sqlite3_backup_init(target->get(), "main", database_.get(), "main");
        if (copying == nullptr) {
            return target->failure(sqlite3_errcode(target->get()));
        }
        const int code = sqlite3_backup_step(copying, -1);
        sqlite3_backup_finish(copying);
        if (code != SQLITE_DONE) {
            return sqlite_failure(code, nullptr, file);
        }
        return {};
    }

    // Declared first, so that it is closed after its statements are finalized.
    Database database_;
    Statement begin_, end_, load_, put_, erase_, last_, append_, read_;
};

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& file,
                                                 Options options) {
    if (auto made = make_private(file); !made) {
        return std::unexpected(made.error());
    }
    auto database = Database::open(file, options.busy_timeout, SQLITE_OPEN_READWRITE);
    if (!database) {
        return std::unexpected(database.error());
    }
    for (const char* pragma : {"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON"}) {
        if (auto set = database->run(pragma); !set) {
            return std::unexpected(set.error());
        }
    }
    if (auto ready = bring_up_to_date(*database, migrations()); !ready) {
        return std::unexpected(ready.error());
    }
    const auto mode = database->ask("PRAGMA journal_mode = WAL");
    if (!mode) {
        return std::unexpected(mode.error());
    }
    if (*mode != "wal") {
        return fail(Errc::unsupported, "the store " + file.string() +
                                           " is on a file system without a write-ahead log (a "
                                           "network share?); put it on a local disk");
    }
    if (auto set = database->run("PRAGMA synchronous = FULL"); !set) {
        return std::unexpected(set.error());
    }
    auto opened = std::make_unique<SqliteStore>(std::move(*database));
    if (auto prepared = opened->prepare(); !prepared) {
        return std::unexpected(prepared.error());
    }
    return opened;
}

}  // namespace muster::store_sqlite
