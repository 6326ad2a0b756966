#pragma once

#include <memory>

#include "link_sim.hpp"

namespace muster::sctp::sim {

/// An association of usrsctp, the oracle, behind the same face as ours. usrsctp is one for the
/// whole process and has no deadlines: its clock goes on by what the ends are told, in steps of
/// 10 ms, and what it takes for the time of day with it (it resends only what is old enough by
/// that). One thread; not two links at once.
/// One that listens only answers; another may also connect, and answers then, too.
[[nodiscard]] std::unique_ptr<End> make_usrsctp_end(bool listens = false);

}  // namespace muster::sctp::sim
