#include "schema.hpp"

#include <array>
#include <charconv>
#include <string>

namespace muster::store_sqlite {

namespace {

constexpr std::array<Migration, 1> our_migrations{{
    {R"(CREATE TABLE record (
            kind BLOB NOT NULL,
            id BLOB NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE entry (
            log BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (log, sequence)
        ) STRICT, WITHOUT ROWID;)"},
}};

Result<long long> ask_number(Database& database, std::string_view sql) {
    auto text = database.ask(sql);
    if (!text) {
        return std::unexpected(text.error());
    }
    long long number = 0;
    std::from_chars(text->data(), text->data() + text->size(), number);
    return number;
}

}  // namespace

std::span<const Migration> migrations() {
    return our_migrations;
}

Result<void> bring_up_to_date(Database& database, std::span<const Migration> steps) {
    const std::string name = "the store " + database.file().string();
    // quick_check reads every page and row once; the slower integrity_check would also compare
    // indexes, of which we have none.
    const auto check = database.ask("PRAGMA quick_check(1)");
    if (!check) {
        return std::unexpected(check.error());
    }
    if (*check != "ok") {
        return fail(Errc::internal, name + " is damaged (" + *check +
                                        "). Move it away and put a backup in its place.");
    }
    const auto version = ask_number(database, "PRAGMA user_version");
    const auto owner = ask_number(database, "PRAGMA application_id");
    const auto objects = ask_number(database, "SELECT count(*) FROM sqlite_schema");
    if (!version || !owner || !objects) {
        return std::unexpected((!version ? version : !owner ? owner : objects).error());
    }
    const bool is_new = *version == 0 && *owner == 0 && *objects == 0;
    if (!is_new && *owner != application_id) {
        return fail(Errc::internal, name + " is a database of another program; it is left alone");
    }
    const auto known = static_cast<long long>(steps.size());
    if (*version > known) {
        return fail(Errc::unsupported, name + " was written by a newer version (schema " +
                                           std::to_string(*version) + ", known up to " +
                                           std::to_string(known) + "). Install that version.");
    }
    if (*version == known) {
        return {};
    }
    std::string script = "BEGIN IMMEDIATE;";
    for (const Migration& step : steps.subspan(static_cast<std::size_t>(*version))) {
        script += step.sql;
    }
    script += "PRAGMA application_id = " + std::to_string(application_id) +
              "; PRAGMA user_version = " + std::to_string(known) + "; COMMIT;";
    if (auto done = database.run(script); !done) {
        static_cast<void>(database.run("ROLLBACK"));
        return done;
    }
    return {};
}

}  // namespace muster::store_sqlite
