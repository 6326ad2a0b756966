#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "muster/link/link.hpp"
#include "node_links.hpp"
#include "signal.hpp"

namespace muster::coordinator {

/// Bulk streams: a handler asks a node for one, and the node's carrier finds the handler by the
/// stream's id. The id is random and only good for that node, so that no node reads another's.
class Carriers {
  public:
    static constexpr std::size_t streams_max = 10'000;

    Carriers(asio::any_io_executor executor, NodeLinks& links, std::chrono::milliseconds deadline)
        : executor_(std::move(executor)), links_(links), deadline_(deadline) {}

    /// One open stream, as its handler holds it; destroying it ends it on both sides.
    class Stream {
      public:
        Stream(Carriers& owner, std::string node_id, std::string id);
        ~Stream();
        Stream(const Stream&) = delete;
        Stream& operator=(const Stream&) = delete;

        /// The next piece with data, or how it ended: nullopt is the regular end (see exit_code).
        asio::awaitable<Result<std::optional<wire::Piece>>> read();
        asio::awaitable<Result<void>> write(std::string bytes);
        /// Nothing more comes from us.
        void finish();
        [[nodiscard]] const std::optional<int>& exit_code() const { return exit_code_; }

      private:
        friend class Carriers;
        struct Parked;
        Carriers& owner_;
        std::string node_id_;
        std::string id_;
        std::shared_ptr<Parked> parked_;
        std::optional<int> exit_code_;
        bool is_ended_ = false;
    };

    /// Asks the node to open the stream and waits for it. `what` without its id.
    asio::awaitable<Result<std::shared_ptr<Stream>>> open(std::string node_id,
                                                          wire::OpenStream what);
    /// The link's handler.
    asio::awaitable<void> arrived(std::string node_id, std::string stream_id,
                                  std::shared_ptr<link::Carrier> carrier);
    [[nodiscard]] std::size_t count() const { return parked_.size(); }

  private:
    asio::any_io_executor executor_;
    NodeLinks& links_;
    std::chrono::milliseconds deadline_;
    std::map<std::string, std::shared_ptr<Stream::Parked>> parked_;
};

}  // namespace muster::coordinator
