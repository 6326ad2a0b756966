#include "commands.hpp"

#include "muster/base/assert.hpp"
#include "recipe.hpp"

namespace muster::coordinator {
namespace {

/// Long enough for an image of many gigabytes over a slow line; the node gives up then.
constexpr std::uint32_t long_deadline_seconds = 6 * 3600;
constexpr std::uint32_t short_deadline_seconds = 1800;

Result<void> add_deploy(wire::Command& out, const brain::SendCommand& action,
                        const brain::State& state, const Catalogue& catalogue) {
    const auto* server = state.server(action.server_id);
    if (server == nullptr) return fail(Errc::not_found, "the server is gone");
    auto recipe = Recipe::parse(server->spec.details);
    if (!recipe) return std::unexpected(recipe.error());
    const auto game = catalogue.pinned(recipe->digest);
    if (!game) return fail(Errc::internal, "the server's game is not in the store");
    const auto* node = state.node(server->node_id);
    auto specified = specification(*recipe, *server, *game,
                                   node == nullptr ? std::string() : node->facts.address);
    if (!specified) return std::unexpected(specified.error());
    if (action.pull_always) specified->set_pull("always");
    *out.mutable_deploy()->mutable_spec() = *std::move(specified);
    out.mutable_deploy()->set_start(action.start);
    out.set_deadline_seconds(long_deadline_seconds);
    return {};
}

}  // namespace

wire::PowerKind power_of(brain::OperationKind kind) {
    using Kind = brain::OperationKind;
    switch (kind) {
        case Kind::start:
        case Kind::container_start:
            return wire::START;
        case Kind::stop:
        case Kind::container_stop:
            return wire::STOP;
        case Kind::restart:
        case Kind::container_restart:
            return wire::RESTART;
        case Kind::kill:
        case Kind::container_kill:
            return wire::KILL;
        case Kind::pause:
        case Kind::container_pause:
            return wire::PAUSE;
        case Kind::unpause:
        case Kind::container_unpause:
            return wire::UNPAUSE;
        default:
            return wire::POWER_UNSPECIFIED;
    }
}

Result<wire::Command> command_of(const brain::SendCommand& action, const brain::State& state,
                                 const Catalogue& catalogue) {
    const auto* operation = state.operation(action.operation_id);
    MUSTER_ASSERT(operation != nullptr);
    wire::Command out;
    out.set_operation_id(action.operation_id);
    out.set_server_id(action.server_id);
    out.set_generation(action.generation);
    out.set_deadline_seconds(short_deadline_seconds);
    switch (action.kind) {
        case brain::CommandKind::deploy:
            if (auto added = add_deploy(out, action, state, catalogue); !added) {
                return std::unexpected(added.error());
            }
            break;
        case brain::CommandKind::power:
            out.mutable_power()->set_kind(power_of(operation->kind));
            break;
        case brain::CommandKind::remove:
            out.mutable_remove()->set_with_data(operation->with_data);
            break;
        case brain::CommandKind::container_power:
            out.mutable_container_power()->set_container_id(operation->container_id);
            out.mutable_container_power()->set_kind(power_of(operation->kind));
            out.mutable_container_power()->set_grace_seconds(operation->grace_seconds);
            break;
        case brain::CommandKind::container_remove:
            out.mutable_remove_container()->set_container_id(operation->container_id);
            out.mutable_remove_container()->set_force(operation->force);
            break;
        case brain::CommandKind::pull:
            out.mutable_pull()->set_image(operation->image);
            out.set_deadline_seconds(long_deadline_seconds);
            break;
    }
    return out;
}

}  // namespace muster::coordinator
