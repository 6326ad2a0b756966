#pragma once

#include <memory>
#include <vector>

#include "muster/base/bucket.hpp"
#include "muster/host/extension.hpp"
#include "shared.hpp"

namespace muster::host {

class Post;

/// Between a world and its extension, if it has one: passes on what happens, and mails what the
/// extension says, within limits that keep a session from being dropped for what it cannot take.
/// The world's thread, but for open(), close() and statistics().
class ExtensionDesk final : public ExtensionHost {
  public:
    ExtensionDesk(Shared& shared, WorldDoor& door, const sim::World& world, Post& post,
                  std::shared_ptr<Extension> extension);
    ~ExtensionDesk() override { close(); }
    ExtensionDesk(const ExtensionDesk&) = delete;
    ExtensionDesk& operator=(const ExtensionDesk&) = delete;

    [[nodiscard]] Result<void> open();
    void close();

    void joined(sim::PlayerId player, bool returned);
    void left(sim::PlayerId player);
    void said(const ExtensionMessage& message);
    void stepped();
    void ticked();

    [[nodiscard]] std::vector<PluginStatistics> statistics() const;

    [[nodiscard]] const std::string& world_name() const override { return door_.name; }
    [[nodiscard]] const sim::World& world() const override { return world_; }
    [[nodiscard]] Elapsed now() const override;
    [[nodiscard]] bool is_person(sim::PlayerId player) const override;
    Sent send(sim::PlayerId to, std::uint8_t command, std::span<const std::byte> payload) override;
    Sent say(sim::PlayerId to, std::string_view name, std::string_view text) override;
    Sent report(std::string_view plugin, std::uint8_t command,
                std::span<const std::byte> payload) override;

  private:
    struct Outgoing {
        sim::PlayerId to = sim::no_player;  ///< no_player: everybody
        SharedBytes message;
    };
    static constexpr std::size_t outgoing_max = 4'096;  ///< in a tick
    static constexpr Rate to_one{.per_second = 60, .burst = 120};
    static constexpr Rate to_all{.per_second = 20, .burst = 40};

    static constexpr Rate to_operators{.per_second = 10, .burst = 20};

    [[nodiscard]] Sent admit(sim::PlayerId to);
    void deliver();

    Shared& shared_;
    WorldDoor& door_;
    const sim::World& world_;
    Post& post_;
    const std::shared_ptr<Extension> extension_;
    bool open_ = false;
    std::vector<bool> people_;  ///< by player id
    std::vector<Bucket> each_;  ///< by player id
    Bucket all_{to_all};
    Bucket reports_{to_operators};
    Timestamp stamp_{};  ///< of the last tick, so that what a slow call sends counts as at once
    std::vector<Outgoing> outgoing_;  ///< of this tick, in order
};

}  // namespace muster::host
