#include "convert.hpp"
#include "host.hpp"

// Commands on containers and images that are no servers of ours: passed on as they are.
namespace muster::node {

using std::chrono::seconds;

asio::awaitable<void> Host::power_container(Host* self, wire::Command command,
                                            std::optional<Timestamp> resumed) {
    const wire::ContainerPower& wanted = command.container_power();
    const auto power = power_of(wanted.kind());
    if (!power) {
        self->conclude(command.operation_id(),
                       fail(Errc::invalid_argument, "there is no such power command", "kind"));
        co_return;
    }
    runtime::Instances& instances = self->around_.runtime.instances();
    runtime::Instances::PowerRequest request;
    request.power = *power;
    if (wanted.grace_seconds() > 0) request.grace = seconds(wanted.grace_seconds());
    if (resumed && *power == runtime::Power::restart) {
        const auto now = co_await instances.inspect(wanted.container_id());
        // A run that began after the command is the one that it asked for.
        if (now && now->started_at && *now->started_at >= *resumed) {
            request.power = runtime::Power::start;
        }
    }
    const auto done = co_await instances.power(wanted.container_id(), std::move(request));
    self->conclude(command.operation_id(), done);
}

asio::awaitable<void> Host::remove_container(Host* self, wire::Command command) {
    const std::string id = command.remove_container().container_id();
    runtime::Instances& instances = self->around_.runtime.instances();
    Result<void> done;
    if (self->server_of_container(id)) {
        done = fail(Errc::conflict, "the container belongs to a server; remove the server",
                    "container_id");
    } else {
        const auto there = co_await instances.inspect(id);
        const bool runs = there && life_of(there->phase) != lifecycle::Life::standing;
        if (!there && there.error().code != Errc::not_found) {
            done = std::unexpected(there.error());
        } else if (runs && !command.remove_container().force()) {
            done = fail(Errc::conflict, "the container runs; stop it first, or use force",
                        "container_id");
        } else if (there) {
            done = co_await instances.remove(id);
        }
    }
    self->conclude(command.operation_id(), done);
}

asio::awaitable<void> Host::pull_image(Host* self, wire::Command command) {
    auto stream = co_await self->around_.runtime.artifacts().pull(command.pull().image());
    if (!stream) {
        self->conclude(command.operation_id(), std::unexpected(stream.error()));
        co_return;
    }
    Timestamp told{};
    Result<void> done;
    while (!self->stopped_) {
        const auto news = co_await (*stream)->next();
        if (!news) {
            done = std::unexpected(news.error());
            break;
        }
        if (!*news) break;
        const Timestamp now = self->around_.clock.now();
        if (now - told < milliseconds(250)) continue;
        told = now;
        const double total = static_cast<double>((*news)->total_bytes);
        wire::FromNode message;
        wire::OperationProgress& progress = *message.mutable_progress();
        progress.set_operation_id(command.operation_id());
        progress.set_step("fetching the image");
        progress.set_fraction(total > 0 ? static_cast<double>((*news)->done_bytes) / total : -1);
        progress.set_detail((*news)->status);
        self->around_.send(std::move(message));
    }
    self->conclude(command.operation_id(), done);
}

}  // namespace muster::node
