#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "muster/base/error.hpp"
#include "signal.hpp"

namespace muster::coordinator {

/// Where bytes go.
struct Place {
    std::string host;  ///< a name or a numeric address
    std::uint16_t port = 0;
    bool operator==(const Place&) const = default;
};

/// Passes the connections of one TCP port on to another place, bytes as they are. A connection that
/// the leader does not take within 3 s goes to `otherwise`, on this machine, which answers in its
/// stead. Deadlines of requests are those of who answers; a peer that has vanished is noticed by
/// TCP within 30 s. All on one executor of one thread.
class Forward {
  public:
    struct Options {
        std::string host;
        std::uint16_t port = 0;  ///< 0 asks the system
        Place otherwise;
        std::size_t connections_max = 4'096;  ///< more are closed at once
        std::size_t connections_per_address_max = 256;
    };
    [[nodiscard]] static Result<std::unique_ptr<Forward>> open(asio::any_io_executor executor,
                                                               Options options);
    virtual ~Forward() = default;
    /// For connections from now on; the others are cut when it is another place.
    virtual void to(std::optional<Place> place) = 0;
    virtual asio::awaitable<void> run() = 0;  ///< until stop()
    virtual asio::awaitable<void> stop() = 0;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace muster::coordinator
