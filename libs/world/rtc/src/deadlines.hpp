#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/sctp/association.hpp"

namespace muster::rtc {

/// When which slot wants to be looked at: a binary heap that knows where each slot is in it. A slot
/// that is looked at too early is put in again, so that a deadline that moves back costs nothing.
class Deadlines {
  public:
    struct Entry {
        sctp::Instant at{};
        std::uint32_t slot = 0;
    };

    [[nodiscard]] std::optional<Entry> first() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front();
    }
    [[nodiscard]] std::optional<sctp::Instant> of(std::uint32_t slot) const {
        if (slot >= places_.size() || places_[slot] == none) return std::nullopt;
        return heap_[places_[slot]].at;
    }
    void set(std::uint32_t slot, sctp::Instant at) {
        if (slot >= places_.size()) places_.resize(slot + 1, none);
        if (places_[slot] == none) {
            places_[slot] = static_cast<std::uint32_t>(heap_.size());
            heap_.push_back({at, slot});
        } else {
            heap_[places_[slot]].at = at;
        }
        sink(rise(places_[slot]));
    }
    void remove(std::uint32_t slot) {
        if (slot >= places_.size() || places_[slot] == none) return;
        const std::size_t at = places_[slot];
        places_[slot] = none;
        const Entry last = heap_.back();
        heap_.pop_back();
        if (at == heap_.size()) return;
        place(at, last);
        sink(rise(at));
    }

  private:
    static constexpr std::uint32_t none = UINT32_MAX;

    void place(std::size_t at, const Entry& entry) {
        heap_[at] = entry;
        places_[entry.slot] = static_cast<std::uint32_t>(at);
    }
    std::size_t rise(std::size_t at) {
        const Entry entry = heap_[at];
        while (at > 0 && entry.at < heap_[(at - 1) / 2].at) {
            place(at, heap_[(at - 1) / 2]);
            at = (at - 1) / 2;
        }
        place(at, entry);
        return at;
    }
    void sink(std::size_t at) {
        const Entry entry = heap_[at];
        for (std::size_t child = at * 2 + 1; child < heap_.size(); child = at * 2 + 1) {
            if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
            if (heap_[child].at >= entry.at) break;
            place(at, heap_[child]);
            at = child;
        }
        place(at, entry);
    }

    std::vector<Entry> heap_;
    std::vector<std::uint32_t> places_;  ///< by slot
};

}  // namespace muster::rtc
