#include "backup.hpp"

#include <array>

#include "muster/store_sqlite/store_sqlite.hpp"

namespace muster::store_postgres {
namespace {

constexpr std::int64_t portion = 1'000;  // rows in memory at once

Result<void> copy_records(Connection& from, store::Store& to) {
    std::string kind, id;
    for (;;) {
        const std::array after{bytea(kind), bytea(id), bigint(portion)};
        auto rows = from.run(
            "SELECT kind, id, body FROM muster.record WHERE (kind, id) > ($1, $2)"
            " ORDER BY kind, id LIMIT $3",
            after);
        if (!rows) return std::unexpected(rows.error());
        if (rows->count() == 0) return {};
        std::vector<store::Change> changes;
        for (int row = 0; row < rows->count(); ++row) {
            changes.push_back(
                {.record = {rows->text(row, 0), rows->text(row, 1), rows->text(row, 2)},
                 .erase = false});
        }
        if (auto done = to.commit(changes, "", {}); !done) return done;
        kind = changes.back().record.kind;
        id = changes.back().record.id;
    }
}

Result<void> copy_log(Connection& from, store::Store& to, const std::string& log) {
    std::int64_t last = 0;
    for (;;) {
        const std::array after{bytea(log), bigint(last), bigint(portion)};
        auto rows = from.run(
            "SELECT sequence, body FROM muster.entry WHERE log = $1 AND sequence > $2"
            " ORDER BY sequence LIMIT $3",
            after);
        if (!rows) return std::unexpected(rows.error());
        if (rows->count() == 0) return {};
        std::vector<store::Entry> entries;
        for (int row = 0; row < rows->count(); ++row) {
            entries.push_back({rows->number(row, 0), rows->text(row, 1)});
        }
        if (auto done = to.commit({}, log, entries); !done) return done;
        last = entries.back().sequence;
    }
}

Result<void> copy_everything(Connection& from, store::Store& to) {
    // One snapshot for all that is read until it ends; nobody waits for it.
    auto begun = from.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (!begun) return std::unexpected(begun.error());
    if (auto done = copy_records(from, to); !done) return done;
    auto logs = from.run("SELECT DISTINCT log FROM muster.entry");
    if (!logs) return std::unexpected(logs.error());
    for (int row = 0; row < logs->count(); ++row) {
        if (auto done = copy_log(from, to, logs->text(row, 0)); !done) return done;
    }
    auto ended = from.run("COMMIT");
    if (!ended) return std::unexpected(ended.error());
    return {};
}

}  // namespace

Result<void> copy_into_file(Connection& connection, const std::filesystem::path& to) {
    std::error_code ignored;
    if (std::filesystem::exists(to, ignored)) {
        return fail(Errc::conflict, to.string() + " exists already", "path");
    }
    // Gathered beside its place; SQLite's own backup then makes one whole file of it at once.
    std::filesystem::path gathered = to;
    gathered += ".gathering";
    const auto clear = [&] {
        for (const char* end : {"", "-wal", "-shm"}) {
            std::filesystem::remove(gathered.string() + end, ignored);
        }
    };
    clear();
    auto made = [&]() -> Result<void> {
        auto copy = store_sqlite::open_store(gathered);
        if (!copy) return std::unexpected(copy.error());
        if (auto done = copy_everything(connection, **copy); !done) return done;
        return (*copy)->backup(to);
    }();
    clear();
    return made;
}

}  // namespace muster::store_postgres
