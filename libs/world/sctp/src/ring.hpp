#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace muster::sctp {

/// A queue in one flat array of a power of two that grows when it is full.
template <typename T>
class Ring {
  public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] T& operator[](std::size_t i) { return items_[(head_ + i) & (items_.size() - 1)]; }
    [[nodiscard]] const T& operator[](std::size_t i) const {
        return items_[(head_ + i) & (items_.size() - 1)];
    }
    [[nodiscard]] T& front() { return items_[head_]; }
    T& push_back(T item) {
        if (size_ == items_.size()) grow();
        T& place = (*this)[size_++];
        place = std::move(item);
        return place;
    }
    void pop_front() {
        head_ = (head_ + 1) & (items_.size() - 1);
        if (--size_ == 0 && items_.size() > kept_max) {
            items_ = std::vector<T>();
            head_ = 0;
        }
    }

  private:
    static constexpr std::size_t kept_max = 64;  ///< items' memory kept by an empty ring

    void grow() {
        std::vector<T> larger(items_.empty() ? 4 : items_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
        items_ = std::move(larger);
        head_ = 0;
    }

    std::vector<T> items_;
    std::size_t head_ = 0, size_ = 0;
};

}  // namespace muster::sctp
