#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/replication/frame.hpp"
#include "muster/replication/messages.hpp"

namespace muster::replication {

/// What a client has understood of a world: the receiving half, for load players, tests and
/// programs. One thread.
class Mirror {
  public:
    Mirror();
    ~Mirror();
    Mirror(Mirror&&) noexcept;
    Mirror& operator=(Mirror&&) noexcept;

    /// A message of either channel, in any order, any number of times.
    Result<void> receive(std::span<const std::byte> message);

    struct Seen {
        EntityRecord record;
        sim::Tick at = 0;  ///< the snapshot's tick
    };
    [[nodiscard]] bool welcomed() const;
    [[nodiscard]] sim::PlayerId player() const;
    [[nodiscard]] sim::Tick newest() const;  ///< snapshot
    [[nodiscard]] std::uint32_t received_bits() const;
    [[nodiscard]] std::uint32_t acknowledged() const;  ///< own input
    [[nodiscard]] std::span<const Seen> seen() const;  ///< whom it believes to be in view
    [[nodiscard]] const Seen* find(sim::PlayerId id) const;
    [[nodiscard]] sim::Vec own_at() const;
    [[nodiscard]] std::string_view name_of(sim::PlayerId id) const;  ///< empty: not introduced
    [[nodiscard]] const std::string& resume() const;

    struct Counts {
        std::uint64_t snapshots = 0, stale = 0, entities = 0, shots = 0, effects = 0, news = 0,
                      chats = 0, bytes = 0;
    };
    [[nodiscard]] const Counts& counts() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct InputStep {
    std::uint16_t aim = 0;
    std::uint8_t buttons = 0, slot = 0, seen = 0;
};
/// The player's messages.
[[nodiscard]] Bytes write_inputs(std::uint32_t sequence, sim::Tick newest, std::uint32_t received,
                                 std::span<const InputStep> steps);
[[nodiscard]] Bytes write_ping(std::uint64_t time);
[[nodiscard]] Bytes write_say(std::string_view text, const Address& to = {});
[[nodiscard]] Bytes write_party(std::string_view code);
[[nodiscard]] Bytes write_bye();
/// To the world's plugins, or from them: the same both ways. At most protocol::custom_bytes_max.
[[nodiscard]] Bytes write_custom(std::uint8_t command, std::span<const std::byte> payload);

}  // namespace muster::replication
