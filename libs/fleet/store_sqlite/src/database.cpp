#include "database.hpp"

#include <algorithm>
#include <limits>

#include "muster/base/assert.hpp"

namespace muster::store_sqlite {

std::unexpected<Error> sqlite_failure(int code, sqlite3* database,
                                      const std::filesystem::path& file) {
    const std::string said = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    const std::string name = "the store " + file.string();
    switch (code & 0xFF) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return fail(Errc::internal, name + " is damaged (" + said +
                                            "). Move it away and put a backup in its place.");
        case SQLITE_FULL:
            return fail(Errc::exhausted, name + " cannot grow: the disk is full");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fail(Errc::unavailable, name + " is held by another process");
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_AUTH:
            return fail(Errc::permission_denied, name + " cannot be written (" + said + ")");
        case SQLITE_CANTOPEN:
            return fail(Errc::not_found, name + " cannot be opened (" + said + ")");
        default:
            return fail(Errc::internal, name + ": " + said);
    }
}

int Statement::prepare(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    statement_.reset(made);
    return code;
}

void Statement::bind(int index, std::string_view text) {
    // SQLITE_STATIC: the caller keeps the text. An empty view may have no address, and a null
    // address would bind NULL.
    const int code =
        sqlite3_bind_blob64(statement_.get(), index, text.data() != nullptr ? text.data() : "",
                            text.size(), SQLITE_STATIC);
    MUSTER_ASSERT(code == SQLITE_OK || code == SQLITE_TOOBIG || code == SQLITE_NOMEM);
}

void Statement::bind(int index, std::int64_t number) {
    MUSTER_ASSERT(sqlite3_bind_int64(statement_.get(), index, number) == SQLITE_OK);
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr
               ? std::string{}
               : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Result<Database> Database::open(const std::filesystem::path& file, milliseconds busy_timeout,
                                int flags) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database;
    database.handle_.reset(opened);  // it is to be closed even when opening failed
    database.file_ = file;
    if (code != SQLITE_OK) {
        return database.failure(code);
    }
    const auto most = milliseconds(std::numeric_limits<int>::max());
    sqlite3_busy_timeout(opened, static_cast<int>(std::min(busy_timeout, most).count()));
    return database;
}

Result<void> Database::run(const std::string& sql) {
    const int code = sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return failure(code);
    }
    return {};
}

Result<std::string> Database::ask(std::string_view sql) {
    Statement statement;
    int code = statement.prepare(get(), sql);
    if (code == SQLITE_OK) {
        code = statement.step();
    }
    if (code == SQLITE_ROW) {
        return statement.text(0);
    }
    if (code == SQLITE_DONE) {
        return std::string{};
    }
    return failure(code);
}

}  // namespace muster::store_sqlite
