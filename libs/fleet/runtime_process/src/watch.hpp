#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace muster::runtime_process {

namespace asio = boost::asio;
using Timer = std::shared_ptr<asio::steady_timer>;

/// Wakes who waits for changes in folders (inotify). Used on one executor. When the system gives
/// no more watches, waiting still ends with its limit.
class Watch : public std::enable_shared_from_this<Watch> {
  public:
    explicit Watch(asio::any_io_executor executor);
    /// Begins to read; `on_closed` is told the key whose file `lock` was closed by its last holder.
    void start(std::function<void(const std::string& key)> on_closed);
    void stop();

    void add(const std::string& key, const std::string& folder);
    void remove(const std::string& key);

    /// Returns when something changed under the key, when the timer is cancelled, or after the
    /// limit. What happened since the caller last looked, without having awaited, is not missed.
    static asio::awaitable<void> changed(std::shared_ptr<Watch> watch, std::string key, Timer timer,
                                         std::chrono::milliseconds limit);

  private:
    static asio::awaitable<void> read(std::shared_ptr<Watch> watch);
    void take(const char* bytes, std::size_t size);

    asio::any_io_executor executor_;
    asio::posix::stream_descriptor inotify_;
    std::function<void(const std::string&)> on_closed_;
    std::map<int, std::string> keys_;
    std::map<std::string, int> watches_;
    std::multimap<std::string, Timer> waiting_;
};

}  // namespace muster::runtime_process
