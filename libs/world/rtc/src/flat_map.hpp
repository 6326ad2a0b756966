#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "muster/base/assert.hpp"

namespace muster::rtc {

/// From keys to slots, in one array: linear probing at most half full, removal by moving back what
/// was displaced. `Hash` should be seeded: the keys are the peers' choice.
template <typename Key, typename Hash>
class FlatMap {
  public:
    explicit FlatMap(Hash hash = {}) : hash_(std::move(hash)), entries_(16) {}

    template <typename Like>
    [[nodiscard]] std::optional<std::uint32_t> find(const Like& key) const {
        for (std::size_t at = home_of(key);; at = next(at)) {
            if (entries_[at].slot == none) return std::nullopt;
            if (entries_[at].key == key) return entries_[at].slot;
        }
    }
    void insert_or_assign(const Key& key, std::uint32_t slot) {
        MUSTER_ASSERT(slot != none);
        if ((size_ + 1) * 2 > entries_.size()) grow();
        put(key, slot);
    }
    template <typename Like>
    void erase(const Like& key) {
        std::size_t at = home_of(key);
        while (entries_[at].slot != none && !(entries_[at].key == key)) at = next(at);
        if (entries_[at].slot == none) return;
        --size_;
        for (std::size_t later = next(at); entries_[later].slot != none; later = next(later)) {
            // Whoever's home is not between the hole and itself may fill the hole.
            const std::size_t home = home_of(entries_[later].key);
            const bool stays =
                at <= later ? at < home && home <= later : at < home || home <= later;
            if (stays) continue;
            entries_[at] = std::move(entries_[later]);
            at = later;
        }
        entries_[at] = Entry{};
    }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Entry {
        Key key{};
        std::uint32_t slot = none;
    };

    template <typename Like>
    [[nodiscard]] std::size_t home_of(const Like& key) const {
        return hash_(key) & (entries_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const {
        return (at + 1) & (entries_.size() - 1);
    }

    void put(const Key& key, std::uint32_t slot) {
        std::size_t at = home_of(key);
        while (entries_[at].slot != none && !(entries_[at].key == key)) at = next(at);
        if (entries_[at].slot == none) ++size_;
        entries_[at] = Entry{key, slot};
    }
    void grow() {
        auto before = std::exchange(entries_, std::vector<Entry>(entries_.size() * 2));
        size_ = 0;
        for (Entry& entry : before) {
            if (entry.slot != none) put(entry.key, entry.slot);
        }
    }

    Hash hash_;
    std::vector<Entry> entries_;
    std::size_t size_ = 0;
};

}  // namespace muster::rtc
