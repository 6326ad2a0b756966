#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::store_sqlite {

/// What SQLite said, as an Error that names the file.
[[nodiscard]] std::unexpected<Error> sqlite_failure(int code, sqlite3* database,
                                                    const std::filesystem::path& file);

/// A prepared statement. bind() counts from 1. The bound text must live until reset().
class Statement {
  public:
    [[nodiscard]] int prepare(sqlite3* database, std::string_view sql);
    void bind(int index, std::string_view text);
    void bind(int index, std::int64_t number);
    [[nodiscard]] int step() { return sqlite3_step(statement_.get()); }
    void reset();
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const {
        return sqlite3_column_int64(statement_.get(), column);
    }

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An open connection.
class Database {
  public:
    static Result<Database> open(const std::filesystem::path& file, milliseconds busy_timeout,
                                 int flags);
    [[nodiscard]] sqlite3* get() const { return handle_.get(); }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] Result<void> run(const std::string& sql);
    /// The first column of the first row; "" when there is none.
    [[nodiscard]] Result<std::string> ask(std::string_view sql);
    [[nodiscard]] std::unexpected<Error> failure(int code) const {
        return sqlite_failure(code, get(), file_);
    }

  private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
    std::filesystem::path file_;
};

}  // namespace muster::store_sqlite
