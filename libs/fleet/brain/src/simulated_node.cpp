#include "simulated_node.hpp"

#include <algorithm>

#include "queue.hpp"

namespace muster::brain {

namespace {

bool runs(const Observed& observed) {
    return observed.state == ServerState::ready || observed.state == ServerState::paused;
}

}  // namespace

void SimulatedNode::say(std::vector<Said>& out, const std::string& server) const {
    ServerObserved said{id, session, server, {}, true};
    if (const auto found = servers_.find(server); found != servers_.end()) {
        said.observed = found->second;
        said.removed = false;
    }
    out.emplace_back(std::move(said));
}

void SimulatedNode::say_result(std::vector<Said>& out, const std::string& operation) const {
    out.emplace_back(OperationFinished{id, session, operation, log_.at(operation).error});
}

void SimulatedNode::receive(const SentCommand& sent, std::vector<Said>& out) {
    const std::string& operation = sent.command.operation_id;
    if (const auto known = log_.find(operation); known != log_.end()) {
        if (known->second.done) {
            say_result(out, operation);
        }
        return;
    }
    if (containers_done_.contains(operation)) {
        return;
    }
    const std::string& server = sent.command.server_id;
    if (!server.empty()) {
        std::uint64_t& seen = generation_seen_[server];
        if (sent.command.generation <= seen) {
            log_[operation] = {sent, true, Error{Errc::conflict, "it came too late", ""}};
            say_result(out, operation);
            return;
        }
        seen = sent.command.generation;
    }
    execute(sent);
    if (is_kill(sent.kind)) {  // at once, whatever runs
        apply(log_.at(operation), out);
    }
}

void SimulatedNode::execute(const SentCommand& sent) {
    const std::string& operation = sent.command.operation_id;
    if (!executed_.insert(operation).second) {
        complain(operation + " is executed twice");
    }
    for (const auto& [other, entry] : log_) {
        if (!entry.done && !sent.command.server_id.empty() &&
            entry.sent.command.server_id == sent.command.server_id && !is_kill(sent.kind) &&
            !is_kill(entry.sent.kind)) {
            complain(operation + " begins while " + other + " runs for the same server");
        }
    }
    log_[operation] = {sent, false, std::nullopt};
}

void SimulatedNode::deploy(const SentCommand& sent) {
    const std::string& server = sent.command.server_id;
    Observed& observed = servers_[server];
    if (runs(observed) && sent.kind == OperationKind::start) {
        complain(sent.command.operation_id + ", a start, stops " + server);
    }
    observed.generation = sent.command.generation;
    observed.ports = sent.ports;
    observed.state = sent.command.start ? ServerState::ready : ServerState::stopped;
    for (const auto& [other, its] : servers_) {
        for (const GivenPort& port : its.ports) {
            const auto same = [&](const GivenPort& one) {
                return one.outside == port.outside && one.protocol == port.protocol;
            };
            if (other != server && std::ranges::any_of(sent.ports, same)) {
                complain("port " + std::to_string(port.outside) + " was given to " + server +
                         " and " + other);
            }
        }
    }
}

void SimulatedNode::apply(Logged& entry, std::vector<Said>& out) {
    const SentCommand& sent = entry.sent;
    const std::string& server = sent.command.server_id;
    entry.done = true;
    const auto found = servers_.find(server);
    if (sent.command.kind == CommandKind::deploy) {
        deploy(sent);
    } else if (sent.command.kind == CommandKind::remove) {
        servers_.erase(server);
    } else if (sent.command.kind == CommandKind::power) {
        if (found == servers_.end()) {
            entry.error = Error{Errc::not_found, "there is no such server here", ""};
        } else {
            using enum OperationKind;
            found->second.state = sent.kind == stop || sent.kind == kill ? ServerState::stopped
                                  : sent.kind == pause                   ? ServerState::paused
                                                                         : ServerState::ready;
        }
    }
    if (!server.empty()) {
        say(out, server);
    }
    say_result(out, sent.command.operation_id);
}

void SimulatedNode::acknowledged(const std::string& operation_id) {
    const auto found = log_.find(operation_id);
    if (found == log_.end()) {
        return;
    }
    if (!found->second.done) {
        complain(operation_id + " is acknowledged before it ended");
        return;
    }
    if (found->second.sent.command.server_id.empty()) {
        containers_done_.insert(operation_id);
    }
    log_.erase(found);
}

void SimulatedNode::work(Chance& chance, std::vector<Said>& out) {
    for (auto& [operation, entry] : log_) {
        if (entry.done || !chance.one_in(3)) {
            continue;
        }
        if (chance.one_in(10)) {
            entry.done = true;
            entry.error = Error{Errc::internal, "it did not work", ""};
            say_result(out, operation);
        } else if (chance.one_in(4)) {
            out.emplace_back(OperationProgressed{id, session, operation, "working", 0.5, "half"});
        } else {
            apply(entry, out);
        }
    }
}

void SimulatedNode::misfortune(Chance& chance, std::vector<Said>& out) {
    if (servers_.empty()) {
        return;
    }
    auto at = servers_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(chance.below(servers_.size())));
    const std::string server = at->first;
    const auto busy = [&](const auto& one) {
        return !one.second.done && one.second.sent.command.server_id == server;
    };
    if (std::ranges::any_of(log_, busy)) {
        return;
    }
    if (chance.one_in(4)) {
        servers_.erase(at);
    } else {
        at->second.state = ServerState::crashed;
    }
    say(out, server);
}

void SimulatedNode::hello(std::vector<Said>& out) const {
    NodeFacts facts;
    facts.runtime = "docker";
    facts.memory_bytes = 8'000;
    facts.cpus = 4;
    facts.ports = {30'000, 30'015};
    out.emplace_back(NodeConnected{id, session, id, facts});
    out.emplace_back(inventory());
    for (const auto& [operation, entry] : log_) {
        if (entry.done) {
            say_result(out, operation);
        }
    }
}

InventoryReported SimulatedNode::inventory() const {
    InventoryReported report;
    report.node_id = id;
    report.session = session;
    for (const auto& [server, observed] : servers_) {
        report.servers.push_back({server, observed});
    }
    for (const auto& [operation, entry] : log_) {
        report.known_operations.push_back(operation);
    }
    report.busy_ports.push_back({30'003, Protocol::udp});
    return report;
}

}  // namespace muster::brain
