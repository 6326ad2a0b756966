#include <filesystem>

#include "convert.hpp"
#include "muster/base/file.hpp"
#include "safe_folder.hpp"
#include "server.hpp"

// How each call of the lifecycle is made. Every one may be repeated: after a crash of the node it
// is asked for again, and what is done already is found done.
namespace muster::node {

using lifecycle::Life;
namespace event = lifecycle::event;

namespace {

constexpr milliseconds progress_pause{250};
constexpr milliseconds death_pause{100};
constexpr int death_looks = 100;

std::string megabytes(std::int64_t bytes) {
    return std::to_string((bytes + 500'000) / 1'000'000);
}

}  // namespace

asio::awaitable<void> Server::carry_out(std::shared_ptr<Server> self, Call call,
                                        std::uint64_t ticket) {
    event::Done done;
    done.ticket = ticket;
    done.result = co_await self->make_call(call, ticket);
    if (self->stopped_) co_return;
    if (!done.result && done.result.error().code == Errc::unavailable) {
        const auto facts = co_await self->around_.runtime.facts();
        done.engine_gone = !facts && facts.error().code == Errc::unavailable;
    }
    const bool changes = call == Call::start || call == Call::kill || call == Call::pause ||
                         call == Call::unpause || call == Call::signal_stop;
    if (changes && !done.engine_gone) {
        const auto seen = co_await self->inspect();
        if (seen) {
            self->feed(event::Observed{*seen});
        } else if (seen.error().code == Errc::unavailable) {
            done.engine_gone = true;
        }
    }
    if (self->stopped_) co_return;
    ++self->epoch_;
    const bool gone = done.engine_gone;
    self->feed(std::move(done));
    if (gone) self->around_.engine_lost();
}

asio::awaitable<Result<void>> Server::make_call(Call call, std::uint64_t ticket) {
    switch (call) {
        case Call::pull:
            return pull(ticket);
        case Call::create:
            return create();
        case Call::start:
            return start();
        case Call::kill:
            return kill();
        case Call::pause:
            return power_call(runtime::Power::pause, "");
        case Call::unpause:
            return power_call(runtime::Power::unpause, "");
        case Call::remove:
            return remove_instance();
        case Call::remove_all:
            return remove_all();
        case Call::type_stop:
            return console_->write(spec().stop().console_command() + "\n");
        case Call::signal_stop: {
            const std::string& signal = spec().stop().signal();
            return power_call(runtime::Power::kill, signal.empty() ? "SIGTERM" : signal);
        }
        case Call::install:
            break;
    }
    return [](std::shared_ptr<Server> self) -> asio::awaitable<Result<void>> {
        co_return self->install();
    }(shared_from_this());
}

asio::awaitable<Result<void>> Server::pull(std::uint64_t ticket) {
    const std::string image = spec().image();
    const std::string policy = spec().pull();
    if (policy != "always") {
        const auto here = co_await around_.runtime.artifacts().has_image(image);
        if (!here) co_return std::unexpected(here.error());
        if (*here) co_return Result<void>();
        if (policy == "never") {
            co_return fail(Errc::not_found,
                           "the image " + image + " is not here, and is not to be fetched",
                           "image");
        }
    }
    auto stream = co_await around_.runtime.artifacts().pull(image);
    if (!stream) co_return std::unexpected(stream.error());
    pulls_[ticket] = stream->get();
    Result<void> outcome;
    Timestamp told{};
    while (!stopped_) {
        const auto news = co_await (*stream)->next();
        if (!news) {
            outcome = std::unexpected(news.error());
            break;
        }
        if (!*news) break;
        const Timestamp now = around_.clock.now();
        if (now - told < progress_pause) continue;
        told = now;
        const runtime::PullProgress& at = **news;
        const bool known = at.total_bytes > 0;
        const double fraction =
            known ? static_cast<double>(at.done_bytes) / static_cast<double>(at.total_bytes) : -1;
        progress("fetching the image", fraction,
                 known ? megabytes(at.done_bytes) + " of " + megabytes(at.total_bytes) + " MB"
                       : at.status);
    }
    pulls_.erase(ticket);
    co_return outcome;
}

Result<void> Server::install() {
    const std::filesystem::path data = around_.data_folder(data_name());
    if (auto made = make_folder(data, 0711); !made) return made;
    const auto owner = owner_from(spec().user());
    for (const wire::Volume& volume : spec().volumes()) {
        const std::filesystem::path folder = data / volume.name();
        if (std::filesystem::exists(std::filesystem::symlink_status(folder))) continue;
        // Whom the image runs as is not known unless it is given as a number; then anybody in the
        // container may write. The folder above lets nobody else of this machine in.
        if (auto made = make_folder(folder, 0755); !made) return made;
        std::error_code error;
        if (owner) {
            (void)(::chown(folder.c_str(), owner->user, owner->group) == 0);
        } else {
            std::filesystem::permissions(folder, std::filesystem::perms(0777), error);
        }
    }
    for (const wire::File& file : spec().files()) {
        auto folder = SafeFolder::open(data / file.volume());
        if (!folder) return std::unexpected(folder.error());
        SafeFolder::FileWrite write;
        write.path = file.path();
        write.content = file.content();
        write.mode = file.mode() == 0 ? 0644 : static_cast<mode_t>(file.mode());
        write.keep_existing = file.keep_existing();
        write.owner = owner;
        if (auto written = folder->write(write); !written) return written;
    }
    return {};
}

runtime::InstanceSpec Server::instance_spec() const {
    const wire::ServerSpec& from = spec();
    runtime::InstanceSpec made;
    made.name = instance_name();
    made.image = from.image();
    made.entrypoint.assign(from.entrypoint().begin(), from.entrypoint().end());
    made.command.assign(from.command().begin(), from.command().end());
    made.environment.insert(from.environment().begin(), from.environment().end());
    made.labels.insert(from.labels().begin(), from.labels().end());
    made.labels[std::string(label_server)] = id();
    made.labels[std::string(label_fleet)] = around_.node_id;
    made.labels[std::string(label_operation)] = deploy_.operation_id();
    made.working_folder = from.working_folder();
    made.user = from.user();
    made.ports = ports_of(from);
    for (const wire::Volume& volume : from.volumes()) {
        runtime::Mount mount;
        mount.source = std::filesystem::absolute(around_.data_folder(data_name()) / volume.name());
        mount.target = volume.target();
        made.mounts.push_back(std::move(mount));
    }
    made.capabilities.assign(from.capabilities().begin(), from.capabilities().end());
    made.limits.memory_bytes = from.memory_bytes();
    made.limits.cpus = from.cpus();
    if (from.pids() > 0) made.limits.pids = from.pids();
    made.tty = from.tty();
    return made;
}

asio::awaitable<Result<void>> Server::create() {
    auto created = co_await around_.runtime.instances().create(instance_spec());
    if (created) {
        instance_id_ = *created;
        co_return Result<void>();
    }
    if (created.error().code != Errc::conflict) co_return std::unexpected(created.error());
    // The name is taken: by what we made before a crash, by an older one of ours, or by a stranger.
    auto there = co_await around_.runtime.instances().inspect(instance_name());
    if (!there) co_return std::unexpected(there.error());
    const auto label = [&](std::string_view name) {
        const auto found = there->labels.find(std::string(name));
        return found == there->labels.end() ? std::string() : found->second;
    };
    if (label(label_fleet) != around_.node_id || label(label_server) != id()) {
        co_return fail(Errc::conflict,
                       "a container that is not ours has the name " + instance_name());
    }
    if (label(label_operation) == deploy_.operation_id()) {
        instance_id_ = there->id;
        co_return Result<void>();
    }
    if (life_of(there->phase) != Life::standing) {
        co_return fail(Errc::conflict, "an older container of this server runs");
    }
    auto removed = co_await around_.runtime.instances().remove(there->id);
    if (!removed) co_return removed;
    created = co_await around_.runtime.instances().create(instance_spec());
    if (!created) co_return std::unexpected(created.error());
    instance_id_ = *created;
    co_return Result<void>();
}

asio::awaitable<Result<void>> Server::start() {
    const auto before = co_await around_.runtime.instances().inspect(instance_name());
    if (before && life_of(before->phase) == Life::running) co_return Result<void>();
    auto started = check_free(ports_of(spec()));
    // The engine's own proxy on our port, while the container stands, is such a remnant (below).
    const bool proxied = !started && started.error().message.contains("docker-proxy");
    if (!started && !proxied) co_return started;
    if (started) {
        started = co_await power_call(runtime::Power::start, "");
        if (started || !started.error().field.empty()) co_return started;
        const Errc code = started.error().code;
        if (code != Errc::conflict && code != Errc::not_found) co_return started;
    }
    // An engine that was killed in the middle of a start may have forgotten the container, or keep
    // a remnant of the start for ever that forbids another one. What people keep is in the volumes,
    // so the container is made anew. A proxy goes with the engine's next restart only, and only
    // when the container is gone by then.
    if (const auto removed = co_await remove_instance(); !removed) co_return started;
    if (auto created = co_await create(); !created) co_return created;
    if (auto free = check_free(ports_of(spec())); !free) co_return free;
    co_return co_await power_call(runtime::Power::start, "");
}

asio::awaitable<Result<void>> Server::power_call(runtime::Power power, std::string signal) {
    runtime::Instances::PowerRequest request;
    request.power = power;
    request.signal = std::move(signal);
    co_return co_await around_.runtime.instances().power(instance_name(), std::move(request));
}

asio::awaitable<Result<void>> Server::kill() {
    for (int look = 0; look < death_looks && !stopped_; ++look) {
        const auto killed = co_await power_call(runtime::Power::kill, "");
        if (!killed && killed.error().code == Errc::unavailable) co_return killed;
        const auto seen = co_await inspect();
        if (!seen) co_return std::unexpected(seen.error());
        if (seen->life == Life::none || seen->life == Life::standing) co_return Result<void>();
        co_await pause_.wait(around_.timers, death_pause);
    }
    co_return fail(Errc::timeout, "the container does not end, although it was killed");
}

asio::awaitable<Result<void>> Server::remove_instance() {
    auto there = co_await around_.runtime.instances().inspect(instance_name());
    if (!there) {
        if (there.error().code == Errc::not_found) co_return Result<void>();
        co_return std::unexpected(there.error());
    }
    const auto fleet = there->labels.find(std::string(label_fleet));
    if (fleet == there->labels.end() || fleet->second != around_.node_id) co_return Result<void>();
    if (life_of(there->phase) != Life::standing) {
        co_return fail(Errc::conflict, "it runs; what runs is not removed");
    }
    auto removed = co_await around_.runtime.instances().remove(there->id);
    if (removed) instance_id_.clear();
    co_return removed;
}

asio::awaitable<Result<void>> Server::remove_all() {
    auto removed = co_await remove_instance();
    if (!removed) co_return removed;
    if (remove_data_) {
        if (auto gone = remove_tree(around_.data_folder(data_name())); !gone) co_return gone;
    }
    co_return remove_tree(around_.server_folder(id()));
}

}  // namespace muster::node
