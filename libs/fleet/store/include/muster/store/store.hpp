#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// Where the coordinator keeps what must survive it. A port: SQLite implements it (store_sqlite),
/// and a fake for tests. Records are JSON documents by kind and id: the coordinator serves from
/// memory and reads all of a kind once at its start; what changes is committed before it is
/// promised to anyone.
namespace muster::store {

/// The kinds, desired and observed state apart: "node", "server", "operation", "token",
/// "join_token", "game", "observed" ...
struct Record {
    std::string kind;
    std::string id;
    std::string body;  ///< JSON
    bool operator==(const Record&) const = default;
};

struct Change {
    Record record;
    bool erase = false;  ///< the body does not matter then
};

/// One line of a log that is only ever appended to (the audit log).
struct Entry {
    std::int64_t sequence = 0;  ///< from 1, without gaps
    std::string body;
    bool operator==(const Entry&) const = default;
};

/// Blocking; called from one thread at a time (the coordinator's writer). Every function that
/// changes something is atomic and durable when it returns: all of it is there after kill -9, or
/// none.
class Store {
  public:
    virtual ~Store() = default;
    /// Every record of that kind, ordered by id.
    virtual Result<std::vector<Record>> load(std::string_view kind) = 0;
    /// All changes (in their order) and appended log lines in one transaction. `conflict` when the
    /// lines do not go on where the log ends; `invalid_argument` for a record without kind or id,
    /// or lines without a log.
    virtual Result<void> commit(std::span<const Change> changes, std::string_view log,
                                std::span<const Entry> appended) = 0;
    /// Lines of a log with sequence > after, oldest first, at most `limit`.
    virtual Result<std::vector<Entry>> read_log(std::string_view log, std::int64_t after,
                                                std::size_t limit) = 0;
    /// A consistent copy into one new file, while everything goes on; `conflict` when there is one.
    virtual Result<void> backup(const std::filesystem::path& to) = 0;
};

/// For those who implement it: what commit() must refuse, given the last sequence of that log (0:
/// none yet).
[[nodiscard]] Result<void> check_commit(std::span<const Change> changes, std::string_view log,
                                        std::span<const Entry> appended,
                                        std::int64_t last_sequence);

}  // namespace muster::store
