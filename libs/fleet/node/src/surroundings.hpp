#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "journal.hpp"
#include "muster/base/time.hpp"
#include "muster/node/timers.hpp"
#include "muster/node/v1/node.pb.h"
#include "muster/runtime/runtime.hpp"
#include "tasks.hpp"

namespace muster::node {

/// What a server on this node has around it. Lives as long as the node.
struct Surroundings {
    runtime::Runtime& runtime;
    const Clock& clock;
    Timers& timers;
    Tasks& tasks;
    Journal& journal;
    std::filesystem::path data_dir;
    std::string node_id;
    /// To the coordinator, when there is one; else it is dropped (results are in the journal).
    std::function<void(wire::FromNode)> send;
    std::function<void(const std::string& operation, Result<void>)> conclude;
    /// A call found that the engine does not answer.
    std::function<void()> engine_lost;
    std::function<void(const runtime::Instance&)> container_seen;

    bool stopping = false;
    Timestamp booted_at{};                       ///< the host
    std::optional<Timestamp> engine_away_since;  ///< the last time it went away

    [[nodiscard]] std::filesystem::path server_folder(const std::string& server) const {
        return data_dir / "servers" / server;
    }
    [[nodiscard]] std::filesystem::path data_folder(const std::string& name) const {
        return data_dir / "data" / name;
    }
};

}  // namespace muster::node
