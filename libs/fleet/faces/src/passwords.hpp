#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "muster/base/bucket.hpp"
#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "muster/http/message.hpp"

namespace muster::faces {

namespace asio = boost::asio;

/// Who a Docklord request says it is.
struct NodeCredentials {
    std::string node_id;
    std::string password;
};
/// From X-Node-Id and X-Node-Password, or HTTP Basic, or the query, which Docklord's clients use.
/// Takes them out of the request, so that no later word about it can show them. `unauthenticated`
/// when they are missing.
[[nodiscard]] Result<NodeCredentials> take_credentials(http::Request& request);

/// Checks nodes' passwords against their argon2id hashes, in a pool, because that is slow by
/// design. A password that was right is remembered (as a keyed digest, in memory) until the node
/// has another hash; an address that was wrong too often has to wait, and no address keeps more
/// than a few checks busy.
class Passwords {
  public:
    static constexpr std::size_t checks_max = 16;             ///< at once, of all
    static constexpr std::size_t checks_per_address_max = 4;  ///< at once
    static constexpr std::size_t addresses_max = 10'000;
    static constexpr std::size_t remembered_max = 1'000;
    static constexpr std::size_t password_bytes_max = 1'024;

    Passwords(asio::thread_pool& pool, const Clock& clock, double wrong_per_minute);

    /// `hash`: the node's, empty when there is no such node. `unauthenticated` when it is wrong,
    /// with the same words for a node that is not there; `rate_limited`.
    asio::awaitable<Result<void>> check(NodeCredentials given, std::string hash,
                                        std::string address);

  private:
    [[nodiscard]] std::string digest_of(const NodeCredentials& given,
                                        const std::string& hash) const;
    void remember(std::string digest);

    asio::thread_pool& pool_;
    const Clock& clock_;
    Buckets<std::string> wrong_;
    std::string key_;
    std::set<std::string> right_;
    std::deque<std::string> by_age_;
    std::map<std::string, std::size_t> checking_;
    std::size_t checks_ = 0;
};

}  // namespace muster::faces
