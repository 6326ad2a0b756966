#pragma once

#include <memory>
#include <string>

#include "muster/bus/bus.hpp"

/// The bus of world servers that live in one process, and what stands for any other in tests
/// (testing.hpp has its faults).
namespace muster::bus {

/// What those who talk to each other share. It lives as long as any of them.
class Hub;
[[nodiscard]] std::shared_ptr<Hub> make_hub();

/// One party on a hub. A message is copied once, whoever listens. Always connected, unless Faults
/// say otherwise.
class InProcessBus final : public Bus {
  public:
    /// `name` is what Faults call it, and need not be unique.
    explicit InProcessBus(std::shared_ptr<Hub> hub, std::string name = {});
    ~InProcessBus() override;
    InProcessBus(const InProcessBus&) = delete;
    InProcessBus& operator=(const InProcessBus&) = delete;

    Result<void> publish(std::string_view subject, std::span<const std::byte> bytes) override;
    Result<Subscription> subscribe(std::string_view pattern, Receiver receiver,
                                   QueueLimits limits = {}) override;
    Result<void> flush(milliseconds limit) override;
    [[nodiscard]] Health health() const override;
    [[nodiscard]] Statistics statistics() const override;

    struct Party;

  private:
    std::shared_ptr<Hub> hub_;
    std::shared_ptr<Party> party_;
};

}  // namespace muster::bus
