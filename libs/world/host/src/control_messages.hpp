#pragma once

#include <span>

#include "links.hpp"
#include "parties.hpp"

/// The messages that a shard writes itself, from what it knows of a world.
namespace muster::host {

using replication::Bytes;

/// Those of `ids` that are present; nothing when none is.
[[nodiscard]] Bytes write_persons(std::span<const Person> persons,
                                  std::span<const sim::PlayerId> ids);
/// The best twenty and `own`, with their names.
[[nodiscard]] Bytes write_board(const Board& board, std::span<const Person> persons,
                                sim::PlayerId own);
/// A line of chat of nobody who plays.
[[nodiscard]] Bytes write_line(std::string_view name, std::string_view text);
/// Of those who run the world.
[[nodiscard]] Bytes write_announcement(std::string_view text);
[[nodiscard]] Bytes write_party(std::string_view code, std::span<const Parties::Member> members);
// To a page that goes to another server of its world.
[[nodiscard]] Bytes write_invitation(std::uint32_t number);
/// Without an SDP: it will not be, and why.
[[nodiscard]] Bytes write_answer(std::uint32_t number, std::string_view sdp,
                                 std::string_view error);
[[nodiscard]] Bytes write_moved(bool is_connected);
[[nodiscard]] Bytes write_pong(std::uint64_t time, sim::Tick tick);

}  // namespace muster::host
