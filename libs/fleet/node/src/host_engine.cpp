#include <algorithm>

#include "convert.hpp"
#include "host.hpp"
#include "muster/base/random.hpp"

// The watch on the engine: what it says happens, and what is true when it comes back.
namespace muster::node {

namespace {
constexpr milliseconds pause_first{500};
constexpr milliseconds pause_max{10'000};
}  // namespace

asio::awaitable<void> Host::first_look() {
    bool over = false;
    const Timers::Id limit = around_.timers.after(first_look_max, [this, &over] {
        over = true;
        engine_asked_gate_.wake();
    });
    while (engine_facts_.kind.empty() && !over && !stopped_) co_await engine_asked_gate_.wait();
    around_.timers.cancel(limit);
}

asio::awaitable<void> Host::watch_engine(Host* self) {
    milliseconds pause = pause_first;
    while (!self->stopped_) {
        const auto facts = co_await self->around_.runtime.facts();
        if (facts) self->engine_facts_ = *facts;
        self->engine_asked_gate_.wake();
        if (self->stopped_) break;
        Error why;
        if (!facts) {
            why = facts.error();
        } else {
            // The events first, then what is true: nothing can happen unseen between the two.
            const Timestamp now = self->around_.clock.now();
            const Timestamp since = std::max(self->last_event_, now - std::chrono::minutes(10));
            auto events =
                co_await self->around_.runtime.streams().events(self->engine_seen_ ? since : now);
            Result<void> synchronised;
            if (events) {
                self->events_ = events->get();
                synchronised = co_await self->resynchronise();
            } else {
                synchronised = std::unexpected(events.error());
            }
            if (synchronised) {
                pause = pause_first;
                co_await self->follow_events(std::move(*events));
                self->events_ = nullptr;
                // It may only have been this one stream: ask before saying that it is away.
                continue;
            }
            self->events_ = nullptr;
            why = synchronised.error();
        }
        if (self->stopped_) break;
        self->engine_away(why);
        co_await self->engine_pause_.wait(self->around_.timers, pause);
        pause = std::min(pause * 2, pause_max);
    }
}

asio::awaitable<Result<void>> Host::resynchronise() {
    const auto all = co_await around_.runtime.instances().list();
    if (!all) co_return std::unexpected(all.error());
    std::set<std::string> there;
    for (const runtime::Instance& instance : *all) {
        there.insert(instance.id);
        container_seen(instance);
    }
    std::vector<std::string> gone;
    for (const auto& [id, container] : containers_) {
        if (!there.contains(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) container_gone(id);
    const bool was_away = !std::exchange(engine_, true);
    engine_error_.clear();
    std::vector<std::shared_ptr<Server>> servers;
    for (const auto& [id, server] : servers_) servers.push_back(server);
    for (const auto& server : servers) {
        auto back = co_await server->engine_back();
        if (!back) co_return back;
    }
    around_.engine_away_since.reset();
    engine_seen_ = true;
    if (was_away) {
        // Who heard that it is away hears now what it is and what is there.
        wire::FromNode message;
        *message.mutable_inventory() = inventory();
        around_.send(std::move(message));
    }
    run_lanes();
    co_return Result<void>();
}

asio::awaitable<void> Host::follow_events(runtime::StreamPtr<runtime::RuntimeEvent> events) {
    while (!stopped_) {
        auto event = co_await events->next();
        if (!event || !*event) co_return;
        last_event_ = std::max(last_event_, (*event)->time);
        co_await happened(std::move(**event));
    }
}

asio::awaitable<void> Host::happened(runtime::RuntimeEvent event) {
    const auto known = containers_.find(event.id);
    const std::string name =
        !event.name.empty() || known == containers_.end() ? event.name : known->second.name();
    for (const auto& [id, server] : servers_) {
        if (name != server->instance_name()) continue;
        server->look_soon();
        if (event.kind == "destroy") container_gone(event.id);
        co_return;
    }
    if (event.kind == "destroy") {
        container_gone(event.id);
        co_return;
    }
    const auto instance = co_await around_.runtime.instances().inspect(event.id);
    if (instance) {
        container_seen(*instance);
    } else if (instance.error().code == Errc::not_found) {
        container_gone(event.id);
    }
}

void Host::engine_away(const Error& why) {
    engine_error_ = why.message;
    if (!engine_seen_ && !around_.engine_away_since)
        around_.engine_away_since = around_.clock.now();
    if (!engine_) return;
    engine_ = false;
    around_.engine_away_since = around_.clock.now();
    std::vector<std::shared_ptr<Server>> servers;
    for (const auto& [id, server] : servers_) servers.push_back(server);
    for (const auto& server : servers) server->feed(lifecycle::event::EngineAway{});
}

void Host::container_seen(const runtime::Instance& instance) {
    wire::ContainerObserved seen = to_wire(instance);
    const auto known = containers_.find(instance.id);
    if (known != containers_.end() &&
        known->second.SerializeAsString() == seen.SerializeAsString()) {
        return;
    }
    containers_[instance.id] = seen;
    wire::FromNode message;
    *message.mutable_container() = std::move(seen);
    around_.send(std::move(message));
}

void Host::container_gone(const std::string& id) {
    if (containers_.erase(id) == 0) return;
    wire::FromNode message;
    message.mutable_container_gone()->set_id(id);
    around_.send(std::move(message));
}

}  // namespace muster::node
