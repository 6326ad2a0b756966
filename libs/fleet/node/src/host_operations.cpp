#include <algorithm>

#include "convert.hpp"
#include "host.hpp"
#include "muster/base/file.hpp"
#include "safe_folder.hpp"

// Commands: accepted once each, kept, carried out in order for each server, several at a time.
namespace muster::node {

using std::chrono::seconds;

namespace {

constexpr seconds deploy_deadline{3'600};
constexpr seconds other_deadline{900};

std::string lane_of_server(const std::string& id) {
    return "server " + id;
}

bool is_kill(const wire::Command& command) {
    return (command.has_power() && command.power().kind() == wire::KILL) ||
           (command.has_container_power() && command.container_power().kind() == wire::KILL);
}

}  // namespace

Result<void> Host::admit(const wire::Command& command) const {
    if (command.action_case() == wire::Command::ACTION_NOT_SET) {
        return fail(Errc::unsupported, "this node does not know such a command", "action");
    }
    if (pending_.size() >= operations_waiting_max && !is_kill(command)) {
        return fail(Errc::exhausted, "too many operations wait on this node");
    }
    const bool about_server = command.has_deploy() || command.has_power() || command.has_remove();
    if (!about_server) return {};
    if (!is_folder_name(command.server_id())) {
        return fail(Errc::invalid_argument, "the server's id cannot be used", "server_id");
    }
    const auto server = find(command.server_id());
    if (server && command.generation() < server->generation) {
        return fail(Errc::conflict,
                    "the command is of generation " + std::to_string(command.generation()) +
                        ", the node knows " + std::to_string(server->generation) + " already",
                    "generation");
    }
    if (command.has_power() && !server) {
        // It may be on its way: a deploy that waits before it in the lane.
        if (!lanes_.contains(lane_of_server(command.server_id()))) {
            return fail(Errc::not_found, "there is no server " + command.server_id() + " here",
                        "server_id");
        }
    }
    if (command.has_deploy()) {
        if (!server && servers_.size() >= servers_max) {
            return fail(Errc::exhausted, "this node has its most servers");
        }
        const wire::ServerSpec& spec = command.deploy().spec();
        for (const auto& [id, other] : servers_) {
            if (id != command.server_id() && !spec.data_name().empty() &&
                other->data_name() == spec.data_name()) {
                return fail(Errc::conflict, "the data is used by the server " + id, "data_name");
            }
        }
        return check(spec);
    }
    return {};
}

void Host::command(wire::Command command) {
    if (stopped_) return;
    const std::string operation = command.operation_id();
    if (operation.empty() || operation.size() > 128) return;
    if (const Operation* known = journal_.find(operation)) {
        // Repeated: what is under way goes on, and what is over is told again.
        if (known->result) {
            wire::FromNode message;
            *message.mutable_result() = *known->result;
            around_.send(std::move(message));
        }
        return;
    }
    if (auto admitted = admit(command); !admitted) {
        refuse(operation, admitted.error());
        return;
    }
    const Timestamp now = around_.clock.now();
    if (auto kept = journal_.begin(command, now); !kept) {
        // Not even the refusal can be kept; nothing has been done, so it may come again.
        wire::FromNode message;
        *message.mutable_result() = to_wire(operation, std::unexpected(kept.error()));
        around_.send(std::move(message));
        return;
    }
    enqueue(std::move(command), now, false);
}

void Host::refuse(const std::string& operation, const Error& why) {
    conclude(operation, std::unexpected(why));
}

std::shared_ptr<Server> Host::server_of_container(const std::string& container) const {
    for (const auto& [id, server] : servers_) {
        if (container == server->instance_name()) return server;
    }
    const auto found = containers_.find(container);
    if (found == containers_.end()) return nullptr;
    const auto& labels = found->second.labels();
    const auto fleet = labels.find(std::string(label_fleet));
    const auto server = labels.find(std::string(label_server));
    if (fleet == labels.end() || server == labels.end()) return nullptr;
    if (fleet->second != options_.node_id) return nullptr;
    return find(server->second);
}

std::string Host::lane_of(const wire::Command& command) const {
    switch (command.action_case()) {
        case wire::Command::kContainerPower: {
            const std::string& id = command.container_power().container_id();
            const auto server = server_of_container(id);
            return server ? lane_of_server(server->id()) : "container " + id;
        }
        case wire::Command::kRemoveContainer:
            return "container " + command.remove_container().container_id();
        case wire::Command::kPull:
            return "image " + command.pull().image();
        default:
            return lane_of_server(command.server_id());
    }
}

void Host::enqueue(wire::Command command, Timestamp begun, bool resumed) {
    const std::string operation = command.operation_id();
    const bool kill = is_kill(command);
    Pending pending;
    pending.begun = begun;
    pending.resumed = resumed;
    pending.kill = kill;
    pending.lane = lane_of(command);
    const bool long_one = command.has_deploy() || command.has_pull() || command.has_remove();
    seconds deadline = long_one ? deploy_deadline : other_deadline;
    if (command.deadline_seconds() > 0) deadline = seconds(command.deadline_seconds());
    pending.deadline =
        around_.timers.after(deadline, [this, operation] { deadline_over(operation); });
    pending.command = std::move(command);
    const std::string lane = pending.lane;
    if (const auto server = find(pending.command.server_id())) {
        server->generation = std::max(server->generation, pending.command.generation());
    }
    pending_[operation] = std::move(pending);
    if (kill) {
        kill_lane(lane, operation);
        return;
    }
    lanes_[lane].waiting.push_back(operation);
    run_lanes();
}

// A kill waits for nothing, and what waited for the server is called off by it.
void Host::kill_lane(const std::string& lane, const std::string& operation) {
    ++lanes_[lane].kills;
    for (const std::string& waiting : std::exchange(lanes_[lane].waiting, {})) {
        conclude(waiting, fail(Errc::cancelled, "the server was killed meanwhile"));
    }
    run(pending_.at(operation));
}

void Host::run_lanes() {
    // Before the engine has answered once it is not known what was done of an operation already.
    if (laning_ || stopped_ || !engine_seen_) return;
    laning_ = true;
    for (bool again = true; again;) {
        again = false;
        std::vector<std::string> names;
        for (const auto& [name, lane] : lanes_) names.push_back(name);
        for (const std::string& name : names) {
            const auto found = lanes_.find(name);
            if (found == lanes_.end()) continue;
            Lane& lane = found->second;
            if (lane.kills > 0) continue;
            if (lane.running.empty() && lane.waiting.empty()) {
                lanes_.erase(found);
                continue;
            }
            if (!lane.running.empty() || running_ >= options_.operations_max) continue;
            lane.running = lane.waiting.front();
            lane.waiting.pop_front();
            ++running_;
            again = true;
            run(pending_.at(lane.running));
        }
    }
    laning_ = false;
}

void Host::run(Pending& pending) {
    const wire::Command command = pending.command;
    const std::string& operation = command.operation_id();
    const auto resumed = pending.resumed ? std::optional(pending.begun) : std::nullopt;
    const auto server = find(command.server_id());
    switch (command.action_case()) {
        case wire::Command::kDeploy:
            deploy(pending);
            return;
        case wire::Command::kPower:
            power_server(pending, server, command.power().kind());
            return;
        case wire::Command::kRemove:
            if (server) {
                server->remove(operation, command.remove().with_data());
            } else {
                conclude(operation, {});  // it is gone, which is what was asked
            }
            return;
        case wire::Command::kContainerPower: {
            const auto owner = server_of_container(command.container_power().container_id());
            if (owner) {
                power_server(pending, owner, command.container_power().kind());
            } else {
                tasks_.spawn(power_container(this, command, resumed));
            }
            return;
        }
        case wire::Command::kPull:
            tasks_.spawn(pull_image(this, command));
            return;
        case wire::Command::kRemoveContainer:
            tasks_.spawn(remove_container(this, command));
            return;
        case wire::Command::ACTION_NOT_SET:
            break;
    }
    conclude(operation, fail(Errc::unsupported, "this node does not know such a command"));
}

void Host::power_server(Pending& pending, const std::shared_ptr<Server>& server,
                        wire::PowerKind kind) {
    const std::string operation = pending.command.operation_id();
    if (!server) {
        conclude(operation, fail(Errc::not_found, "there is no such server here", "server_id"));
        return;
    }
    server->power(operation, kind, pending.resumed ? std::optional(pending.begun) : std::nullopt);
}

void Host::deploy(Pending& pending) {
    const std::string operation = pending.command.operation_id();
    const std::string id = pending.command.server_id();
    auto server = find(id);
    wire::Command stored;
    if (pending.resumed && server && server->deploy_command().operation_id() == operation) {
        stored = server->deploy_command();
    } else {
        auto chosen = with_ports(pending.command);
        if (!chosen) {
            conclude(operation, std::unexpected(chosen.error()));
            return;
        }
        stored = std::move(*chosen);
        const std::filesystem::path folder = around_.server_folder(id);
        auto kept = make_folder(folder, 0700);
        if (kept) kept = write_file(folder / "spec", stored.SerializeAsString(), 0600);
        if (!kept) {
            conclude(operation, kept);
            return;
        }
    }
    if (!server) {
        server = std::make_shared<Server>(around_, stored, std::nullopt);
        servers_[id] = server;
        if (engine_) server->feed(lifecycle::event::EngineBack{});
        // What stands there from before, if anything, is looked at before it is used (create).
    }
    server->generation = std::max(server->generation, stored.generation());
    server->deploy(std::move(stored), pending.resumed);
}

Result<wire::Command> Host::with_ports(wire::Command command) const {
    wire::ServerSpec& spec = *command.mutable_deploy()->mutable_spec();
    const auto before = find(command.server_id());
    std::set<HostPort> taken;
    for (const auto& [id, server] : servers_) {
        if (server == before) continue;
        for (const auto& port : ports_of(server->spec()))
            taken.insert({port.outside, port.protocol});
    }
    for (const auto& [id, container] : containers_) {
        if (before && container.name() == before->instance_name()) continue;
        for (const wire::Port& port : container.ports()) {
            taken.insert(
                {static_cast<std::uint16_t>(port.outside()),
                 port.protocol() == "udp" ? runtime::Protocol::udp : runtime::Protocol::tcp});
        }
    }
    if (before) {
        // It keeps the numbers that players know.
        for (wire::Port& port : *spec.mutable_ports()) {
            for (const wire::Port& old : before->spec().ports()) {
                if (port.outside() == 0 && old.name() == port.name() &&
                    old.inside() == port.inside() && old.protocol() == port.protocol()) {
                    port.set_outside(old.outside());
                }
            }
        }
    }
    auto ports = ports_of(spec);
    auto chosen = choose_ports(ports, options_.port_first, options_.port_last, taken);
    if (!chosen) return std::unexpected(chosen.error());
    spec.clear_ports();
    put_ports(ports, *spec.mutable_ports());
    return command;
}

void Host::deadline_over(const std::string& operation) {
    const auto found = pending_.find(operation);
    if (found == pending_.end()) return;
    const Error why{Errc::timeout, "the operation took longer than its deadline", ""};
    const auto lane = lanes_.find(found->second.lane);
    if (lane != lanes_.end() && std::erase(lane->second.waiting, operation) > 0) {
        conclude(operation, std::unexpected(why));
        return;
    }
    for (const auto& [id, server] : servers_) server->call_off(operation, why);
}

void Host::conclude(const std::string& operation, const Result<void>& result) {
    if (stopped_) return;
    wire::FromNode message;
    *message.mutable_result() = to_wire(operation, result);
    if (auto kept = journal_.finish(message.result()); !kept) {
        options_.log("the end of an operation cannot be kept: " + kept.error().message);
    }
    around_.send(std::move(message));
    const auto found = pending_.find(operation);
    if (found == pending_.end()) return;
    around_.timers.cancel(found->second.deadline);
    const std::string server = found->second.command.server_id();
    const auto lane = lanes_.find(found->second.lane);
    if (lane != lanes_.end() && lane->second.running == operation) {
        lane->second.running.clear();
        --running_;
    }
    if (lane != lanes_.end() && found->second.kill) --lane->second.kills;
    pending_.erase(found);
    if (const auto known = find(server); known && known->machine().removed) {
        known->stop();
        servers_.erase(server);
        journal_.forget(server);
    }
    run_lanes();
}

}  // namespace muster::node
