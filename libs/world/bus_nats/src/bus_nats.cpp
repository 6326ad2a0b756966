#include "muster/bus_nats/bus_nats.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "link.hpp"
#include "muster/base/random.hpp"
#include "options.hpp"

namespace muster::bus_nats {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

/// Shared by the bus, its subscriptions and what the library calls back. One thread, the keeper,
/// makes connections and writes to them, so that nobody else ever waits for a socket.
class Keeper : public std::enable_shared_from_this<Keeper> {
  public:
    explicit Keeper(Options options) : options_(std::move(options)) {}

    Result<void> start();
    void stop();

    Result<void> publish(std::string_view subject, std::span<const std::byte> bytes);
    Result<bus::Subscription> subscribe(std::string_view pattern, bus::Receiver receiver,
                                        bus::QueueLimits limits);
    Result<void> flush(milliseconds limit);
    bus::Health health();
    bus::Statistics statistics() { return counters_->read(); }

  private:
    struct Subscribed {
        std::string pattern;
        std::shared_ptr<bus::Inbox> inbox;
        LinkSubscription on_link;  ///< null while there is no connection
    };

    void run();
    void write_next(std::unique_lock<std::mutex>& lock);
    void reconnect(std::unique_lock<std::mutex>& lock);
    void let_go(std::unique_lock<std::mutex>& lock);
    Result<std::shared_ptr<Link>> connect_once();
    void adopt(const std::shared_ptr<Link>& link);
    /// Under mutex_.
    void lose(std::uint64_t number, const std::string& reason);
    void drop_oldest();
    void end_subscription(std::uint64_t id);

    const Options options_;
    const std::shared_ptr<bus::Counters> counters_ = std::make_shared<bus::Counters>();
    std::thread thread_;
    Deadline next_attempt_{};  ///< the keeper's: no earlier one

    /// Never held while the library is called.
    std::mutex mutex_;
    std::condition_variable work_;     ///< for the keeper
    std::condition_variable changed_;  ///< for flush()
    std::deque<std::shared_ptr<const bus::Message>> outgoing_;
    std::size_t outgoing_bytes_ = 0;
    std::uint64_t accepted_ = 0;  ///< of publish()
    std::uint64_t settled_ = 0;   ///< of those: written or dropped
    bool stopping_ = false;
    bus::Health health_;
    bool was_connected_ = false;
    std::vector<std::string> discovered_;
    std::uint64_t number_ = 0;  ///< of the newest connection; each has its own
    std::uint64_t lost_ = 0;    ///< the newest that was lost

    /// Held while subscriptions are made on a connection. Before mutex_, never after.
    std::mutex subscriptions_mutex_;
    std::map<std::uint64_t, Subscribed> subscriptions_;
    std::uint64_t next_subscription_ = 1;
    std::shared_ptr<Link> link_;
};

Result<void> Keeper::start() {
    auto link = connect_once();
    if (link) {
        adopt(*link);
    } else if (!options_.start_disconnected || link.error().code != Errc::unavailable) {
        return std::unexpected(link.error());
    } else {
        health_.reason = link.error().message;
    }
    thread_ = std::thread([this] { run(); });
    return {};
}

void Keeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        work_.notify_all();
    }
    thread_.join();
    std::map<std::uint64_t, Subscribed> ending;
    std::shared_ptr<Link> link;
    {
        const std::lock_guard lock(subscriptions_mutex_);
        ending = std::exchange(subscriptions_, {});
        link = std::exchange(link_, nullptr);
    }
    // Without the locks: it waits for receivers, and they may publish.
    for (const auto& [id, subscribed] : ending) subscribed.inbox->close();
}

void Keeper::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!health_.connected) {
            reconnect(lock);
        } else if (!outgoing_.empty()) {
            write_next(lock);
        } else {
            work_.wait(lock,
                       [this] { return stopping_ || !health_.connected || !outgoing_.empty(); });
        }
    }
}

void Keeper::write_next(std::unique_lock<std::mutex>& lock) {
    const auto message = std::move(outgoing_.front());
    outgoing_.pop_front();
    outgoing_bytes_ -= message->bytes.size();
    const auto number = number_;
    lock.unlock();
    const bool written = link_->publish(*message);  // only this thread ever changes link_
    lock.lock();
    ++settled_;
    changed_.notify_all();
    if (!written) {
        ++counters_->dropped_out;
        lose(number, "the NATS server took no more messages");
    }
}

void Keeper::reconnect(std::unique_lock<std::mutex>& lock) {
    let_go(lock);
    // At once when the last attempt is long ago; a server that always breaks off is left in peace.
    if (work_.wait_until(lock, next_attempt_, [this] { return stopping_; })) return;
    const auto jitter = static_cast<std::uint32_t>(options_.reconnect_jitter.count());
    next_attempt_ = std::chrono::steady_clock::now() + options_.reconnect_wait +
                    milliseconds(random_below(jitter + 1));
    lock.unlock();
    auto link = connect_once();
    if (link) adopt(*link);
    lock.lock();
    if (!link) health_.reason = link.error().message;
}

/// Parts with the connection that was lost. Not under a lock: the library takes its time.
void Keeper::let_go(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    std::vector<LinkSubscription> ended;
    std::shared_ptr<Link> link;
    {
        const std::lock_guard guard(subscriptions_mutex_);
        link = std::exchange(link_, nullptr);
        for (auto& [id, subscribed] : subscriptions_) {
            if (subscribed.on_link) ended.push_back(std::move(subscribed.on_link));
        }
    }
    ended.clear();
    link.reset();
    lock.lock();
}

Result<std::shared_ptr<Link>> Keeper::connect_once() {
    std::vector<std::string> servers = options_.servers;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = ++number_;
        for (const auto& server : discovered_) {
            if (servers.size() < servers_max &&
                std::ranges::find(servers, server) == servers.end()) {
                servers.push_back(server);
            }
        }
    }
    Link::Events events;
    events.lost = [keeper = weak_from_this(), number] {
        if (const auto alive = keeper.lock()) {
            const std::lock_guard lock(alive->mutex_);
            alive->lose(number, "the connection to the NATS server broke");
        }
    };
    events.discovered = [keeper = weak_from_this()](std::vector<std::string> found) {
        if (const auto alive = keeper.lock()) {
            const std::lock_guard lock(alive->mutex_);
            if (!found.empty()) alive->discovered_ = std::move(found);
        }
    };
    events.overrun = [counters = counters_] { ++counters->dropped_in; };
    return Link::connect(options_, servers, std::move(events));
}

/// Connected is what has all subscriptions.
void Keeper::adopt(const std::shared_ptr<Link>& link) {
    {
        const std::lock_guard guard(subscriptions_mutex_);
        link_ = link;
        for (auto& [id, subscribed] : subscriptions_) {
            subscribed.on_link = link->subscribe(subscribed.pattern, subscribed.inbox, counters_);
        }
    }
    const bool settled = link->flush(options_.connect_timeout) == Link::Flushed::done;
    const std::lock_guard lock(mutex_);
    if (!settled || lost_ == number_) {
        health_.reason = "the NATS server at " + link->peer() + " broke off at once";
        return;
    }
    if (was_connected_) ++health_.reconnects;
    was_connected_ = true;
    health_.connected = true;
    health_.peer = link->peer();
    health_.reason.clear();
    changed_.notify_all();
}

void Keeper::lose(std::uint64_t number, const std::string& reason) {
    if (number != number_) return;
    lost_ = number;
    if (!health_.connected) return;
    health_.connected = false;
    health_.peer.clear();
    health_.reason = reason;
    while (!outgoing_.empty()) drop_oldest();
    work_.notify_all();
}

void Keeper::drop_oldest() {
    outgoing_bytes_ -= outgoing_.front()->bytes.size();
    outgoing_.pop_front();
    ++settled_;
    ++counters_->dropped_out;
}

Result<void> Keeper::publish(std::string_view subject, std::span<const std::byte> bytes) {
    if (auto checked = bus::check_publish(subject, bytes.size()); !checked) return checked;
    auto message = std::make_shared<const bus::Message>(std::string(subject),
                                                        std::vector(bytes.begin(), bytes.end()));
    const std::lock_guard lock(mutex_);
    if (!health_.connected) {
        return fail(Errc::unavailable, "the bus is disconnected: " + health_.reason);
    }
    ++accepted_;
    ++counters_->messages_out;
    counters_->bytes_out += bytes.size();
    const auto& limits = options_.outgoing;
    while (!outgoing_.empty() &&
           (outgoing_.size() >= limits.messages || outgoing_bytes_ + bytes.size() > limits.bytes)) {
        drop_oldest();
    }
    outgoing_bytes_ += bytes.size();
    outgoing_.push_back(std::move(message));
    work_.notify_all();
    return {};
}

Result<bus::Subscription> Keeper::subscribe(std::string_view pattern, bus::Receiver receiver,
                                            bus::QueueLimits limits) {
    if (auto checked = bus::check_subscribe(pattern, receiver, limits); !checked) {
        return std::unexpected(checked.error());
    }
    const std::lock_guard lock(subscriptions_mutex_);
    if (subscriptions_.size() >= bus::subscriptions_max) {
        return fail(Errc::exhausted, "there are " + std::to_string(subscriptions_.size()) +
                                         " subscriptions already");
    }
    auto inbox = std::make_shared<bus::Inbox>(std::move(receiver), limits, counters_);
    Subscribed subscribed{std::string(pattern), inbox, nullptr};
    // When it fails the connection is gone, and the next one takes the subscription along.
    if (link_) subscribed.on_link = link_->subscribe(subscribed.pattern, inbox, counters_);
    const std::uint64_t id = next_subscription_++;
    subscriptions_.emplace(id, std::move(subscribed));
    return bus::Subscription([keeper = shared_from_this(), id, inbox = std::move(inbox)] {
        keeper->end_subscription(id);
        inbox->close();
    });
}

void Keeper::end_subscription(std::uint64_t id) {
    LinkSubscription on_link;
    const std::lock_guard lock(subscriptions_mutex_);
    const auto it = subscriptions_.find(id);
    if (it == subscriptions_.end()) return;
    on_link = std::move(it->second.on_link);
    subscriptions_.erase(it);
}

Result<void> Keeper::flush(milliseconds limit) {
    const Deadline end = std::chrono::steady_clock::now() + limit;
    std::string reason;
    {
        std::unique_lock lock(mutex_);
        const auto wanted = accepted_;
        const bool ready =
            changed_.wait_until(lock, end, [&] { return health_.connected && settled_ >= wanted; });
        if (!ready && health_.connected) {
            return fail(Errc::timeout, "the NATS server was too slow to take what was published");
        }
        if (!ready) return fail(Errc::unavailable, "the bus is disconnected: " + health_.reason);
    }
    std::shared_ptr<Link> link;
    {
        const std::lock_guard lock(subscriptions_mutex_);
        link = link_;
    }
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    switch (link ? link->flush(left) : Link::Flushed::broken) {
        case Link::Flushed::done:
            return {};
        case Link::Flushed::late:
            return fail(Errc::timeout, "the NATS server did not answer in time");
        case Link::Flushed::broken:
            break;
    }
    return fail(Errc::unavailable, "the connection to the NATS server broke");
}

bus::Health Keeper::health() {
    const std::lock_guard lock(mutex_);
    return health_;
}

class NatsBus final : public bus::Bus {
  public:
    explicit NatsBus(std::shared_ptr<Keeper> keeper) : keeper_(std::move(keeper)) {}
    ~NatsBus() override { keeper_->stop(); }
    NatsBus(const NatsBus&) = delete;
    NatsBus& operator=(const NatsBus&) = delete;

    Result<void> publish(std::string_view subject, std::span<const std::byte> bytes) override {
        return keeper_->publish(subject, bytes);
    }
    Result<bus::Subscription> subscribe(std::string_view pattern, bus::Receiver receiver,
                                        bus::QueueLimits limits) override {
        return keeper_->subscribe(pattern, std::move(receiver), limits);
    }
    Result<void> flush(milliseconds limit) override { return keeper_->flush(limit); }
    [[nodiscard]] bus::Health health() const override { return keeper_->health(); }
    [[nodiscard]] bus::Statistics statistics() const override { return keeper_->statistics(); }

  private:
    std::shared_ptr<Keeper> keeper_;
};

}  // namespace

Result<std::unique_ptr<bus::Bus>> connect(Options options) {
    auto checked = check(std::move(options));
    if (!checked) return std::unexpected(checked.error());
    auto keeper = std::make_shared<Keeper>(std::move(*checked));
    if (auto started = keeper->start(); !started) return std::unexpected(started.error());
    return std::make_unique<NatsBus>(std::move(keeper));
}

}  // namespace muster::bus_nats
