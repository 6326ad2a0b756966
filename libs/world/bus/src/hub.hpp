#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "muster/bus/in_process.hpp"
#include "muster/bus/inbox.hpp"
#include "muster/bus/testing.hpp"

namespace muster::bus {

struct InProcessBus::Party {
    std::string name;
    std::shared_ptr<Counters> counters = std::make_shared<Counters>();
    bool connected = true;         ///< under the hub's lock
    std::uint64_t reconnects = 0;  ///< under the hub's lock
};

using Party = InProcessBus::Party;

struct Listener {
    std::uint64_t id = 0;
    std::string pattern;
    std::shared_ptr<Party> party;
    std::shared_ptr<Inbox> inbox;
};

/// What Faults add to a hub; under the hub's lock.
class FaultState {
  public:
    /// Beyond it a message is lost.
    static constexpr std::size_t under_way_max = 65'536;

    void carry(const Party& from, const Listener& to, std::shared_ptr<const Message> message);
    void lose_for(const std::string& name);
    /// Takes what is due by then off, in order.
    struct Letter {
        std::uint64_t listener = 0;
        std::string to;
        std::shared_ptr<const Message> message;
    };
    std::vector<Letter> take_due();

    FaultOptions options;
    milliseconds now{0};
    std::size_t lost = 0;
    std::set<std::pair<std::string, std::string>> cuts;
    std::map<std::pair<milliseconds, std::uint64_t>, Letter> under_way;

  private:
    struct Stream {
        std::uint64_t random = 0;
        milliseconds last_due{0};
    };
    Stream& stream(const Party& from, const Listener& to, const std::string& subject);

    std::map<std::tuple<std::string, std::string, std::string, std::string>, Stream> streams_;
    std::uint64_t sequence_ = 0;
};

class Hub {
  public:
    std::mutex mutex;
    std::condition_variable connected;  ///< somebody is connected again
    std::vector<std::shared_ptr<Party>> parties;
    std::vector<Listener> listeners;
    std::uint64_t next_listener = 1;
    std::uint64_t published = 0;
    std::optional<FaultState> faults;
};

}  // namespace muster::bus
