#include "fleet.hpp"

#include <chrono>
#include <type_traits>
#include <variant>

#include "commands.hpp"
#include "muster/base/assert.hpp"
#include "muster/brain/records.hpp"
#include "recipe.hpp"

namespace muster::coordinator {

Fleet::Fleet(Ledger& ledger, Catalogue& catalogue, const Clock& clock, brain::Config config)
    : ledger_(ledger),
      catalogue_(catalogue),
      clock_(clock),
      state_(std::move(config), clock.now()) {}

Result<void> Fleet::load(store::Store& store) {
    const auto each = [&store](std::string_view kind, const auto& restore) -> Result<void> {
        auto records = store.load(kind);
        if (!records) return std::unexpected(records.error());
        for (const auto& record : *records) {
            if (auto read = restore(record); !read) {
                return fail(Errc::internal, "the store's record " + record.kind + "/" + record.id +
                                                " cannot be read: " + read.error().message);
            }
        }
        return {};
    };
    const auto put = [this](auto read) -> Result<void> {
        if (!read) return std::unexpected(read.error());
        state_.restore(*std::move(read));
        return {};
    };
    if (auto done = each("node", [&](const auto& r) { return put(brain::node_from_json(r.body)); });
        !done) {
        return done;
    }
    if (auto done =
            each("server", [&](const auto& r) { return put(brain::server_from_json(r.body)); });
        !done) {
        return done;
    }
    if (auto done = each("operation",
                         [&](const auto& r) { return put(brain::operation_from_json(r.body)); });
        !done) {
        return done;
    }
    return each("observed", [this](const store::Record& record) -> Result<void> {
        auto read = brain::observed_from_json(record.body);
        if (!read) return std::unexpected(read.error());
        state_.restore_observed(record.id, *std::move(read));
        return {};
    });
}

Result<void> Fleet::decide(const brain::Event& event) {
    const auto started = std::chrono::steady_clock::now();
    const auto actions = brain::decide(state_, event);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    ++counts_.decisions;
    counts_.seconds += took.count();
    if (actions.size() == 1) {
        if (const auto* reject = std::get_if<brain::Reject>(&actions.front())) {
            return std::unexpected(reject->error);
        }
    }
    for (const auto& action : actions) {
        if (const auto* change = std::get_if<brain::Persist>(&action)) persist(*change);
    }
    for (const auto& action : actions) {
        if (const auto* command = std::get_if<brain::SendCommand>(&action)) {
            send(*command);
        } else if (const auto* done = std::get_if<brain::AcknowledgeResult>(&action)) {
            wire::ToNode message;
            message.mutable_acknowledge()->set_operation_id(done->operation_id);
            deliver(done->node_id, done->session, std::move(message));
        } else if (const auto* ask = std::get_if<brain::AskInventory>(&action)) {
            wire::ToNode message;
            message.mutable_ask_inventory();
            deliver(ask->node_id, ask->session, std::move(message));
        } else if (const auto* news = std::get_if<brain::Publish>(&action)) {
            publish(*news);
        }
    }
    return {};
}

void Fleet::persist(const brain::Persist& action) {
    std::string kind(brain::name_of(action.subject));
    if (action.erase) {
        ledger_.erase(std::move(kind), action.id);
        return;
    }
    std::string body;
    if (action.subject == brain::Subject::node) {
        if (const auto* node = state_.node(action.id)) body = brain::to_json(*node);
    } else if (action.subject == brain::Subject::operation) {
        if (const auto* operation = state_.operation(action.id)) body = brain::to_json(*operation);
    } else if (const auto* server = state_.server(action.id)) {
        body = action.subject == brain::Subject::observed ? brain::to_json(server->observed)
                                                          : brain::to_json(*server);
    }
    MUSTER_ASSERT(!body.empty());
    ledger_.put(std::move(kind), action.id, std::move(body));
}

void Fleet::send(const brain::SendCommand& action) {
    ++counts_.commands;
    auto command = command_of(action, state_, catalogue_);
    if (!command) {
        // Nothing was sent, so nobody but we can say how it ended.
        brain::OperationFinished finished;
        finished.node_id = action.node_id;
        finished.session = action.session;
        finished.operation_id = action.operation_id;
        finished.error = command.error();
        ledger_.after_commit([this, finished] { static_cast<void>(tell(finished)); });
        return;
    }
    wire::ToNode message;
    *message.mutable_command() = *std::move(command);
    deliver(action.node_id, action.session, std::move(message));
}

void Fleet::deliver(const std::string& node_id, std::uint64_t session, wire::ToNode message) {
    ledger_.after_commit([this, node_id, session, message = std::move(message)]() mutable {
        if (send_) send_(node_id, session, std::move(message));
    });
}

void Fleet::publish(const brain::Publish& action) {
    ledger_.after_commit([this, action] {
        if (listen_) listen_(action.subject, action.id, action.gone);
    });
}

}  // namespace muster::coordinator
