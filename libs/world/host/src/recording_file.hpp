#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::host {

/// A file that grows without the writer of its bytes waiting for the disk: a thread of its own
/// writes. At most `waiting_bytes_max` wait; a disk that falls behind more ends the recording, for
/// one with a hole cannot be replayed.
class RecordingFile {
  public:
    [[nodiscard]] static Result<std::unique_ptr<RecordingFile>> open(const std::string& path);
    ~RecordingFile();  ///< writes what waits
    RecordingFile(const RecordingFile&) = delete;
    RecordingFile& operator=(const RecordingFile&) = delete;

    /// False once it has ended: by a full queue or a failed write.
    bool write(std::vector<std::byte> bytes);

    static constexpr std::size_t waiting_bytes_max = std::size_t{64} << 20U;

  private:
    explicit RecordingFile(int descriptor) : descriptor_(descriptor) {}
    void run();

    int descriptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::vector<std::byte>> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool failed_ = false;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace muster::host
