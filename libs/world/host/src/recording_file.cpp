#include "recording_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "worker.hpp"

namespace muster::host {
namespace {

bool write_all(int descriptor, const std::vector<std::byte>& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t count = ::write(descriptor, bytes.data() + at, bytes.size() - at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        at += static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

Result<std::unique_ptr<RecordingFile>> RecordingFile::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        return fail(Errc::invalid_argument, path + ": " + std::strerror(errno), "recording_file");
    }
    std::unique_ptr<RecordingFile> out(new RecordingFile(descriptor));
    auto thread = start_thread("recording", {}, [file = out.get()] { file->run(); });
    if (!thread) return std::unexpected(thread.error());
    out->thread_ = std::move(*thread);
    return out;
}

RecordingFile::~RecordingFile() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    ::close(descriptor_);
}

bool RecordingFile::write(std::vector<std::byte> bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_bytes_ + bytes.size() > waiting_bytes_max) failed_ = true;
        if (failed_) return false;
        waiting_bytes_ += bytes.size();
        waiting_.push_back(std::move(bytes));
    }
    changed_.notify_one();
    return true;
}

void RecordingFile::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const std::vector<std::byte> bytes = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        const bool written = write_all(descriptor_, bytes);
        lock.lock();
        waiting_bytes_ -= bytes.size();
        if (!written) {
            failed_ = true;
            waiting_.clear();
            waiting_bytes_ = 0;
        }
    }
}

}  // namespace muster::host
