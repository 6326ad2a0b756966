#include "schema.hpp"

#include <array>

namespace muster::store_postgres {
namespace {

// One statement each. Bytes, for ids and bodies are whatever they are, and bytes have one order.
constexpr std::array<const char*, 5> version_1{
    "CREATE SCHEMA IF NOT EXISTS muster",
    "CREATE TABLE muster.record (kind bytea, id bytea, body bytea NOT NULL,"
    " PRIMARY KEY (kind, id))",
    "CREATE TABLE muster.entry (log bytea, sequence bigint, body bytea NOT NULL,"
    " PRIMARY KEY (log, sequence))",
    // One row, which every commit updates: room for its next version in the same page.
    "CREATE TABLE muster.head (one boolean PRIMARY KEY DEFAULT true CHECK (one),"
    " version bigint NOT NULL, epoch bigint NOT NULL, leader text NOT NULL,"
    " last_commit text NOT NULL) WITH (fillfactor = 10)",
    "INSERT INTO muster.head (version, epoch, leader, last_commit) VALUES (1, 0, '', '')"};

struct Tables {
    bool ours = false;
    bool any = false;
};

// Of pg_class, and not by to_regclass(): that may answer from what it knew before others were done.
Result<Tables> look(Connection& connection) {
    auto rows = connection.run(
        "SELECT coalesce(bool_or(c.relname = 'head'), false), count(*) > 0 FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'muster'");
    if (!rows) return std::unexpected(rows.error());
    return Tables{rows->truth(0, 0), rows->truth(0, 1)};
}

Result<void> make_tables(Connection& connection, const std::string& name) {
    // Those who come at the same time wait for each other here, until the transaction ends.
    auto locked = connection.run("SELECT pg_advisory_xact_lock(1297437524, 0)");
    if (!locked) return std::unexpected(locked.error());
    auto meanwhile = look(connection);
    if (!meanwhile) return std::unexpected(meanwhile.error());
    if (meanwhile->ours) return {};
    if (meanwhile->any) {
        return fail(Errc::internal, "the schema muster of the store " + name +
                                        " belongs to another program; it is left alone");
    }
    for (const char* sql : version_1) {
        if (auto done = connection.run(sql); !done) return std::unexpected(done.error());
    }
    return {};
}

}  // namespace

Result<void> bring_up_to_date(Connection& connection, const std::string& name) {
    auto there = look(connection);
    if (!there) return std::unexpected(there.error());
    if (!there->ours) {
        if (auto begun = connection.run("BEGIN"); !begun) return std::unexpected(begun.error());
        auto made = make_tables(connection, name);
        auto ended = connection.run(made ? "COMMIT" : "ROLLBACK");
        if (!made) return made;
        if (!ended) return std::unexpected(ended.error());
    }
    auto rows = connection.run("SELECT version FROM muster.head");
    if (!rows) return std::unexpected(rows.error());
    if (rows->count() != 1) {
        return fail(Errc::internal,
                    "the store " + name + " is damaged: muster.head must have one row");
    }
    if (const auto version = rows->number(0, 0); version > schema_version) {
        return fail(Errc::unsupported,
                    "the store " + name + " was written by a newer version (schema " +
                        std::to_string(version) + ", known up to " +
                        std::to_string(schema_version) + "). Install that version.");
    }
    return {};
}

}  // namespace muster::store_postgres
