#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "muster/bus/inbox.hpp"
#include "options.hpp"

struct __natsConnection;
struct __natsSubscription;

namespace muster::bus_nats {

struct EndSubscription {
    void operator()(__natsSubscription* subscription) const;
};
using LinkSubscription = std::unique_ptr<__natsSubscription, EndSubscription>;

/// One connection of the library. It is not mended when it breaks: another takes its place, so that
/// no buffer of the library outlives an outage, and no failed attempt is the last. Any thread.
class Link {
  public:
    /// Called by the library's threads, even after the Link has gone.
    struct Events {
        std::function<void()> lost;  ///< once
        std::function<void(std::vector<std::string> servers)> discovered;
        std::function<void()> overrun;  ///< the library itself has dropped messages
    };

    /// `servers` are the checked ones and those that were discovered.
    [[nodiscard]] static Result<std::unique_ptr<Link>> connect(const Options& options,
                                                               std::span<const std::string> servers,
                                                               Events events);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// May wait up to write_timeout. False when the connection is of no more use.
    [[nodiscard]] bool publish(const bus::Message& message);
    /// Null when the connection is of no more use.
    [[nodiscard]] LinkSubscription subscribe(const std::string& pattern,
                                             std::shared_ptr<bus::Inbox> inbox,
                                             std::shared_ptr<bus::Counters> counters);
    enum class Flushed { done, late, broken };
    [[nodiscard]] Flushed flush(milliseconds limit);
    [[nodiscard]] const std::string& peer() const { return peer_; }

  private:
    explicit Link(__natsConnection* connection);
    __natsConnection* connection_;
    std::string peer_;
};

}  // namespace muster::bus_nats
