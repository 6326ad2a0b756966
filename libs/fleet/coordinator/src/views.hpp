#pragma once

#include "catalogue.hpp"
#include "fleet.hpp"
#include "inventory.hpp"
#include "json.hpp"
#include "muster/brain/state.hpp"
#include "tokens.hpp"

namespace muster::coordinator {

/// How things are shown: the shapes of docs/api.md. Secrets are masked here, once for all.
[[nodiscard]] Json to_json(const Container& container, const brain::State& state);
[[nodiscard]] Json to_json(const wire::Sample& sample);
[[nodiscard]] Json to_json(const brain::Operation& operation, const brain::State& state,
                           const Tokens& tokens);
[[nodiscard]] Json to_json(const brain::Node& node, const brain::State& state,
                           const Inventory& inventory);
[[nodiscard]] Json to_json(const brain::Server& server, const brain::State& state,
                           const Inventory& inventory, const Catalogue& catalogue);
/// `ms` since 1970, or null for 0.
[[nodiscard]] Json time_of_ms(std::int64_t ms);

}  // namespace muster::coordinator
