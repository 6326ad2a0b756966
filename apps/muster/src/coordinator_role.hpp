#pragma once

#include <cstdint>
#include <memory>

#include "muster/coordinator/coordinator.hpp"
#include "muster/store/store.hpp"
#include "role.hpp"

namespace muster {

/// What the settings say of a coordinator.
[[nodiscard]] Result<coordinator::Options> coordinator_options(Role& role);

struct OpenedCoordinator {
    std::unique_ptr<Part> part;
    std::uint16_t http_port = 0;
    std::uint16_t grpc_port = 0;
    std::uint16_t control_port = 0;  ///< 0: none
};
/// A coordinator with its faces, which serves as soon as it runs. Prints the first admin token when
/// it made one.
[[nodiscard]] Result<OpenedCoordinator> open_coordinator(
    Role& role, coordinator::Options options, std::unique_ptr<store::Store> store,
    const std::shared_ptr<host::WorldServer>& worlds);
/// Puts where programs of this machine reach it into `ready`.
void put_addresses(const Role& role, const coordinator::Options& options, std::uint16_t http_port,
                   std::uint16_t grpc_port, Ready& ready);

}  // namespace muster
