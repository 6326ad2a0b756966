#include "muster/store/contract.hpp"

#include <map>

#include "muster/store_postgres/store_postgres.hpp"
#include "muster/store_sqlite/store_sqlite.hpp"
#include "postgres_server.hpp"

namespace muster::store {
namespace {

/// One server for all of them; each folder has a database of its own.
Subject postgres_subject() {
    struct Databases {
        store_postgres::PostgresServer server;
        std::map<std::filesystem::path, std::string> by_folder;
    };
    auto databases = std::make_shared<std::unique_ptr<Databases>>();
    return {
        .name = "postgres",
        .open = [databases](const std::filesystem::path& folder) -> Result<std::unique_ptr<Store>> {
            if (!*databases) *databases = std::make_unique<Databases>();
            auto& database = (*databases)->by_folder[folder];
            if (database.empty()) database = (*databases)->server.new_database();
            auto store = store_postgres::open_store({.url = (*databases)->server.url(database)});
            if (!store) return std::unexpected(store.error());
            auto leads = (*store)->lead("the test");
            if (!leads) return std::unexpected(leads.error());
            if (!*leads) return fail(Errc::conflict, "somebody else leads");
            return *std::move(store);
        },
        .open_copy =
            [](const std::filesystem::path& file) { return store_sqlite::open_store(file); }};
}

INSTANTIATE_TEST_SUITE_P(Postgres, Contract, testing::Values(postgres_subject()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace muster::store
