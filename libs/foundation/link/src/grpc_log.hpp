#pragma once

namespace muster::link {

/// Keeps gRPC from writing to the terminal: what matters arrives as an Error. With GRPC_VERBOSITY
/// in the environment it writes as ever.
void quiet_grpc();

}  // namespace muster::link
