#include "inventory.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::coordinator {
namespace {

Container container_of(const std::string& node_id, const wire::ContainerObserved& observed) {
    Container out;
    out.node_id = node_id;
    out.id = observed.id();
    out.name = to_utf8(observed.name());
    out.image = to_utf8(observed.image());
    out.phase = observed.phase();
    out.exit_code = observed.exit_code();
    out.created_ms = observed.created_ms();
    out.started_ms = observed.started_ms();
    out.finished_ms = observed.finished_ms();
    for (const auto& [name, value] : observed.labels()) out.labels[name] = value;
    for (const auto& port : observed.ports()) {
        out.ports.push_back({port.name(), port.inside(), port.outside(), port.protocol()});
    }
    const auto label = out.labels.find(std::string(Inventory::server_label));
    if (label != out.labels.end()) {
        out.server_id = label->second;
    } else if (constexpr std::string_view prefix = "muster-srv-"; out.name.starts_with(prefix)) {
        out.server_id = out.name.substr(prefix.size() - 4);
    }
    return out;
}

}  // namespace

const Container* Inventory::find(const std::string& id, const std::string& node_id) const {
    std::string on = node_id;
    if (on.empty()) {
        const auto found = by_id_.lower_bound({id, std::string()});
        if (found == by_id_.end() || found->first != id) return nullptr;
        on = found->second;
    }
    const auto found = containers_.find({on, id});
    return found == containers_.end() ? nullptr : &found->second;
}

const Container* Inventory::put(const std::string& node_id,
                                const wire::ContainerObserved& observed) {
    Key key{node_id, observed.id()};
    const auto known = containers_.find(key);
    if (known == containers_.end()) {
        if (counts_[node_id] >= containers_per_node_max) return nullptr;
        ++counts_[node_id];
        by_id_.emplace(observed.id(), node_id);
    }
    auto& place = containers_[std::move(key)];
    place = container_of(node_id, observed);
    return &place;
}

std::optional<Container> Inventory::remove(const std::string& node_id, const std::string& id) {
    const auto found = containers_.find({node_id, id});
    if (found == containers_.end()) return std::nullopt;
    auto out = std::move(found->second);
    containers_.erase(found);
    by_id_.erase({id, node_id});
    --counts_[node_id];
    return out;
}

std::vector<Container> Inventory::replace(const std::string& node_id,
                                          const wire::Inventory& inventory) {
    std::set<std::string> here;
    for (const auto& container : inventory.containers()) here.insert(container.id());
    std::vector<std::string> gone;
    for (auto at = containers_.lower_bound({node_id, std::string()});
         at != containers_.end() && at->first.first == node_id; ++at) {
        if (!here.contains(at->first.second)) gone.push_back(at->first.second);
    }
    std::vector<Container> out;
    for (const auto& id : gone) {
        if (auto container = remove(node_id, id)) out.push_back(*std::move(container));
    }
    for (const auto& container : inventory.containers()) put(node_id, container);
    return out;
}

void Inventory::forget_node(const std::string& node_id) {
    static_cast<void>(replace(node_id, wire::Inventory()));
    counts_.erase(node_id);
    node_samples_.erase(node_id);
    heard_.erase(node_id);
}

void Inventory::sampled(const std::string& node_id, const wire::Samples& samples) {
    const auto now = clock_.now();
    if (samples.has_node()) node_samples_[node_id] = {samples.node(), now};
    for (const auto& sample : samples.servers()) {
        server_samples_[sample.server_id()] = {sample, now};
    }
}

const wire::Sample* Inventory::fresh(const std::map<std::string, Kept>& samples,
                                     const std::string& id) const {
    const auto found = samples.find(id);
    if (found == samples.end()) return nullptr;
    return clock_.now() - found->second.came_at > sample_age_max ? nullptr : &found->second.sample;
}

const wire::Sample* Inventory::node_sample(const std::string& node_id) const {
    return fresh(node_samples_, node_id);
}

const wire::Sample* Inventory::server_sample(const std::string& server_id) const {
    return fresh(server_samples_, server_id);
}

void Inventory::forget_server(const std::string& server_id) {
    server_samples_.erase(server_id);
}

std::optional<Timestamp> Inventory::heard_at(const std::string& node_id) const {
    const auto found = heard_.find(node_id);
    if (found == heard_.end()) return std::nullopt;
    return found->second;
}

std::int64_t Inventory::age_ms(Timestamp now, const std::string& node_id) const {
    std::int64_t oldest = 0;
    for (const auto& [id, at] : heard_) {
        if (!node_id.empty() && id != node_id) continue;
        oldest = std::max<std::int64_t>(oldest, (now - at).count());
    }
    return oldest;
}

}  // namespace muster::coordinator
