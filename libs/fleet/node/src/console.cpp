#include "console.hpp"

#include <algorithm>

namespace muster::node {

asio::awaitable<Result<std::optional<runtime::Console::Output>>> ConsoleHub::Watcher::next() {
    while (waiting_.empty() && !ended_) co_await news_.wait();
    if (waiting_.empty()) {
        if (error_) co_return std::unexpected(*error_);
        co_return std::optional<runtime::Console::Output>();
    }
    std::optional<runtime::Console::Output> output = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= output->bytes.size();
    co_return output;
}

void ConsoleHub::Watcher::end(std::optional<Error> why) {
    if (ended_) return;
    ended_ = true;
    error_ = std::move(why);
    news_.wake();
}

Result<std::shared_ptr<ConsoleHub::Watcher>> ConsoleHub::watch() {
    if (closed_) return fail(Errc::not_found, "the server is gone");
    if (watchers_.size() >= watchers_max) {
        return fail(Errc::exhausted, "too many people watch this console");
    }
    auto watcher = std::make_shared<Watcher>(tasks_.executor());
    watchers_.push_back(watcher);
    if (!pumping_) {
        pumping_ = true;
        tasks_.spawn(pump(shared_from_this()));
    }
    return watcher;
}

void ConsoleHub::leave(const std::shared_ptr<Watcher>& watcher) {
    watcher->end();
    std::erase(watchers_, watcher);
    if (!watchers_.empty()) return;
    if (console_) console_->close();
    began_.wake();
}

void ConsoleHub::close() {
    closed_ = true;
    for (const auto& watcher : std::exchange(watchers_, {})) watcher->end();
    if (console_) console_->close();
    began_.wake();
}

asio::awaitable<void> ConsoleHub::pump(std::shared_ptr<ConsoleHub> self) {
    while (!self->watchers_.empty() && !self->closed_) {
        const std::uint64_t run = self->runs_;
        auto attached = co_await self->runtime_.streams().attach(self->instance_);
        if (attached) {
            self->console_ = std::move(*attached);
            const std::shared_ptr<runtime::Console> console = self->console_;
            while (!self->watchers_.empty() && !self->closed_) {
                auto output = co_await console->read();
                if (!output || !*output) break;
                self->give(**output);
            }
            console->close();
            self->console_.reset();
        }
        // The run is over, or there is none yet: go on with the next one.
        while (!self->watchers_.empty() && !self->closed_ && self->runs_ == run) {
            co_await self->began_.wait();
        }
    }
    self->pumping_ = false;
}

void ConsoleHub::give(const runtime::Console::Output& output) {
    std::vector<std::shared_ptr<Watcher>> slow;
    for (const auto& watcher : watchers_) {
        if (watcher->bytes_ + output.bytes.size() > waiting_bytes_max) {
            slow.push_back(watcher);
            continue;
        }
        watcher->bytes_ += output.bytes.size();
        watcher->waiting_.push_back(output);
        watcher->news_.wake();
    }
    for (const auto& watcher : slow) {
        watcher->end(Error{Errc::exhausted, "the reader is too slow for this console", ""});
        std::erase(watchers_, watcher);
    }
}

asio::awaitable<Result<void>> ConsoleHub::write(std::string bytes) {
    if (console_) {
        const std::shared_ptr<runtime::Console> console = console_;
        co_return co_await console->write(std::move(bytes));
    }
    auto attached = co_await runtime_.streams().attach(instance_);
    if (!attached) co_return std::unexpected(attached.error());
    auto written = co_await (*attached)->write(std::move(bytes));
    (*attached)->close();
    co_return written;
}

}  // namespace muster::node
