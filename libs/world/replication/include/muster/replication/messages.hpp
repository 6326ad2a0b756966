#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/replication/frame.hpp"

/// The control channel's messages, each a whole Message. Called on the thread that owns the world.
namespace muster::replication {

using Bytes = std::vector<std::byte>;

struct WelcomeOptions {
    std::string world;
    std::string resume;
    std::uint8_t snapshot_rate = 30;
};
[[nodiscard]] Bytes write_welcome(const sim::World& world, const FrameOptions& frame,
                                  sim::PlayerId player, const WelcomeOptions& options);
[[nodiscard]] Bytes write_people(const sim::World& world, std::span<const sim::PlayerId> ids);
[[nodiscard]] Bytes write_match(const sim::World& world);
/// The twenty best and `own`.
[[nodiscard]] Bytes write_scores(const sim::World& world, sim::PlayerId own);
/// The last step's events that are for everybody; empty when there were none.
[[nodiscard]] Bytes write_news(const sim::World& world);
[[nodiscard]] Bytes write_chat(const sim::World& world, sim::PlayerId from, std::string_view text,
                               bool team_only);
/// `kind` is a NoticeKind of the schema.
[[nodiscard]] Bytes write_notice(std::uint8_t kind, std::string_view text,
                                 std::uint8_t snapshot_rate);

}  // namespace muster::replication
