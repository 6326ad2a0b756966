#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/runtime/runtime.hpp"
#include "tasks.hpp"

namespace muster::node {

/// One server's console for many watchers: attached to the instance once, while anybody watches,
/// and again after a restart.
class ConsoleHub : public std::enable_shared_from_this<ConsoleHub> {
  public:
    static constexpr std::size_t watchers_max = 64;
    /// What may wait for one watcher; one that is slower than that is let go with `exhausted`.
    static constexpr std::size_t waiting_bytes_max = 1U << 20U;

    ConsoleHub(runtime::Runtime& runtime, Tasks& tasks, std::string instance)
        : runtime_(runtime),
          tasks_(tasks),
          instance_(std::move(instance)),
          began_(tasks.executor()) {}

    class Watcher {
      public:
        explicit Watcher(const asio::any_io_executor& executor) : news_(executor) {}
        /// nullopt: it was let go, or the hub closed.
        asio::awaitable<Result<std::optional<runtime::Console::Output>>> next();
        void end(std::optional<Error> why = std::nullopt);

      private:
        friend ConsoleHub;
        std::deque<runtime::Console::Output> waiting_;
        std::size_t bytes_ = 0;
        bool ended_ = false;
        std::optional<Error> error_;
        Gate news_;
    };

    Result<std::shared_ptr<Watcher>> watch();
    void leave(const std::shared_ptr<Watcher>& watcher);
    asio::awaitable<Result<void>> write(std::string bytes);
    void run_began() {
        ++runs_;
        began_.wake();
    }
    void close();

  private:
    static asio::awaitable<void> pump(std::shared_ptr<ConsoleHub> self);
    void give(const runtime::Console::Output& output);

    runtime::Runtime& runtime_;
    Tasks& tasks_;
    std::string instance_;
    Gate began_;
    std::shared_ptr<runtime::Console> console_;
    std::vector<std::shared_ptr<Watcher>> watchers_;
    std::uint64_t runs_ = 0;  ///< that began while this was here
    bool pumping_ = false;
    bool closed_ = false;
};

}  // namespace muster::node
