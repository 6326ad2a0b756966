#pragma once

#include <cstddef>
#include <cstdint>
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
    sim::Length chat_near = 0;
};
[[nodiscard]] Bytes write_welcome(const sim::World& world, const FrameOptions& frame,
                                  sim::PlayerId player, const WelcomeOptions& options);
[[nodiscard]] Bytes write_match(const sim::World& world);
/// Something that everybody is told (sim::is_for_everybody), with the names of those in it as they
/// were then.
struct News {
    sim::Event event;
    sim::Tick tick = 0;
    std::string player_name, other_name;
};
/// The last step's. Empty when there were none.
[[nodiscard]] std::vector<News> news_of(const sim::World& world);
[[nodiscard]] Bytes write_news(std::span<const News> news);
/// Whom a line of chat is for, as its readers are shown it.
struct Address {
    std::uint8_t scope = 0;  ///< a Scope of the schema
    sim::PlayerId whom = sim::no_player;
    std::string whom_name{};
};
[[nodiscard]] Bytes write_chat(const sim::World& world, sim::PlayerId from, std::string_view text,
                               const Address& to);
/// `kind` is a NoticeKind of the schema.
[[nodiscard]] Bytes write_notice(std::uint8_t kind, std::string_view text,
                                 std::uint8_t snapshot_rate);

}  // namespace muster::replication
