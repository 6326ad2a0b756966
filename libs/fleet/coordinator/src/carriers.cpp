#include "carriers.hpp"

#include "muster/base/random.hpp"

namespace muster::coordinator {

/// Where the handler and the link's carrier meet.
struct Carriers::Stream::Parked {
    explicit Parked(asio::any_io_executor executor) : came(executor), done(executor) {}
    std::string node_id;
    std::shared_ptr<link::Carrier> carrier;
    Signal came;  ///< the carrier is here
    Signal done;  ///< the handler needs it no more
};

Carriers::Stream::Stream(Carriers& owner, std::string node_id, std::string id)
    : owner_(owner), node_id_(std::move(node_id)), id_(std::move(id)) {
    parked_ = std::make_shared<Parked>(owner.executor_);
    parked_->node_id = node_id_;
    owner_.parked_[id_] = parked_;
}

Carriers::Stream::~Stream() {
    owner_.parked_.erase(id_);
    if (!is_ended_) {
        wire::ToNode message;
        message.mutable_close_stream()->set_stream_id(id_);
        static_cast<void>(owner_.links_.tell(node_id_, std::move(message)));
    }
    if (parked_->carrier) parked_->carrier->finish({});
    parked_->done.set();
}

void Carriers::Stream::finish() {
    if (parked_->carrier) parked_->carrier->finish({});
}

asio::awaitable<Result<std::optional<wire::Piece>>> Carriers::Stream::read() {
    if (is_ended_) co_return std::optional<wire::Piece>();
    auto piece = co_await parked_->carrier->read();
    if (!piece) co_return std::unexpected(piece.error());
    if (!*piece) {
        is_ended_ = true;
        co_return std::optional<wire::Piece>();
    }
    if (!(*piece)->end()) co_return piece;
    is_ended_ = true;
    if ((*piece)->has_exit_code()) exit_code_ = (*piece)->exit_code();
    if (!(*piece)->error_code().empty()) {
        co_return fail(from_name((*piece)->error_code()), (*piece)->error_message());
    }
    if (!(*piece)->data().empty()) co_return piece;
    co_return std::optional<wire::Piece>();
}

asio::awaitable<Result<void>> Carriers::Stream::write(std::string bytes) {
    wire::Piece piece;
    piece.set_data(std::move(bytes));
    co_return co_await parked_->carrier->write(std::move(piece));
}

asio::awaitable<Result<std::shared_ptr<Carriers::Stream>>> Carriers::open(std::string node_id,
                                                                          wire::OpenStream what) {
    if (parked_.size() >= streams_max) {
        co_return fail(Errc::exhausted, "too many streams are open");
    }
    const auto id = new_id("stream") + random_text(12);
    what.set_stream_id(id);
    auto stream = std::make_shared<Stream>(*this, node_id, id);
    wire::ToNode message;
    *message.mutable_open_stream() = std::move(what);
    if (auto told = links_.tell(node_id, std::move(message)); !told) {
        stream->is_ended_ = true;
        co_return std::unexpected(told.error());
    }
    if (!co_await stream->parked_->came.wait(deadline_)) {
        co_return fail(Errc::timeout, "the node did not open the stream in time");
    }
    co_return stream;
}

asio::awaitable<void> Carriers::arrived(std::string node_id, std::string stream_id,
                                        std::shared_ptr<link::Carrier> carrier) {
    const auto found = parked_.find(stream_id);
    if (found == parked_.end() || found->second->node_id != node_id || found->second->carrier) {
        carrier->finish(fail(Errc::not_found, "nobody asked for this stream"));
        co_return;
    }
    const auto parked = found->second;
    parked->carrier = std::move(carrier);
    parked->came.set();
    co_await parked->done.wait();
}

}  // namespace muster::coordinator
