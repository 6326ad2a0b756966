#pragma once

#include "catalogue.hpp"
#include "muster/brain/action.hpp"
#include "muster/brain/state.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// The command as the node reads it. Fails when the server's definition cannot be made into one.
[[nodiscard]] Result<wire::Command> command_of(const brain::SendCommand& action,
                                               const brain::State& state,
                                               const Catalogue& catalogue);

[[nodiscard]] wire::PowerKind power_of(brain::OperationKind kind);

}  // namespace muster::coordinator
