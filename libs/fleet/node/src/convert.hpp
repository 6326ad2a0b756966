#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/lifecycle/lifecycle.hpp"
#include "muster/node/v1/node.pb.h"
#include "muster/runtime/runtime.hpp"

/// Between the link's messages and the house's own types.
namespace muster::node {

namespace wire = muster::node::v1;

inline constexpr std::string_view label_server = "muster.server";
inline constexpr std::string_view label_fleet = "muster.fleet";
inline constexpr std::string_view label_operation = "muster.operation";

[[nodiscard]] lifecycle::Rules rules_of(const wire::ServerSpec& spec);
[[nodiscard]] wire::ServerState to_wire(lifecycle::State state);
[[nodiscard]] std::vector<runtime::PortBinding> ports_of(const wire::ServerSpec& spec);
void put_ports(const std::vector<runtime::PortBinding>& ports,
               google::protobuf::RepeatedPtrField<wire::Port>& out);
[[nodiscard]] wire::ContainerObserved to_wire(const runtime::Instance& instance);
[[nodiscard]] wire::Artifact to_wire(const runtime::Artifact& artifact);
[[nodiscard]] Result<runtime::ArtifactKind> artifact_kind(const std::string& name);
[[nodiscard]] std::optional<runtime::Power> power_of(wire::PowerKind kind);
[[nodiscard]] wire::OperationResult to_wire(const std::string& operation,
                                            const Result<void>& result);
[[nodiscard]] wire::Sample to_wire(const runtime::Stats& stats);
[[nodiscard]] lifecycle::Life life_of(runtime::Phase phase);

/// A server's memory as one line of text, and back.
[[nodiscard]] std::string to_text(const lifecycle::Memory& memory);
[[nodiscard]] std::optional<lifecycle::Memory> memory_from(std::string_view text);

/// What is wrong with a specification, as far as the node can tell: names, volumes, ports, files,
/// the ready pattern. Field: as in the message.
[[nodiscard]] Result<void> check(const wire::ServerSpec& spec);

}  // namespace muster::node
