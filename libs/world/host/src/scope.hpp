#pragma once

#include <cstdint>

namespace muster::host {

/// Whom words are for, as players choose it: numbered as the schema's.
enum class Scope : std::uint8_t {
    all = 0,
    team = 1,
    near = 2,
    party = 3,
    person = 4,
    announcement = 5
};

}  // namespace muster::host
