#include "host.hpp"

#include <set>

#include "convert.hpp"
#include "muster/base/file.hpp"
#include "ports.hpp"
#include "safe_folder.hpp"

namespace muster::node {

namespace {
constexpr std::size_t spec_bytes_max = 32U << 20U;
}

Host::Host(Tasks& tasks, Options options, runtime::Runtime& runtime, const Clock& clock,
           Timers& timers, Journal journal)
    : tasks_(tasks),
      options_(std::move(options)),
      journal_(std::move(journal)),
      around_{runtime,
              clock,
              timers,
              tasks,
              journal_,
              options_.data_dir,
              options_.node_id,
              options_.send,
              {},
              {},
              {},
              false,
              {},
              {}},
      engine_pause_(tasks.executor()),
      engine_asked_gate_(tasks.executor()) {
    around_.conclude = [this](const std::string& operation, const Result<void>& result) {
        conclude(operation, result);
    };
    around_.engine_lost = [this] {
        // The watch on the engine finds out how it is, and resynchronises.
        if (events_ != nullptr) events_->close();
    };
    around_.container_seen = [this](const runtime::Instance& instance) {
        container_seen(instance);
    };
    around_.booted_at = host_facts(options_.data_dir).booted_at;
}

Host::~Host() = default;

Result<std::unique_ptr<Host>> Host::open(Tasks& tasks, Options options, runtime::Runtime& runtime,
                                         const Clock& clock, Timers& timers) {
    for (const char* folder : {"servers", "data"}) {
        if (auto made = make_folder(options.data_dir / folder, 0711); !made) {
            return std::unexpected(made.error());
        }
    }
    auto journal = Journal::open(options.data_dir / "journal");
    if (!journal) return std::unexpected(journal.error());
    std::unique_ptr<Host> host(
        new Host(tasks, std::move(options), runtime, clock, timers, std::move(*journal)));
    if (auto loaded = host->load_servers(); !loaded) return std::unexpected(loaded.error());
    return host;
}

Result<void> Host::load_servers() {
    std::error_code error;
    std::set<std::string> known;
    for (const auto& entry :
         std::filesystem::directory_iterator(options_.data_dir / "servers", error)) {
        const std::string id = entry.path().filename();
        const auto content = read_file(entry.path() / "spec", spec_bytes_max);
        wire::Command deploy;
        if (!content || !deploy.ParseFromString(*content) || deploy.server_id() != id) {
            // Left as it is for people to look at; a container of it is shown as a plain one.
            options_.log("the specification of the server " + id + " cannot be read");
            continue;
        }
        std::optional<lifecycle::Memory> memory;
        const auto kept = journal_.memories().find(id);
        if (kept != journal_.memories().end()) memory = memory_from(kept->second);
        known.insert(id);
        servers_[id] = std::make_shared<Server>(around_, std::move(deploy), std::move(memory));
    }
    std::vector<std::string> gone;
    for (const auto& [id, memory] : journal_.memories()) {
        if (!known.contains(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) journal_.forget(id);
    return {};
}

void Host::begin() {
    resume_operations();
    tasks_.spawn(watch_engine(this));
}

void Host::resume_operations() {
    for (const Operation* operation : journal_.unfinished()) {
        enqueue(operation->command, operation->begun, true);
    }
}

void Host::stop() {
    stopped_ = true;
    around_.stopping = true;
    if (events_ != nullptr) events_->close();
    engine_pause_.wake();
    engine_asked_gate_.wake();
    for (auto& [operation, pending] : pending_) around_.timers.cancel(pending.deadline);
    for (const auto& [id, server] : servers_) server->stop();
}

std::shared_ptr<Server> Host::find(const std::string& server) const {
    const auto found = servers_.find(server);
    return found == servers_.end() ? nullptr : found->second;
}

wire::Inventory Host::inventory() const {
    wire::Inventory all;
    for (const auto& [id, server] : servers_) *all.add_servers() = server->observed();
    for (const auto& [id, container] : containers_) *all.add_containers() = container;
    for (const Operation* operation : journal_.unfinished()) {
        all.add_unacknowledged_operations(operation->command.operation_id());
    }
    for (const Operation* operation : journal_.unacknowledged()) {
        all.add_unacknowledged_operations(operation->command.operation_id());
    }
    all.set_runtime_answers(engine_);
    all.set_runtime_error(engine_ ? "" : engine_error_);
    all.set_runtime(engine_facts_.kind);
    all.set_runtime_version(engine_facts_.version);
    add_listening(all);
    return all;
}

void Host::add_listening(wire::Inventory& to) const {
    std::set<HostPort> ours;
    for (const auto& [id, server] : servers_) {
        for (const auto& port : ports_of(server->spec()))
            ours.insert({port.outside, port.protocol});
    }
    for (const wire::ContainerObserved& container : to.containers()) {
        for (const wire::Port& port : container.ports()) {
            ours.insert({static_cast<std::uint16_t>(port.outside()), port.protocol() == "udp"
                                                                         ? runtime::Protocol::udp
                                                                         : runtime::Protocol::tcp});
        }
    }
    for (const HostPort& port : listening_ports()) {
        const bool in_range = port.first >= options_.port_first && port.first <= options_.port_last;
        if (!in_range || ours.contains(port)) continue;
        wire::Port& made = *to.add_listening();
        made.set_outside(port.first);
        made.set_protocol(port.second == runtime::Protocol::udp ? "udp" : "tcp");
    }
}

std::vector<wire::OperationResult> Host::unacknowledged() const {
    std::vector<wire::OperationResult> results;
    for (const Operation* operation : journal_.unacknowledged()) {
        results.push_back(*operation->result);
    }
    return results;
}

wire::Samples Host::sample() {
    wire::Samples samples;
    const Timestamp now = around_.clock.now();
    *samples.mutable_node() = meter_.sample(options_.data_dir, now);
    history_.add(samples.node());
    for (const auto& [id, server] : servers_) {
        server->tend();
        if (!server->runs() || !server->latest_stats) continue;
        wire::Sample sample = to_wire(*server->latest_stats);
        sample.set_time_ms(now.time_since_epoch().count());
        sample.set_disk_used_bytes(server->disk_used);
        server->history().add(sample);
        sample.set_server_id(id);
        *samples.add_servers() = std::move(sample);
    }
    return samples;
}

}  // namespace muster::node
