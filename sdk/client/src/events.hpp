#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "muster/client.h"

namespace muster::sdk {

/// An event and all that it points to.
struct Stored {
    Stored() = default;
    virtual ~Stored() = default;
    Stored(const Stored&) = delete;
    Stored& operator=(const Stored&) = delete;
    muster_client_event event{};
};

/// One of a kind: `what` and its texts. Arrays are kept by types derived from it.
template <typename T>
struct Told : Stored {
    explicit Told(std::uint32_t kind) {
        event.size = sizeof(T);
        event.kind = kind;
        event.of.any = &what;
    }
    const char* keep(std::string_view text) { return texts.emplace_back(text).c_str(); }
    T what{};

  private:
    std::deque<std::string> texts;  ///< a deque does not move what it has
};

/// The same with one array.
template <typename T, typename Element>
struct ToldList final : Told<T> {
    using Told<T>::Told;
    std::vector<Element> elements;
};

/// What waits for the program: bounded. Any thread puts, one takes.
class Events {
  public:
    static constexpr std::size_t snapshots_max = 64;
    explicit Events(std::size_t most) : most_(most) {}

    /// Pushes out the oldest snapshot when there are too many, else the oldest event.
    void put(std::unique_ptr<Stored> event);
    /// Good until the next take(). Null: none came in time.
    const muster_client_event* take(std::chrono::milliseconds wait);
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    void make_room(bool for_snapshot);

    mutable std::mutex mutex_;
    std::condition_variable came_;
    std::deque<std::unique_ptr<Stored>> waiting_;
    std::unique_ptr<Stored> taken_;
    std::size_t most_;
    std::size_t snapshots_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace muster::sdk
