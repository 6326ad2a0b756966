#pragma once

#include <span>
#include <string_view>

#include "database.hpp"

namespace muster::store_sqlite {

/// One step of the schema, from the version before to its own.
struct Migration {
    std::string_view sql;
};

/// Ours: step n (from 1) leads to version n. Steps that were released never change.
[[nodiscard]] std::span<const Migration> migrations();

/// "MUST": marks a file as a store of ours.
inline constexpr int application_id = 0x4D555354;

/// Refuses a damaged, foreign or newer file without changing it, then applies the steps that are
/// missing, all of them in one transaction.
[[nodiscard]] Result<void> bring_up_to_date(Database& database, std::span<const Migration> steps);

}  // namespace muster::store_sqlite
