#include <algorithm>
#include <chrono>

#include "hub.hpp"
#include "muster/base/assert.hpp"
#include "muster/bus/testing.hpp"

namespace muster::bus {
namespace {

/// SplitMix64: the next of a sequence that its state alone decides.
std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t z = state += 0x9E37'79B9'7F4A'7C15;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    return z ^ (z >> 31);
}

/// FNV-1a over the text and its end.
void mix(std::uint64_t& hash, std::string_view text) {
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x0100'0000'01B3;
    }
    hash = (hash ^ 0xFF) * 0x0100'0000'01B3;
}

}  // namespace

FaultState::Stream& FaultState::stream(const Party& from, const Listener& to,
                                       const std::string& subject) {
    const auto [it, is_new] =
        streams_.try_emplace({from.name, to.party->name, to.pattern, subject});
    if (is_new) {
        std::uint64_t hash = 0xCBF2'9CE4'8422'2325 ^ options.seed;
        for (const auto& text : {from.name, to.party->name, to.pattern, subject}) mix(hash, text);
        it->second.random = hash;
    }
    return it->second;
}

void FaultState::carry(const Party& from, const Listener& to,
                       std::shared_ptr<const Message> message) {
    Stream& way = stream(from, to, message->subject);
    // Both are drawn for every message, so that no fate depends on what was cut before it.
    const bool vanishes = next_random(way.random) % 1'000 < options.lost_per_mille;
    const auto spread = static_cast<std::uint64_t>((options.delay_max - options.delay_min).count());
    const milliseconds delay =
        options.delay_min + milliseconds(next_random(way.random) % (spread + 1));
    if (vanishes || !to.party->connected || cuts.contains({from.name, to.party->name}) ||
        under_way.size() >= under_way_max) {
        ++lost;
        return;
    }
    const milliseconds due = std::max(now + delay, way.last_due);
    way.last_due = due;
    if (due == now) {
        to.inbox->push(std::move(message));
    } else {
        under_way.emplace(std::pair(due, sequence_++),
                          Letter{to.id, to.party->name, std::move(message)});
    }
}

void FaultState::lose_for(const std::string& name) {
    lost += std::erase_if(under_way, [&](const auto& entry) { return entry.second.to == name; });
}

std::vector<FaultState::Letter> FaultState::take_due() {
    std::vector<Letter> due;
    while (!under_way.empty() && under_way.begin()->first.first <= now) {
        due.push_back(std::move(under_way.begin()->second));
        under_way.erase(under_way.begin());
    }
    return due;
}

Faults::Faults(std::shared_ptr<Hub> hub, FaultOptions options) : hub_(std::move(hub)) {
    {
        const std::lock_guard lock(hub_->mutex);
        MUSTER_ASSERT(!hub_->faults);
        hub_->faults.emplace();
    }
    set(options);
}

Faults::~Faults() {
    const std::lock_guard lock(hub_->mutex);
    hub_->faults.reset();
    for (const auto& party : hub_->parties) {
        if (!std::exchange(party->connected, true)) ++party->reconnects;
    }
    hub_->connected.notify_all();
}

void Faults::set(FaultOptions options) {
    MUSTER_ASSERT(options.delay_min.count() >= 0 && options.delay_max >= options.delay_min);
    const std::lock_guard lock(hub_->mutex);
    hub_->faults->options = options;
}

void Faults::disconnect(const std::string& name) {
    const std::lock_guard lock(hub_->mutex);
    for (const auto& party : hub_->parties) {
        if (party->name == name) party->connected = false;
    }
    hub_->faults->lose_for(name);
}

void Faults::connect(const std::string& name) {
    const std::lock_guard lock(hub_->mutex);
    for (const auto& party : hub_->parties) {
        if (party->name != name) continue;
        if (!std::exchange(party->connected, true)) ++party->reconnects;
    }
    hub_->connected.notify_all();
}

void Faults::cut(const std::string& from, const std::string& to) {
    const std::lock_guard lock(hub_->mutex);
    hub_->faults->cuts.emplace(from, to);
}

void Faults::heal() {
    const std::lock_guard lock(hub_->mutex);
    hub_->faults->cuts.clear();
}

void Faults::advance(milliseconds by) {
    MUSTER_ASSERT(by.count() >= 0);
    const std::lock_guard lock(hub_->mutex);
    hub_->faults->now += by;
    for (auto& letter : hub_->faults->take_due()) {
        const auto to = std::ranges::find(hub_->listeners, letter.listener, &Listener::id);
        if (to != hub_->listeners.end()) to->inbox->push(std::move(letter.message));
    }
}

std::size_t Faults::under_way() const {
    const std::lock_guard lock(hub_->mutex);
    return hub_->faults->under_way.size();
}

std::size_t Faults::lost() const {
    const std::lock_guard lock(hub_->mutex);
    return hub_->faults->lost;
}

bool Faults::settle(milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        std::uint64_t published = 0;
        std::vector<std::shared_ptr<Inbox>> inboxes;
        {
            const std::lock_guard lock(hub_->mutex);
            published = hub_->published;
            for (const Listener& listener : hub_->listeners) inboxes.push_back(listener.inbox);
        }
        for (const auto& inbox : inboxes) {
            if (!inbox->wait_idle(end)) return false;
        }
        const std::lock_guard lock(hub_->mutex);
        if (hub_->published == published) return true;
    }
}

}  // namespace muster::bus
