#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"
#include "waits.hpp"

namespace muster::faces {

/// The stops that somebody asked for at a time of their choice, one a server. They are in a file
/// before they are promised, so that a restart forgets none; those of the time in between come at
/// once.
class PeonStops {
  public:
    static constexpr std::size_t count_max = 10'000;
    static constexpr std::chrono::seconds retry{10};
    static constexpr int tries_max = 60;

    struct Stop {
        Timestamp at{};
        std::string token_id;  ///< who asked; the stop is done with what that token may do then
        int tries = 0;
    };
    enum class Done { yes, later };
    /// Stops the server. `later`: it may work when it is tried again.
    using Act = std::function<asio::awaitable<Done>(std::string server_id, std::string token_id)>;

    PeonStops(asio::any_io_executor executor, asio::thread_pool& pool, const Clock& clock,
              std::filesystem::path file);

    [[nodiscard]] Result<void> load();
    /// Replaces what was pending for that server. `exhausted` when there are too many.
    asio::awaitable<Result<void>> set(std::string server_id, Stop stop);
    /// Of a server that was stopped or removed.
    asio::awaitable<void> forget(std::string server_id);
    [[nodiscard]] std::optional<Timestamp> of(const std::string& server_id) const;
    [[nodiscard]] std::size_t count() const { return stops_.size(); }

    /// Until stop().
    asio::awaitable<void> run(Act act);
    void stop();

  private:
    asio::awaitable<Result<void>> save();
    [[nodiscard]] std::vector<std::string> due() const;
    [[nodiscard]] std::chrono::milliseconds until_next() const;

    asio::any_io_executor executor_;
    asio::thread_pool& pool_;
    const Clock& clock_;
    std::filesystem::path file_;
    std::map<std::string, Stop> stops_;
    Bell changed_;
    bool is_stopping_ = false;
    bool is_saving_ = false;
    bool is_stale_ = false;  ///< the file is older than what is in memory
    Bell saved_;
};

}  // namespace muster::faces
