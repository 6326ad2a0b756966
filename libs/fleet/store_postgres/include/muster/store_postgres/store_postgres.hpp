#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/store/store.hpp"

/// The store in a PostgreSQL database (14 or newer) that several coordinators share, and which of
/// them leads: docs/adr/0006-several-coordinators.md.
namespace muster::store_postgres {

struct Options {
    /// postgresql://USER:PASSWORD@HOST:PORT/DATABASE?..., as libpq reads it.
    std::string url;
    milliseconds connect_timeout{3'000};  ///< for a connection to be whole
    milliseconds answer_timeout{
        10'000};  ///< without a byte from the server; then it is given up for dead
    /// After a failed connection the next is tried so much later: doubled each time, and between
    /// half and all of it. Until then everything is `unavailable` at once.
    milliseconds retry_first{100};
    milliseconds retry_max{1'000};
};

/// Whether it is a URL of PostgreSQL that can be used. The error's field is "url"; it repeats
/// nothing of the URL, which may hold a password.
[[nodiscard]] Result<void> check_url(std::string_view url);

/// What one coordinator wrote of itself when it took the lead.
struct Leader {
    std::int64_t epoch = 0;  ///< how many leaders there were, it included
    std::string address;     ///< where the others reach it, in its own words
    bool is_there = false;   ///< it holds the lock now
    bool operator==(const Leader&) const = default;
};

/// The store, for one coordinator. Every coordinator may read; only the one that leads commits.
/// Blocking, but never for longer than the timeouts; may be called from several threads.
///
/// A connection that is lost is made again by the next call. The lead is kept over it if nobody
/// else took it meanwhile. A commit whose answer was lost with the connection fails with
/// `unavailable`; when the same changes are committed again, they are in the store once.
class PostgresStore : public store::Store {
  public:
    /// Takes the lead if nobody has it: true, and from now on commit() works, until it is lost. The
    /// epoch is one more than the last leader's. At most 4 KiB of address.
    virtual Result<bool> lead(std::string_view address) = 0;
    [[nodiscard]] virtual std::int64_t epoch() const = 0;  ///< of this one's lead; 0: none
    /// For who leads: where it is reached from now on, when it knows that only later.
    virtual Result<void> be_at(std::string_view address) = 0;
    /// Who leads, or led last; nullopt when nobody ever did.
    virtual Result<std::optional<Leader>> leader() = 0;
    /// For who leads, now and then: makes sure of the connection and of the lead. `unavailable`
    /// when the database is not there now, `conflict` when another has led since: this one's lead
    /// is over for good, and no commit of it succeeds again.
    virtual Result<void> hold() = 0;
    /// Lets go, so that another can lead at once. The destructor does, too.
    virtual void resign() = 0;
};

/// Does not connect yet. `invalid_argument` as check_url().
[[nodiscard]] Result<std::unique_ptr<PostgresStore>> open_store(Options options);

}  // namespace muster::store_postgres
