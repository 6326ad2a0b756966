#include "convert.hpp"
#include "ready_line.hpp"
#include "server.hpp"

// What is true of the instance, and what it says.
namespace muster::node {

using lifecycle::Life;
using lifecycle::Observation;
namespace event = lifecycle::event;

Observation Server::observation_of(const runtime::Instance& instance) const {
    Observation seen;
    seen.life = life_of(instance.phase);
    seen.run = instance.started_at ? instance.started_at->time_since_epoch().count() : 0;
    seen.exit_code = instance.exit_code;
    seen.out_of_memory = instance.out_of_memory;
    const auto made_by = instance.labels.find(std::string(label_operation));
    seen.outdated = made_by == instance.labels.end() || made_by->second != deploy_.operation_id();
    if (seen.life == Life::standing && instance.started_at) {
        const auto& away = around_.engine_away_since;
        const bool with_engine = away && instance.finished_at &&
                                 *instance.finished_at >= *away - lifecycle::engine_farewell;
        seen.ended_with_engine = with_engine || *instance.started_at < around_.booted_at;
    }
    return seen;
}

asio::awaitable<Result<Observation>> Server::inspect() {
    auto instance = co_await around_.runtime.instances().inspect(instance_name());
    if (!instance) {
        if (instance.error().code == Errc::not_found) co_return Observation{};
        co_return std::unexpected(instance.error());
    }
    around_.container_seen(*instance);
    const auto fleet = instance->labels.find(std::string(label_fleet));
    if (fleet == instance->labels.end() || fleet->second != around_.node_id) {
        co_return Observation{};  // another Muster's
    }
    instance_id_ = instance->id;
    co_return observation_of(*instance);
}

void Server::look_soon() {
    if (stopped_) return;
    if (looking_) {
        look_again_ = true;
        return;
    }
    looking_ = true;
    around_.tasks.spawn(look(shared_from_this()));
}

asio::awaitable<void> Server::look(std::shared_ptr<Server> self) {
    do {
        self->look_again_ = false;
        const std::uint64_t epoch = self->epoch_;
        const auto seen = co_await self->inspect();
        if (self->epoch_ != epoch) {
            self->look_again_ = true;
        } else if (seen) {
            self->feed(event::Observed{*seen});
        } else if (seen.error().code == Errc::unavailable) {
            self->around_.engine_lost();
        }
    } while (self->look_again_ && !self->stopped_);
    self->looking_ = false;
}

asio::awaitable<Result<void>> Server::engine_back() {
    while (!stopped_) {
        const std::uint64_t epoch = epoch_;
        const auto seen = co_await inspect();
        if (!seen) co_return std::unexpected(seen.error());
        if (epoch_ != epoch) continue;
        feed(event::EngineBack{*seen});
        break;
    }
    co_return Result<void>();
}

asio::awaitable<void> Server::watch_for_ready(std::shared_ptr<Server> self, std::int64_t run) {
    const auto pattern = ReadyLine::make(self->spec().ready().pattern());
    if (!pattern) co_return;
    // An engine notes the start a moment after it, so the first lines of a quick program are older
    // than that. What came after the end of the run before is of this one, however early.
    const auto instance = co_await self->around_.runtime.instances().inspect(self->instance_name());
    if (!instance || self->stopped_) {
        self->ready_watched_ = 0;  // tried again when there is news of it
        co_return;
    }
    runtime::LogQuery query;
    query.since = instance->finished_at.value_or(instance->created_at);
    if (query.since > Timestamp(milliseconds(run))) query.since = Timestamp(milliseconds(run));
    query.follow = true;
    auto log = co_await self->around_.runtime.streams().logs(self->instance_name(), query);
    if (!log || self->stopped_) {
        self->ready_watched_ = 0;  // tried again when there is news of it
        co_return;
    }
    self->ready_log_ = log->get();
    while (!self->stopped_ && self->machine_.run == run && self->machine_.memory.ready_run != run) {
        const auto line = co_await (*log)->next();
        if (!line || !*line) break;
        if (pattern->matches((*line)->text)) self->feed(event::ReadyLine{run});
    }
    self->ready_log_ = nullptr;
    if (self->machine_.memory.ready_run != run) self->ready_watched_ = 0;
    // The next run may have begun while this log was still open.
    if (!self->stopped_ && self->machine_.run != run) self->follow_what_runs();
}

asio::awaitable<void> Server::watch_stats(std::shared_ptr<Server> self) {
    auto stream = co_await self->around_.runtime.streams().stats(self->instance_name());
    if (stream && !self->stopped_) {
        self->stats_stream_ = stream->get();
        while (!self->stopped_) {
            const auto stats = co_await (*stream)->next();
            if (!stats || !*stats) break;
            self->latest_stats = **stats;
        }
        self->stats_stream_ = nullptr;
    }
    self->latest_stats.reset();
    self->stats_watched_ = false;
}

}  // namespace muster::node
