#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// A container on a node as it last said.
struct Container {
    std::string node_id;
    std::string id;
    std::string name;
    std::string image;
    std::string phase;
    int exit_code = 0;
    std::int64_t created_ms = 0;
    std::int64_t started_ms = 0;   ///< 0: not yet
    std::int64_t finished_ms = 0;  ///< 0: not yet
    std::map<std::string, std::string> labels;
    struct Port {
        std::string name;
        std::uint32_t inside = 0;
        std::uint32_t outside = 0;
        std::string protocol;
    };
    std::vector<Port> ports;
    std::string server_id;  ///< of ours; empty: none
};

/// What nodes say that is only held in memory: their containers and the latest samples. It is
/// served while a node is away too, with its age.
class Inventory {
  public:
    explicit Inventory(const Clock& clock) : clock_(clock) {}

    static constexpr std::size_t containers_per_node_max = 10'000;
    /// Muster's own containers carry this label with the server's id.
    static constexpr std::string_view server_label = "muster.server";

    using Key = std::pair<std::string, std::string>;  ///< node, container
    [[nodiscard]] const std::map<Key, Container>& containers() const { return containers_; }
    /// By id, on `node_id` or, when that is empty, on any.
    [[nodiscard]] const Container* find(const std::string& id, const std::string& node_id) const;

    /// The changed container; nullptr when the node has too many.
    const Container* put(const std::string& node_id, const wire::ContainerObserved& observed);
    /// What it was, if it was known.
    std::optional<Container> remove(const std::string& node_id, const std::string& id);
    /// Replaces all of a node's; gives the ids of those that are gone.
    std::vector<Container> replace(const std::string& node_id, const wire::Inventory& inventory);
    void forget_node(const std::string& node_id);

    void sampled(const std::string& node_id, const wire::Samples& samples);
    /// The latest; nullptr when that is older than `sample_age_max`: what was true then says
    /// nothing of now.
    [[nodiscard]] const wire::Sample* node_sample(const std::string& node_id) const;
    [[nodiscard]] const wire::Sample* server_sample(const std::string& server_id) const;
    static constexpr std::chrono::seconds sample_age_max{10};
    void forget_server(const std::string& server_id);

    /// A word of that node came now.
    void heard(const std::string& node_id, Timestamp now) { heard_[node_id] = now; }
    [[nodiscard]] std::optional<Timestamp> heard_at(const std::string& node_id) const;
    /// How old the oldest node's word is, of all or of one; 0 when there is none.
    [[nodiscard]] std::int64_t age_ms(Timestamp now, const std::string& node_id = {}) const;

  private:
    /// With the time by our clock: a node's own may be wrong.
    struct Kept {
        wire::Sample sample;
        Timestamp came_at{};
    };
    [[nodiscard]] const wire::Sample* fresh(const std::map<std::string, Kept>& samples,
                                            const std::string& id) const;

    const Clock& clock_;
    std::map<Key, Container> containers_;
    std::set<Key> by_id_;  ///< container, node
    std::map<std::string, std::size_t> counts_;
    std::map<std::string, Kept> node_samples_;
    std::map<std::string, Kept> server_samples_;
    std::map<std::string, Timestamp> heard_;
};

}  // namespace muster::coordinator
