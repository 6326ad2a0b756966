#pragma once

#include <grpcpp/grpcpp.h>

#include "muster/link/link.hpp"

namespace muster::link {

/// A channel to one coordinator, by its authority alone; connects when it is first used.
[[nodiscard]] Result<std::shared_ptr<grpc::Channel>> open_channel(const Client::Options& options);

/// The certificate with that digest (SHA-256, hex) in the chain that the server at `address` shows.
/// Nothing is sent. `unauthenticated`, field "join_token", when there is none.
[[nodiscard]] asio::awaitable<Result<std::string>> find_authority(
    asio::any_io_executor executor, std::string address, std::string digest,
    std::chrono::milliseconds deadline);

/// The last certificate of the chain that the server at `address` shows, which is its authority:
/// whose that is must be proven by other means. Nothing is sent.
[[nodiscard]] asio::awaitable<Result<std::string>> shown_authority(
    asio::any_io_executor executor, std::string address, std::chrono::milliseconds deadline);

}  // namespace muster::link
