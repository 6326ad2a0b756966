#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "muster/bus/in_process.hpp"

/// Only for tests: an in-process bus that behaves as badly as a network may.
namespace muster::bus {

/// What befalls each message for each subscription. It is drawn from the seed, the names of both
/// parties, pattern and subject, so that the same messages meet the same fate however threads run.
struct FaultOptions {
    std::uint64_t seed = 1;
    unsigned lost_per_mille = 0;
    /// How long a message is under way, in the time of advance(). One publisher's messages on one
    /// subject never overtake each other; those of different subjects do.
    milliseconds delay_min{0};
    milliseconds delay_max{0};
};

/// The faults of a hub; one at a time. When it goes everybody is connected again, and what was
/// under way is lost. Any thread.
class Faults {
  public:
    explicit Faults(std::shared_ptr<Hub> hub, FaultOptions options = {});
    ~Faults();
    Faults(const Faults&) = delete;
    Faults& operator=(const Faults&) = delete;

    /// From here on; what is under way stays so.
    void set(FaultOptions options);
    /// Whoever has that name is disconnected, and knows it: publish() says `unavailable`, and what
    /// was under way to them is lost.
    void disconnect(const std::string& name);
    void connect(const std::string& name);
    /// Messages from the one to the other vanish, and nobody is told; one way only.
    void cut(const std::string& from, const std::string& to);
    /// Undoes every cut().
    void heal();

    /// Lets time pass: what is due by then is handed over, in the order in which it is due.
    void advance(milliseconds by);
    [[nodiscard]] std::size_t under_way() const;
    [[nodiscard]] std::size_t lost() const;
    /// Waits until all that was handed over has been received, and what the receivers published in
    /// turn, too. False when that takes longer than `limit`.
    [[nodiscard]] bool settle(milliseconds limit = milliseconds(30'000));

  private:
    std::shared_ptr<Hub> hub_;
};

}  // namespace muster::bus
