#include "server.hpp"

#include "convert.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"

namespace muster::node {

using lifecycle::Life;
namespace event = lifecycle::event;
namespace action = lifecycle::action;

namespace {

std::string step_of(lifecycle::Call call) {
    switch (call) {
        case lifecycle::Call::pull:
            return "fetching the image";
        case lifecycle::Call::install:
            return "writing files";
        case lifecycle::Call::create:
            return "creating the container";
        case lifecycle::Call::start:
            return "starting";
        case lifecycle::Call::type_stop:
        case lifecycle::Call::signal_stop:
            return "stopping";
        case lifecycle::Call::kill:
            return "killing";
        case lifecycle::Call::pause:
            return "pausing";
        case lifecycle::Call::unpause:
            return "unpausing";
        case lifecycle::Call::remove:
        case lifecycle::Call::remove_all:
            return "removing";
    }
    return "";
}

}  // namespace

Server::Server(Surroundings& around, wire::Command deploy, std::optional<lifecycle::Memory> memory)
    : generation(deploy.generation()),
      around_(around),
      deploy_(std::move(deploy)),
      machine_(lifecycle::restore(rules_of(spec()), memory.value_or(lifecycle::Memory{}))),
      pause_(around.tasks.executor()),
      console_(std::make_shared<ConsoleHub>(around.runtime, around.tasks, instance_name())) {}

std::string Server::data_name() const {
    return spec().data_name().empty() ? id() : spec().data_name();
}

wire::ServerObserved Server::observed() const {
    wire::ServerObserved seen;
    const lifecycle::Memory& memory = machine_.memory;
    seen.set_server_id(id());
    seen.set_generation(deploy_.generation());
    seen.set_state(to_wire(lifecycle::shown(machine_)));
    seen.set_reason(machine_.engine ? memory.reason : "the engine does not answer");
    seen.set_instance_id(instance_id_);
    seen.set_exit_code(memory.exit_code);
    seen.set_restarts(memory.crashes);
    const Timestamp since =
        machine_.engine ? memory.since : machine_.away_since.value_or(memory.since);
    seen.set_since_ms(since.time_since_epoch().count());
    *seen.mutable_ports() = spec().ports();
    seen.set_removed(machine_.removed);
    return seen;
}

void Server::deploy(wire::Command command, bool resumed) {
    const std::string operation = command.operation_id();
    const bool start = command.deploy().start();
    deploy_ = std::move(command);
    feed(event::Deploy{operation, rules_of(spec()), start, resumed});
}

void Server::power(const std::string& operation, wire::PowerKind kind,
                   std::optional<Timestamp> resumed) {
    switch (kind) {
        case wire::START:
            feed(event::Start{operation});
            return;
        case wire::STOP:
            feed(event::Stop{operation});
            return;
        case wire::RESTART:
            // A run that began after the command is the one that it asked for.
            if (resumed && runs() && machine_.run >= resumed->time_since_epoch().count()) {
                feed(event::Start{operation});
            } else {
                feed(event::Restart{operation});
            }
            return;
        case wire::KILL:
            feed(event::Kill{operation});
            return;
        case wire::PAUSE:
            feed(event::Pause{operation});
            return;
        case wire::UNPAUSE:
            feed(event::Unpause{operation});
            return;
        default:
            around_.conclude(operation, fail(Errc::invalid_argument,
                                             "there is no such power command", "power.kind"));
            return;
    }
}

void Server::remove(const std::string& operation, bool with_data) {
    remove_data_ = with_data;
    feed(event::Remove{operation});
}

void Server::call_off(const std::string& operation, Error why) {
    const auto& waiting = machine_.operations;
    if (std::find(waiting.begin(), waiting.end(), operation) == waiting.end()) return;
    feed(event::CallOff{std::move(why)});
}

void Server::feed(lifecycle::Event event) {
    events_.push_back(std::move(event));
    if (feeding_) return;
    const auto self = shared_from_this();  // a removed server ends in the middle of this
    feeding_ = true;
    while (!events_.empty() && !stopped_) {
        const lifecycle::Event next = std::move(events_.front());
        events_.pop_front();
        const lifecycle::Moment moment{around_.clock.now(), random_below(1U << 30U)};
        for (const lifecycle::Action& what : lifecycle::step(machine_, next, moment)) {
            perform(what);
        }
    }
    events_.clear();
    feeding_ = false;
    if (!stopped_) follow_what_runs();
}

void Server::perform(const lifecycle::Action& what) {
    if (const auto* call = std::get_if<action::Do>(&what)) {
        progress(step_of(call->call), -1, "");
        around_.tasks.spawn(carry_out(shared_from_this(), call->call, call->ticket));
    } else if (const auto* cancelled = std::get_if<action::Cancel>(&what)) {
        cancel(cancelled->ticket);
    } else if (const auto* timer = std::get_if<action::SetTimer>(&what)) {
        set_timer(*timer);
    } else if (const auto* over = std::get_if<action::Conclude>(&what)) {
        around_.conclude(over->operation, over->result);
    } else if (std::holds_alternative<action::Remember>(what)) {
        remember();
    } else {
        report();
    }
}

void Server::set_timer(const action::SetTimer& timer) {
    Timers::Id& slot = timers_.at(static_cast<std::size_t>(timer.timer));
    around_.timers.cancel(slot);
    const event::TimerFired fired{timer.timer, timer.ticket};
    const std::weak_ptr<Server> self = weak_from_this();
    slot = around_.timers.after(timer.after, [self, fired] {
        if (const auto server = self.lock()) server->feed(fired);
    });
}

void Server::cancel(std::uint64_t ticket) {
    const auto pull = pulls_.find(ticket);
    if (pull != pulls_.end()) pull->second->close();
}

void Server::remember() {
    around_.journal.remember(id(), to_text(machine_.memory));
}

void Server::report() {
    wire::FromNode message;
    *message.mutable_server() = observed();
    around_.send(std::move(message));
}

void Server::progress(const std::string& step, double fraction, const std::string& detail) {
    for (const std::string& operation : machine_.operations) {
        wire::FromNode message;
        wire::OperationProgress& progress = *message.mutable_progress();
        progress.set_operation_id(operation);
        progress.set_step(step);
        progress.set_fraction(fraction);
        progress.set_detail(detail);
        around_.send(std::move(message));
    }
}

// Whatever runs has its statistics read, and its log until it has said that it is ready.
void Server::follow_what_runs() {
    if (!machine_.engine || !runs()) return;
    if (machine_.run != console_run_) {
        console_run_ = machine_.run;
        console_->run_began();
    }
    if (machine_.rules.ready_by_line && machine_.memory.ready_run != machine_.run &&
        ready_watched_ != machine_.run && ready_log_ == nullptr) {
        ready_watched_ = machine_.run;
        around_.tasks.spawn(watch_for_ready(shared_from_this(), machine_.run));
    }
    if (!stats_watched_) {
        stats_watched_ = true;
        around_.tasks.spawn(watch_stats(shared_from_this()));
    }
}

void Server::stop() {
    stopped_ = true;
    for (Timers::Id& timer : timers_) around_.timers.cancel(timer);
    for (const auto& [ticket, stream] : pulls_) stream->close();
    if (ready_log_ != nullptr) ready_log_->close();
    if (stats_stream_ != nullptr) stats_stream_->close();
    pause_.wake();
    console_->close();
}

}  // namespace muster::node
