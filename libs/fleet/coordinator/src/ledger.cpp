#include "ledger.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <vector>

#include "signal.hpp"

namespace muster::coordinator {
namespace {

struct Batch {
    std::map<std::pair<std::string, std::string>, store::Change> changes;
    std::vector<store::Entry> entries;
    [[nodiscard]] bool empty() const { return changes.empty() && entries.empty(); }
    [[nodiscard]] std::size_t size() const { return changes.size() + entries.size(); }
};

struct Waiter {
    explicit Waiter(asio::any_io_executor executor) : woken(std::move(executor)) {}
    Signal woken;
    std::uint64_t number = 0;
    Result<void> result;
};

}  // namespace

/// Shared with what runs on the writer, so that a completion that comes late finds it.
struct Ledger::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor on, asio::any_io_executor writes, store::Store& to,
          std::string log_name, std::chrono::milliseconds retry_after)
        : executor(on),
          writer(std::move(writes)),
          store(to),
          log(std::move(log_name)),
          retry(retry_after),
          retry_timer(on) {}

    asio::any_io_executor executor;
    asio::any_io_executor writer;
    store::Store& store;
    std::string log;
    std::chrono::milliseconds retry;
    asio::steady_timer retry_timer;

    Batch pending;
    std::uint64_t pending_number = 1;  ///< of the batch that is being gathered
    std::shared_ptr<Batch> in_flight;
    bool is_scheduled = false;
    bool is_closed = false;
    std::string failure;
    std::deque<std::pair<std::uint64_t, std::function<void()>>> after;
    std::vector<std::shared_ptr<Waiter>> waiters;
    Counts counts;

    void schedule() {
        if (is_scheduled || in_flight) return;
        is_scheduled = true;
        asio::post(executor, [self = shared_from_this()] {
            self->is_scheduled = false;
            self->begin();
        });
    }

    void begin() {
        if (is_closed || in_flight || pending.empty()) return;
        in_flight = std::make_shared<Batch>(std::move(pending));
        pending = {};
        ++pending_number;
        write();
    }

    void write() {
        asio::post(writer, [self = shared_from_this(), batch = in_flight] {
            std::vector<store::Change> changes;
            changes.reserve(batch->changes.size());
            for (const auto& [key, change] : batch->changes) changes.push_back(change);
            const auto started = std::chrono::steady_clock::now();
            auto result = self->store.commit(changes, self->log, batch->entries);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
            asio::post(self->executor, [self, result = std::move(result), took] {
                self->finished(result, took.count());
            });
        });
    }

    void finished(const Result<void>& result, double seconds) {
        if (is_closed) return;
        counts.seconds += seconds;
        if (!result) {
            ++counts.failures;
            failure = result.error().message;
            wake(pending_number,
                 fail(Errc::unavailable, "the store cannot be written now: " + failure));
            retry_timer.expires_after(retry);
            retry_timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
                if (!ec && !self->is_closed) self->write();
            });
            return;
        }
        failure.clear();
        ++counts.commits;
        counts.changes += in_flight->size();
        in_flight.reset();
        wake(pending_number - 1, {});
        while (!after.empty() && after.front().first < pending_number) {
            auto then = std::move(after.front().second);
            after.pop_front();
            then();
        }
        if (!pending.empty()) schedule();
    }

    /// The batch that holds everything queued so far; 0 when all of it is in.
    [[nodiscard]] std::uint64_t last_number() const {
        if (!pending.empty()) return pending_number;
        return in_flight ? pending_number - 1 : 0;
    }

    void wake(std::uint64_t up_to, const Result<void>& result) {
        std::erase_if(waiters, [&](const std::shared_ptr<Waiter>& waiter) {
            if (waiter->number > up_to) return false;
            waiter->result = result;
            waiter->woken.set();
            return true;
        });
    }
};

Ledger::Ledger(asio::any_io_executor executor, asio::any_io_executor writer, store::Store& store,
               std::string log, std::chrono::milliseconds retry)
    : state_(std::make_shared<State>(std::move(executor), std::move(writer), store, std::move(log),
                                     retry)) {}

Ledger::~Ledger() {
    state_->is_closed = true;
    state_->retry_timer.cancel();
    state_->wake(state_->pending_number, fail(Errc::cancelled, "the coordinator is stopping"));
}

void Ledger::put(std::string kind, std::string id, std::string body) {
    store::Change change;
    change.record = store::Record{kind, id, std::move(body)};
    state_->pending.changes.insert_or_assign(std::pair(std::move(kind), std::move(id)),
                                             std::move(change));
    state_->schedule();
}

void Ledger::erase(std::string kind, std::string id) {
    store::Change change;
    change.record = store::Record{kind, id, {}};
    change.erase = true;
    state_->pending.changes.insert_or_assign(std::pair(std::move(kind), std::move(id)),
                                             std::move(change));
    state_->schedule();
}

void Ledger::append(store::Entry entry) {
    state_->pending.entries.push_back(std::move(entry));
    state_->schedule();
}

void Ledger::after_commit(std::function<void()> then) {
    const auto number = state_->last_number();
    if (number == 0) {
        then();
        return;
    }
    state_->after.emplace_back(number, std::move(then));
}

asio::awaitable<Result<void>> Ledger::settled() {
    const auto state = state_;
    const auto number = state->last_number();
    if (number == 0) co_return Result<void>{};
    if (!state->failure.empty()) {
        co_return fail(Errc::unavailable, "the store cannot be written now: " + state->failure);
    }
    auto waiter = std::make_shared<Waiter>(state->executor);
    waiter->number = number;
    state->waiters.push_back(waiter);
    co_await waiter->woken.wait();
    co_return waiter->result;
}

asio::awaitable<void> Ledger::on_writer(std::function<void(store::Store&)> work) {
    const auto state = state_;
    auto done = std::make_shared<Signal>(state->executor);
    asio::post(state->writer, [state, done, work = std::move(work)] {
        work(state->store);
        asio::post(state->executor, [done] { done->set(); });
    });
    co_await done->wait();
}

const std::string& Ledger::failing() const {
    return state_->failure;
}

std::size_t Ledger::depth() const {
    return state_->pending.size() + (state_->in_flight ? state_->in_flight->size() : 0);
}

const Ledger::Counts& Ledger::counts() const {
    return state_->counts;
}

}  // namespace muster::coordinator
