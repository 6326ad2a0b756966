#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "muster/base/error.hpp"

namespace muster::link {

/// Our errors as gRPC's statuses and back. A gRPC code stands for several of ours, so the exact one
/// and the field travel in the trailing metadata, as `muster-code` and `muster-field`.
[[nodiscard]] grpc::Status to_status(const Error& error);
void add_details(grpc::CallbackServerContext& context, const Error& error);
/// The error of a call that did not end well.
[[nodiscard]] Error error_of(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace muster::link
