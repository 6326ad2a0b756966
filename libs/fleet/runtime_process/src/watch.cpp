#include "watch.hpp"

#include <sys/inotify.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

namespace muster::runtime_process {

Watch::Watch(asio::any_io_executor executor) : executor_(executor), inotify_(std::move(executor)) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0) inotify_.assign(fd);
}

void Watch::start(std::function<void(const std::string&)> on_closed) {
    on_closed_ = std::move(on_closed);
    if (inotify_.is_open()) asio::co_spawn(executor_, read(shared_from_this()), asio::detached);
}

void Watch::stop() {
    on_closed_ = nullptr;
    boost::system::error_code ignored;
    inotify_.close(ignored);
    for (const auto& [key, timer] : waiting_) timer->cancel();
}

void Watch::add(const std::string& key, const std::string& folder) {
    if (!inotify_.is_open() || watches_.contains(key)) return;
    const int id = ::inotify_add_watch(inotify_.native_handle(), folder.c_str(),
                                       IN_MODIFY | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
    if (id < 0) return;
    keys_[id] = key;
    watches_[key] = id;
}

void Watch::remove(const std::string& key) {
    const auto found = watches_.find(key);
    if (found == watches_.end()) return;
    if (inotify_.is_open()) ::inotify_rm_watch(inotify_.native_handle(), found->second);
    keys_.erase(found->second);
    watches_.erase(found);
    const auto [first, last] = waiting_.equal_range(key);
    for (auto it = first; it != last; ++it) it->second->cancel();
}

asio::awaitable<void> Watch::changed(std::shared_ptr<Watch> watch, std::string key, Timer timer,
                                     std::chrono::milliseconds limit) {
    timer->expires_after(limit);
    const auto entry = watch->waiting_.emplace(key, timer);
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    watch->waiting_.erase(entry);
}

asio::awaitable<void> Watch::read(std::shared_ptr<Watch> watch) {
    std::array<char, 16 << 10> bytes{};
    for (;;) {
        auto [error, size] = co_await watch->inotify_.async_read_some(
            asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        watch->take(bytes.data(), size);
    }
}

void Watch::take(const char* bytes, std::size_t size) {
    std::size_t at = 0;
    while (at + sizeof(inotify_event) <= size) {
        inotify_event event;
        std::memcpy(&event, bytes + at, sizeof event);
        const std::string name(bytes + at + sizeof event,
                               ::strnlen(bytes + at + sizeof event, event.len));
        at += sizeof event + event.len;
        const auto found = keys_.find(event.wd);
        if (found == keys_.end()) continue;
        const std::string key = found->second;
        const auto [first, last] = waiting_.equal_range(key);
        for (auto it = first; it != last; ++it) it->second->cancel();
        if ((event.mask & IN_CLOSE_WRITE) != 0 && name == "lock" && on_closed_) on_closed_(key);
    }
}

}  // namespace muster::runtime_process
