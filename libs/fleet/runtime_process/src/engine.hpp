#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "muster/runtime_process/process.hpp"
#include "store.hpp"
#include "watch.hpp"
#include "wire.hpp"

namespace muster::runtime_process {

/// What the parts of the runtime share. Used on the executor, except for what blocking() runs.
struct Engine : std::enable_shared_from_this<Engine> {
    Engine(asio::any_io_executor on, Options with);

    using RecordPtr = std::shared_ptr<const Record>;
    using Ptr = std::shared_ptr<Engine>;

    /// By id or name; `not_found`.
    [[nodiscard]] Result<RecordPtr> find(const std::string& id) const;
    [[nodiscard]] runtime::Instance look(const Record& record) const;
    [[nodiscard]] bool is_running(const std::string& id) const;  ///< also when it is paused
    /// The folder of an image; `not_found`.
    [[nodiscard]] Result<fs::path> image_folder(const std::string& image) const;
    /// Whether an image is the host with our own program, as no folder of that name is there.
    [[nodiscard]] bool is_own_image(const std::string& image) const;
    void adopt(Record record);
    void forget(const std::string& id);

    asio::any_io_executor executor;
    Options options;
    Store store;
    UniqueFd lock;
    std::shared_ptr<Watch> watch;
    std::map<std::string, RecordPtr> records;  ///< by id
    std::set<std::string> starting;
    asio::thread_pool pool;
};
using EnginePtr = Engine::Ptr;

/// Runs the work on a thread where it may block, and comes back to the executor.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work>> blocking(EnginePtr engine, Work work) {
    co_await asio::post(asio::bind_executor(engine->pool.get_executor(), asio::use_awaitable));
    auto result = work();
    co_await asio::post(asio::bind_executor(engine->executor, asio::use_awaitable));
    co_return result;
}

/// A connection to an instance's shim.
class Channel {
  public:
    /// `conflict` when the instance does not run.
    [[nodiscard]] static Result<std::shared_ptr<Channel>> open(EnginePtr engine,
                                                               Engine::RecordPtr record);
    Channel(asio::any_io_executor executor, UniqueFd fd);

    /// An empty message is the end of the connection.
    static asio::awaitable<Result<std::string>> receive(std::shared_ptr<Channel> channel);
    static asio::awaitable<Result<void>> send(std::shared_ptr<Channel> channel,
                                              std::string message);
    /// Sends and waits for `done`; within a deadline.
    static asio::awaitable<Result<void>> ask(std::shared_ptr<Channel> channel, std::string message);
    void close();
    [[nodiscard]] bool is_closed() const { return !socket_.is_open(); }

  private:
    asio::posix::stream_descriptor socket_;
    asio::steady_timer deadline_;
};

[[nodiscard]] std::unique_ptr<runtime::Instances> make_instances(EnginePtr engine);
[[nodiscard]] std::unique_ptr<runtime::Streams> make_streams(EnginePtr engine);
[[nodiscard]] std::unique_ptr<runtime::Artifacts> make_artifacts(EnginePtr engine);
[[nodiscard]] std::unique_ptr<runtime::Archives> make_archives(EnginePtr engine);

}  // namespace muster::runtime_process
