#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>

#include "json.hpp"
#include "muster/http/server.hpp"
#include "tokens.hpp"

namespace muster::coordinator {

/// Who watches the fleet over /api/v1/events. What waits for a watcher is bounded by the socket's
/// own queue (http::Limits::websocket_queue_bytes_max): one that is too slow is closed with 1013.
class Events {
  public:
    static constexpr std::size_t watchers_max = 1'000;

    /// Whether anybody wants events of that type: building them costs.
    [[nodiscard]] bool wanted(std::string_view type) const;
    /// `server_id`: the server that it is about, or empty; a token that is limited to some servers
    /// hears of those alone.
    void publish(std::string_view type, bool gone, const Json& object,
                 const std::string& server_id);
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
    [[nodiscard]] std::size_t count() const { return watchers_.size(); }

    struct Watcher {
        std::shared_ptr<http::WebSocket> socket;
        Principal who;
        std::set<std::string, std::less<>> kinds;
        std::string node_id;  ///< hears of this node alone and what is on it; empty: of all
    };
    using Place = std::list<Watcher>::iterator;
    /// Sends the hello. `exhausted` when there are too many.
    [[nodiscard]] Result<Place> add(Watcher watcher);
    void remove(Place place);

    static constexpr std::array<std::string_view, 5> kinds{"server", "node", "operation",
                                                           "container", "sample"};

  private:
    std::list<Watcher> watchers_;
    std::uint64_t sequence_ = 0;
};

}  // namespace muster::coordinator
