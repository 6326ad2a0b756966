#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "state_impl.hpp"

namespace muster::brain {

/// Puts the node where its numbers belong in the indexes; after every change to them.
void reindex(State::Impl& state, NodeEntry& node);
/// Puts a server under its name, and takes it away before the name changes or the server goes.
void enter_name(State::Impl& state, ServerEntry& server);
void leave_name(State::Impl& state, const ServerEntry& server);
/// Its labels, or people's, changed.
void reindex_labels(State::Impl& state, NodeEntry& node);

[[nodiscard]] bool has_labels(const NodeEntry& node,
                              const std::map<std::string, std::string>& required);
/// A node that did not say its runtime may have any.
[[nodiscard]] bool has_runtime(const NodeEntry& node, const ServerSpec& spec);

/// What is wrong with the ports that a server asks for, apart from any node.
[[nodiscard]] std::optional<Error> check_ports(const std::vector<WantedPort>& ports);

/// Ports for the server on that node, nothing taken yet; `exhausted` names the port that cannot be
/// had.
[[nodiscard]] Result<std::vector<GivenPort>> choose_ports(const NodeEntry& node,
                                                          const std::vector<WantedPort>& wanted);

/// Whether the limits go in beside what is there. Cheap: asked of every node for a server that fits
/// nowhere.
[[nodiscard]] bool within_limits(const State::Impl& state, const NodeEntry& node,
                                 const ServerSpec& spec);

/// The same as words; `replaced` is what they take the place of.
[[nodiscard]] std::optional<Error> check_limits(const State::Impl& state, const NodeEntry& node,
                                                const ServerSpec& spec,
                                                const ServerSpec* replaced = nullptr);

/// Gives the server a node that fits, with its ports; nullptr when none does. `visits` is how many
/// nodes may still be looked at.
NodeEntry* place(State::Impl& state, ServerEntry& server, std::size_t& visits);
/// The same, on that node only.
bool place_on(State::Impl& state, ServerEntry& server, NodeEntry& node);
/// The server leaves its node: its ports and limits are free again.
void unplace(State::Impl& state, ServerEntry& server);
/// Takes what a kept record says it has, without asking whether it fits.
void bind_to_node(State::Impl& state, ServerEntry& server, NodeEntry& node);
/// The server's limits change where it is.
void change_limits(State::Impl& state, ServerEntry& server, const ServerSpec& next);

/// "2 nodes are cordoned, 1 is full: needs 2 GiB, has 1 GiB".
[[nodiscard]] std::string why_none_fits(const State::Impl& state, const ServerSpec& spec);
/// The same, up to a second old for those that ask for the same: it looks at every node.
[[nodiscard]] std::string recent_reason(State::Impl& state, const ServerSpec& spec, Timestamp now);

}  // namespace muster::brain
