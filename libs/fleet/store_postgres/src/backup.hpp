#pragma once

#include <filesystem>

#include "connection.hpp"

namespace muster::store_postgres {

/// A copy of everything at one moment, as a store of SQLite's: one file, which `muster up` can work
/// on as well. `conflict` when the file is there already.
[[nodiscard]] Result<void> copy_into_file(Connection& connection, const std::filesystem::path& to);

}  // namespace muster::store_postgres
