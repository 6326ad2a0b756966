#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace muster::node {

/// Has what was written to a file put on the disk by a thread of its own, as the disk may take tens
/// of milliseconds. What is asked for while it is at work is done together.
class DiskSync {
  public:
    DiskSync();
    DiskSync(const DiskSync&) = delete;
    DiskSync& operator=(const DiskSync&) = delete;
    ~DiskSync();  ///< when all that was asked for is done

    /// What has been written to `file` so far. The file may be closed meanwhile.
    void ask(int file);
    /// Waits until nothing is left to be done; 0, or the errno of the first failure ever.
    int settle();
    /// The errno of the first failure; 0: none so far.
    [[nodiscard]] int failure() const;

  private:
    void run(const std::stop_token& stop);

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    int wanted_ = -1;  ///< a descriptor of our own
    bool busy_ = false;
    int failure_ = 0;
    std::jthread thread_;  // the last: it uses what is above
};

}  // namespace muster::node
