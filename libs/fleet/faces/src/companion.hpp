#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "muster/faces/faces.hpp"
#include "waits.hpp"

namespace muster::faces {

/// Cuts a program's output into lines for a log: at most line_bytes_max each, without control
/// characters, always UTF-8. Pure.
class OutputLines {
  public:
    static constexpr std::size_t line_bytes_max = 4'096;
    void add(std::string_view bytes, const std::function<void(std::string)>& line);
    void finish(const std::function<void(std::string)>& line);

  private:
    std::string rest_;
};

/// A program beside the coordinator, kept running: in a process group of its own, no shell, its
/// output line by line in the log, started again with growing pauses, and ended with us (the kernel
/// ends it when we are killed). Our own MUSTER_* settings are not in its environment.
class Companion {
  public:
    /// One that ran so long had a good start: pauses are short again.
    static constexpr std::chrono::seconds lasting{60};

    Companion(asio::any_io_executor executor, CompanionOptions options);
    ~Companion();

    /// Until stop(); then the program has ended.
    asio::awaitable<void> run();
    void stop();
    std::function<void(coordinator::LogLevel, std::string_view)> log;

  private:
    struct Child;
    [[nodiscard]] Result<std::unique_ptr<Child>> start() const;
    asio::awaitable<void> supervise(std::unique_ptr<Child> child);
    asio::awaitable<void> show(Child* child, int which);
    void say(coordinator::LogLevel level, const std::string& text) const;

    asio::any_io_executor executor_;
    CompanionOptions options_;
    bool is_stopping_ = false;
    pid_t running_ = 0;
    Bell stopping_;
};

}  // namespace muster::faces
