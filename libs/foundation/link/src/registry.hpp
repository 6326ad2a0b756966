#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace muster::link {

/// A call that gRPC may still touch.
class Live {
  public:
    virtual ~Live() = default;
    /// Ends the call without the owner's executor; any thread. gRPC's threads see it through.
    virtual void abandon() = 0;
};

/// The calls of one server or client that are not over, so that its destructor can end them and
/// wait until gRPC has let go of each. Any thread.
class Registry {
  public:
    /// Keeps the call alive until `release`. After `abandon_all` it is abandoned at once.
    void add(const std::shared_ptr<Live>& call);
    /// Gives up the hold; the call still counts until `forget`, so that its last words can be
    /// posted to the executor while that is sure to exist.
    [[nodiscard]] std::shared_ptr<Live> release(const Live* call);
    void forget();
    void abandon_all();
    void wait_empty();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_map<const Live*, std::shared_ptr<Live>> calls_;
    std::size_t count_ = 0;
    bool closed_ = false;
};

}  // namespace muster::link
