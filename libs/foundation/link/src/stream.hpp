#pragma once

#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "event.hpp"
#include "muster/base/error.hpp"
#include "registry.hpp"

namespace muster::link {

enum class Side { server, client };

struct StreamLimits {
    std::size_t queue_max;
    std::size_t queue_bytes_max;
    std::size_t message_bytes_max;
    std::chrono::milliseconds flush;  ///< how long a closed stream may take to send what waits
};

/// One bidirectional call, either end: the meeting point of gRPC's threads and the owner's
/// executor. gRPC reports through read_done, write_done, broken and done from threads of its own;
/// the owner asks through the rest on its executor. What happens next is decided in one place,
/// next_step, under the mutex, and carried out in one other, pump, without it:
///
/// - one read in flight, and the next only when the consumer took the message (back-pressure);
/// - one write in flight, what else waits is in a bounded queue;
/// - the call is ended (Finish on the server, the hold removed on the client) only when no start of
///   another operation is under way, since gRPC may destroy the call right after.
template <typename In, typename Out>
class Stream : public Live, public std::enable_shared_from_this<Stream<In, Out>> {
  public:
    Stream(Side side, asio::any_io_executor executor, std::shared_ptr<Registry> registry,
           StreamLimits limits)
        : side_(side),
          executor_(std::move(executor)),
          registry_(std::move(registry)),
          limits_(limits),
          readable_(executor_),
          writable_(executor_),
          flush_timer_(executor_) {}

    /// The next message; nullopt when there is none to come (then `why` says the reason).
    asio::awaitable<std::optional<In>> next() {
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                if (filled_ && !closing_) {
                    In message;
                    message.Swap(&slot_);
                    filled_ = false;
                    lock.unlock();
                    pump();
                    co_return message;
                }
                if (is_over()) co_return std::nullopt;
                reader_waits_ = true;
            }
            co_await readable_.wait();
        }
    }

    /// Queues, never waits. `exhausted` when the queue is full: the stream is then cancelled.
    Result<void> send(Out message) {
        const auto bytes = size_of(message);
        if (!bytes) return std::unexpected(bytes.error());
        Result<void> sent;
        {
            const std::scoped_lock lock(mutex_);
            if (closing_ || broken_ || done_) return std::unexpected(reason());
            if (queue_.size() < limits_.queue_max &&
                queue_bytes_ + *bytes <= limits_.queue_bytes_max) {
                enqueue(std::move(message), *bytes);
            } else {
                cut(Error{
                    Errc::exhausted, "the other end does not read: too much waits for it", {}});
                sent = std::unexpected(reason());
            }
        }
        pump();
        return sent;
    }

    /// Waits until at most the message before this one is still on its way.
    asio::awaitable<Result<void>> write(Out message) {
        const auto bytes = size_of(message);
        if (!bytes) co_return std::unexpected(bytes.error());
        for (;;) {
            {
                const std::scoped_lock lock(mutex_);
                if (closing_ || broken_ || done_) co_return std::unexpected(reason());
                if (queue_.empty()) {
                    enqueue(std::move(message), *bytes);
                    break;
                }
                writer_waits_ = true;
            }
            co_await writable_.wait();
        }
        pump();
        co_return Result<void>{};
    }

    /// No more in either direction: what waits is sent within limits.flush, then the call ends with
    /// `error`, or regularly.
    void close(std::optional<Error> error = std::nullopt) {
        {
            const std::scoped_lock lock(mutex_);
            if (closing_ || done_) return;
            shut(std::move(error));
        }
        flush_timer_.expires_after(limits_.flush);
        flush_timer_.async_wait([weak = this->weak_from_this()](const auto& failed) {
            if (failed) return;
            if (const auto self = weak.lock()) {
                self->cancel(Error{Errc::timeout, "the other end did not read the last words", {}});
            }
        });
        pump();
    }
    /// The same for a call that was refused before it began; any thread.
    void refuse(Error error) {
        {
            const std::scoped_lock lock(mutex_);
            if (closing_ || done_) return;
            shut(std::move(error));
        }
        pump();
    }
    /// Like close with an error, but what waits is dropped.
    void expel(Error error) {
        {
            const std::scoped_lock lock(mutex_);
            queue_.clear();
            queue_bytes_ = 0;
        }
        close(std::move(error));
    }
    /// Ends at once, whatever is on its way; any thread.
    void cancel(Error error) {
        {
            const std::scoped_lock lock(mutex_);
            if (done_) return;
            cut(std::move(error));
        }
        pump();
    }
    void abandon() override { cancel(Error{Errc::unavailable, "the link was shut down", {}}); }

    /// Why there is no more to come.
    [[nodiscard]] Error why() const {
        const std::scoped_lock lock(mutex_);
        return reason();
    }
    /// Server: tells the client that it was let in, and begins to read.
    void accept() {
        {
            const std::scoped_lock lock(mutex_);
            accept_wanted_ = true;
        }
        pump();
    }
    /// Client: whether it was let in.
    asio::awaitable<Result<void>> opened(std::chrono::milliseconds deadline) {
        asio::steady_timer timer(executor_, deadline);
        timer.async_wait([weak = this->weak_from_this()](const auto& failed) {
            if (failed) return;
            if (const auto self = weak.lock()) self->give_up_opening();
        });
        for (;;) {
            {
                const std::scoped_lock lock(mutex_);
                if (closing_ || done_) co_return std::unexpected(reason());
                if (accepted_) co_return Result<void>{};
                reader_waits_ = true;
            }
            co_await readable_.wait();
        }
    }
    /// Called once, when gRPC has let go; set before the stream begins.
    void on_settled(std::function<void()> then) { settled_ = std::move(then); }

  protected:
    enum class Step { none, accept, read, write, half_close, cancel, end };
    /// Starts the operation at gRPC. For `read` into slot_, for `write` from current_.
    virtual void run(Step step) = 0;

    // ---- gRPC's threads, from here to the end of the section
    void was_accepted() {
        wake([this] { accepted_ = true; });
        pump();
    }
    void read_done(bool ok) {
        wake([this, ok] {
            reading_ = false;
            if (!ok) {
                reads_over_ = true;
                // On the client it means that the whole call is over.
                if (side_ == Side::client) broken_ = true;
            } else if (closing_) {
                slot_.Clear();
            } else {
                filled_ = true;
            }
        });
        pump();
    }
    void write_done(bool ok) {
        wake([this, ok] {
            writing_ = false;
            current_.Clear();
            if (!ok) broken_ = true;
        });
        pump();
    }
    void broken() {
        wake([this] { broken_ = reads_over_ = true; });
        pump();
    }
    /// The last that gRPC says; `this` may be gone afterwards.
    void done(std::optional<Error> error) {
        {
            const std::scoped_lock lock(mutex_);
            done_ = true;
            if (error && !why_) why_ = std::move(error);
        }
        const std::shared_ptr<Registry> registry = registry_;
        const asio::any_io_executor executor = executor_;
        auto self = std::static_pointer_cast<Stream>(registry->release(this));
        asio::post(executor, [self = std::move(self)] { self->settle(); });
        registry->forget();
    }

    In slot_;
    Out current_;
    /// What to end the call with; only in run(Step::end).
    [[nodiscard]] std::optional<Error> verdict() const {
        const std::scoped_lock lock(mutex_);
        return why_;
    }

    void pump() {
        std::unique_lock lock(mutex_);
        for (;;) {
            const Step step = next_step();
            if (step == Step::none) return;
            if (step != Step::end) ++starting_;
            lock.unlock();
            run(step);
            // After the end, gRPC may have let go of everything.
            if (step == Step::end) return;
            lock.lock();
            --starting_;
        }
    }

  private:
    // All of these under the mutex.
    Step next_step() {
        if (ended_) return Step::none;
        if (cancel_wanted_) {
            cancel_wanted_ = false;
            return Step::cancel;
        }
        if (accept_wanted_ && !broken_) {
            accept_wanted_ = false;
            return Step::accept;
        }
        if (!writing_ && !broken_ && !queue_.empty()) {
            writing_ = true;
            current_.Swap(&queue_.front().message);
            queue_bytes_ -= queue_.front().bytes;
            queue_.pop_front();
            return Step::write;
        }
        const bool flushed = !writing_ && (broken_ || queue_.empty());
        const bool may_end =
            side_ == Side::server ? closing_ && flushed : (reads_over_ || broken_) && !writing_;
        if (may_end) {
            // Who still starts an operation comes back here after it.
            if (starting_ > 0) return Step::none;
            ended_ = true;
            return Step::end;
        }
        if (side_ == Side::client && closing_ && flushed && !half_closed_) {
            half_closed_ = true;
            return Step::half_close;
        }
        const bool wants_read = side_ == Side::client || !closing_;
        if (wants_read && !reading_ && !filled_ && !reads_over_ && !broken_) {
            reading_ = true;
            return Step::read;
        }
        return Step::none;
    }
    [[nodiscard]] bool is_over() const {
        return closing_ || done_ || (side_ == Side::server && (broken_ || reads_over_));
    }
    [[nodiscard]] Error reason() const {
        if (why_) return *why_;
        if (closing_) return Error{Errc::cancelled, "the stream was closed here", {}};
        return Error{Errc::unavailable, "the other end is gone", {}};
    }
    void shut(std::optional<Error> error) {
        closing_ = true;
        why_ = std::move(error);
        filled_ = false;
        if (!reading_) slot_.Clear();
        post_wakes();
    }
    void cut(Error error) {
        if (!closing_) shut(std::move(error));
        if (!broken_) cancel_wanted_ = true;
        broken_ = true;
        queue_.clear();
        queue_bytes_ = 0;
    }
    void enqueue(Out message, std::size_t bytes) {
        queue_.push_back({std::move(message), bytes});
        queue_bytes_ += bytes;
    }
    void post_wakes() {
        if (!reader_waits_ && !writer_waits_) return;
        reader_waits_ = writer_waits_ = false;
        asio::post(executor_, [self = this->shared_from_this()] {
            self->readable_.notify();
            self->writable_.notify();
        });
    }
    void wake(auto change) {
        const std::scoped_lock lock(mutex_);
        change();
        post_wakes();
    }

    [[nodiscard]] Result<std::size_t> size_of(const Out& message) const {
        const std::size_t bytes = message.ByteSizeLong();
        if (bytes <= limits_.message_bytes_max) return bytes;
        return fail(Errc::too_large, "a message has at most " +
                                         std::to_string(limits_.message_bytes_max) + " bytes");
    }
    // The timer may have run out in the very moment in which the answer came.
    void give_up_opening() {
        {
            const std::scoped_lock lock(mutex_);
            if (accepted_ || done_) return;
            cut(Error{Errc::timeout, "the other end did not answer in time", {}});
        }
        pump();
    }
    void settle() {
        flush_timer_.cancel();
        readable_.notify();
        writable_.notify();
        if (const auto then = std::exchange(settled_, nullptr)) then();
    }

    const Side side_;
    const asio::any_io_executor executor_;
    const std::shared_ptr<Registry> registry_;
    const StreamLimits limits_;
    Event readable_;
    Event writable_;
    asio::steady_timer flush_timer_;
    std::function<void()> settled_;

    struct Queued {
        Out message;
        std::size_t bytes;
    };
    mutable std::mutex mutex_;
    std::deque<Queued> queue_;
    std::size_t queue_bytes_ = 0;
    std::optional<Error> why_;
    int starting_ = 0;            // operations being started at gRPC right now
    bool accept_wanted_ = false;  // server
    bool accepted_ = false;       // client
    bool reading_ = false;        // slot_ is gRPC's
    bool filled_ = false;         // slot_ holds a message for the consumer
    bool reads_over_ = false;
    bool writing_ = false;  // current_ is gRPC's
    bool half_closed_ = false;
    bool broken_ = false;   // nothing more can be sent
    bool closing_ = false;  // by us
    bool cancel_wanted_ = false;
    bool ended_ = false;  // the last operation was started
    bool done_ = false;   // gRPC has let go
    bool reader_waits_ = false;
    bool writer_waits_ = false;
};

}  // namespace muster::link
