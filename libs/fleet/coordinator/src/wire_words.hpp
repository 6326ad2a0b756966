#pragma once

#include "muster/brain/event.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// From the link's words to the brain's. What a node says is outside's: text is made UTF-8 and
/// numbers are put within their limits.
[[nodiscard]] brain::NodeFacts facts_of(const wire::Hello& hello, const std::string& dials_from);
[[nodiscard]] brain::Observed observed_of(const wire::ServerObserved& observed);
[[nodiscard]] std::optional<Error> error_of(bool ok, const std::string& code,
                                            const std::string& message, const std::string& field);
[[nodiscard]] std::vector<brain::BusyPort> busy_ports_of(
    const google::protobuf::RepeatedPtrField<wire::Port>& ports);

}  // namespace muster::coordinator
