#include "disk_sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace muster::node {

DiskSync::DiskSync() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

DiskSync::~DiskSync() {
    settle();
    thread_.request_stop();
    thread_.join();
}

void DiskSync::ask(int file) {
    const int own = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
    const int problem = own < 0 ? errno : 0;
    const std::scoped_lock lock(mutex_);
    if (own < 0) {
        if (failure_ == 0) failure_ = problem;
        return;
    }
    // One that waits still is of the same file, or of one that has been replaced.
    const int earlier = std::exchange(wanted_, own);
    if (earlier >= 0) ::close(earlier);
    changed_.notify_all();
}

int DiskSync::settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return wanted_ < 0 && !busy_; });
    return failure_;
}

int DiskSync::failure() const {
    const std::scoped_lock lock(mutex_);
    return failure_;
}

void DiskSync::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return wanted_ >= 0; })) {
        const int file = std::exchange(wanted_, -1);
        busy_ = true;
        lock.unlock();
        const int problem = ::fdatasync(file) != 0 ? errno : 0;
        ::close(file);
        lock.lock();
        busy_ = false;
        if (problem != 0 && failure_ == 0) failure_ = problem;
        changed_.notify_all();
    }
}

}  // namespace muster::node
