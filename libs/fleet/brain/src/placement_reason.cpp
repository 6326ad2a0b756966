#include <algorithm>
#include <optional>

#include "placement.hpp"

namespace muster::brain {

namespace {

/// One class of nodes that do not fit, and the word that helps most: of the one with the most room.
struct Class {
    std::size_t count = 0;
    std::string detail;
};

void add(std::string& text, const Class& of, std::string_view singular, std::string_view plural) {
    if (of.count == 0) {
        return;
    }
    const bool first = text.empty();
    text += first ? "" : ", ";
    text += std::to_string(of.count);
    if (first) {
        text += of.count == 1 ? " node" : " nodes";
    }
    text += " ";
    text += of.count == 1 ? singular : plural;
    text += of.detail;
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += (text.empty() ? "" : ", ") + name + "=" + value;
    }
    return text;
}

std::string why_not_that_one(const State::Impl& state, const ServerSpec& spec) {
    const auto found = state.nodes.find(spec.node_id);
    if (found == state.nodes.end()) {
        return "there is no node " + spec.node_id;
    }
    const NodeEntry& node = *found->second;
    const std::string name = "node " + (node.node.name.empty() ? node.node.id : node.node.name);
    if (node.node.state == NodeState::revoked) {
        return name + " was revoked";
    }
    if (node.node.cordoned) {
        return name + " is cordoned";
    }
    if (!has_runtime(node, spec)) {
        return name + " has no " + spec.runtime;
    }
    for (const auto& [label, value] : spec.required_labels) {
        if (!node.labels.contains(label) || node.labels.at(label) != value) {
            return name + " lacks the label " + label + "=" + value;
        }
    }
    if (const auto limits = check_limits(state, node, spec)) {
        return name + " is full: " + limits->message;
    }
    if (const auto ports = choose_ports(node, spec.ports); !ports) {
        return name + ": " + ports.error().message;
    }
    return name + " fits";
}

}  // namespace

std::string why_none_fits(const State::Impl& state, const ServerSpec& spec) {
    if (!spec.node_id.empty()) {
        return why_not_that_one(state, spec);
    }
    Class away, cordoned, runtime, labels, full, ports;
    const NodeEntry* roomiest = nullptr;
    for (const NodeEntry* node : state.slots) {
        if (node->node.state == NodeState::revoked) {
            continue;
        }
        if (node->node.cordoned) {
            ++cordoned.count;
        } else if (!node->can_be_told()) {
            ++away.count;
        } else if (!has_runtime(*node, spec)) {
            ++runtime.count;
        } else if (!has_labels(*node, spec.required_labels)) {
            ++labels.count;
        } else if (!within_limits(state, *node, spec)) {
            ++full.count;
            if (roomiest == nullptr || node->free_memory() > roomiest->free_memory()) {
                roomiest = node;
            }
        } else {
            if (++ports.count == 1) {
                const auto chosen = choose_ports(*node, spec.ports);
                ports.detail = chosen ? "" : ": " + chosen.error().message;
            }
        }
    }
    if (roomiest != nullptr) {
        full.detail = ": " + check_limits(state, *roomiest, spec)->message;
        if (full.count > 1) {
            full.detail += " at most";
        }
    }
    labels.detail = labels_text(spec.required_labels);
    runtime.detail = spec.runtime;
    std::string text;
    add(text, away, "is out of contact", "are out of contact");
    add(text, cordoned, "is cordoned", "are cordoned");
    add(text, runtime, "has no ", "have no ");
    add(text, labels, "lacks the label ", "lack the label ");
    add(text, full, "is full", "are full");
    add(text, ports, "has not the ports", "have not the ports");
    return text.empty() ? "there is no node yet" : text;
}

std::string recent_reason(State::Impl& state, const ServerSpec& spec, Timestamp now) {
    std::string key = spec.node_id + "|" + spec.runtime + "|" + labels_text(spec.required_labels) +
                      "|" + std::to_string(spec.memory_bytes) + "|" + std::to_string(spec.cpus);
    for (const WantedPort& port : spec.ports) {
        key += "|" + port.name + "=" + std::to_string(port.outside);
        key += name_of(port.protocol);
    }
    const milliseconds age = now - state.reason_at;
    if (key != state.reason_key || age < milliseconds(0) || age >= milliseconds(1'000)) {
        state.reason = why_none_fits(state, spec);
        state.reason_key = std::move(key);
        state.reason_at = now;
    }
    return state.reason;
}

}  // namespace muster::brain
