#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::store_postgres {

/// The rows of one statement, in PostgreSQL's binary format.
class Rows {
  public:
    explicit Rows(PGresult* result) : result_(result) {}
    [[nodiscard]] int count() const { return PQntuples(result_.get()); }
    [[nodiscard]] std::string text(int row, int column) const;     ///< of text and bytea
    [[nodiscard]] std::int64_t number(int row, int column) const;  ///< of bigint
    [[nodiscard]] bool truth(int row, int column) const;           ///< of boolean

  private:
    struct Clear {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

/// A value for $1, $2 ... in the binary format.
struct Parameter {
    Oid type;
    std::string bytes;
};
[[nodiscard]] Parameter bytea(std::string_view bytes);
[[nodiscard]] Parameter text(std::string_view text);
[[nodiscard]] Parameter bigint(std::int64_t number);
[[nodiscard]] Parameter bytea_array(std::span<const std::string_view> items);
[[nodiscard]] Parameter bigint_array(std::span<const std::int64_t> items);

/// One connection. Every wait has a deadline. After an error with `unavailable` it is dead.
class Connection {
  public:
    /// `name` is what errors call the database.
    static Result<Connection> open(const std::string& url, const std::string& name,
                                   milliseconds connect_timeout, milliseconds answer_timeout);
    /// One statement. `unavailable` when the server is gone or ended the session.
    Result<Rows> run(const char* sql, std::span<const Parameter> parameters = {});
    [[nodiscard]] bool is_alive() const { return is_alive_; }
    /// False when libpq has seen the end of the connection; costs no round trip.
    [[nodiscard]] bool looks_alive();

  private:
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    Connection(PGconn* connection, std::string name, milliseconds answer_timeout)
        : connection_(connection), name_(std::move(name)), answer_timeout_(answer_timeout) {}
    Result<void> finish_connecting(std::chrono::steady_clock::time_point end);
    Result<void> wait_for_answer();
    std::unexpected<Error> lost(std::string_view why);
    std::unexpected<Error> refused(const PGresult* result);
    std::unique_ptr<PGconn, Finish> connection_;
    std::string name_;
    milliseconds answer_timeout_;
    bool is_alive_ = true;
};

/// What may be shown of a URL: postgresql://HOST:PORT/DATABASE. `invalid_argument` when it is none.
[[nodiscard]] Result<std::string> shown(std::string_view url);

}  // namespace muster::store_postgres
