#include "simulation.hpp"

#include <algorithm>

#include "muster/brain/records.hpp"
#include "queue.hpp"

namespace muster::brain {

namespace {

Config small_config(std::uint64_t seed) {
    Config config;
    config.seed = seed;
    config.placement = seed % 2 == 0 ? PlacementPolicy::spread : PlacementPolicy::packed;
    config.running_per_node_max = 2;
    config.operations_kept_max = 40;
    return config;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, std::size_t steps, Disk kind)
    : chance_(seed), steps_(steps), state_(small_config(seed), now_), disk_kind_(kind) {
    const std::size_t count = 2 + chance_.below(4);
    for (std::size_t index = 0; index < count; ++index) {
        links_.emplace_back().node =
            std::make_unique<SimulatedNode>("node-" + std::to_string(index), summary_.violations);
    }
}

SimulationSummary Simulation::run() {
    for (std::size_t done = 0; done < steps_; ++done) {
        step();
        if (done % 8 == 0) {
            check();
        }
    }
    heal();
    check();
    check_at_rest();
    state_.each_operation([&](const Operation& operation) {
        summary_.succeeded += operation.state == OperationState::succeeded ? 1U : 0U;
    });
    return std::move(summary_);
}

void Simulation::step() {
    now_ += milliseconds(chance_.one_in(60) ? chance_.below(400'000) : chance_.below(2'000));
    if (chance_.one_in(3)) {
        ask();
    }
    for (Link& link : links_) {
        disturb(link);
        deliver(link);
        std::vector<SimulatedNode::Said> said;
        link.node->work(chance_, said);
        if (chance_.one_in(40)) {
            link.node->misfortune(chance_, said);
        }
        collect(link, said);
    }
    if (chance_.one_in(2)) {
        tell(Tick{});
    }
    if (chance_.one_in(80)) {
        crash();
    }
}

void Simulation::disturb(Link& link) {
    if (!link.is_up) {
        if (chance_.one_in(chance_.one_in(3) ? 40 : 6)) {
            connect(link);
        }
    } else if (chance_.one_in(30)) {
        cut(link);
    } else if (chance_.one_in(25)) {
        tell(NodeLostContact{link.node->id, link.node->session});
    } else if (!link.to_node.empty() && chance_.one_in(6)) {
        link.to_node.push_back(link.to_node.front());  // repeated, and late
    } else if (link.to_node.size() > 1 && chance_.one_in(4)) {
        std::swap(link.to_node.front(), link.to_node.back());
    } else if (!link.to_coordinator.empty() && chance_.one_in(6)) {
        // Results may come twice; what was observed comes in its order, as on a stream.
        if (std::holds_alternative<OperationFinished>(link.to_coordinator.front())) {
            link.to_coordinator.push_back(link.to_coordinator.front());
        }
    }
    if (link.told_end != 0 && chance_.one_in(4)) {
        tell(NodeSessionEnded{link.node->id, std::exchange(link.told_end, 0)});
    }
}

void Simulation::connect(Link& link) {
    link.node->session = ++sessions_;
    link.is_up = true;
    link.inventory_came = false;
    std::vector<SimulatedNode::Said> said;
    link.node->hello(said);
    collect(link, said);
}

void Simulation::cut(Link& link) {
    if (!std::exchange(link.is_up, false)) {
        return;
    }
    link.to_node.clear();
    link.to_coordinator.clear();
    link.told_end = link.node->session;
    ++summary_.broken_sessions;
}

void Simulation::collect(Link& link, std::vector<SimulatedNode::Said>& said) {
    if (link.is_up) {
        std::ranges::move(said, std::back_inserter(link.to_coordinator));
    }
}

void Simulation::deliver(Link& link) {
    while (link.is_up && !link.to_node.empty() && !(faults_ && chance_.one_in(4))) {
        const ToNode message = std::move(link.to_node.front());
        link.to_node.pop_front();
        std::vector<SimulatedNode::Said> said;
        if (const auto* sent = std::get_if<SentCommand>(&message.what)) {
            link.node->receive(*sent, said);
        } else if (const auto* done = std::get_if<AcknowledgeResult>(&message.what)) {
            link.node->acknowledged(done->operation_id);
        } else {
            said.emplace_back(link.node->inventory());
        }
        collect(link, said);
    }
    while (link.is_up && !link.to_coordinator.empty() && !(faults_ && chance_.one_in(4))) {
        auto what = std::move(link.to_coordinator.front());
        link.to_coordinator.pop_front();
        const bool is_inventory = std::holds_alternative<InventoryReported>(what);
        tell(std::move(what));  // may crash the coordinator, and then the link is down
        link.inventory_came = link.is_up && (link.inventory_came || is_inventory);
    }
}

void Simulation::tell(SimulatedNode::Said what) {
    ++summary_.decisions;
    const auto actions = decide(state_, {now_, std::move(what)});
    if (faults_ && chance_.one_in(400)) {
        crash();  // before anything is durable
        return;
    }
    persist(actions);
    if (faults_ && chance_.one_in(400)) {
        crash();  // durable, and nothing is sent
        return;
    }
    perform(actions);
}

Simulation::Kept Simulation::kept(const Persist& one) const {
    const bool as_json = disk_kind_ == Disk::json;
    switch (one.subject) {
        case Subject::node: {
            const Node& node = *state_.node(one.id);
            return as_json ? node_from_json(to_json(node)).value() : node;
        }
        case Subject::observed: {
            const Observed& observed = state_.server(one.id)->observed;
            return as_json ? observed_from_json(to_json(observed)).value() : observed;
        }
        case Subject::operation: {
            const Operation& operation = *state_.operation(one.id);
            return as_json ? operation_from_json(to_json(operation)).value() : operation;
        }
        case Subject::server:
            break;
    }
    Server server = *state_.server(one.id);
    server.observed = {};
    return as_json ? server_from_json(to_json(server)).value() : server;
}

void Simulation::persist(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        if (const auto* one = std::get_if<Persist>(&action); one != nullptr) {
            if (one->erase) {
                disk_.erase({one->subject, one->id});
            } else {
                disk_.insert_or_assign({one->subject, one->id}, kept(*one));
            }
        }
    }
}

void Simulation::perform(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        const auto link_of = [&](const std::string& id, std::uint64_t session) -> Link* {
            for (Link& link : links_) {
                if (link.node->id == id && link.is_up && link.node->session == session) {
                    return &link;
                }
            }
            return nullptr;
        };
        if (const auto* command = std::get_if<SendCommand>(&action)) {
            send(*command);
        } else if (const auto* done = std::get_if<AcknowledgeResult>(&action)) {
            if (Link* link = link_of(done->node_id, done->session)) {
                link->to_node.push_back({done->session, *done});
            }
        } else if (const auto* asked = std::get_if<AskInventory>(&action)) {
            if (Link* link = link_of(asked->node_id, asked->session)) {
                link->to_node.push_back({asked->session, *asked});
            }
        }
    }
}

void Simulation::send(const SendCommand& command) {
    const Operation& operation = *state_.operation(command.operation_id);
    const auto asked = asked_.find(command.operation_id);
    if (asked == asked_.end() || asked->second != operation.kind) {
        complain(command.operation_id + " is sent and nobody asked for it");
    }
    if (!sent_in_.emplace(command.session, command.operation_id).second) {
        complain(command.operation_id + " is sent twice in a session");
    }
    const auto [generation, is_first] =
        generation_of_.try_emplace(command.operation_id, command.generation);
    if (!is_first && generation->second != command.generation) {
        complain(command.operation_id + " is sent again with another generation");
    }
    SentCommand sent{command, operation.kind, {}};
    if (const Server* server = state_.server(command.server_id); server != nullptr) {
        sent.ports = server->ports;
    }
    for (Link& link : links_) {
        if (link.node->id == command.node_id && link.is_up &&
            link.node->session == command.session) {
            link.to_node.push_back({command.session, std::move(sent)});
            return;
        }
    }
}

void Simulation::crash() {
    ++summary_.coordinator_crashes;
    state_ = State(state_.config(), now_);
    for (const auto& [key, record] : disk_) {
        if (const auto* observed = std::get_if<Observed>(&record)) {
            state_.restore_observed(key.second, *observed);
        } else if (const auto* node = std::get_if<Node>(&record)) {
            state_.restore(*node);
        } else if (const auto* server = std::get_if<Server>(&record)) {
            state_.restore(*server);
        } else {
            state_.restore(std::get<Operation>(record));
        }
    }
    for (Link& link : links_) {
        cut(link);
        link.told_end = 0;  // the new coordinator has no session to end
    }
}

std::string Simulation::some_server() {
    return "server-" + std::to_string(chance_.below(12));
}

std::string Simulation::new_operation(OperationKind kind) {
    ++summary_.asked;
    std::string id = "op-" + std::to_string(++ids_);
    asked_[id] = kind;
    return id;
}

void Simulation::ask() {
    const std::string server = some_server();
    if (state_.server(server) == nullptr) {
        ServerSpec spec;
        spec.name = server;
        spec.memory_bytes = static_cast<std::int64_t>(chance_.below(3'000));
        spec.ports.push_back(
            {"game", 1, 0, chance_.one_in(3) ? Protocol::both : Protocol::udp, chance_.one_in(4)});
        if (chance_.one_in(2)) {
            spec.ports.back().preferred = {30'001, 30'002, 1};
        }
        if (chance_.one_in(3)) {
            spec.ports.push_back({"query", 2, 30'001, Protocol::udp, false});
        }
        const auto id = new_operation(OperationKind::deploy);
        // Ids of servers are never used again in the real fleet; here each is one life of a name.
        tell(DeployServer{id, server, spec, chance_.one_in(2), "ann"});
        return;
    }
    switch (chance_.below(12)) {
        case 0: {
            const auto id = new_operation(OperationKind::remove);
            tell(RemoveServer{id, server, chance_.one_in(2), "ann"});
            break;
        }
        case 1: {
            const auto id = new_operation(OperationKind::update);
            tell(UpdateServer{id, server, "ann"});
            break;
        }
        case 2: {
            ServerSpec spec = state_.server(server)->spec;
            spec.memory_bytes = static_cast<std::int64_t>(chance_.below(3'000));
            tell(ChangeServer{server, spec, chance_.one_in(2)});
            break;
        }
        case 3:
            if (ids_ > 0) {
                tell(CancelOperation{"op-" + std::to_string(1 + chance_.below(ids_))});
            }
            break;
        case 4: {
            CommandNode command;
            command.kind = chance_.one_in(2) ? OperationKind::pull : OperationKind::container_kill;
            command.operation_id = new_operation(command.kind);
            command.node_id = links_[chance_.below(links_.size())].node->id;
            command.image = "image";
            command.container_id = "container";
            tell(command);
            break;
        }
        case 5: {
            ChangeNode change;
            change.node_id = links_[chance_.below(links_.size())].node->id;
            change.cordoned = chance_.one_in(3);
            tell(change);
            break;
        }
        default:
            ask_power(server);
    }
}

void Simulation::ask_power(const std::string& server) {
    const auto kind = static_cast<OperationKind>(static_cast<int>(OperationKind::start) +
                                                 static_cast<int>(chance_.below(6)));
    const std::string id = new_operation(kind);
    tell(PowerServer{id, server, kind, "ann"});
    const Operation* operation = state_.operation(id);
    if (kind != OperationKind::kill || operation == nullptr) {
        return;
    }
    for (const Link& link : links_) {
        const Node* node = state_.node(link.node->id);
        if (link.node->id == operation->node_id && link.is_up && link.inventory_came &&
            node != nullptr && node->connected && operation->state == OperationState::queued) {
            complain(id + ", a kill, is held up");
        }
    }
}

void Simulation::check() {
    std::map<std::string, std::size_t> by_server;
    std::map<std::string, std::size_t> by_node;
    state_.each_operation([&](const Operation& operation) {
        if (operation.state == OperationState::running && !is_kill(operation.kind)) {
            ++by_node[operation.node_id];
            if (!operation.server_id.empty() && ++by_server[operation.server_id] > 1) {
                complain("two operations run for " + operation.server_id);
            }
        }
    });
    for (const auto& [node, count] : by_node) {
        if (count > state_.config().running_per_node_max) {
            complain(std::to_string(count) + " operations run on " + node);
        }
    }
    std::set<std::tuple<std::string, std::uint16_t, Protocol>> given;
    state_.each_server([&](const Server& server) {
        for (const GivenPort& port : server.ports) {
            if (!given.emplace(server.node_id, port.outside, port.protocol).second) {
                complain("port " + std::to_string(port.outside) + " of " + server.node_id +
                         " is given twice");
            }
        }
    });
}

void Simulation::heal() {
    faults_ = false;
    for (Link& link : links_) {
        if (!link.is_up) {
            connect(link);
        }
        ChangeNode change;
        change.node_id = link.node->id;
        change.cordoned = false;
        deliver(link);
        tell(change);
    }
    for (int turn = 0; turn < 2'000; ++turn) {
        now_ += milliseconds(500);
        bool is_quiet = true;
        for (Link& link : links_) {
            tell(NodeSeen{link.node->id, link.node->session});
            std::vector<SimulatedNode::Said> said;
            link.node->work(chance_, said);
            collect(link, said);
            deliver(link);
            is_quiet = is_quiet && link.node->is_idle() && link.to_node.empty();
        }
        tell(Tick{});
        if (is_quiet && turn > 40) {
            return;
        }
    }
}

void Simulation::check_at_rest() {
    state_.each_operation([&](const Operation& operation) {
        const bool waits = operation.state == OperationState::queued &&
                           state_.server(operation.server_id) != nullptr &&
                           state_.server(operation.server_id)->node_id.empty();
        if (!is_final(operation.state) && !waits) {
            complain(operation.id + " (" + std::string(name_of(operation.kind)) + ") is stuck " +
                     std::string(name_of(operation.state)));
        }
        const Operation* first = state_.current_operation(operation.server_id);
        if (waits && first != nullptr && first->detail.empty()) {
            complain(first->id + " waits and does not say why");
        }
    });
    std::map<std::string, std::map<std::string, Observed>> believed;
    state_.each_server([&](const Server& server) {
        if (server.observed.generation != 0) {
            believed[server.node_id][server.id] = server.observed;
        }
    });
    for (const Link& link : links_) {
        if (!link.node->is_idle()) {
            complain(link.node->id + " still remembers operations");
        }
        if (believed[link.node->id] != link.node->servers()) {
            complain("what is on " + link.node->id + " is not what is believed");
        }
    }
}

}  // namespace muster::brain
