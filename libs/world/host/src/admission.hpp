#pragma once

#include <map>
#include <mutex>
#include <string>

#include "muster/base/bucket.hpp"
#include "muster/host/world_server.hpp"

namespace muster::host {

/// Who may come in: so many joins a second, in all and from one address, and so many sessions at
/// once. Any thread.
class Admission {
  public:
    explicit Admission(const Options& options);

    /// Counts a session for `address`, which leaves with release(). `rate_limited` says after how
    /// many seconds to try again; `exhausted` when the server is full. Until opened() it is one
    /// that may never come: of these an address has a quarter of its sessions, 16 at least, so that
    /// words alone take few places.
    Result<void> admit(const std::string& address, Timestamp now);
    /// The same for a player whom another server of the world sends, so that neither joins a second
    /// nor sessions of an address are looked at; `address` must be none of a player's.
    Result<void> admit_guest(const std::string& address);
    void opened(const std::string& address);
    void release(const std::string& address, bool was_opened);
    [[nodiscard]] std::size_t sessions() const;
    [[nodiscard]] std::uint64_t refused() const;

  private:
    Result<void> check(const std::string& address, Timestamp now);
    void count(const std::string& address);

    const std::size_t sessions_max_;
    const std::size_t per_address_max_;
    const std::size_t opening_max_;
    mutable std::mutex mutex_;
    Bucket all_;
    Buckets<std::string> by_address_;
    struct Sessions {
        std::size_t all = 0;
        std::size_t opening = 0;
    };
    std::map<std::string, Sessions> sessions_of_;
    std::size_t sessions_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace muster::host
