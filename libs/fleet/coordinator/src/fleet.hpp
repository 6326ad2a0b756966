#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue.hpp"
#include "ledger.hpp"
#include "muster/base/time.hpp"
#include "muster/brain/brain.hpp"
#include "muster/node/v1/node.pb.h"

namespace muster::coordinator {

namespace wire = muster::node::v1;

/// Feeds the brain and performs what it decides: records go to the ledger, and once they are
/// durable commands go to nodes and news to those who watch.
class Fleet {
  public:
    Fleet(Ledger& ledger, Catalogue& catalogue, const Clock& clock, brain::Config config);

    /// All records of the store, at the start.
    [[nodiscard]] Result<void> load(store::Store& store);

    /// The error is the brain's Reject; then nothing has changed.
    template <typename What>
    Result<void> tell(What what) {
        brain::Event event;
        event.now = clock_.now();
        event.what = std::move(what);
        return decide(event);
    }

    [[nodiscard]] const brain::State& state() const { return state_; }

    /// Gives a message to that session of the node, if it is still there.
    using Send = std::function<void(const std::string& node_id, std::uint64_t session,
                                    wire::ToNode message)>;
    /// Somebody may want to hear of it. A record that is gone is not in the state any more.
    using Listen = std::function<void(brain::Subject subject, const std::string& id, bool gone)>;
    void on_send(Send send) { send_ = std::move(send); }
    void on_change(Listen listen) { listen_ = std::move(listen); }

    struct Counts {
        std::uint64_t decisions = 0;
        std::uint64_t commands = 0;
        double seconds = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    Result<void> decide(const brain::Event& event);
    void persist(const brain::Persist& action);
    void send(const brain::SendCommand& action);
    void deliver(const std::string& node_id, std::uint64_t session, wire::ToNode message);
    void publish(const brain::Publish& action);

    Ledger& ledger_;
    Catalogue& catalogue_;
    const Clock& clock_;
    brain::State state_;
    Send send_;
    Listen listen_;
    Counts counts_;
};

}  // namespace muster::coordinator
