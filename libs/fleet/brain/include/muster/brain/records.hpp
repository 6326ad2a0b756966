#pragma once

#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/brain/node.hpp"
#include "muster/brain/operation.hpp"
#include "muster/brain/server.hpp"

/// The kept records as JSON objects, for the store. Reading is tolerant: what is missing has its
/// default, what is not known is ignored (so an older and a newer version read each other's), but a
/// value of the wrong type, a number out of range or a missing id is `invalid_argument` with the
/// field. Text that is no UTF-8 is written with U+FFFD in its place.
namespace muster::brain {

[[nodiscard]] std::string to_json(const Node& node);
[[nodiscard]] std::string to_json(const Server& server);  ///< without `observed`
[[nodiscard]] std::string to_json(const Observed& observed);
[[nodiscard]] std::string to_json(const Operation& operation);

[[nodiscard]] Result<Node> node_from_json(std::string_view text);
[[nodiscard]] Result<Server> server_from_json(std::string_view text);
[[nodiscard]] Result<Observed> observed_from_json(std::string_view text);
[[nodiscard]] Result<Operation> operation_from_json(std::string_view text);

}  // namespace muster::brain
