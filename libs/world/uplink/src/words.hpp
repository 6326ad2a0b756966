#pragma once

#include <chrono>
#include <string>

#include "muster/host/world_server.hpp"
#include "muster/link/world_link.hpp"
#include "muster/uplink/uplink.hpp"

/// What a world server says to its coordinator, of what `host` knows. Pure.
namespace muster::uplink {

namespace wire = link::world_wire;

[[nodiscard]] wire::Hello hello_of(const Options& options, const host::Statistics& statistics,
                                   std::uint16_t udp_port, bool draining);

/// The process's part of all cores since the last time that it was asked.
class CpuShare {
  public:
    explicit CpuShare(unsigned cores) : cores_(cores == 0 ? 1 : cores) {}
    double since_last(double cpu_seconds, std::chrono::steady_clock::time_point now);

  private:
    const unsigned cores_;
    double cpu_seconds_ = 0;
    std::chrono::steady_clock::time_point at_{};
};
/// `cpu` is laid on the regions by their players.
[[nodiscard]] wire::LeaseQuestion question_of(const mesh::Question& question, double cpu,
                                              bool draining);
/// `invalid_argument` names the field of what no coordinator says.
[[nodiscard]] Result<mesh::Decision> decision_of(const wire::LeaseAnswer& answer);
[[nodiscard]] territory::Withdraw withdraw_of(const wire::Withdraw& withdraw);

[[nodiscard]] wire::Load load_of(const host::Statistics& statistics, double cpu, bool draining);

/// `invalid_argument` with the field; `unavailable` for somebody new while draining.
[[nodiscard]] Result<host::JoinRequest> request_of(wire::JoinOffer offer, bool draining);
[[nodiscard]] wire::JoinAnswer answer_of(std::uint64_t request_id,
                                         const Result<host::Joined>& joined);

}  // namespace muster::uplink
