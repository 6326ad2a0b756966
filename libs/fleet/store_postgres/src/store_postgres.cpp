#include "muster/store_postgres/store_postgres.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "backup.hpp"
#include "connection.hpp"
#include "muster/base/random.hpp"
#include "schema.hpp"

namespace muster::store_postgres {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t address_bytes_max = 4'096;

// The lock of who leads: 0x4D555354 is "MUST". It ends with the session that took it.
constexpr auto take_lock = "SELECT pg_try_advisory_lock(1297437524, 1)";
constexpr auto leave_lock = "SELECT pg_advisory_unlock(1297437524, 1)";
// Two keys of a lock have objsubid 2.
constexpr auto who_leads =
    "SELECT epoch, leader, EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
    "WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = 1297437524 "
    "AND l.objid = 1 AND l.objsubid = 2 AND l.granted) FROM muster.head";
// The server ends the session of who has vanished, or hangs, and with it the lead. Durable is what
// a commit is, whatever the server's default.
constexpr auto session_settings =
    "SELECT set_config('synchronous_commit', 'on', false),"
    " set_config('idle_session_timeout', '15s', false),"
    " set_config('idle_in_transaction_session_timeout', '10s', false),"
    " set_config('tcp_keepalives_idle', '5', false),"
    " set_config('tcp_keepalives_interval', '2', false),"
    " set_config('tcp_keepalives_count', '3', false)";

struct Batch {
    std::vector<store::Change> changes;
    std::string log;
    std::vector<store::Entry> entries;
};

bool same_changes(std::span<const store::Change> a, std::span<const store::Change> b) {
    return std::ranges::equal(a, b, [](const auto& left, const auto& right) {
        return left.erase == right.erase && left.record == right.record;
    });
}

Result<void> check_address(std::string_view address) {
    if (address.size() <= address_bytes_max && !address.contains('\0')) return {};
    return fail(Errc::invalid_argument, "an address has at most 4096 bytes", "address");
}

class Postgres final : public PostgresStore {
  public:
    Postgres(Options options, std::string name)
        : options_(std::move(options)), name_(std::move(name)) {}
    ~Postgres() override { resign(); }
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    Result<std::vector<store::Record>> load(std::string_view kind) override {
        const std::lock_guard alone(mutex_);
        const std::array wanted{bytea(kind)};
        auto rows = run("SELECT id, body FROM muster.record WHERE kind = $1 ORDER BY id", wanted);
        if (!rows) return std::unexpected(rows.error());
        std::vector<store::Record> records;
        for (int row = 0; row < rows->count(); ++row) {
            records.push_back({std::string(kind), rows->text(row, 0), rows->text(row, 1)});
        }
        return records;
    }

    Result<std::vector<store::Entry>> read_log(std::string_view log, std::int64_t after,
                                               std::size_t limit) override {
        const std::lock_guard alone(mutex_);
        constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
        const std::array wanted{bytea(log), bigint(after),
                                bigint(static_cast<std::int64_t>(std::min(limit, most)))};
        auto rows =
            run("SELECT sequence, body FROM muster.entry WHERE log = $1 AND sequence > $2"
                " ORDER BY sequence LIMIT $3",
                wanted);
        if (!rows) return std::unexpected(rows.error());
        std::vector<store::Entry> entries;
        for (int row = 0; row < rows->count(); ++row) {
            entries.push_back({rows->number(row, 0), rows->text(row, 1)});
        }
        return entries;
    }

    Result<void> commit(std::span<const store::Change> changes, std::string_view log,
                        std::span<const store::Entry> appended) override {
        const std::lock_guard alone(mutex_);
        if (auto held = keep_lead(); !held) return held;
        if (doubt_) {
            auto in = has_landed(*doubt_);
            if (!in) return std::unexpected(in.error());
            const bool same = same_changes(doubt_->batch.changes, changes) &&
                              doubt_->batch.log == log &&
                              std::ranges::equal(doubt_->batch.entries, appended);
            doubt_.reset();
            if (*in && same) return {};
        }
        const auto id = new_id("commit");
        if (auto begun = connection_->run("BEGIN"); !begun) return std::unexpected(begun.error());
        if (auto done = write(id, changes, log, appended); !done) {
            // A session that is dead is rolled back by the server.
            if (connection_->is_alive()) static_cast<void>(connection_->run("ROLLBACK"));
            return done;
        }
        auto ended = connection_->run("COMMIT");
        if (ended) return {};
        if (!connection_->is_alive()) {
            doubt_ = Doubt{id,
                           {{changes.begin(), changes.end()},
                            std::string(log),
                            {appended.begin(), appended.end()}}};
        }
        return std::unexpected(ended.error());
    }

    Result<void> backup(const std::filesystem::path& to) override {
        auto beside = Connection::open(options_.url, name_, options_.connect_timeout,
                                       options_.answer_timeout);
        if (!beside) return std::unexpected(beside.error());
        return copy_into_file(*beside, to);
    }

    Result<bool> lead(std::string_view address) override {
        const std::lock_guard alone(mutex_);
        if (auto sound = check_address(address); !sound) return std::unexpected(sound.error());
        if (epoch_ != 0 && !is_over_) {
            if (auto held = keep_lead(); !held) return std::unexpected(held.error());
            return true;
        }
        auto taken = run(take_lock);
        if (!taken) return std::unexpected(taken.error());
        if (!taken->truth(0, 0)) return false;
        const std::array mine{text(address)};
        auto counted = connection_->run(
            "UPDATE muster.head SET epoch = epoch + 1, leader = $1 RETURNING epoch", mine);
        if (!counted) {
            connection_.reset();  // and the lock with it
            return std::unexpected(counted.error());
        }
        epoch_ = counted->number(0, 0);
        is_over_ = false;
        has_lock_ = true;
        doubt_.reset();
        return true;
    }

    Result<void> be_at(std::string_view address) override {
        const std::lock_guard alone(mutex_);
        if (auto sound = check_address(address); !sound) return sound;
        if (auto held = keep_lead(); !held) return held;
        const std::array mine{text(address), bigint(epoch_)};
        auto done = connection_->run(
            "UPDATE muster.head SET leader = $1 WHERE epoch = $2 RETURNING epoch", mine);
        if (!done) return std::unexpected(done.error());
        if (done->count() != 1) return over();
        return {};
    }

    [[nodiscard]] std::int64_t epoch() const override {
        const std::lock_guard alone(mutex_);
        return is_over_ ? 0 : epoch_;
    }

    Result<std::optional<Leader>> leader() override {
        const std::lock_guard alone(mutex_);
        auto rows = run(who_leads);
        if (!rows) return std::unexpected(rows.error());
        Leader out{rows->number(0, 0), rows->text(0, 1), rows->truth(0, 2)};
        if (out.epoch == 0) return std::nullopt;
        return out;
    }

    Result<void> hold() override {
        const std::lock_guard alone(mutex_);
        if (auto held = keep_lead(); !held) return held;
        return check_epoch();
    }

    void resign() override {
        const std::lock_guard alone(mutex_);
        if (connection_ && has_lock_ && connection_->looks_alive()) {
            static_cast<void>(connection_->run(leave_lock));
        }
        epoch_ = 0;
        has_lock_ = false;
        connection_.reset();
    }

  private:
    /// A commit whose answer was lost.
    struct Doubt {
        std::string id;
        Batch batch;
    };

    Result<void> connect() {
        if (connection_ && connection_->looks_alive()) return {};
        connection_.reset();
        has_lock_ = false;
        const auto now = steady_clock::now();
        if (now < next_try_) return std::unexpected(last_failure_);
        auto made = Connection::open(options_.url, name_, options_.connect_timeout,
                                     options_.answer_timeout);
        Result<void> done;
        if (!made) {
            done = std::unexpected(made.error());
        } else if (auto set = made->run(session_settings); !set) {
            done = std::unexpected(set.error());
        } else {
            done = bring_up_to_date(*made, name_);
        }
        if (done) {
            connection_ = std::move(*made);
            pause_ = milliseconds(0);
            return {};
        }
        pause_ = std::clamp(pause_ * 2, options_.retry_first, options_.retry_max);
        const auto most = static_cast<std::uint32_t>(pause_.count()) / 2 + 1;
        next_try_ = steady_clock::now() + pause_ / 2 + milliseconds(random_below(most));
        last_failure_ = done.error();
        return done;
    }

    Result<Rows> run(const char* sql, std::span<const Parameter> parameters = {}) {
        if (auto ready = connect(); !ready) return std::unexpected(ready.error());
        return connection_->run(sql, parameters);
    }

    std::unexpected<Error> over() {
        is_over_ = true;
        return fail(Errc::conflict, "another coordinator leads by now; this one's lead is over");
    }

    /// After it, connection_ is a session that holds the lock.
    Result<void> keep_lead() {
        if (epoch_ == 0) return fail(Errc::conflict, "this coordinator does not lead");
        if (is_over_) return over();
        if (auto ready = connect(); !ready) return ready;
        if (has_lock_) return {};
        auto taken = connection_->run(take_lock);
        if (!taken) return std::unexpected(taken.error());
        has_lock_ = taken->truth(0, 0);
        // Who had the lock in between has counted the epoch up, unless it came to nothing.
        if (auto same = check_epoch(); !same) {
            if (has_lock_) connection_.reset();
            return same;
        }
        if (has_lock_) return {};
        return fail(Errc::unavailable,
                    "the store " + name_ +
                        " has not noticed yet that the connection before this one has ended");
    }

    Result<void> check_epoch() {
        auto rows = connection_->run("SELECT epoch FROM muster.head");
        if (!rows) return std::unexpected(rows.error());
        if (rows->number(0, 0) != epoch_) return over();
        return {};
    }

    Result<bool> has_landed(const Doubt& doubt) {
        auto rows = connection_->run("SELECT last_commit FROM muster.head");
        if (!rows) return std::unexpected(rows.error());
        return rows->text(0, 0) == doubt.id;
    }

    /// Within a transaction.
    Result<void> write(const std::string& id, std::span<const store::Change> changes,
                       std::string_view log, std::span<const store::Entry> appended) {
        // The fence: it finds no row once another has led, and holds back who would lead next until
        // this transaction has ended.
        const std::array mine{text(id), bigint(epoch_)};
        auto fenced = connection_->run(
            "UPDATE muster.head SET last_commit = $1 WHERE epoch = $2 RETURNING epoch", mine);
        if (!fenced) return std::unexpected(fenced.error());
        if (fenced->count() != 1) return over();
        std::int64_t last = 0;
        if (!appended.empty()) {
            const std::array wanted{bytea(log)};
            auto rows = connection_->run(
                "SELECT coalesce(max(sequence), 0) FROM muster.entry WHERE log = $1", wanted);
            if (!rows) return std::unexpected(rows.error());
            last = rows->number(0, 0);
        }
        if (auto sound = store::check_commit(changes, log, appended, last); !sound) return sound;
        if (auto done = put_and_erase(changes); !done) return done;
        return append(log, appended);
    }

    Result<void> put_and_erase(std::span<const store::Change> changes) {
        // The last change of a record is the one that counts, and one statement takes each record
        // once.
        std::map<std::pair<std::string_view, std::string_view>, const store::Change*> latest;
        for (const auto& change : changes) {
            latest[{change.record.kind, change.record.id}] = &change;
        }
        std::vector<std::string_view> kinds, ids, bodies, gone_kinds, gone_ids;
        for (const auto& [key, change] : latest) {
            (change->erase ? gone_kinds : kinds).push_back(key.first);
            (change->erase ? gone_ids : ids).push_back(key.second);
            if (!change->erase) bodies.push_back(change->record.body);
        }
        if (!kinds.empty()) {
            const std::array values{bytea_array(kinds), bytea_array(ids), bytea_array(bodies)};
            auto done = connection_->run(
                "INSERT INTO muster.record (kind, id, body) SELECT * FROM unnest($1, $2, $3)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                values);
            if (!done) return std::unexpected(done.error());
        }
        if (!gone_kinds.empty()) {
            const std::array values{bytea_array(gone_kinds), bytea_array(gone_ids)};
            auto done = connection_->run(
                "DELETE FROM muster.record r USING unnest($1, $2) AS gone(kind, id)"
                " WHERE r.kind = gone.kind AND r.id = gone.id",
                values);
            if (!done) return std::unexpected(done.error());
        }
        return {};
    }

    Result<void> append(std::string_view log, std::span<const store::Entry> appended) {
        if (appended.empty()) return {};
        std::vector<std::int64_t> sequences;
        std::vector<std::string_view> bodies;
        for (const auto& entry : appended) {
            sequences.push_back(entry.sequence);
            bodies.push_back(entry.body);
        }
        const std::array values{bytea(log), bigint_array(sequences), bytea_array(bodies)};
        auto done = connection_->run(
            "INSERT INTO muster.entry (log, sequence, body)"
            " SELECT $1, line.sequence, line.body FROM unnest($2, $3) AS line(sequence, body)",
            values);
        if (!done) return std::unexpected(done.error());
        return {};
    }

    const Options options_;
    const std::string name_;
    mutable std::mutex mutex_;
    std::optional<Connection> connection_;
    bool has_lock_ = false;   ///< connection_ holds it
    std::int64_t epoch_ = 0;  ///< of our lead; 0: none
    bool is_over_ = false;    ///< another has led since
    std::optional<Doubt> doubt_;
    milliseconds pause_{0};
    steady_clock::time_point next_try_{};
    Error last_failure_;
};

}  // namespace

Result<void> check_url(std::string_view url) {
    auto name = shown(url);
    if (!name) return std::unexpected(name.error());
    return {};
}

Result<std::unique_ptr<PostgresStore>> open_store(Options options) {
    auto name = shown(options.url);
    if (!name) return std::unexpected(name.error());
    return std::make_unique<Postgres>(std::move(options), *std::move(name));
}

}  // namespace muster::store_postgres
