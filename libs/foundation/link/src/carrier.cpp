#include "carrier.hpp"

#include <algorithm>
#include <utility>

namespace muster::link {
namespace {

class StreamCarrier final : public Carrier {
  public:
    StreamCarrier(std::shared_ptr<PieceStream> stream, std::optional<wire::Piece> first)
        : stream_(std::move(stream)), first_(std::move(first)) {}
    ~StreamCarrier() override {
        // A stream that neither end finished was dropped on the way: the other end must not take
        // what it has for the whole.
        if (end_written_ || read_regularly_) {
            stream_->close();
        } else {
            stream_->cancel(Error{Errc::cancelled, "the stream was dropped", {}});
        }
    }
    StreamCarrier(const StreamCarrier&) = delete;
    StreamCarrier& operator=(const StreamCarrier&) = delete;

    asio::awaitable<Result<std::optional<wire::Piece>>> read() override {
        if (read_error_) co_return std::unexpected(*read_error_);
        if (read_regularly_) co_return std::nullopt;
        std::optional<wire::Piece> piece = std::exchange(first_, std::nullopt);
        if (!piece) piece = co_await stream_->next();
        if (!piece) {
            read_error_ = stream_->why();
            co_return std::unexpected(*read_error_);
        }
        if (!piece->end()) co_return piece;
        if (!piece->error_code().empty()) {
            read_error_ = Error{from_name(piece->error_code()), piece->error_message(), {}};
            co_return std::unexpected(*read_error_);
        }
        read_regularly_ = true;
        if (piece->data().empty() && !piece->has_exit_code()) co_return std::nullopt;
        co_return piece;
    }

    asio::awaitable<Result<void>> write(wire::Piece piece) override {
        if (end_written_) {
            co_return fail(Errc::conflict, "the stream was finished before");
        }
        end_written_ = piece.end();
        while (piece.data().size() > data_max) {
            wire::Piece part;
            part.set_data(piece.data().substr(0, data_max));
            part.set_is_error(piece.is_error());
            part.set_time_ms(piece.time_ms());
            auto written = co_await stream_->write(std::move(part));
            if (!written) co_return written;
            piece.mutable_data()->erase(0, data_max);
        }
        co_return co_await stream_->write(std::move(piece));
    }

    void finish(Result<void> how) override {
        if (std::exchange(end_written_, true)) return;
        wire::Piece end;
        end.set_end(true);
        if (!how) {
            end.set_error_code(std::string(name_of(how.error().code)));
            end.set_error_message(how.error().message);
        }
        (void)stream_->send(std::move(end));  // who is gone learns nothing
    }

  private:
    std::shared_ptr<PieceStream> stream_;
    std::optional<wire::Piece> first_;
    std::optional<Error> read_error_;
    bool read_regularly_ = false;
    bool end_written_ = false;
};

}  // namespace

std::unique_ptr<Carrier> make_carrier(std::shared_ptr<PieceStream> stream,
                                      std::optional<wire::Piece> first) {
    return std::make_unique<StreamCarrier>(std::move(stream), std::move(first));
}

}  // namespace muster::link
