#pragma once

#include <memory>

#include "role.hpp"

namespace muster {

/// One of several coordinators on a shared store (store.url): leads when it can, and stands by when
/// another does, on the same ports. docs/adr/0006-several-coordinators.md.
[[nodiscard]] Result<std::unique_ptr<Part>> make_candidate(Role& role, Ready& ready);

}  // namespace muster
