#include "muster/brain/records.hpp"

#include "record_reader.hpp"

namespace muster::brain {

namespace {

using nlohmann::json;

constexpr std::size_t record_bytes_max = 16U << 20U;

std::string written(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::int64_t number_of(Timestamp time) {
    return time.time_since_epoch().count();
}

json number_of(const std::optional<Timestamp>& time) {
    return time ? json(number_of(*time)) : json(nullptr);
}

template <typename Port>
json port_json(const Port& port) {
    return {{"name", port.name},
            {"inside", port.inside},
            {"outside", port.outside},
            {"protocol", name_of(port.protocol)}};
}

json ports_json(const std::vector<GivenPort>& ports) {
    auto list = json::array();
    for (const GivenPort& port : ports) {
        list.push_back(port_json(port));
    }
    return list;
}

template <typename Port>
void read_port(RecordReader& reader, Port& port, Protocol last) {
    reader.text("name", port.name);
    reader.number("inside", port.inside);
    reader.number("outside", port.outside);
    reader.word("protocol", port.protocol, last, name_of);
}

void read_ports(RecordReader& reader, std::vector<GivenPort>& ports) {
    reader.list("ports",
                [&](RecordReader item) { read_port(item, ports.emplace_back(), Protocol::udp); });
}

json facts_json(const NodeFacts& facts) {
    return {{"version", facts.version},           {"hostname", facts.hostname},
            {"address", facts.address},           {"labels", facts.labels},
            {"runtime", facts.runtime},           {"runtime_version", facts.runtime_version},
            {"memory_bytes", facts.memory_bytes}, {"cpus", facts.cpus},
            {"disk_bytes", facts.disk_bytes},     {"port_first", facts.ports.first},
            {"port_last", facts.ports.last}};
}

void read_facts(RecordReader reader, NodeFacts& facts) {
    reader.text("version", facts.version);
    reader.text("hostname", facts.hostname);
    reader.text("address", facts.address);
    reader.labels("labels", facts.labels);
    reader.text("runtime", facts.runtime);
    reader.text("runtime_version", facts.runtime_version);
    reader.number("memory_bytes", facts.memory_bytes, std::int64_t{0});
    reader.real("cpus", facts.cpus);
    reader.number("disk_bytes", facts.disk_bytes);
    reader.number("port_first", facts.ports.first);
    reader.number("port_last", facts.ports.last);
}

json spec_json(const ServerSpec& spec) {
    auto ports = json::array();
    for (const WantedPort& port : spec.ports) {
        json item = port_json(port);
        item["same_outside"] = port.same_outside;
        item["preferred"] = port.preferred;
        ports.push_back(std::move(item));
    }
    return {{"name", spec.name},
            {"game", spec.game},
            {"node_id", spec.node_id},
            {"runtime", spec.runtime},
            {"required_labels", spec.required_labels},
            {"labels", spec.labels},
            {"memory_bytes", spec.memory_bytes},
            {"cpus", spec.cpus},
            {"ports", std::move(ports)},
            {"details", spec.details}};
}

void read_spec(RecordReader reader, ServerSpec& spec) {
    reader.text("name", spec.name);
    reader.text("game", spec.game);
    reader.text("node_id", spec.node_id);
    reader.text("runtime", spec.runtime);
    reader.labels("required_labels", spec.required_labels);
    reader.labels("labels", spec.labels);
    reader.number("memory_bytes", spec.memory_bytes, std::int64_t{0});
    reader.real("cpus", spec.cpus);
    if (spec.cpus < 0) {
        reader.wrong("cpus", "must be 0 or more");
    }
    reader.list("ports", [&](RecordReader item) {
        WantedPort& port = spec.ports.emplace_back();
        read_port(item, port, Protocol::both);
        item.flag("same_outside", port.same_outside);
        item.numbers("preferred", port.preferred);
    });
    reader.text("details", spec.details);
}

json error_json(const std::optional<Error>& error) {
    if (!error) {
        return nullptr;
    }
    return {{"code", name_of(error->code)}, {"message", error->message}, {"field", error->field}};
}

void read_error(RecordReader reader, std::optional<Error>& error) {
    Error& read = error.emplace();
    reader.word("code", read.code, Errc::internal, muster::name_of);
    reader.text("message", read.message);
    reader.text("field", read.field);
}

/// Parses the text and lets `read` fill a record.
template <typename Record, typename Read>
Result<Record> read_record(std::string_view text, Read read) {
    if (text.size() > record_bytes_max) {
        return fail(Errc::too_large, "the record is longer than 16 MiB");
    }
    const json object = json::parse(text, nullptr, false);
    if (object.is_discarded()) {
        return fail(Errc::invalid_argument, "the record is no JSON");
    }
    std::optional<Error> error;
    Record record;
    read(RecordReader(object, "", error), record);
    if (error) {
        return std::unexpected(std::move(*error));
    }
    return record;
}

void need_id(RecordReader& reader, const std::string& id) {
    if (id.empty()) {
        reader.wrong("id", "a record needs an id");
    }
}

}  // namespace

std::string to_json(const Node& node) {
    return written({{"id", node.id},
                    {"name", node.name},
                    {"facts", facts_json(node.facts)},
                    {"labels", node.labels},
                    {"cordoned", node.cordoned},
                    {"state", name_of(node.state)},
                    {"created_at", number_of(node.created_at)},
                    {"last_seen", number_of(node.last_seen)},
                    {"details", node.details},
                    {"version", node.version}});
}

std::string to_json(const Server& server) {
    return written({{"id", server.id},
                    {"spec", spec_json(server.spec)},
                    {"desired", name_of(server.desired)},
                    {"node_id", server.node_id},
                    {"ports", ports_json(server.ports)},
                    {"generation", server.generation},
                    {"spec_generation", server.spec_generation},
                    {"created_at", number_of(server.created_at)},
                    {"updated_at", number_of(server.updated_at)},
                    {"version", server.version}});
}

std::string to_json(const Observed& observed) {
    return written({{"generation", observed.generation},
                    {"state", name_of(observed.state)},
                    {"reason", observed.reason},
                    {"instance_id", observed.instance_id},
                    {"exit_code", observed.exit_code},
                    {"restarts", observed.restarts},
                    {"since", number_of(observed.since)},
                    {"ports", ports_json(observed.ports)}});
}

std::string to_json(const Operation& operation) {
    return written({{"id", operation.id},
                    {"kind", name_of(operation.kind)},
                    {"server_id", operation.server_id},
                    {"node_id", operation.node_id},
                    {"container_id", operation.container_id},
                    {"image", operation.image},
                    {"start", operation.start},
                    {"with_data", operation.with_data},
                    {"force", operation.force},
                    {"grace_seconds", operation.grace_seconds},
                    {"generation", operation.generation},
                    {"state", name_of(operation.state)},
                    {"error", error_json(operation.error)},
                    {"by", operation.by},
                    {"created_at", number_of(operation.created_at)},
                    {"started_at", number_of(operation.started_at)},
                    {"finished_at", number_of(operation.finished_at)},
                    {"order", operation.order},
                    {"step", operation.step},
                    {"detail", operation.detail}});
}

Result<Node> node_from_json(std::string_view text) {
    return read_record<Node>(text, [](RecordReader reader, Node& node) {
        reader.text("id", node.id);
        reader.text("name", node.name);
        reader.object("facts", [&](RecordReader facts) { read_facts(facts, node.facts); });
        reader.labels("labels", node.labels);
        reader.flag("cordoned", node.cordoned);
        reader.word("state", node.state, NodeState::revoked, name_of);
        reader.time("created_at", node.created_at);
        reader.time("last_seen", node.last_seen);
        reader.text("details", node.details);
        reader.number("version", node.version);
        need_id(reader, node.id);
    });
}

Result<Server> server_from_json(std::string_view text) {
    return read_record<Server>(text, [](RecordReader reader, Server& server) {
        reader.text("id", server.id);
        reader.object("spec", [&](RecordReader spec) { read_spec(spec, server.spec); });
        reader.word("desired", server.desired, Desired::removed, name_of);
        reader.text("node_id", server.node_id);
        read_ports(reader, server.ports);
        reader.number("generation", server.generation);
        reader.number("spec_generation", server.spec_generation);
        reader.time("created_at", server.created_at);
        reader.time("updated_at", server.updated_at);
        reader.number("version", server.version);
        need_id(reader, server.id);
    });
}

Result<Observed> observed_from_json(std::string_view text) {
    return read_record<Observed>(text, [](RecordReader reader, Observed& observed) {
        reader.number("generation", observed.generation);
        reader.word("state", observed.state, ServerState::unknown, name_of);
        reader.text("reason", observed.reason);
        reader.text("instance_id", observed.instance_id);
        reader.number("exit_code", observed.exit_code);
        reader.number("restarts", observed.restarts);
        reader.time("since", observed.since);
        read_ports(reader, observed.ports);
    });
}

Result<Operation> operation_from_json(std::string_view text) {
    return read_record<Operation>(text, [](RecordReader reader, Operation& operation) {
        reader.text("id", operation.id);
        reader.word("kind", operation.kind, OperationKind::pull, name_of);
        reader.text("server_id", operation.server_id);
        reader.text("node_id", operation.node_id);
        reader.text("container_id", operation.container_id);
        reader.text("image", operation.image);
        reader.flag("start", operation.start);
        reader.flag("with_data", operation.with_data);
        reader.flag("force", operation.force);
        reader.number("grace_seconds", operation.grace_seconds);
        reader.number("generation", operation.generation);
        reader.word("state", operation.state, OperationState::cancelled, name_of);
        reader.object("error", [&](RecordReader error) { read_error(error, operation.error); });
        reader.text("by", operation.by);
        reader.time("created_at", operation.created_at);
        reader.time("started_at", operation.started_at);
        reader.time("finished_at", operation.finished_at);
        reader.number("order", operation.order);
        reader.text("step", operation.step);
        reader.text("detail", operation.detail);
        need_id(reader, operation.id);
    });
}

}  // namespace muster::brain
