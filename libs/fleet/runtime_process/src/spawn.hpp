#pragma once

#include <sys/types.h>

#include "store.hpp"

namespace muster::runtime_process {

/// A process that was started, with the near ends of its pipes. With a terminal `out` is the
/// terminal, `in` a copy of it, and `err` none.
struct Spawned {
    pid_t pid = -1;
    UniqueFd pidfd;
    UniqueFd in;
    UniqueFd out;
    UniqueFd err;
};

/// Starts an instance's program as the first of new namespaces; returns once it was executed. The
/// caller must have one thread only.
[[nodiscard]] Result<Spawned> spawn_program(const Store& store, const Record& record);

/// Starts a command in the namespaces of a program that runs, with the same limits.
[[nodiscard]] Result<Spawned> spawn_exec(const Store& store, const Record& record,
                                         int program_pidfd, const runtime::ExecSpec& spec);

/// Of a signal such as "SIGINT", "TERM" or "15"; nullopt for what is none.
[[nodiscard]] std::optional<int> signal_number(const std::string& name);

}  // namespace muster::runtime_process
