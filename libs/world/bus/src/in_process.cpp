#include "muster/bus/in_process.hpp"

#include <algorithm>
#include <chrono>

#include "hub.hpp"

namespace muster::bus {

std::shared_ptr<Hub> make_hub() {
    return std::make_shared<Hub>();
}

InProcessBus::InProcessBus(std::shared_ptr<Hub> hub, std::string name)
    : hub_(std::move(hub)), party_(std::make_shared<Party>()) {
    party_->name = std::move(name);
    const std::lock_guard lock(hub_->mutex);
    hub_->parties.push_back(party_);
}

InProcessBus::~InProcessBus() {
    std::vector<std::shared_ptr<Inbox>> inboxes;
    {
        const std::lock_guard lock(hub_->mutex);
        for (const Listener& listener : hub_->listeners) {
            if (listener.party == party_) inboxes.push_back(listener.inbox);
        }
        std::erase_if(hub_->listeners, [&](const Listener& l) { return l.party == party_; });
        std::erase(hub_->parties, party_);
    }
    // Without the lock: it waits for receivers, and they may publish.
    for (const auto& inbox : inboxes) inbox->close();
}

Result<void> InProcessBus::publish(std::string_view subject, std::span<const std::byte> bytes) {
    if (auto checked = check_publish(subject, bytes.size()); !checked) return checked;
    auto message = std::make_shared<const Message>(std::string(subject),
                                                   std::vector(bytes.begin(), bytes.end()));
    const std::lock_guard lock(hub_->mutex);
    if (!party_->connected) return fail(Errc::unavailable, "the bus is disconnected");
    ++party_->counters->messages_out;
    party_->counters->bytes_out += bytes.size();
    ++hub_->published;
    for (const Listener& listener : hub_->listeners) {
        if (!matches(listener.pattern, subject)) continue;
        if (hub_->faults) {
            hub_->faults->carry(*party_, listener, message);
        } else {
            listener.inbox->push(message);
        }
    }
    return {};
}

Result<Subscription> InProcessBus::subscribe(std::string_view pattern, Receiver receiver,
                                             QueueLimits limits) {
    if (auto checked = check_subscribe(pattern, receiver, limits); !checked) {
        return std::unexpected(checked.error());
    }
    const std::lock_guard lock(hub_->mutex);
    const auto own = std::ranges::count(hub_->listeners, party_, &Listener::party);
    if (static_cast<std::size_t>(own) >= subscriptions_max) {
        return fail(Errc::exhausted, "there are " + std::to_string(own) + " subscriptions already");
    }
    auto inbox = std::make_shared<Inbox>(std::move(receiver), limits, party_->counters);
    const std::uint64_t id = hub_->next_listener++;
    hub_->listeners.push_back({id, std::string(pattern), party_, inbox});
    return Subscription([hub = hub_, id, inbox = std::move(inbox)] {
        {
            const std::lock_guard ending(hub->mutex);
            std::erase_if(hub->listeners, [&](const Listener& l) { return l.id == id; });
        }
        inbox->close();
    });
}

Result<void> InProcessBus::flush(milliseconds limit) {
    std::unique_lock lock(hub_->mutex);
    if (!hub_->connected.wait_for(lock, limit, [&] { return party_->connected; })) {
        return fail(Errc::unavailable, "the bus is disconnected");
    }
    return {};
}

Health InProcessBus::health() const {
    const std::lock_guard lock(hub_->mutex);
    return {.connected = party_->connected,
            .peer = party_->connected ? "in process" : "",
            .reason = party_->connected ? "" : "a test disconnected it",
            .reconnects = party_->reconnects};
}

Statistics InProcessBus::statistics() const {
    return party_->counters->read();
}

}  // namespace muster::bus
