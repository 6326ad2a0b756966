#pragma once

#include <string>

#include "connection.hpp"

namespace muster::store_postgres {

inline constexpr std::int64_t schema_version = 1;

/// Makes the tables in a schema of their own, "muster", unless they are there. Several may do so at
/// once. Refuses what a newer version or another program made there.
[[nodiscard]] Result<void> bring_up_to_date(Connection& connection, const std::string& name);

}  // namespace muster::store_postgres
