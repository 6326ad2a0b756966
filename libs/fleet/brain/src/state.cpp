#include "muster/brain/state.hpp"

#include <utility>

#include "state_impl.hpp"

namespace muster::brain {

State::State(Config config, Timestamp now) : impl_(std::make_unique<Impl>()) {
    impl_->config = config;
    impl_->started_at = now;
}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

void State::restore(Node node) {
    auto entry = std::make_unique<NodeEntry>();
    std::string id = node.id;
    node.connected = false;
    node.session = 0;
    entry->node = std::move(node);
    impl_->nodes.try_emplace(std::move(id), std::move(entry));
    impl_->bound = false;
}

void State::restore(Server server) {
    auto entry = std::make_unique<ServerEntry>();
    std::string id = server.id;
    Observed before;  // restore_observed() may have come first
    if (const ServerEntry* known = Impl::find(impl_->servers, id); known != nullptr) {
        if (known->server.generation != 0 || !known->server.spec.name.empty()) {
            return;
        }
        before = known->server.observed;
        impl_->servers.erase(id);
    }
    entry->server = std::move(server);
    if (before != Observed{}) {
        entry->server.observed = std::move(before);
    }
    impl_->servers.try_emplace(std::move(id), std::move(entry));
    impl_->bound = false;
}

void State::restore_observed(std::string server_id, Observed observed) {
    auto& entry = impl_->servers[std::move(server_id)];
    if (!entry) {
        entry = std::make_unique<ServerEntry>();
    }
    entry->server.observed = std::move(observed);
    impl_->bound = false;
}

void State::restore(Operation operation) {
    auto entry = std::make_unique<OperationEntry>();
    std::string id = operation.id;
    operation.sent_session = 0;
    entry->operation = std::move(operation);
    impl_->operations.try_emplace(std::move(id), std::move(entry));
    impl_->bound = false;
}

const Config& State::config() const {
    return impl_->config;
}

const Node* State::node(std::string_view id) const {
    const NodeEntry* entry = Impl::find(impl_->nodes, id);
    return entry != nullptr ? &entry->node : nullptr;
}

const Server* State::server(std::string_view id) const {
    const ServerEntry* entry = Impl::find(impl_->servers, id);
    return entry != nullptr ? &entry->server : nullptr;
}

const Operation* State::operation(std::string_view id) const {
    const OperationEntry* entry = Impl::find(impl_->operations, id);
    return entry != nullptr ? &entry->operation : nullptr;
}

std::size_t State::node_count() const {
    return impl_->nodes.size();
}
std::size_t State::server_count() const {
    return impl_->servers.size();
}
std::size_t State::operation_count() const {
    return impl_->operations.size();
}

void State::each_node(const std::function<void(const Node&)>& visit) const {
    for (const auto& [id, entry] : impl_->nodes) {
        visit(entry->node);
    }
}

void State::each_server(const std::function<void(const Server&)>& visit) const {
    for (const auto& [id, entry] : impl_->servers) {
        visit(entry->server);
    }
}

void State::each_operation(const std::function<void(const Operation&)>& visit) const {
    for (const auto& [id, entry] : impl_->operations) {
        visit(entry->operation);
    }
}

namespace {

const Operation* first_of(const ServerEntry& entry) {
    if (!entry.running.empty()) {
        return &entry.running.front()->operation;
    }
    if (!entry.kills.empty()) {
        return &entry.kills.front()->operation;
    }
    return entry.queue.empty() ? nullptr : &entry.queue.front()->operation;
}

bool is_out_of_sight(const NodeEntry& node) {
    return node.node.state != NodeState::online || node.stale;
}

}  // namespace

ServerState State::shown_state(const Server& server) const {
    const ServerEntry* entry = Impl::find(impl_->servers, server.id);
    if (entry == nullptr) {
        return server.observed.state;
    }
    const Operation* operation = first_of(*entry);
    if (entry->node == nullptr) {
        return operation != nullptr ? ServerState::waiting : ServerState::stopped;
    }
    if (is_out_of_sight(*entry->node)) {
        return ServerState::unknown;
    }
    if (operation != nullptr && operation->kind == OperationKind::remove &&
        operation->state == OperationState::running) {
        return ServerState::removing;
    }
    if (server.observed.generation == 0 && server.observed.state == ServerState::unknown) {
        return operation != nullptr ? ServerState::creating : ServerState::stopped;
    }
    return server.observed.state;
}

std::string State::shown_reason(const Server& server) const {
    const ServerEntry* entry = Impl::find(impl_->servers, server.id);
    if (entry == nullptr) {
        return server.observed.reason;
    }
    const Operation* operation = first_of(*entry);
    if (entry->node == nullptr) {
        return operation != nullptr ? operation->detail : "it was never placed on a node";
    }
    if (entry->node->node.state == NodeState::revoked) {
        return "its node was revoked; it can only be removed";
    }
    if (is_out_of_sight(*entry->node)) {
        return "its node is out of contact";
    }
    return server.observed.reason;
}

const Operation* State::current_operation(std::string_view server_id) const {
    const ServerEntry* entry = Impl::find(impl_->servers, server_id);
    return entry != nullptr ? first_of(*entry) : nullptr;
}

std::size_t State::servers_on(std::string_view node_id) const {
    const NodeEntry* entry = Impl::find(impl_->nodes, node_id);
    return entry != nullptr ? entry->servers.size() : 0;
}

}  // namespace muster::brain
